import itertools
import json
import random as stdlib_random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.evaluation.significance import compare

from .strategies import patient

# Two systems on five sentences: correct, predicted, gold.
FIRST = np.array([[1, 2, 2], [0, 1, 1], [2, 2, 2], [0, 0, 1], [1, 3, 1]])
SECOND = np.array([[2, 2, 2], [1, 1, 1], [2, 2, 2], [0, 1, 1], [1, 1, 1]])
ONE_MORE = np.array([0, 0, 1])


def f1(rows):
    """The slow reference: sums in plain Python."""
    correct, predicted, gold = (sum(column) for column in zip(*rows, strict=True))
    return 2 * correct / (predicted + gold) if predicted + gold else 0.0


def exact_randomization(first, second):
    """Every way to exchange the systems' answers."""
    observed = abs(f1(second) - f1(first))
    hits = 0
    for swaps in itertools.product([False, True], repeat=len(first)):
        pairs = [(b, a) if swap else (a, b) for a, b, swap in zip(first, second, swaps, strict=True)]
        hits += abs(f1([b for _, b in pairs]) - f1([a for a, _ in pairs])) >= observed - 1e-12
    return hits / 2 ** len(first)


def exact_bootstrap(first, second):
    """The difference on every test set that can be drawn."""
    draws = itertools.product(range(len(first)), repeat=len(first))
    return sorted(f1([second[i] for i in draw]) - f1([first[i] for i in draw]) for draw in draws)


def system(random, gold, skill, runs=1, seed_deviation=0.0):
    """Runs whose skill varies with the seed, on sentences whose entities are found independently."""
    found = []
    for _ in range(runs):
        correct = random.binomial(gold, np.clip(skill + seed_deviation * random.standard_normal(), 0, 1))
        found.append(np.stack([correct, correct + random.binomial(1, 0.2, len(gold)), gold], axis=1))
    return found


def test_randomization_is_the_share_of_all_exchanges():
    found = compare([FIRST], [SECOND], samples=40_000)
    assert found.p_randomization == pytest.approx(exact_randomization(FIRST, SECOND), abs=0.01)


def test_bootstrap_is_the_distribution_over_all_test_sets():
    every = exact_bootstrap(FIRST, SECOND)
    found = compare([FIRST], [SECOND], samples=40_000)
    tail = sum(difference <= 0 for difference in every) / len(every)
    assert 0 < tail < 0.5
    assert found.p_bootstrap == pytest.approx(2 * tail, abs=0.01)
    low, high = (every[round(share * (len(every) - 1))] for share in (0.025, 0.975))
    assert found.interval == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))
    assert found.difference == f1(SECOND) - f1(FIRST)


counts = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)).map(
    lambda parts: (parts[0], parts[0] + parts[1], parts[0] + parts[2])
)


