import logging

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.standoff import CharSpan, Standoff
from ner.errors import DataError
from ner.schemes import SCHEMES, to_spans
from ner.text import get_tokenizer
from tests.corpus.strategies import LABELS, patient

TEXT = "Ada met U.S.-based IL-2-GFP. Yahoo! Inc. left Paris."


def spans_of(text, spans, cut_spans="error", scheme="IOB2", tokenizer="english"):
    """(label, start, end) in characters, as the tags of the sentences say."""
    found = []
    data = DataConfig(tokenizer=tokenizer, cut_spans=cut_spans, scheme=scheme)
    for one in Standoff("a.ann", data).sentences(text, spans, 1, 0):
        starts, ends = one.columns["start"], one.columns["end"]
        assert [text[int(a) : int(b)] for a, b in zip(starts, ends, strict=True)] == one.tokens
        found += [(label, int(starts[first]), int(ends[stop - 1])) for label, first, stop in to_spans(one.tags)]
    return found


def span(label, *offsets, line=7):
    return CharSpan(label, tuple(zip(offsets[::2], offsets[1::2], strict=True)), line)


@st.composite
def annotated(draw):
    """A text and spans over whole tokens of it, none overlapping another."""
    text = draw(st.text(st.sampled_from("ab.! \n\u00a0\u2028é-'1日👩\u200d"), max_size=40))
    tokens = get_tokenizer("english").tokenize(text)
    cuts = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [(draw(st.sampled_from(LABELS)), tokens[a][0], tokens[b - 1][1]) for a, b in pairs]


@patient
@given(annotated(), st.sampled_from(SCHEMES))
def test_spans_over_whole_tokens_come_out_as_they_went_in(example, scheme):
    text, expected = example
    assert spans_of(text, [span(*one) for one in reversed(expected)], scheme=scheme) == expected


@patient
@given(annotated(), st.data())
def test_white_space_at_the_ends_is_no_part_of_a_span(example, data):
    text, expected = example
    wider = []
    for label, start, end in expected:
        before = len(text[:start]) - len(text[:start].rstrip())
        after = len(text[end:]) - len(text[end:].lstrip())
        wider.append(span(label, start - data.draw(st.integers(0, before)), end + data.draw(st.integers(0, after))))
    assert spans_of(text, wider) == expected


@patient
@given(st.text(st.sampled_from("ab. \n'-1"), min_size=1, max_size=30), st.data())
def test_widened_spans_are_the_smallest_of_whole_tokens_and_dropped_ones_are_gone(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assume(text[start:end].strip())
    tokens = get_tokenizer("english").tokenize(text)
    touched = [(a, b) for a, b in tokens if a < end and b > start]
    smallest = ("X", touched[0][0], touched[-1][1])
    assert spans_of(text, [span("X", start, end)], "widen") == [smallest]
    exact = (smallest[1], smallest[2]) == (
        start + len(text[start:end]) - len(text[start:end].lstrip()),
        start + len(text[start:end].rstrip()),
    )
    assert spans_of(text, [span("X", start, end)], "drop") == ([smallest] if exact else [])


def test_a_span_that_cuts_a_token_is_reported_with_its_line(caplog):
    with pytest.raises(DataError, match=r"^a.ann:7: the GENE span 'IL-2' \(19-23\) cuts the token 'IL-2-GFP'\."):
        spans_of(TEXT, [span("GENE", 19, 23)])
    with caplog.at_level(logging.WARNING):
        assert spans_of(TEXT, [span("GENE", 19, 23)], "widen") == [("GENE", 19, 27)]
        assert spans_of(TEXT, [span("GENE", 19, 23)], "drop") == []
    assert [record.getMessage() for record in caplog.records] == [
        "a.ann:7: the GENE span 'IL-2' (19-23) cuts the token 'IL-2-GFP': widened to whole tokens",
        "a.ann:7: the GENE span 'IL-2' (19-23) cuts the token 'IL-2-GFP': dropped",
    ]


def test_pieces_with_white_space_between_them_are_one_span():
    assert spans_of("New\n  York", [span("LOC", 0, 3, 6, 10)]) == [("LOC", 0, 10)]


def test_pieces_with_words_between_them_are_treated_as_cut():
    pieces = span("ORGAN", 0, 4, 15, 24)
    text = "left and right ventricle"
    with pytest.raises(DataError, match="is in 2 pieces"):
        spans_of(text, [pieces])
    assert spans_of(text, [pieces], "widen") == [("ORGAN", 0, 24)]
    assert spans_of(text, [pieces], "drop") == []


def test_a_span_across_sentences_joins_them():
    text = "He left. She stayed. We slept."
    standoff = Standoff("a.ann", DataConfig())
    assert len(list(standoff.sentences(text, [], 1, 0))) == 3
    joined = list(standoff.sentences(text, [span("X", 3, 12)], 1, 0))
    assert [" ".join(one.tokens) for one in joined] == ["He left . She stayed .", "We slept ."]


def test_overlapping_spans_are_an_error_and_equal_ones_are_one():
    assert spans_of(TEXT, [span("PER", 0, 3), span("PER", 0, 3, line=9)]) == [("PER", 0, 3)]
    for other in (span("LOC", 0, 3, line=9), span("PER", 0, 7, line=9)):
        with pytest.raises(DataError, match=r"^a.ann:\d: .* overlaps .* of line \d\."):
            spans_of(TEXT, [span("PER", 0, 3), other])


def test_unannotated_text_has_no_tags():
    (one,) = Standoff("a.ann", DataConfig()).sentences("Hi all", None, 4, 2)
    assert (one.tokens, one.tags, one.line, one.document) == (["Hi", "all"], None, 4, 2)


@pytest.mark.parametrize("cut_spans", ["widen", "drop", "error"])
def test_tokens_that_were_given_and_leave_a_span_out(cut_spans):
    standoff = Standoff("a.ann", DataConfig(cut_spans=cut_spans))
    tokens = [[(0, 3)]]
    if cut_spans == "drop":
        assert next(standoff.sentences("Ada Bob", [span("PER", 4, 7)], 1, 0, tokens)).tags == ["O"]
        return
    with pytest.raises(
        DataError, match="holds no token" if cut_spans == "widen" else "begins or ends where no token"
    ):
        list(standoff.sentences("Ada Bob", [span("PER", 4, 7)], 1, 0, tokens))
