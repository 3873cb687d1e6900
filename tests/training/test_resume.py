from __future__ import annotations

import copy
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasets import DatasetDict

from ner.errors import TrainingError
from ner.training import run as run_module
from ner.training.checkpoint import load_checkpoint, save_checkpoint
from ner.training.folder import RunFolder
from ner.training.run import train
from tests.training.runs import Notes, Stop, Stopped, outcome

STEPS = 10  # of an epoch of 40 sentences in batches of 4
Config = dict[str, Any]

RECIPES: dict[str, Config] = {
    "sgd": {"optimizer": {"name": "sgd", "lr": 0.1, "schedule": "inverse"}},
    "adam": {"optimizer": {"name": "adam", "lr": 0.01, "warmup": 1.5}},
    "adamw": {"optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.1}},
    "nadam": {"optimizer": {"name": "nadam", "lr": 0.01, "schedule": "cosine"}, "deterministic": True},
    "averaged": {"optimizer": {"lr": 0.02}, "ema": 0.9},
    "bf16": {"optimizer": {"lr": 0.02}, "precision": "bf16"},
}


def config_of(tiny_config: Config, run: Path, **training: Any) -> Config:
    config = copy.deepcopy(tiny_config)
    config["training"].update({"epochs": 3, **training})
    config["output"] = str(run)
    return config


@pytest.fixture
def make(tiny_config: Config, tmp_path: Path) -> Callable[..., Config]:
    return lambda name="run", **training: config_of(tiny_config, tmp_path / name, **training)


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return {}


@pytest.fixture
def whole(make: Callable[..., Config], tmp_path: Path, known: dict[str, Any]) -> Callable[..., Any]:
    """How a training ends that is never stopped; each is done once."""

    def end(**training: Any) -> Any:
        key = str(training)
        if key not in known:
            train(make("whole", **training))
            known[key] = outcome(tmp_path / "whole")
        return known[key]

    return end


def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    make: Callable[..., Config], whole: Callable[..., Any], tmp_path: Path
) -> None:
    for name, seed in (("again", 1), ("other", 2)):
        train(make(name, seed=seed))
    one, again, other = whole(), outcome(tmp_path / "again"), outcome(tmp_path / "other")
    assert one == again
    assert one["model.safetensors"] != other["model.safetensors"] and one["epochs"] != other["epochs"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_stopped_training_ends_like_one_that_never_stopped(
    make: Callable[..., Config], whole: Callable[..., Any], tmp_path: Path, recipe: str
) -> None:
    training = RECIPES[recipe]
    stops = random.Random(recipe).sample(range(1, 3 * STEPS), 2)
    config = make("stopped", **training)
    with pytest.raises(Stopped):
        train(config, listener=Stop(step=min(stops)))
    with pytest.raises(Stopped):  # less what was done since the last checkpoint
        train(config, resume=True, listener=Stop(step=max(stops) - min(stops) // STEPS * STEPS))
    train(config, resume=True)
    assert outcome(tmp_path / "stopped") == whole(**training)


@pytest.mark.parametrize("stop", [1, STEPS - 1, 2 * STEPS, 3 * STEPS])
@pytest.mark.parametrize("every", [1, 2])
def test_wherever_it_stops(
    make: Callable[..., Config], whole: Callable[..., Any], tmp_path: Path, stop: int, every: int
) -> None:
    with pytest.raises(Stopped):
        train(make("stopped", checkpoint_every=every), listener=Stop(step=stop))
    train(make("stopped", checkpoint_every=every), resume=True)
    assert outcome(tmp_path / "stopped") == whole()


@pytest.mark.parametrize(
    ("where", "before", "times"),
    [
        ("ner.training.run.save_checkpoint", True, 1),  # nothing was begun
        ("ner.training.run.save_checkpoint", False, 1),
        ("ner.training.run.save_checkpoint", True, 2),  # the epoch is logged, its checkpoint is not there
        ("ner.training.run.save_checkpoint", False, 2),
        ("ner.training.run.save_model", True, 2),
        ("ner.training.run.save_model", False, 2),
        ("ner.training.run.write_predictions", False, 1),  # tested, but not told
        ("ner.training.folder.RunFolder.describe", False, 1),
    ],
)
def test_whatever_it_was_writing(
    make: Callable[..., Config],
    whole: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    before: bool,
    times: int,
) -> None:
    owner, _, name = where.rpartition(".")
    owned = RunFolder if owner.endswith("RunFolder") else run_module
    write, calls = getattr(owned, name), []

    def killed(*arguments: Any, **options: Any) -> None:
        calls.append(name)
        if len(calls) == times and before:
            raise Stopped
        write(*arguments, **options)
        if len(calls) == times:
            raise Stopped

    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(owned, name, killed)
        train(make("stopped"))
    train(make("stopped"), resume=True)
    assert outcome(tmp_path / "stopped") == whole()


def test_killed_while_one_model_took_the_place_of_another(
    make: Callable[..., Config], whole: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        if path.name == "model.new" and (path.parent / "model.old").exists():
            raise Stopped
        return rename(path, target)

    config = make("stopped")
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr("ner.whole_folder._exchange", lambda one, other: False)
        patched.setattr(Path, "rename", killed)
        train(config)
    assert not (tmp_path / "stopped" / "model").exists()
    with pytest.raises(Stopped):
        train(config, resume=True, listener=Stop(step=1))
    assert (tmp_path / "stopped" / "model" / "config.json").exists()  # the best so far is back
    train(config, resume=True)
    assert outcome(tmp_path / "stopped") == whole()


CHILD = """
import os, sys, yaml
from ner.training.listener import Listener
from ner.training.run import train

class Tell(Listener):
    def step(self, epoch, step):
        print("step", flush=True)

train(yaml.safe_load(sys.stdin), listener=Tell())
"""


def test_kill_nine(make: Callable[..., Config], tmp_path: Path) -> None:
    constant = {"optimizer": {"lr": 0.02, "schedule": "constant"}}  # so that an epoch is the same however many follow
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(yaml.safe_dump(make("killed", epochs=1000, **constant)).encode())
    child.stdin.close()
    for _ in range(random.randrange(1, 3 * STEPS)):
        assert child.stdout.readline() == b"step\n"
    os.kill(child.pid, signal.SIGKILL)
    child.stdout.close()
    assert child.wait(30) == -signal.SIGKILL
    log = tmp_path / "killed" / "metrics.jsonl"
    done = log.read_text(encoding="utf-8").count("\n") if log.exists() else 0
    train(make("killed", epochs=done + 1, **constant), resume=True)
    train(make("whole", epochs=done + 1, **constant))
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "whole")


def test_a_resumed_training_may_go_on_for_longer(
    make: Callable[..., Config], whole: Callable[..., Any], tmp_path: Path
) -> None:
    constant = {"optimizer": {"lr": 0.01, "schedule": "constant"}}
    train(make("longer", epochs=1, **constant))
    result = train(make("longer", **constant), resume=True)
    assert len(result.epochs) == 3 and outcome(tmp_path / "longer") == whole(**constant)
    with pytest.raises(TrainingError, match=r"begun with another training\.epochs; put it back"):
        train(make("longer", epochs=2, **constant), resume=True)


def test_a_finished_training_is_finished_again(make: Callable[..., Config], tmp_path: Path) -> None:
    first = train(make())
    before = outcome(tmp_path / "run")
    again = train(make(), resume=True)
    assert outcome(tmp_path / "run") == before
    assert again.test is not None and first.test is not None
    assert again.test.to_json() == first.test.to_json() and again.epochs == first.epochs


def test_resuming_where_nothing_was_begun_begins(make: Callable[..., Config]) -> None:
    assert len(train(make(), resume=True).epochs) == 3


def test_without_its_checkpoint_a_run_is_not_resumed_but_kept(make: Callable[..., Config], tmp_path: Path) -> None:
    train(make())
    (tmp_path / "run" / "checkpoint.safetensors").unlink()
    with pytest.raises(TrainingError, match=r"no checkpoint to resume from.*--overwrite"):
        train(make(), resume=True)
    assert (tmp_path / "run" / "model" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("section", "change", "named"),
    [
        ("training", {"seed": 2}, "training.seed"),
        ("training", {"batch_size": 5}, "training.batch_size"),
        ("training", {"optimizer": {"lr": 0.5}}, "training.optimizer"),
        ("training", {"ema": 0.5}, "training.ema"),
        ("training", {"precision": "bf16"}, "training.precision"),
        ("model", {"encoder": {"hidden": 9}}, "model"),
        ("data", {"limit": 20}, "corpus"),
        ("data", {"unlabelled": "unknown", "entity_share": 0.2}, "data.unlabelled"),
    ],
)
def test_another_configuration_is_refused_and_nothing_changed(
    make: Callable[..., Config], tmp_path: Path, section: str, change: Config, named: str
) -> None:
    run = tmp_path / "run"
    with pytest.raises(Stopped):
        train(make(), listener=Stop(step=2))
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    config = make()
    config[section] = {**config[section], **change}
    with pytest.raises(TrainingError, match="begun with another") as caught:
        train(config, resume=True)
    assert named in str(caught.value) and "--overwrite" in str(caught.value)
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_a_run_begun_before_a_key_was_there_goes_on(make: Callable[..., Config], tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(make(), listener=Stop(epoch=1))
    path = RunFolder(tmp_path / "run").checkpoint
    groups, state = load_checkpoint(path)
    del state["fixed"]["model"]["language_model"], state["fixed"]["training.optimizer"]["decay"]
    save_checkpoint(path, groups, state)
    assert train(make(), resume=True).dev is not None


def test_another_corpus_in_the_same_files_is_refused(
    make: Callable[..., Config], tiny_corpus: DatasetDict, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        train({**make(), "data": {}}, tiny_corpus, listener=Stop(step=2))
    other = DatasetDict({**tiny_corpus, "train": tiny_corpus["train"].select(range(39, -1, -1))})
    with pytest.raises(TrainingError, match="another corpus; put it back"):
        train({**make(), "data": {}}, other, resume=True)
    train({**make(), "data": {}}, tiny_corpus, resume=True)


def test_other_content_of_the_files_of_vectors_is_refused(make: Callable[..., Config], tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.txt"
    words = ["ada", "lives", "in", ".", "london", "the", "met", ",", "for", "it", "of", "million", "works", "new"]
    vectors.write_text("".join(f"{word} 0.5 0.25\n" for word in words), encoding="utf-8")
    config = {**make(force=True), "vectors": [str(vectors)]}
    with pytest.raises(Stopped):
        train(config, listener=Stop(step=2))
    vectors.write_text(vectors.read_text(encoding="utf-8").replace("london 0.5", "london 0.6"), encoding="utf-8")
    with pytest.raises(TrainingError, match="another content of a file of vectors"):
        train(config, resume=True)


def test_a_damaged_checkpoint_is_said_to_be_so(make: Callable[..., Config], tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(make(), listener=Stop(epoch=1))
    path = tmp_path / "run" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TrainingError, match="damaged"):
        train(make(), resume=True)


def test_what_cannot_be_resumed_is_begun_with_a_note(make: Callable[..., Config]) -> None:
    config, note = make(epochs=1), f"no checkpoint in {make()['output']}: starting from the beginning"
    first, again = Notes(), Notes()
    train(config, resume=True, listener=first)
    train(config, resume=True, listener=again)
    assert first.notes.count(note) == 1 and note not in again.notes
