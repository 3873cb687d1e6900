import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation.spans import SpanCounts
from ner.evaluation.thresholds import GRID, Point, curve
from ner.schemes import Span

from .strategies import patient

A, B, C, D = Span("PER", 0, 2), Span("LOC", 3, 4), Span("PER", 3, 4), Span("ORG", 5, 9)
GOLD = [[A, B], [D]]
SCORED = [[(A, 0.9), (C, 0.6)], [(D, 0.6), (A, 0.2)]]

span = st.builds(Span, st.sampled_from("XY"), st.integers(0, 2), st.integers(3, 4))
grid = st.integers(0, 10).map(lambda number: number / 10)
sentences = st.lists(st.tuples(st.sets(span), st.dictionaries(span, grid)), max_size=5)


def slow(gold, scored, threshold):
    counts = SpanCounts()
    for spans, candidates in zip(gold, scored, strict=True):
        counts.add(spans, [span for span, score in candidates if score >= threshold])
    return Point(threshold, counts.predicted, counts.precision, counts.recall, counts.f1)


@patient
@given(sentences, grid)
def test_every_point_is_what_filtering_gives(corpus, threshold):
    gold, scored = [spans for spans, _ in corpus], [list(found.items()) for _, found in corpus]
    found = curve(gold, scored)
    assert found.at(threshold) == slow(gold, scored, threshold)
    everything = [slow(gold, scored, step / 10) for step in range(11)]
    best = found.best()
    assert best.f1 == pytest.approx(max(point.f1 for point in everything))
    assert best == slow(gold, scored, best.threshold)


@patient
@given(sentences, grid)
def test_the_highest_threshold_that_keeps_recall(corpus, fraction):
    gold, scored = [spans for spans, _ in corpus], [list(found.items()) for _, found in corpus]
    found = curve(gold, scored)
    wanted = fraction * found.at(0.0).recall - 1e-9
    kept = found.keeping(fraction)
    assert kept.recall >= wanted
    higher = [score for each in scored for _, score in each if score > kept.threshold]
    assert all(slow(gold, scored, score).recall < wanted for score in higher)


def test_by_hand():
    found = curve(GOLD, SCORED)
    assert found.thresholds.tolist() == [0.9, 0.6, 0.2]
    assert found.kept.tolist() == [1, 3, 4]
    assert found.correct.tolist() == [1, 2, 2]
    assert found.best() == Point(0.6, 3, 2 / 3, 2 / 3, pytest.approx(2 / 3))
    assert found.at(0.95) == Point(0.95, 0, 0.0, 0.0, 0.0)
    assert found.keeping(0.5) == Point(0.9, 1, 1.0, 1 / 3, 0.5)
    assert found.keeping(0.5, recall=2 / 3).threshold == 0.9
    assert found.keeping(1.0).threshold == 0.6


def test_of_equal_f1_the_point_that_keeps_most_is_best():
    found = curve([[A, B]], [[(A, 0.9), (C, 0.5), (D, 0.4), (B, 0.3)]])
    assert found.at(0.9).f1 == pytest.approx(found.at(0.3).f1)
    assert found.best().threshold == 0.3


def test_recall_that_is_not_reached():
    with pytest.raises(ValueError, match=r"recall 1.0000 is not reached: all scored spans together have 0.6667"):
        curve(GOLD, SCORED).keeping(1.0, recall=1.0)


def test_no_spans():
    for empty in (curve([], []), curve([[]], [[]]), curve([[A]], [[]])):
        assert empty.best() == empty.keeping(0.8) == Point(1.0, 0, 0.0, 0.0, 0.0)
        assert empty.at(0.5).f1 == 0


def test_table_and_json():
    found = curve(GOLD, SCORED)
    assert repr(found) == "<ThresholdCurve of 3 entities, best F1 66.67 at 0.600>"
    lines = found.table().splitlines()
    assert lines[0].split() == ["threshold", "kept", "precision", "recall", "F1"]
    assert lines[1].split() == ["0.0000", "4", "50.00", "66.67", "57.14"]
    assert lines[-1].split() == ["0.6000", "3", "66.67", "66.67", "66.67", "best", "F1"]
    assert len(lines) == len(GRID) + 2
    data = json.loads(json.dumps(found.to_json()))
    assert data["gold"] == 3
    assert data["best"] == {"threshold": 0.6, "kept": 3, "precision": 2 / 3, "recall": 2 / 3, "f1": found.best().f1}
    assert [point["threshold"] for point in data["points"]] == list(GRID)


def test_plot(tmp_path):
    assert curve(GOLD, SCORED).plot(tmp_path / "thresholds.png").stat().st_size > 1000
    assert curve([], []).plot(tmp_path / "empty.svg").exists()
