"""Tag schemes against written-out examples and against each other."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import load_config
from ner.schemes import (
    SCHEMES,
    Span,
    convert,
    detect,
    goes_on,
    illegal,
    inventory,
    join_tag,
    legality,
    split_tag,
    to_spans,
    to_tags,
)

SPANS = [Span("A", 0, 1), Span("A", 1, 3), Span("A", 3, 6), Span("B", 6, 7), Span("A", 8, 9)]
WRITTEN = {
    "IOB1": "I-A B-A I-A B-A I-A I-A I-B O I-A",
    "IOB2": "B-A B-A I-A B-A I-A I-A B-B O B-A",
    "IOE1": "E-A I-A E-A I-A I-A I-A I-B O I-A",
    "IOE2": "E-A I-A E-A I-A I-A E-A E-B O E-A",
    "IOBES": "S-A B-A E-A B-A I-A E-A S-B O S-A",
    "BILOU": "U-A B-A L-A B-A I-A L-A U-B O U-A",
    "BMES": "S-A B-A E-A B-A M-A E-A S-B O S-A",
}


@st.composite
def spans_of_a_sentence(draw: st.DrawFn) -> tuple[list[Span], int]:
    length = draw(st.integers(0, 12))
    spans, position = [], 0
    while position < length:
        size = draw(st.integers(0, min(4, length - position)))
        if size:
            spans.append(Span(draw(st.sampled_from(["PER", "ORG", "A-B", "_"])), position, position + size))
        position += max(size, 1)
    return spans, length


@pytest.mark.parametrize("scheme", SCHEMES)
def test_written_out(scheme: str) -> None:
    assert " ".join(to_tags(SPANS, 9, scheme)) == WRITTEN[scheme]
    assert to_spans(WRITTEN[scheme].split()) == SPANS
    assert detect([WRITTEN[scheme].split()]) == scheme


@given(spans_of_a_sentence(), st.sampled_from(SCHEMES), st.sampled_from(SCHEMES))
def test_spans_survive_every_conversion(sentence: tuple[list[Span], int], first: str, second: str) -> None:
    spans, length = sentence
    tags = to_tags(spans, length, first)
    assert to_spans(tags) == spans
    assert to_spans(convert(tags, second)) == spans
    assert illegal(tags, first) == []


@given(spans_of_a_sentence(), st.sampled_from(SCHEMES))
def test_what_is_written_is_legal(sentence: tuple[list[Span], int], scheme: str) -> None:
    spans, length = sentence
    tags = inventory(["PER", "ORG", "A-B", "_"], scheme)
    rules = legality(tags, scheme)
    path = [tags.index(tag) for tag in to_tags(spans, length, scheme)]
    if path:
        assert rules.start[path[0]] and rules.end[path[-1]]
    assert all(rules.transitions[a][b] for a, b in itertools.pairwise(path))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_legal_needs_no_repair(scheme: str) -> None:
    tags = inventory(["A", "B"], scheme)
    rules = legality(tags, scheme)
    legal = 0
    for length in range(1, 4):
        for path in itertools.product(range(len(tags)), repeat=length):
            written = [tags[number] for number in path]
            allowed = (
                rules.start[path[0]]
                and rules.end[path[-1]]
                and all(rules.transitions[a][b] for a, b in itertools.pairwise(path))
            )
            assert allowed == (illegal(written, scheme) == []), written
            legal += allowed
    assert legal > 20


@given(st.lists(st.sampled_from(["O", *(f"{p}-{x}" for p in "BIESLUM" for x in "AB")]), max_size=8))
def test_any_tags_are_read_as_conlleval_reads_them(tags: list[str]) -> None:
    """Against conlleval's own rules for where a chunk ends and starts, with L, U and M under their IOBES letters."""
    spans, open_at = [], -1
    chunk = "O"
    for position, tag in enumerate([*tags, "O"]):
        prefix, label = tag[0].translate(str.maketrans("LUM", "ESI")), tag[2:]
        before, before_label = chunk[0].translate(str.maketrans("LUM", "ESI")), chunk[2:]
        ends = (before != "O" and (prefix in "BSO" or label != before_label)) or before in "ES"
        starts = prefix in "BS" or (prefix in "IE" and (before in "OES" or label != before_label))
        if open_at >= 0 and ends:
            spans.append(Span(before_label, open_at, position))
            open_at = -1
        if starts:
            open_at = position
        chunk = tag
    assert to_spans(tags) == spans


def test_detection_of_corpora() -> None:
    assert detect([["O", "O"], []]) == "IOB2"
    assert detect([["I-A", "O", "I-A", "I-A"]]) == "IOB1"
    assert detect([["B-A", "?", "B-A|O"], ["B-A", "I-A"]]) == "IOB2"
    assert detect([["B-A", "I-A", "O"]] * 50 + [["I-A", "I-A", "O"]]) == "IOB2"


def test_illegal_positions() -> None:
    assert illegal(["O", "I-A", "I-A"], "IOB2") == [1]
    assert illegal(["B-A", "I-A"], "IOBES") == [1]
    assert illegal(["B-A", "O"], "IOB1") == [0]


def test_tags_and_their_parts() -> None:
    assert split_tag("B-ORG-sub") == ("B", "ORG-sub")
    assert split_tag("I") == ("I", "_") and join_tag("I", "_") == "I"
    assert split_tag("O") == ("O", "")
    assert goes_on("B-A", "I-A") and not goes_on("E-A", "I-A") and not goes_on("O", "O")
    for text in ("X-PER", "B-", "", "PER", "b-PER", "OO"):
        with pytest.raises(ValueError, match="is no tag"):
            split_tag(text)


def test_impossible_spans() -> None:
    for spans in ([Span("A", 0, 0)], [Span("A", 0, 3)], [Span("A", 0, 2), Span("B", 1, 2)], [Span("A", -1, 1)]):
        with pytest.raises(ValueError, match="Span"):
            to_tags(spans, 2, "IOB2")
    with pytest.raises(ValueError, match="unknown scheme 'IOB3'"):
        to_tags([], 2, "IOB3")
    for tag in ("S-A", "E-A"):
        with pytest.raises(ValueError, match="not in scheme"):
            legality(["O", tag], "IOB2")


@pytest.mark.parametrize(("synonym", "scheme"), [("BIO", "IOB2"), ("BIOES", "IOBES"), ("BILUO", "BILOU")])
def test_synonyms_are_the_schemes_they_name(synonym: str, scheme: str) -> None:
    spans = [Span("PER", 0, 2), Span("LOC", 2, 3)]
    tags = to_tags(spans, 4, synonym)
    assert tags == to_tags(spans, 4, scheme)
    assert convert(tags, synonym) == tags
    assert illegal(tags, synonym) == []
    assert inventory(["PER"], synonym) == inventory(["PER"], scheme)
    names = inventory(["PER"], scheme)
    assert legality(names, synonym) == legality(names, scheme)
    assert load_config({"data": {"scheme": synonym}, "model": {"scheme": synonym}}).data.scheme == scheme


@pytest.mark.parametrize("scheme", SCHEMES)
def test_detection_of_single_tokens(scheme: str) -> None:
    """One token alone, and one before others: the schemes that write it alike are told apart by their order alone."""
    alike = {"IOE1": "IOB1", "BMES": "IOBES"}
    for length in (1, 2):
        assert detect([to_tags([Span("A", 0, 1)], length, scheme)]) == alike.get(scheme, scheme)
