"""Comparisons from files to verdict, held against counts and a permutation test of others."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import ner
from ner.schemes import Span, to_tags
from tests.evaluation.conlleval import conlleval

Tags = list[list[str]]


def corpus(size: int, seed: int) -> tuple[list[list[str]], Tags]:
    chance = random.Random(seed)
    tokens, gold = [], []
    for _ in range(size):
        length = chance.randint(3, 9)
        tokens.append([f"w{chance.randrange(50)}" for _ in range(length)])
        spans = [Span(chance.choice("XY"), place, place + 1) for place in range(length) if chance.random() < 0.3]
        gold.append(to_tags(spans, length, "IOB2"))
    return tokens, gold


def spoiled(gold: Tags, rate: float, seed: int) -> Tags:
    """Predictions that miss an entity, or find one where there is none, at this rate."""
    chance = random.Random(seed)
    flip = {"O": "B-X", "B-X": "O", "B-Y": "B-X"}
    return [[flip[tag] if chance.random() < rate else tag for tag in tags] for tags in gold]


def write(path: Path, tokens: list[list[str]], tags: Tags) -> Path:
    rows = (
        "".join(f"{word}\t{tag}\n" for word, tag in zip(*pair, strict=True))
        for pair in zip(tokens, tags, strict=True)
    )
    path.write_text("\n".join(rows))
    return path


def f1(gold: Tags, predicted: Tags) -> float:
    correct, guessed, true, _ = conlleval(gold, predicted)
    return 2 * correct.total() / (guessed.total() + true.total())


def test_against_a_permutation_test_of_scipy(tmp_path: Path):
    tokens, gold = corpus(9, 3)
    first, second = spoiled(gold, 0.3, 1), spoiled(gold, 0.2, 2)
    paths = [write(tmp_path / name, tokens, tags) for name, tags in (("a", first), ("b", second), ("g", gold))]
    found = ner.compare(*paths, samples=40_000)

    def difference(picks_first, picks_second, axis):
        answers = [first, second]

        def score(picks):
            chosen = [answers[int(one) // len(gold)][int(one) % len(gold)] for one in picks]
            return f1(gold, chosen)

        return np.apply_along_axis(score, axis, picks_second) - np.apply_along_axis(score, axis, picks_first)

    numbers = np.arange(len(gold))
    exact = stats.permutation_test(
        (numbers, numbers + len(gold)), difference, permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    assert found.difference == pytest.approx(exact.statistic)
    assert found.f1 == ((pytest.approx(f1(gold, first)),), (pytest.approx(f1(gold, second)),))
    assert 0.02 < exact.pvalue < 0.9
    assert found.p_randomization == pytest.approx(exact.pvalue, abs=0.015)


def test_p_is_uniform_between_equal_systems(tmp_path: Path):
    ps = []
    for trial in range(60):
        tokens, gold = corpus(60, trial)
        systems = [spoiled(gold, 0.2, 1000 + 2 * trial + one) for one in range(2)]
        paths = [write(tmp_path / name, tokens, tags) for name, tags in zip("abg", [*systems, gold], strict=True)]
        ps.append(ner.compare(*paths, samples=200).p_randomization)
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    assert sum(p < 0.05 for p in ps) <= 8


def test_seeds_documents_and_names(tiny_config: dict, tiny_model: Path, tiny_files: Path, tmp_path: Path):
    ner.train_seeds({**tiny_config, "output": str(tmp_path / "many")}, [1, 2])
    path = tiny_files / "test.conll"
    found = ner.compare(f"{tmp_path / 'many'}/", ner.load(tiny_model), path, samples=200)
    assert found.names == (str(tmp_path / "many"), str(tiny_model))
    scores = [ner.evaluate(tmp_path / "many" / name, path).scores.micro.f1 for name in ("seed1", "seed2")]
    assert found.f1[0] == pytest.approx(tuple(scores))
    assert found.f1[1] == pytest.approx((ner.evaluate(tiny_model, path).scores.micro.f1,))
    assert (found.unit, found.units) == ("sentences", 12)


@pytest.mark.parametrize(("documents", "unit", "expected"), [
    (19, "auto", ("sentences", 40)),
    (20, "auto", ("documents", 20)),
    (19, "documents", ("documents", 19)),
    (20, "sentences", ("sentences", 40)),
])  # fmt: skip
def test_units(tmp_path: Path, documents: int, unit: str, expected: tuple[str, int]):
    tokens, gold = corpus(40, 5)
    path = write(tmp_path / "g", tokens, gold)
    blocks = path.read_text().split("\n\n")
    marked = ["-DOCSTART-\tO\n\n" + block if number < documents else block for number, block in enumerate(blocks)]
    path.write_text("\n\n".join(marked))
    predicted = write(tmp_path / "p", tokens, spoiled(gold, 0.2, 1))
    found = ner.compare(predicted, path, path, unit=unit, samples=50)
    assert (found.unit, found.units) == expected


def test_the_same_answers_are_told_as_such(tmp_path: Path):
    tokens, gold = corpus(30, 5)
    one, same, other = (
        write(tmp_path / name, tokens, spoiled(gold, 0.2, seed)) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    truth = write(tmp_path / "gold", tokens, gold)
    found = ner.compare(one, same, truth, samples=200)
    assert found.identical and not found.significant
    assert (
        f"{one} and {same} give the same answers, entity for entity" in found.verdict() == found.to_json()["verdict"]
    )
    assert "no proof that they are equally good" not in found.table()
    found = ner.compare(one, other, truth, samples=200)
    assert not found.identical and "same answers" not in found.verdict()
