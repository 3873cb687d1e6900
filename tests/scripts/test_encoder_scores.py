"""The comparison on a corpus gives every encoder as many weights as it says, and prints what it measured."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for name in ("encoder_tables", "encoder_scores"):
        monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    return sys.modules["encoder_scores"]


def size(kind: str, D: int, H: int) -> int:
    """Trained weights of one direction, counted from the equations."""
    gates = {"rnn": 1, "gru": 3, "lstm": 4, "peephole": 4}[kind]
    return gates * H * (D + H + 1) + {"gru": 3 * H, "peephole": 3 * H}.get(kind, 0)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "peephole"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_no_other_number_of_units_comes_nearer(scores: ModuleType, kind: str, bidirectional: bool) -> None:
    directions = 1 + bidirectional
    target = directions * size("lstm", 11, 20)
    found = scores.matched({"kind": kind}, target, 11, 1, bidirectional)
    assert found == min(range(1, 200), key=lambda H: abs(directions * size(kind, 11, H) - target))
    assert scores.weights({"kind": kind}, 11, found, 1, bidirectional) == directions * size(kind, 11, found)


def test_layers_count(scores: ModuleType) -> None:
    two = size("lstm", 11, 20) + size("lstm", 20, 20)
    assert scores.weights({"kind": "lstm"}, 11, 20, 2, False) == two
    assert scores.matched({"kind": "lstm"}, two, 11, 2, False) == 20


def test_no_recurrence_has_no_weights(scores: ModuleType) -> None:
    assert scores.weights({"kind": "none"}, 11, scores.matched({"kind": "none"}, 1000, 11, 1, True), 1, True) == 0


def test_numbers_are_means_with_their_spread(scores: ModuleType) -> None:
    tables = sys.modules["encoder_tables"]
    assert tables.percent([0.5]) == "50"
    assert tables.percent([0.5, 0.6, 0.7]) == "60 ± 10"
    assert tables.percent([0.123456, 0.123456], 2) == "12.35 ± 0.00"
    assert tables.powers([1e-9, 1e-13]) == "5e-10 (1e-13 to 1e-09)"
    assert tables.powers([0.5, 0.501]) == "0.5"
    assert tables.powers([1.0, float("inf")]) == "overflow (1 to overflow)"


def test_every_encoder_is_trained_and_nothing_twice(
    scores: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "ENCODERS", {name: scores.ENCODERS[name] for name in ("none", scores.REFERENCE)})
    corpus = tmp_path / "corpus.conll"
    corpus.write_text("Ada B-PER\nlives O\nin O\nOulu B-LOC\n\n" * 4, encoding="utf-8")
    config = tmp_path / "tiny.yaml"
    config.write_text(
        f"data: {{train: {corpus}, dev: {corpus}, test: {corpus}}}\n"
        "model: {words: {dim: 4}, chars: {dim: 2, filters: 2}, encoder: {hidden: 3}}\n"
        f"training: {{epochs: 1, threads: 1}}\noutput: {tmp_path / 'run'}\n",
        encoding="utf-8",
    )
    scores.compare(config, [], 2, tmp_path)
    first = capsys.readouterr().out
    rows = [line.split(" | ") for line in first.splitlines() if line.startswith(("| none", "| LSTM"))]
    assert [(row[0], row[2] == "0") for row in rows] == [("| none", True), (f"| {scores.REFERENCE}", False)]
    assert rows[1][-1] == "1.00 |"
    assert (tmp_path / "recurrent-tiny.png").stat().st_size > 1000
    metrics = sorted(tmp_path.glob("run-encoders/1-epochs/*/metrics.jsonl"))
    assert len(metrics) == 4
    scores.compare(config, [], 2, None)
    assert capsys.readouterr().out == first
    assert all(len(path.read_text(encoding="utf-8").splitlines()) == 1 for path in metrics)
