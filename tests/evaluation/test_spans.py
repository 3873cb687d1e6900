import warnings

import numpy as np
import pytest
from hypothesis import given
from seqeval.metrics import sequence_labeling

from ner.evaluation.spans import SpanCounts, count_sentences, count_spans, outcomes
from ner.schemes import Span, to_spans

from .strategies import free_pairs, patient

A, B, C = Span("PER", 0, 2), Span("LOC", 3, 4), Span("PER", 3, 4)


@patient
@given(free_pairs().filter(lambda case: case[0] and case[2] not in ("BILOU", "BMES")))
def test_rates_are_seqevals_to_the_last_bit(case):
    gold, predicted, _ = case
    counts = count_spans(gold, predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sequence_labeling.precision_recall_fscore_support(gold, predicted, average="micro")
    assert (counts.precision, counts.recall, counts.f1, counts.gold) == expected


def test_by_hand():
    counts = SpanCounts()
    counts.add([A, B, B], [A, C, C])
    counts.add([], [B])
    assert counts == SpanCounts(correct=1, predicted=3, gold=2)
    assert (counts.precision, counts.recall, counts.f1) == (1 / 3, 1 / 2, pytest.approx(0.4))


def test_nothing_counted():
    assert (SpanCounts().precision, SpanCounts().recall, SpanCounts().f1) == (0, 0, 0)


@patient
@given(free_pairs())
def test_sentences_add_up_to_the_corpus(case):
    gold, predicted, _ = case
    table = count_sentences([to_spans(tags) for tags in gold], [to_spans(tags) for tags in predicted])
    counts = count_spans(gold, predicted)
    assert table.shape == (len(gold), 3)
    assert table.sum(axis=0).tolist() == [counts.correct, counts.predicted, counts.gold]


def test_outcomes():
    scores, correct = outcomes([[A, B], [], [C]], [[(A, 0.9), (C, 0.25)], [(A, 1.0)], []])
    assert scores.tolist() == [0.9, 0.25, 1.0]
    assert correct.tolist() == [True, False, False]
    assert [array.shape for array in outcomes([], [])] == [(0,), (0,)]


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_that_is_no_probability(score):
    with pytest.raises(ValueError, match=f"score 1 is {score}: expected a probability"):
        outcomes([[]], [[(A, np.float64(0.5)), (B, score)]])


def test_different_numbers_of_sentences():
    for count in (count_spans, count_sentences, outcomes):
        with pytest.raises(ValueError, match="1 gold and 2 predicted sentences"):
            count([[]], [[], []])
