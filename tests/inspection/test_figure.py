"""That nothing in a picture covers anything else is checked on the letters as they are laid out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ner.document import ScoredSpan
from ner.inspection import crf_transitions, inspect_sentence
from ner.inspection.figure import _Sheet
from tests.inspection.taggers import KINDS, SENTENCES, make_tagger

LONG = [
    "Yesterday",
    "the",
    "representatives",
    "of",
    "Ada",
    "Lovelace",
    "and",
    "of",
    "her",
    "internationalization",
    "committee",
    "met",
    "Kofi",
    "Annan",
    ",",
    "$",
    "5",
    "and",
    "$6",
    "{x}",
    "in",
    "New",
    "York",
    ",",
    "where",
    "the",
    "old",
    "market",
    "opens",
    "at",
    "9",
    "for",
    "everybody",
    ".",
]
ODD = ["$\\frac{1}$", "a\x00b", "\ud800", "<b>", "x" * 300, "_{", "\n"]


def labels(picture):
    figure = _Sheet(picture).fill()
    canvas = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    canvas.draw()
    texts = [text for text in figure.axes[0].texts if text.get_text().strip()]
    return figure.bbox, [(text.get_text(), text.get_window_extent(renderer)) for text in texts]


def overlaps(one, other):
    return min(one.x1, other.x1) - max(one.x0, other.x0) > 1 and min(one.y1, other.y1) - max(one.y0, other.y0) > 3


def check(picture):
    """Nothing covers anything; the texts that are drawn."""
    page, placed = labels(picture)
    for number, (text, box) in enumerate(placed):
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text
        for other, other_box in placed[:number]:
            assert not overlaps(box, other_box), (text, other)
    return [text for text, _ in placed]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("sentence", [["Ada"], SENTENCES[0], LONG, ODD], ids=["one", "short", "long", "odd"])
def test_no_label_covers_another_or_leaves_the_page(sentence):
    check(inspect_sentence(make_tagger(), sentence).picture())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_encoder_can_be_drawn(kind):
    report = inspect_sentence(make_tagger(kind, layers=2), SENTENCES[0])
    check(report.picture())


def test_entity_names_take_the_room_beside_their_bars():
    tagger = make_tagger(labels=("Chemical", "LOC"))
    tokens = LONG[-16:]
    report = inspect_sentence(tagger, tokens)

    def drawn(*entities):
        texts = check(replace(report.picture(), entities=entities))
        return [text for text in texts if text.startswith("Ch") or text == "LOC"]

    chemical = ScoredSpan("Chemical", 5, 6, 0.9)
    assert drawn(chemical) == ["Chemical"]
    assert drawn(ScoredSpan("Chemical", 0, 1, 0.9)) == ["Chemical"]
    assert drawn(ScoredSpan("Chemical", len(tokens) - 1, len(tokens), 0.9)) == ["Ch…l"]  # at the page's edge
    assert drawn(chemical, ScoredSpan("LOC", 6, 7, 0.9)) == ["Ch…l", "LOC"]


def test_long_entity_names_keep_to_their_columns():
    tagger = make_tagger(labels=("a-rather-long-label", "another-rather-long-one"))
    check(inspect_sentence(tagger, LONG).picture())
    check(crf_transitions(tagger).picture())
