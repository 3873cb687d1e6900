"""The benchmark measures, scores and guards; small data, our own parts and the textbook only."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import random
import runpy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ner.errors import DataError
from ner.schemes import to_spans

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
Room = Callable[[str], ModuleType]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """Imports a module of the benchmark, of its workers, or the script itself."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.syspath_prepend(str(SCRIPTS / "benchmarking" / "workers"))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(SCRIPTS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def vectors(tmp_path: Path, tiny_files: Path) -> Path:
    path = tmp_path / "vectors.txt"
    lines = (tiny_files / "train.conll").read_text(encoding="utf-8").lower().splitlines()
    words = sorted({line.split()[0] for line in lines if line})[::2]
    draw = random.Random(1)
    path.write_text("".join(f"{word} {draw.gauss(0, 1):.3f} {draw.gauss(0, 1):.3f}\n" for word in words))
    return path


@pytest.fixture
def here(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers run in this process, which has torch already."""

    def launch(command: list[str], threads: int, given: str = "", isolated: bool = False) -> str:
        said = io.StringIO()
        monkeypatch.setattr(sys, "argv", command[1:])
        if command[1].endswith("_worker.py"):
            with redirect_stdout(said):
                runpy.run_path(command[1], run_name="__main__")
        return said.getvalue()

    monkeypatch.setattr(room("benchmarking.processes"), "launch", launch)


@pytest.fixture
def given(tmp_path: Path, tiny_files: Path, vectors: Path) -> argparse.Namespace:
    """As the command line gives it."""
    return argparse.Namespace(
        **{split: tiny_files / f"{split}.conll" for split in ("train", "dev", "test")},
        **{f"epochs_{system}": 3 for system in ("ours", "textbook", "spacy", "flair")},
        vectors=vectors,
        results=tmp_path / "results",
        parts="train-textbook,train-ours,tag,text,latency,stages,precision",
        threads=1,
        rounds=1,
        seeds=1,
        seed=1,
        model=None,
        device="cpu",
        limit=None,
        peers=None,
        no_peers=True,
    )


@pytest.mark.usefixtures("here")
def test_a_run_trains_tags_scores_and_keeps_every_part(
    room: Room, given: argparse.Namespace, tiny_files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room("benchmark").measure(given)
    page = capsys.readouterr().out
    assert page == (given.results / "table.md").read_text(encoding="utf-8")
    assert (given.results / "plot.png").stat().st_size > 1000
    found = {part: json.loads((given.results / f"{part}.json").read_text()) for part in given.parts.split(",")}

    gold = [line.split() for line in (tiny_files / "test.conll").read_text().splitlines()]
    assert found["tag"]["tokens"] == sum(map(bool, gold))
    for name in ("ours", "textbook"):
        row = found["tag"]["systems"][name]
        written = (given.results / "work" / f"tagged-{name}.tsv").read_text().splitlines()
        assert [line.split()[:1] for line in written if line] == [line[:1] for line in gold if line]
        assert 0 < row["seconds"] < row["total"]
        assert row["tokens_per_second"] == found["tag"]["tokens"] / row["seconds"]
        assert name in page
    ours = found["train-ours"]["systems"]["ours, batch 32"]
    assert ours["dev_f1"] == [pytest.approx(max(epoch["f1"] for epoch in ours["epochs"][0]))]
    assert len(found["train-textbook"]["systems"]["textbook, batch 32"]["epochs"][0]) == 3
    assert "| textbook, batch 32 |" in page and "| ours, batch 10 |" in page
    stages = found["stages"]["microseconds"]
    whole, _ = stages.pop("whole, file to file"), stages.pop("bare LSTM, fp32")
    assert set(stages) == {"reading", "encoding", "network", "decoding", "writing"}
    assert all(spent > 0 for spent in stages.values())
    assert sum(stages.values()) <= whole * 1.01
    assert 0 < found["latency"]["systems"]["ours"]["p50"] <= found["latency"]["systems"]["ours"]["p99"]


def test_what_is_missing_is_said_before_anything_runs(room: Room, given: argparse.Namespace) -> None:
    given.parts = "train-ours,lunch"
    with pytest.raises(SystemExit, match="lunch"):
        room("benchmark").measure(given)
    given.parts, given.vectors = "train-ours", None
    with pytest.raises(SystemExit, match="--vectors"):
        room("benchmark").measure(given)
    given.vectors, given.dev = given.train, given.train.with_name("none.conll")
    with pytest.raises(DataError, match=r"none\.conll"):
        room("benchmark").measure(given)
    assert not list(given.results.glob("*.json"))


def test_a_worker_is_a_process_whose_answer_is_its_last_line(
    room: Room, given: argparse.Namespace, tiny_files: Path, tiny_model: Path
) -> None:
    files = {split: tiny_files / f"{split}.conll" for split in ("train", "dev", "test")}
    setting = room("benchmarking.setting").Setting(files, given.vectors, given.results, model=tiny_model)
    systems = room("benchmarking.systems")
    answer = systems.tag(setting, "ours", {}, setting.tokens_file("test"))
    assert answer["wall"] > answer["load"] > 0 and answer["peak_mb"] > 20
    assert "torch" in setting.versions["our"]
    assert systems.f1(setting, "test", Path(answer["target"])) > 0.5
    assert systems.f1(setting, "test", setting.file("test")) == 1
    with pytest.raises(RuntimeError, match="a reason"):
        room("benchmarking.processes").launch([sys.executable, "-S", "-c", "raise SystemExit('a reason')"], 1)


def test_the_textbook_learns(room: Room, tiny_files: Path, vectors: Path) -> None:
    common, textbook = room("common"), room("textbook")
    textbook.torch.manual_seed(1)
    random.seed(1)
    model, data = textbook.from_corpus(str(tiny_files / "train.conll"), str(vectors))
    assert model.words.weight[2].tolist() == [pytest.approx(float(x)) for x in vectors.read_text().split()[1:3]]
    model.dropout.p = 0.0
    model.fit(data, 12, 4, common.Clock())
    gold = [tag for _, tags in data for tag in tags]
    found = [tag for row in model.predict([tokens for tokens, _ in data]) for tag in row]
    right = sum(one == other for one, other in zip(gold, found, strict=True))
    assert right / len(gold) > 0.75 > 0.6 > gold.count("O") / len(gold)


def test_tags_and_spans_are_those_of_the_package(room: Room) -> None:
    common = room("common")
    draw = random.Random(3)
    for _ in range(200):
        tags = [draw.choice(["O", "B-A", "I-A", "B-B", "I-B"]) for _ in range(draw.randrange(8))]
        expected = [(span.start, span.end, span.label) for span in to_spans(tags)]
        assert common.spans_of(tags) == expected
        assert common.spans_of(common.tags_of(expected, len(tags))) == expected


def test_a_stage_does_not_count_what_a_stage_inside_it_takes(room: Room) -> None:
    clock = room("inner_worker").StageClock()

    def steps() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.01)
            yield number

    inner = clock.generator("inner", steps)
    outer: Callable[[], Any] = clock.call("outer", lambda: [time.sleep(0.005) for _ in inner()])
    begun = time.perf_counter()
    outer()
    whole = time.perf_counter() - begun
    assert clock.seconds["inner"] >= 0.03 and clock.seconds["outer"] >= 0.015
    assert clock.seconds["inner"] + clock.seconds["outer"] <= whole


def test_batches_of_the_bare_lstm_hold_every_sentence(room: Room) -> None:
    inner = room("inner_worker")
    lengths = sorted(random.Random(2).randrange(1, 200) for _ in range(500))
    batches = list(inner.padded([*lengths, 10_000]))
    assert sum(rows for rows, _ in batches) == 501
    assert all(rows * longest <= inner.BATCH_TOKENS for rows, longest in batches[:-1])
    assert batches[-1] == (1, 10_000)
    assert sum(rows * longest for rows, longest in batches) < 1.1 * (sum(lengths) + 10_000)


def test_the_guard_lets_noise_pass_and_stops_regressions(room: Room) -> None:
    guard = room("benchmarking.guard")
    stored = {"reading": 0.1, "network": 1.2}
    assert guard.compare({"reading": 0.14, "network": 1.0, "new": 1.0}, stored)["reading"] == pytest.approx(1.4)
    with pytest.raises(guard.RegressionError, match=r"reading is 0\.16, stored 0\.10"):
        guard.compare({"reading": 0.16, "network": 1.2}, stored)
    with pytest.raises(guard.RegressionError, match="no longer measured: network"):
        guard.compare({"reading": 0.1}, stored)


@pytest.mark.usefixtures("here")
def test_the_guard_measures_what_is_stored(room: Room, given: argparse.Namespace, tiny_files: Path) -> None:
    guard = room("benchmarking.guard")
    files = {split: tiny_files / f"{split}.conll" for split in ("train", "dev", "test")}
    epochs = {"ours": 2, "textbook": 2}
    setting = room("benchmarking.setting").Setting(files, given.vectors, given.results, rounds=1, epochs=epochs)
    assert guard.measure(setting).keys() == guard.load()["ratios"].keys()


def test_the_race_ends_with_the_first_epoch_above_the_others_last_score(room: Room) -> None:
    theirs = {"spacy": {"dev_f1": [0.7], "seconds": 90.0}, "flair": {"dev_f1": [0.9], "seconds": 300.0}}
    ours = {"epochs": [[{"at": at, "f1": f1} for at, f1 in ((3.0, 0.6), (6.0, 0.7), (9.0, 0.8), (12.0, 0.75))]]}
    assert room("benchmarking.training").races(theirs, ours) == {"spacy": [9.0], "flair": [None]}


def test_every_part_is_explained(room: Room) -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert all(f"`{part}`" in text for part in room("benchmarking.parts").PARTS)
