"""Documents: offsets, tags, and what they show."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from ner.document import Document, Entity, ScoredSpan, Token
from ner.html import highlight, page

TEXT = "Ada Lovelace lived in London.  She wrote."
OFFSETS = [[(0, 3), (4, 12), (13, 18), (19, 21), (22, 28), (28, 29)], [(31, 34), (35, 40), (40, 41)]]
DOCUMENT = Document(TEXT, OFFSETS, [[ScoredSpan("PER", 0, 2, 0.9), ScoredSpan("LOC", 4, 5, 0.75)], []])


def test_entities_by_character() -> None:
    assert DOCUMENT.entities == [Entity("Ada Lovelace", "PER", 0, 12, 0.9), Entity("London", "LOC", 22, 28, 0.75)]
    assert all(TEXT[entity.start : entity.end] == entity.text for entity in DOCUMENT.entities)
    assert DOCUMENT.sentences[1] == [Token("She", 31, 34), Token("wrote", 35, 40), Token(".", 40, 41)]
    assert len(DOCUMENT.tokens) == 9


def test_tags() -> None:
    assert DOCUMENT.tags() == [["B-PER", "I-PER", "O", "O", "B-LOC", "O"], ["O", "O", "O"]]
    assert DOCUMENT.tags("IOBES")[0] == ["B-PER", "E-PER", "O", "O", "S-LOC", "O"]


def test_as_text_and_as_a_record() -> None:
    assert str(DOCUMENT) == "[PER Ada Lovelace] lived in [LOC London].  She wrote."
    record = DOCUMENT.to_dict()
    assert list(record) == ["text", "tokens", "entities"]
    assert record["tokens"][1] == {"text": "Lovelace", "start": 4, "end": 12}
    assert record["entities"][1] == {"text": "London", "label": "LOC", "start": 22, "end": 28, "score": 0.75}


@given(
    st.lists(st.text(st.characters(), min_size=1), max_size=6),
    st.text(st.characters()),
    st.floats(0, 1) | st.just(math.nan),
)
def test_json_is_what_the_slow_way_gives(tokens: list[str], label: str, score: float) -> None:
    document = Document.of_tokens(tokens, [ScoredSpan(label, 0, len(tokens), score)] if tokens else [])
    assert document.to_json() == json.dumps(document.to_dict(), ensure_ascii=False)


@given(st.lists(st.text(min_size=1), max_size=6))
def test_of_tokens(tokens: list[str]) -> None:
    document = Document.of_tokens(tokens, [ScoredSpan("A", 0, len(tokens), 1.0)] if tokens else [])
    assert document.text == " ".join(tokens)
    assert [token.text for token in document.tokens] == tokens
    assert [entity.text for entity in document.entities] == ([document.text] if tokens else [])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(min_size=1), st.text(min_size=1))
def test_html_is_inert(text: str, label: str) -> None:
    document = Document(text, [[(0, len(text))]], [[ScoredSpan(label, 0, 1, 0.5)]])
    reader = _Reader()
    reader.feed(highlight(document))
    assert reader.tags == ["div", "mark", "span"]
    clean = "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text + label)
    assert reader.text.replace("\r\n", "\n") == clean.replace("\r\n", "\n")


def test_html_of_attacks() -> None:
    attack = "</mark><script>alert(1)</script>\" onload='x'"
    document = Document(attack, [[(0, len(attack))]], [[ScoredSpan(attack, 0, 1, 0.5)]])
    shown = highlight(document)
    assert "<script" not in shown and "onload='x'" not in shown
    assert "<script" not in "".join(page(attack)) and "Content-Security-Policy" in page(attack)[0]
    assert document._repr_html_() == shown


def test_a_line_of_it() -> None:
    assert repr(DOCUMENT) == (
        "<Document 'Ada Lovelace lived in London.  She wrote.', entities: [PER Ada Lovelace] [LOC London]>"
    )
    long = Document.of_tokens(["word"] * 40, [ScoredSpan("X", at, at + 1, 1.0) for at in range(12)])
    assert repr(long) == f"<Document {'word ' * 11 + 'wo...'!r}, entities: {'[X word] ' * 10}...>"
    assert repr(Document.of_tokens([], [])) == "<Document '', entities: none>"
