"""The model's tag numbers, and what partial annotation leaves open."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.features.tags import TagSet, is_partial
from ner.schemes import SCHEMES, Span, convert, to_tags


def test_tags_of_a_corpus() -> None:
    tagset = TagSet.of([["B-PER", "?", "B-LOC|O"], ["O"]], "IOBES")
    assert tagset.labels == ["LOC", "PER"]
    assert tagset.tags[0] == "O" and len(tagset) == 9


def test_encoding_goes_through_spans() -> None:
    tagset = TagSet.of([["B-PER"]], "IOBES")
    numbers = tagset.encode(["I-PER", "I-PER", "O", "B-PER"])
    assert [tagset.tags[number] for number in numbers] == ["B-PER", "E-PER", "O", "S-PER"]
    with pytest.raises(KeyError):
        tagset.encode(["B-LOC"])


@pytest.mark.parametrize("scheme", SCHEMES)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 1), st.integers(1, 4), st.sampled_from(["A", "B"])), max_size=4), max_size=4
    )
)
def test_tags_of_spans_are_those_that_each_sentence_is_written_with(
    scheme: str, drawn: list[list[tuple[int, int, str]]]
) -> None:
    tagset = TagSet.of([["B-A", "B-B"]], scheme)
    spans, rows, expected = [], len(drawn), np.zeros((len(drawn), 20), dtype=np.int64)
    for row, sizes in enumerate(drawn):
        found, stop = [], 0
        for gap, size, label in sizes:
            found.append(Span(label, stop + gap, stop + gap + size))
            stop = found[-1].end
            spans.append((row, found[-1].start, stop, tagset.labels.index(label)))
        expected[row] = [tagset.number(tag) for tag in to_tags(found, 20, scheme)]
    given_spans = np.array(spans, dtype=np.int64).reshape(-1, 4)
    assert (tagset.of_spans(given_spans, rows, 20) == expected).all()


@pytest.mark.parametrize(("scheme", "own"), itertools.product(SCHEMES, SCHEMES))
def test_a_full_annotation_allows_its_own_conversion(scheme: str, own: str) -> None:
    spans = [Span("A", 0, 1), Span("A", 1, 3), Span("B", 3, 6), Span("A", 7, 8)]
    tagset = TagSet.of([["B-A", "B-B"]], own)
    tags = to_tags(spans, 9, scheme)
    allowed = tagset.allowed(tags, scheme, unlabelled=False)
    gold = tagset.encode(tags)
    assert allowed[np.arange(9), gold].all()
    legal = [
        path
        for path in itertools.product(*(np.flatnonzero(row).tolist() for row in allowed))
        if tagset.legality.start[path[0]]
        and tagset.legality.end[path[-1]]
        and all(tagset.legality.transitions[a][b] for a, b in itertools.pairwise(path))
    ]
    read = {tuple(convert([tagset.tags[number] for number in path], scheme)) for path in legal}
    assert tuple(tags) in read
    if own in ("IOBES", "BILOU", "BMES") and scheme not in ("IOB1", "IOE1"):
        assert read == {tuple(tags)}


def test_labels_that_no_model_may_have() -> None:
    assert TagSet.of([["B-A b", "I-Ä|B-\u202e", "O", "B"]], "IOBES").unfit == []
    assert TagSet.of([["B-a\x1b[2J", "B-a\u2028b", "B-fine", "B-a\x9b"]], "IOBES").unfit == [
        "a\x1b[2J",
        "a\x9b",
        "a\u2028b",
    ]


def test_unknown_and_alternatives() -> None:
    tagset = TagSet.of([["B-A", "B-B"]], "IOBES")
    allowed = tagset.allowed(["?", "B-A|O", "O"], "IOB2", unlabelled=False)
    assert allowed[0].all()
    assert [tagset.tags[number] for number in np.flatnonzero(allowed[1])] == ["O", "B-A", "S-A"]
    assert np.flatnonzero(allowed[2]).tolist() == [0]
    assert tagset.allowed(["O"], "IOB2", unlabelled=True).all()
    marked = tagset.allowed(["B-A", "O", "B-B", "I-B"], "IOB2", unlabelled=True)
    assert [tagset.tags[number] for row in marked[[0, 2, 3]] for number in np.flatnonzero(row)] == [
        "S-A",
        "B-B",
        "E-B",
    ]
    assert marked[1].all()


@given(st.lists(st.sampled_from(["O", "B-A", "?", "B-A|O"])))
def test_partial(tags: list[str]) -> None:
    assert is_partial(tags) == any(tag in ("?", "B-A|O") for tag in tags)