@settings(patient, max_examples=20)
@given(st.lists(counts, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_against_plain_loops(first, random):
    second = [(random.randint(0, gold), gold, gold) for _, _, gold in first]
    samples = 1500
    swaps, draws = 0, []
    slow = stdlib_random.Random(0)
    observed = abs(f1(second) - f1(first))
    for _ in range(samples):
        pairs = [pair if slow.random() < 0.5 else pair[::-1] for pair in zip(first, second, strict=True)]
        swaps += abs(f1([b for _, b in pairs]) - f1([a for a, _ in pairs])) >= observed - 1e-12
        picks = slow.choices(range(len(first)), k=len(first))
        draws.append(f1([second[i] for i in picks]) - f1([first[i] for i in picks]))
    found = compare([np.array(first)], [np.array(second)], samples=samples)
    below, above = sum(each <= 0 for each in draws), sum(each >= 0 for each in draws)
    assert found.p_randomization == pytest.approx(swaps / samples, abs=0.08)
    assert found.p_bootstrap == pytest.approx(min(1, 2 * min(below, above) / samples), abs=0.15)


def test_under_the_null_p_is_uniform():
    random = np.random.default_rng(0)
    gold = random.integers(0, 4, 150)
    found = [
        compare(system(random, gold, 0.8), system(random, gold, 0.8), samples=400, seed=trial) for trial in range(300)
    ]
    for name in ("p_bootstrap", "p_randomization"):
        p = np.array([getattr(each, name) for each in found])
        for level in (0.05, 0.25, 0.5, 0.75):
            assert np.mean(p <= level) == pytest.approx(level, abs=3.5 * (level * (1 - level) / 300) ** 0.5), name


def naive_p(first, second, random, samples):
    """The bootstrap that draws among the runs as it draws among the sentences."""
    units = len(first[0])
    weights = random.multinomial(units, np.full(units, 1 / units), samples)
    means = []
    for runs in (first, second):
        correct, predicted, gold = np.moveaxis(weights @ np.stack(runs), 2, 0)  # (runs, samples) each
        scores = 2 * correct / (predicted + gold)
        means.append(np.take_along_axis(scores, random.integers(0, len(runs), scores.shape), axis=0).mean(axis=0))
    return 2 * min(np.mean(means[1] <= means[0]), np.mean(means[1] >= means[0]))


@pytest.mark.parametrize("runs, too_often", [(2, 0.15), (3, 0.09)])
def test_seeds_that_matter_are_not_taken_for_a_difference(runs, too_often):
    random = np.random.default_rng(1)
    gold = random.integers(0, 4, 300)
    trials, ours, naive = 200, 0, 0
    for trial in range(trials):
        first, second = (system(random, gold, 0.7, runs, seed_deviation=0.1) for _ in range(2))
        ours += compare(first, second, samples=300, seed=trial).p_bootstrap < 0.05
        naive += naive_p(first, second, random, 200) < 0.05
    assert ours / trials <= 0.08
    assert naive / trials >= too_often


def test_a_true_difference_is_found_and_a_larger_one_more_surely():
    random = np.random.default_rng(2)
    gold = random.integers(0, 4, 400)
    base = system(random, gold, 0.7, runs=3, seed_deviation=0.01)
    ps = [
        compare(base, system(random, gold, skill, runs=3, seed_deviation=0.01)).p_bootstrap
        for skill in (0.71, 0.76, 0.9)
    ]
    assert ps[0] > ps[1] > ps[2]
    assert ps[2] < 0.001


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    random = np.random.default_rng(3)
    gold = random.integers(0, 4, 200)
    # A spurious span in every fifth sentence, g gold spans in each: F1 = 2 q g / (q g + 0.2 + g).
    mean = gold.mean()
    truth = [2 * skill * mean / (skill * mean + 0.2 + mean) for skill in (0.7, 0.8)]
    covered = 0
    for trial in range(200):
        low, high = compare(system(random, gold, 0.7), system(random, gold, 0.8), samples=400, seed=trial).interval
        covered += low <= truth[1] - truth[0] <= high
    assert 0.9 <= covered / 200 <= 0.99


def test_exchanging_the_systems_turns_the_sign():
    first, second = compare([FIRST], [SECOND]), compare([SECOND], [FIRST])
    assert first.difference == -second.difference
    assert first.interval == pytest.approx([-edge for edge in second.interval[::-1]])
    assert first.p_bootstrap == second.p_bootstrap
    assert first.p_randomization == pytest.approx(second.p_randomization)


def test_the_same_seed_gives_the_same_answer_whatever_the_chunks(monkeypatch):
    assert compare([FIRST], [SECOND], seed=1) == compare([FIRST], [SECOND], seed=1)
    assert compare([FIRST], [SECOND], seed=1) != compare([FIRST], [SECOND], seed=2)
    whole = compare([FIRST], [SECOND], samples=4000)
    monkeypatch.setattr("ner.evaluation.significance._CELLS", 50)
    parts = compare([FIRST], [SECOND], samples=4000)
    assert parts.interval == whole.interval
    assert parts.p_randomization == pytest.approx(whole.p_randomization, abs=0.03)


def test_equal_systems():
    found = compare([FIRST], [FIRST])
    assert (found.difference, found.interval, found.p_bootstrap, found.p_randomization) == (0, (0, 0), 1, 1)
    assert found.verdict().startswith("Nothing may be claimed: +0.00 points")


def test_data_without_entities():
    nothing = np.zeros((3, 3), dtype=int)
    assert compare([nothing], [nothing]).p_bootstrap == 1


def test_documents_are_units():
    grouped = compare([FIRST], [SECOND], documents=[7, 7, 3, 3, 7])
    by_hand = [np.array([run[[2, 3]].sum(axis=0), run[[0, 1, 4]].sum(axis=0)]) for run in (FIRST, SECOND)]
    expected = compare([by_hand[0]], [by_hand[1]])
    assert (grouped.interval, grouped.p_randomization) == (expected.interval, expected.p_randomization)
    assert (grouped.units, grouped.unit) == (2, "documents")


def test_mean_over_runs():
    found = compare([FIRST, SECOND], [SECOND], samples=100)
    assert found.f1 == ((f1(FIRST), f1(SECOND)), (f1(SECOND),))
    assert found.difference == pytest.approx(f1(SECOND) - (f1(FIRST) + f1(SECOND)) / 2)


def test_all_runs_count_in_the_bootstrap():
    random = np.random.default_rng(5)
    gold = random.integers(0, 4, 2000)
    runs = [system(random, gold, skill)[0] for skill in (0.6, 0.601, 0.8, 0.801)]
    found = compare([runs[0], runs[3]], [runs[1], runs[2]], samples=2000)
    assert found.difference == pytest.approx(0, abs=0.02)
    assert sum(found.interval) / 2 == pytest.approx(found.difference, abs=0.05)
    same = compare([runs[0]] * 3, [runs[3]] * 2, samples=2000)  # no seed luck: the interval of one run each
    assert same.interval == pytest.approx(compare(runs[:1], runs[3:], samples=2000).interval)


def verdict(skills, runs, seed_deviation=0.0, seed=0):
    random = np.random.default_rng(seed)
    gold = random.integers(0, 4, 800)
    return compare(*(system(random, gold, skill, runs, seed_deviation) for skill in skills), names=("old", "new"))


def test_what_may_be_claimed():
    one = verdict((0.7, 0.8), 1)
    assert one.verdict().startswith("The model new is better than the model old for new sentences")
    assert "Nothing follows about the ways of training" in one.verdict()
    many = verdict((0.8, 0.7), 3, 0.001)
    assert many.verdict().startswith("old is better than new, for new sentences of this kind and new seeds: -")
    same = verdict((0.8, 0.8), 1)
    assert same.verdict().startswith("Nothing may be claimed: ")
    assert "no proof that they are equally good" in same.verdict()
    lucky = verdict((0.75, 0.8), 2, 0.08, seed=4)
    assert lucky.p_randomization < 0.05 < lucky.p_bootstrap
    assert "but not by more than seeds make them" in lucky.verdict()
    assert [each.significant for each in (one, many, same, lucky)] == [True, True, False, False]


def test_table_and_json():
    found = verdict((0.7, 0.8), 2)
    data = json.loads(json.dumps(found.to_json()))
    assert data == found.to_json()
    assert data["names"] == ["old", "new"]
    assert data["verdict"] == found.verdict()
    lines = found.table().splitlines()
    assert lines[1].split()[:2] == ["old", "2"]
    assert "by paired bootstrap over 800 sentences and seeds" in found.table()
    assert lines[-1] == found.verdict()


def test_one_run_against_several():
    random = np.random.default_rng(0)
    gold = random.integers(0, 4, 800)
    old, new = system(random, gold, 0.6, 1), system(random, gold, 0.8, 3, 0.001)
    for first, second, names in ((old, new, ("old", "new")), (new, old, ("new", "old"))):
        found = compare(first, second, names=names)
        assert "one run each" not in found.table()
        assert "800 sentences and seeds, of old by its one run and the other's deviation\n" in found.table()
        assert found.verdict().startswith("The mean of the 3 models new is better than the model old for new ")
        assert "Nothing follows about the ways of training" in found.verdict()
    assert "over 800 sentences alone: one run each\n" in compare(old, new[:1]).table()


@pytest.mark.parametrize("arguments, message", [
    (([], [FIRST]), "no run"),
    (([FIRST[:4]], [SECOND]), "scored on different data"),
    (([FIRST], [SECOND + ONE_MORE]), "A and B were scored on different data"),
    (([FIRST, FIRST + ONE_MORE], [SECOND]), "runs of one system were scored on different data"),
    (([FIRST, FIRST[:2]], [SECOND]), "with the same N > 0"),
    (([FIRST[:0]], [SECOND[:0]]), "with the same N > 0"),
    (([FIRST[:, :2]], [SECOND]), r"expected \(N, 3\)"),
    (([FIRST], [SECOND], ("A", "B"), [1, 2]), "2 document numbers for 5 sentences"),
    (([FIRST], [SECOND], ("A", "B"), None, 0), "0 samples"),
])  # fmt: skip
def test_what_cannot_be_compared(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments)
