from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation.matching import ERRORS, Match, match_spans
from ner.schemes import Span

from .strategies import patient, spans

sentences = st.integers(0, 8).flatmap(lambda length: st.tuples(spans(length), spans(length)))


@pytest.mark.parametrize("gold, predicted, kinds", [
    ([Span("A", 0, 2)], [Span("A", 0, 2)], ["correct"]),
    ([Span("A", 0, 2)], [Span("B", 0, 2)], ["type"]),
    ([Span("A", 0, 2)], [Span("A", 1, 2)], ["boundary"]),
    ([Span("A", 0, 2)], [Span("B", 1, 3)], ["both"]),
    ([Span("A", 0, 2)], [], ["missed"]),
    ([], [Span("A", 0, 2)], ["spurious"]),
    ([Span("A", 0, 2)], [Span("A", 2, 3)], ["missed", "spurious"]),
    ([Span("A", 0, 3)], [Span("A", 0, 1), Span("A", 2, 3)], ["boundary", "spurious"]),
    ([Span("A", 0, 1), Span("A", 2, 3)], [Span("A", 0, 3)], ["boundary", "missed"]),
    # The right label counts for more than the larger overlap.
    ([Span("A", 0, 4)], [Span("B", 0, 3), Span("A", 3, 5)], ["boundary", "spurious"]),
    # Most common tokens first: the gold entity of two tokens takes the prediction that covers it.
    ([Span("A", 0, 1), Span("A", 1, 4)], [Span("A", 0, 4)], ["missed", "boundary"]),
    ([], [], []),
])  # fmt: skip
def test_kinds(gold, predicted, kinds):
    found = match_spans(gold, predicted)
    assert sorted(match.kind for match in found) == sorted(kinds)


def test_the_larger_overlap_wins_and_the_rest_is_left_over():
    small, large, prediction = Span("A", 0, 1), Span("A", 1, 4), Span("A", 0, 4)
    assert match_spans([small, large], [prediction]) == [
        Match("missed", small, None),
        Match("boundary", large, prediction),
    ]


@patient
@given(sentences)
def test_every_span_is_used_once(sides):
    found = match_spans(*sides)
    for side, name, lonely in zip(sides, ("gold", "predicted"), ("missed", "spurious"), strict=True):
        used = [getattr(match, name) for match in found if getattr(match, name)]
        assert sorted(used) == sorted(side)
        assert all(
            (getattr(match, name) is None) == (match.kind in {"missed", "spurious"} - {lonely}) for match in found
        )


@patient
@given(sentences)
def test_kinds_are_what_they_say(sides):
    for match in match_spans(*sides):
        gold, predicted = match.gold, match.predicted
        if gold and predicted:
            assert set(range(*gold[1:])) & set(range(*predicted[1:]))
            kind = {(True, True): "correct", (False, True): "type", (True, False): "boundary", (False, False): "both"}
            assert match.kind == kind[gold.label == predicted.label, gold[1:] == predicted[1:]]


@patient
@given(sentences)
def test_no_left_over_pair_could_still_be_matched(sides):
    found = match_spans(*sides)
    missed = [match.gold for match in found if match.kind == "missed"]
    spurious = [match.predicted for match in found if match.kind == "spurious"]
    assert not any(one.start < other.end and other.start < one.end for one in missed for other in spurious)


@patient
@given(sentences)
def test_the_order_of_the_spans_does_not_matter(sides):
    gold, predicted = sides
    expected = match_spans(gold, predicted)
    assert [match.span.start for match in expected] == sorted(match.span.start for match in expected)
    for order in list(permutations(gold))[:5]:
        assert match_spans(order, predicted[::-1]) == expected


@patient
@given(sentences)
def test_exchanging_the_sides_exchanges_missed_and_spurious(sides):
    gold, predicted = sides
    exchanged = {"missed": "spurious", "spurious": "missed"}
    there = {(exchanged.get(match.kind, match.kind), match.predicted, match.gold) for match in match_spans(*sides)}
    back = {(match.kind, match.gold, match.predicted) for match in match_spans(predicted, gold)}
    correct = {each for each in there if each[0] in ("correct", "type")}
    assert correct == {each for each in back if each[0] in ("correct", "type")}
    assert len(there) == len(back)


def test_five_kinds_of_error():
    assert list(ERRORS) == ["type", "boundary", "both", "missed", "spurious"]
