import builtins
import json
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import MissingExtraError
from ner.evaluation.calibration import Bin, brier_score, expected_calibration_error, reliability

from .strategies import patient

tenths = st.integers(0, 40).map(lambda number: number / 40)  # a grid, so that ties and bin edges are met often
spans = st.lists(st.tuples(tenths, st.booleans()), max_size=40)
binnings = st.sampled_from(["width", "mass"])


def slow_ece(pairs, bins):
    """Guo et al. 2017, eq. 3, word for word: bin m holds the scores in ((m-1)/M, m/M]."""
    total = 0.0
    for m in range(1, bins + 1):
        members = [(score, hit) for score, hit in pairs if max(1, ceil(score * bins - 1e-9)) == m]
        if members:
            confidence = sum(score for score, _ in members) / len(members)
            accuracy = sum(hit for _, hit in members) / len(members)
            total += len(members) / len(pairs) * abs(accuracy - confidence)
    return total


@patient
@given(spans, st.integers(1, 20))
def test_equal_width_is_the_papers_definition(pairs, bins):
    scores, correct = [score for score, _ in pairs], [hit for _, hit in pairs]
    assert expected_calibration_error(scores, correct, bins) == pytest.approx(slow_ece(pairs, bins), abs=1e-12)


@patient
@given(spans, st.integers(1, 20), binnings, st.randoms())
def test_the_order_of_the_spans_does_not_matter(pairs, bins, binning, random):
    shuffled = random.sample(pairs, len(pairs))
    first, second = (
        reliability([score for score, _ in each], [hit for _, hit in each], bins, binning)
        for each in (pairs, shuffled)
    )
    assert first.ece == pytest.approx(second.ece)
    assert [(each.low, each.high, each.count) for each in first.bins] == [
        (each.low, each.high, each.count) for each in second.bins
    ]


@patient
@given(spans, st.integers(1, 20), binnings)
def test_bins_hold_every_span_once_and_within_their_edges(pairs, bins, binning):
    found = reliability([score for score, _ in pairs], [hit for _, hit in pairs], bins, binning)
    assert sum(each.count for each in found.bins) == found.count == len(pairs)
    assert len(found.bins) <= bins
    for each in found.bins:
        members = [
            score
            for score, _ in pairs
            if each.low < score <= each.high or (score == each.low and each is found.bins[0])
        ]
        assert len(members) == each.count
        assert each.score == pytest.approx(sum(members) / each.count)
    assert found.ece <= found.mce + 1e-12
    total = sum(each.score * each.count for each in found.bins)
    assert total == pytest.approx(sum(score for score, _ in pairs))


def test_bins_of_equal_mass_hold_equally_many():
    scores = np.random.default_rng(0).random(100) ** 0.2
    found = reliability(scores, np.ones(100), 10, "mass")
    assert [each.count for each in found.bins] == [10] * 10


def test_by_hand():
    found = reliability([0.1, 0.9, 0.7, 0.8], [False, True, True, False], bins=2)
    assert found.bins == (
        Bin(0.0, 0.5, 1, 0.1, 0.0),
        Bin(0.5, 1.0, 3, pytest.approx(0.8), pytest.approx(2 / 3)),
    )
    assert found.ece == pytest.approx((0.1 + 3 * (0.8 - 2 / 3)) / 4)
    assert found.mce == pytest.approx(0.8 - 2 / 3)
    assert found.brier == pytest.approx((0.01 + 0.01 + 0.09 + 0.64) / 4)
    assert (found.score, found.precision) == (pytest.approx(0.625), 0.5)


def test_calibrated_scores_have_little_error_and_sharpened_ones_much():
    random = np.random.default_rng(1)
    scores = random.random(100_000)
    correct = random.random(100_000) < scores
    sharp = scores**2 / (scores**2 + (1 - scores) ** 2)
    for binning in ("width", "mass"):
        assert expected_calibration_error(scores, correct, 10, binning) < 0.01
        assert expected_calibration_error(sharp, correct, 10, binning) > 0.05
    assert brier_score(scores, correct) == pytest.approx(1 / 6, abs=0.005)  # the integral of p (1 - p)
    assert brier_score(sharp, correct) > brier_score(scores, correct)


def test_no_span_at_all():
    found = reliability([], [])
    assert (found.bins, found.count, found.ece, found.brier) == ((), 0, 0, 0)
    assert reliability([], [], binning="mass").bins == ()
    assert found.table().startswith("0 spans")


@pytest.mark.parametrize("arguments, message", [
    (([0.5], []), r"scores \(1,\) and outcomes \(0,\)"),
    (([1.5], [True]), "score 0 is 1.5"),
    (([0.5], [True], 0), "0 bins: expected at least one"),
    (([0.5], [True], 5, "length"), "unknown binning 'length'"),
])  # fmt: skip
def test_what_cannot_be_measured(arguments, message):
    with pytest.raises(ValueError, match=message):
        reliability(*arguments)


def test_json_and_table():
    found = reliability([0.95, 0.9], [True, False], bins=1)
    assert repr(found) == "<Reliability of 2 entities, mean score 92.50, precision 50.00, ECE 42.50>"
    data = json.loads(json.dumps(found.to_json()))
    assert data["ece"] == pytest.approx(0.425)
    assert data["bins"] == [{"low": 0, "high": 1, "count": 2, "score": pytest.approx(0.925), "precision": 0.5}]
    assert found.table() == (
        "2 spans in bins of equal width; mean score 92.50, precision 50.00\n"
        "calibration error: expected 42.50, maximum 42.50; Brier score 0.4063\n"
        "\n"
        "score           spans  mean score  precision     gap\n"
        "0.000 to 1.000      2       92.50      50.00  +42.50"
    )


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_plot(tmp_path, ending):
    path = reliability([0.95, 0.9, 0.2], [True, False, False]).plot(tmp_path / f"reliability.{ending}")
    assert path.stat().st_size > 1000
    assert reliability([], []).plot(tmp_path / f"empty.{ending}").exists()


def test_plot_without_matplotlib(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"Plotting needs an extra: .*\[plots\]"):
        reliability([0.5], [True]).plot(tmp_path / "plot.png")
