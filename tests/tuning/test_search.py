"""The search: trials are ordinary trainings without test data, processes share a study, the killed is tried again."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import pytest
import yaml

import ner
from ner.config import load_config, with_values
from ner.training.folder import RunFolder
from ner.training.listener import Listener
from ner.tuning import search
from ner.tuning import study as studies
from ner.tuning.result import Tuning
from ner.tuning.space import Choice, Space
from ner.tuning.study import open_storage, open_study
from ner.tuning.trial import _Reporter
from tests.training.runs import Notes, epochs
from tests.tuning.conftest import Rehearsal

optuna = pytest.importorskip("optuna")
Config = dict[str, Any]


class Interrupt(Listener):
    """Ctrl-C after so many trials."""

    def __init__(self, trials: int) -> None:
        self.left = trials

    def note(self, text: str) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def states(found: Tuning) -> list[str]:
    return [trial.state for trial in found.trials]


def test_trials_are_ordinary_trainings(tiny_config: Config, tiny_space: Config, tmp_path: Path) -> None:
    notes = Notes()
    found = ner.tune(tiny_config, tiny_space, trials=2, prune=False, listener=notes)
    assert states(found) == ["complete"] * 2 and len(notes.notes) == 2
    assert found.folder == tmp_path / "run" / "tune"
    for trial in found.trials:
        own = with_values(load_config(tiny_config), {**trial.values, "output": str(tmp_path / f"own{trial.number}")})
        alone = ner.train(own)
        assert alone.dev is not None and trial.f1 == alone.dev.micro.f1 and trial.epoch == alone.best_epoch
        assert epochs(found.folder / trial.folder) == epochs(alone.folder)
        assert load_config(found.folder / trial.folder / "config.yaml").model == own.model
    noted = open_study(open_storage(found.folder / "study.journal"), "tune")[0].user_attrs
    sums = json.loads((found.folder / "trial-0" / "check.json").read_text())["splits"]
    assert [noted["training data"], noted["dev data"]] == [sums[split]["sha256"] for split in ("train", "dev")]
    assert found.best is not None and found.best.f1 == max(trial.f1 or 0 for trial in found.trials)
    assert f"trial {found.best.number}: dev F1 {100 * (found.best.f1 or 0):.2f}" in notes.notes[found.best.number]


def test_the_configuration_as_it_is_comes_first(
    tiny_config: Config, tiny_space: Config, rehearsal: Rehearsal
) -> None:
    found = ner.tune(tiny_config, tiny_space, trials=1)
    config = load_config(tiny_config)
    assert found.start is not None and found.start.number == 0
    assert with_values(config, found.trials[0].values) == config
    assert found.verdict().startswith("The configuration as it is was best")


def test_a_configuration_outside_the_space_is_told_of(
    tiny_config: Config, tiny_space: Config, rehearsal: Rehearsal
) -> None:
    own = load_config(tiny_config).model.encoder.hidden
    found = ner.tune(tiny_config, {**tiny_space, "model.encoder.hidden": [own + 1, own + 2]}, trials=1)
    assert found.start is None
    assert f"was not tried: the space lacks model.encoder.hidden {own}." in found.verdict()


def test_test_data_are_not_read(tiny_config: Config, tiny_space: Config, tiny_corpus: datasets.DatasetDict) -> None:
    tiny_config["data"]["test"] = "there/is/no/such/file.conll"
    found = ner.tune(tiny_config, tiny_space, trials=1)
    assert states(found) == ["complete"]
    for trial in found.trials:
        metrics = json.loads((found.folder / trial.folder / "model" / "metrics.json").read_text())
        assert metrics["test"] is None and "test" not in metrics["data"]
    assert found.best_config().data.test == ["there/is/no/such/file.conll"]  # ner train reads it, once, at the end
    tiny_config["data"] = {}
    broken = tiny_corpus["test"].map(lambda row: {"tags": ["no tag"] * len(row["tags"])})
    corpus = datasets.DatasetDict({**tiny_corpus, "test": broken})
    assert ner.tune(tiny_config, tiny_space, dataset=corpus, study="memory", trials=1).complete
    assert set(corpus) == {"train", "dev", "test"}


def test_best_yaml_is_what_ner_train_takes(tiny_config: Config, tiny_space: Config) -> None:
    found = ner.tune(tiny_config, tiny_space, trials=2, prune=False)
    path = found.folder / "best.yaml"
    best = found.best
    assert best is not None and best.f1 is not None
    text = path.read_text()
    assert text.startswith("# The best of 2 complete trials of 2 of the study tune:\n")
    assert f"# trial {best.number}, dev F1 {100 * best.f1:.2f}, epoch {best.epoch}, seed 1." in text
    result = ner.train(path)
    assert result.dev is not None and result.dev.micro.f1 == best.f1
    assert result.test is not None and result.folder == found.folder / "best"
    assert set(yaml.safe_load(text)) <= {"data", "model", "training", "output"}


def test_the_same_seed_the_same_search(
    tiny_config: Config, tiny_space: Config, tmp_path: Path, rehearsal: Rehearsal
) -> None:
    found = [
        ner.tune({**tiny_config, "output": str(tmp_path / str(number))}, tiny_space, trials=3, seed=number // 2)
        for number in range(3)
    ]
    one, same, other = ([trial.values for trial in each.trials] for each in found)
    assert one == same and one[0] == other[0] and one[1] != other[1]


def test_the_grid_is_searched_once(tiny_config: Config, rehearsal: Rehearsal) -> None:
    space = {"model.encoder.hidden": [4, 8], "training.batch_size": [4, 8]}
    found = ner.tune(tiny_config, space, sampler="grid", prune=False)
    points = {tuple(trial.values.values()) for trial in found.trials}
    assert points == {(4, 4), (4, 8), (8, 4), (8, 8)} and len(found.trials) == 4
    assert len(ner.tune(tiny_config, space, sampler="grid").trials) == 4
    few = ner.tune(tiny_config, space, sampler="grid", study="few", trials=3)
    assert states(few).count("waiting") == 1 and len(few.trials) == 4


def test_a_search_goes_on(tiny_config: Config, tiny_space: Config, rehearsal: Rehearsal) -> None:
    with pytest.raises(KeyboardInterrupt):
        ner.tune(tiny_config, tiny_space, trials=4, listener=Interrupt(2))
    notes = Notes()
    found = ner.tune(tiny_config, tiny_space, trials=4, prune=False, listener=notes)
    assert states(found) == ["complete"] * 4 and len(notes.notes) == 2
    assert len(ner.tune(tiny_config, tiny_space, trials=3).trials) == 4


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_search_that_goes_on_draws_what_it_would_have_drawn(
    tiny_config: Config, tiny_space: Config, tmp_path: Path, rehearsal: Rehearsal, sampler: Any
) -> None:
    at_once = ner.tune({**tiny_config, "output": str(tmp_path / "one")}, tiny_space, sampler=sampler, trials=5)
    for trials in (2, 3, 5):
        found = ner.tune(tiny_config, tiny_space, sampler=sampler, trials=trials)
    rates = [trial.values["training.optimizer.lr"] for trial in found.trials]
    assert len(set(rates)) == 5
    assert [trial.values for trial in found.trials] == [trial.values for trial in at_once.trials]


def test_who_works_at_the_same_time_draws_something_else(
    tiny_config: Config, tiny_space: Config, rehearsal: Rehearsal
) -> None:
    """Two at work at once, each with the seed and the study of the other, as when a command is typed twice."""
    rehearsal.together, heard = threading.Barrier(2), [Notes(), Notes()]
    workers = [
        threading.Thread(
            target=ner.tune,
            args=(tiny_config, tiny_space),
            kwargs={"sampler": "random", "trials": 6, "prune": False, "listener": notes},
        )
        for notes in heard
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(notes.notes for notes in heard)
    found = ner.tune(tiny_config, tiny_space, sampler="random", trials=6)
    done = [trial for trial in found.trials if trial.state == "complete"]
    assert len(done) == 6 and len({trial.values["training.optimizer.lr"] for trial in done}) == 6


def test_who_comes_too_late_leaves_the_point_to_others(
    tiny_config: Config, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between counting and asking another took the last trial: the point of the grid is not lost by that."""
    space = {"model.encoder.hidden": [4, 8, 12], "training.batch_size": [4, 8]}
    ner.tune(tiny_config, space, sampler="grid", trials=3)
    counted, once = search.counted, [True]
    monkeypatch.setattr(search, "counted", lambda study: [] if once and once.pop() else counted(study))
    ner.tune(tiny_config, space, sampler="grid", trials=3)
    found = ner.tune(tiny_config, space, sampler="grid")
    points = {tuple(trial.values.values()) for trial in found.complete}
    assert len(points) == 6 == len(found.complete) and not once


_KILLED = """
import os, signal, ner
from ner.tuning import trial

def epoch(self, record, best, told=trial._Reporter.epoch):
    told(self, record, best)
    if record["epoch"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)

trial._Reporter.epoch = epoch
ner.tune({config!r}, {space!r}, trials=1, storage={place!r})
"""


def test_what_is_killed_is_tried_again_where_it_stopped(
    tiny_config: Config, tiny_space: Config, tmp_path: Path
) -> None:
    place = str(tmp_path / "study.journal")
    tiny_config["training"]["epochs"] = 4
    program = _KILLED.format(config=tiny_config, space=tiny_space, place=place)
    ended = subprocess.run([sys.executable, "-c", program], cwd=Path(ner.__file__).parent.parent, check=False)
    assert ended.returncode == -signal.SIGKILL
    study, created = open_study(open_storage(place), "tune")
    assert not created and [trial.state.name for trial in study.trials] == ["RUNNING"]
    metrics = tmp_path / "run" / "tune" / "trial-0" / "metrics.jsonl"
    before = metrics.read_text().splitlines()
    notes = Notes()
    found = ner.tune(tiny_config, tiny_space, trials=1, storage=place, prune=False, listener=notes)
    assert states(found) == ["killed", "complete"]
    assert notes.notes[0] == "trial 0: its process has gone; its values are tried again"
    killed, again = found.trials
    assert killed.f1 is None and again.values == killed.values and again.folder == "trial-0" and again.epochs == 4
    assert len(before) == 2 and metrics.read_text().splitlines()[:2] == before  # with the seconds that they took
    assert sorted(open_study(open_storage(place), "tune")[0].trials[1].intermediate_values) == [1, 2, 3, 4]


def begun(place: Path | str, **noted: Any) -> Any:
    """A study with a trial that somebody is at work on."""
    study, _ = open_study(open_storage(place), "tune")
    trial = study.ask()
    trial.suggest_int("x", 1, 9)
    for key, value in noted.items():
        trial.set_user_attr(key, value)
    return study


def test_who_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = studies._host()
    for number, (noted, revived) in enumerate([
        ({"worker": [here, os.getpid()], "alive": now}, []),
        ({"worker": [here, gone.pid], "alive": now}, [0]),
        ({"worker": ["elsewhere", gone.pid], "alive": now - 60}, []),
        ({"worker": ["elsewhere", gone.pid], "alive": now - 2 * studies.SILENCE}, [0]),
        ({"worker": [here, os.getpid()], "alive": now - 2 * studies.SILENCE}, []),  # suspended, as by Ctrl-Z
        ({"worker": [here, os.getpid()], "alive": now - 2 * studies.SUSPENDED}, [0]),
        ({}, []),
    ]):  # fmt: skip
        study = begun(tmp_path / f"{number}.journal", **noted)
        assert studies.revive(study) == revived, noted
        assert studies.revive(study) == []
        assert [trial.state.name for trial in study.trials] == (["FAIL", "WAITING"] if revived else ["RUNNING"])


def test_a_database_is_shared_like_a_journal(
    tiny_config: Config, tiny_space: Config, tmp_path: Path, rehearsal: Rehearsal
) -> None:
    place = f"sqlite:///{tmp_path}/study.db"
    ner.tune(tiny_config, tiny_space, trials=2, storage=place)
    begun(place, worker=["elsewhere", 1], alive=0.0)
    found = ner.tune(tiny_config, tiny_space, trials=4, storage=place, prune=False)
    assert states(found) == ["complete", "complete", "killed", "complete", "complete"]
    assert found.trials[3].folder == "trial-2"


def test_what_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    study = begun(tmp_path / "a.journal", worker=["elsewhere", 1], alive=0.0)
    for _ in range(studies.ATTEMPTS):
        assert len(studies.revive(study)) == 1
        if any(trial.state.name == "WAITING" for trial in study.trials):
            study.ask().set_user_attr("alive", 0.0)
    assert [trial.state.name for trial in study.trials] == ["FAIL"] * studies.ATTEMPTS
    assert [trial.number for trial in studies.counted(study)] == [studies.ATTEMPTS - 1]
    assert studies.fault_of(study.trials[-1]) == "its process ended 3 times before it was done"


def test_processes_of_their_own_do_the_work(
    tiny_config: Config, tiny_space: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, asked = search._work_together, []

    def work(plan: search.Plan, jobs: int, say: Any) -> None:
        asked.append(jobs)
        together(plan, 1, say)  # a process is slow to start, and one shows as much as two

    monkeypatch.setattr(search, "_work_together", work)
    notes = Notes()
    found = ner.tune(tiny_config, tiny_space, trials=2, jobs=2, prune=False, listener=notes)
    assert states(found) == ["complete"] * 2 and len(notes.notes) == 2 == asked[0]
    study, _ = open_study(open_storage(found.folder / "study.journal"), "tune")
    ((host, process),) = {tuple(trial.user_attrs["worker"]) for trial in study.trials}
    assert host == studies._host() and process != os.getpid()


class _Thread(threading.Thread):
    """What a search asks of a process."""

    exitcode = 0
    started = 0

    def __init__(self, target: Any, args: tuple[Any, Connection]) -> None:
        self.theirs = Connection(os.dup(args[1].fileno()), readable=False)
        super().__init__(target=target, args=(args[0], self.theirs))

    def start(self) -> None:
        _Thread.started += 1
        super().start()

    def terminate(self) -> None:
        """Threads end by themselves."""


def test_an_error_of_a_process_is_ours(
    tiny_config: Config, tiny_space: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    light = SimpleNamespace(Pipe=multiprocessing.Pipe, Process=_Thread)
    monkeypatch.setattr(search.multiprocessing, "get_context", lambda kind: light)
    tiny_config["vectors"] = ["no/such/vectors.txt"]
    with pytest.raises(ner.DataError, match=r"no/such/vectors.txt: no such file"):
        ner.tune(tiny_config, tiny_space, trials=2, jobs=3)
    assert _Thread.started == 3


def test_a_trial_that_cannot_be_trained_counts_and_is_no_result(tiny_config: Config) -> None:
    tiny_config["training"]["optimizer"] = {"clip": 0.0}
    space = {"training.optimizer.lr": [0.02, 1e30]}
    found = ner.tune(tiny_config, space, sampler="grid", prune=False)
    assert sorted(states(found)) == ["complete", "failed"]
    failed = next(trial for trial in found.trials if trial.state == "failed")
    assert failed.values["training.optimizer.lr"] == 1e30 and failed.fault and failed.f1 is None
    with pytest.raises(ner.TrainingError, match=r"study none: no trial was completed: "):
        ner.tune(tiny_config, {"training.optimizer.lr": [2e30, 1e30]}, sampler="grid", study="none", trials=1)


def test_a_trial_that_lags_is_pruned(tiny_config: Config, rehearsal: Rehearsal) -> None:
    tiny_config["training"]["epochs"] = 4
    slow = [1e-7, 2e-7, 3e-7, 4e-7]
    space = {"training.optimizer.lr": [0.02, 0.021, 0.022, 0.023, 0.024, 0.025, *slow]}
    found = ner.tune(tiny_config, space, sampler="grid", seed=202)  # the slow ones last
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert any(trial.values["training.optimizer.lr"] in slow for trial in pruned)
    assert found.best is not None and found.best.values["training.optimizer.lr"] not in slow
    assert all(trial.f1 is None and trial.epochs is not None and trial.epochs < 4 for trial in pruned)
    assert "pruned" not in states(ner.tune(tiny_config, space, sampler="grid", study="all", prune=False))


def test_what_others_began_otherwise(tiny_config: Config, tiny_space: Config, rehearsal: Rehearsal) -> None:
    ner.tune(tiny_config, tiny_space, trials=1)
    with pytest.raises(ner.ConfigError, match=r"study tune: was begun with another space, model.encoder.hidden"):
        ner.tune(tiny_config, {**tiny_space, "model.encoder.hidden": [8, 16]}, trials=2)
    with pytest.raises(ner.ConfigError, match=r"was begun with another sampler, \('tpe', now 'random'\)"):
        ner.tune(tiny_config, tiny_space, sampler="random", trials=2)
    for key, value, says in (
        ("training", {**tiny_config["training"], "epochs": 3}, r"training.epochs \(2, now 3\)"),
        ("vectors", ["a/b.txt"], r"vectors \(\[\], now \['b.txt'\]\)"),
        ("data", {**tiny_config["data"], "unlabelled": "unknown", "entity_share": 0.2}, r"data.entity_share"),
    ):
        with pytest.raises(ner.ConfigError, match=rf"another configuration, {says}"):
            ner.tune({**tiny_config, key: value}, tiny_space, trials=2)
    assert ner.tune(tiny_config, tiny_space, trials=2).trials[-1].state == "complete"


def test_what_others_trained_on_otherwise(tmp_path: Path) -> None:
    study = begun(tmp_path / "a.journal")

    def heard(train: str, dev: str, *varied: str) -> None:
        report: Any = SimpleNamespace(
            splits={"train": SimpleNamespace(sha256=train), "dev": SimpleNamespace(sha256=dev)}
        )
        space = Space(dict.fromkeys(varied, Choice((1, 2))))
        _Reporter(study, study.ask(), RunFolder(tmp_path), space).checked(report)

    for _ in range(2):
        heard("a", "b", "model.encoder.hidden")
    with pytest.raises(ner.ConfigError, match=r"was begun with another dev data, \('b', now 'c'\)"):
        heard("a", "c")
    with pytest.raises(ner.ConfigError, match=r"was begun with another training data, \('a', now 'c'\)"):
        heard("c", "b")
    heard("c", "b", "data.train")
    heard("c", "b", "distillation.data")


def test_runs_of_another_study_are_not_overwritten(
    tiny_config: Config, tiny_space: Config, tmp_path: Path, rehearsal: Rehearsal
) -> None:
    ner.tune(tiny_config, tiny_space, trials=1)
    with pytest.raises(ner.ConfigError, match=r"trial-0: holds a run of another study: .*--study NAME"):
        ner.tune(tiny_config, tiny_space, trials=1, storage=tmp_path / "other.journal")


def test_a_torn_journal_is_mended(tiny_config: Config, tiny_space: Config, rehearsal: Rehearsal) -> None:
    folder = ner.tune(tiny_config, tiny_space, trials=1).folder
    with (folder / "study.journal").open("ab") as file:
        file.write(b'{"op_code": 8, "worker')
    assert len(ner.tune(tiny_config, tiny_space, trials=2, prune=False).complete) == 2


@pytest.mark.parametrize("arguments, says", [
    ({"trials": 0}, "expected at least one of each"),
    ({"jobs": 0}, "expected at least one of each"),
    ({"study": "a/b"}, "expected a name"),
    ({"storage": "nothing://x"}, "storage nothing://x: cannot be opened"),
])  # fmt: skip
def test_what_cannot_be(tiny_config: Config, tiny_space: Config, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ner.ConfigError, match=says):
        ner.tune(tiny_config, tiny_space, **arguments)


def test_a_storage_that_is_no_journal(tiny_config: Config, tiny_space: Config, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no journal\n")
    with pytest.raises(ner.ConfigError, match=r"text: cannot be opened"):
        ner.tune(tiny_config, tiny_space, storage=tmp_path / "text")


def test_without_dev(tiny_config: Config, tiny_space: Config, rehearsal: Rehearsal) -> None:
    tiny_config["data"] = {"train": tiny_config["data"]["train"], "dev_fraction": 0.0}
    with pytest.raises(ner.ConfigError, match=r"a search needs dev data to score on"):
        ner.tune(tiny_config, tiny_space)
    tiny_config["data"]["dev_fraction"] = 0.25
    assert ner.tune(tiny_config, tiny_space, trials=1).complete


def test_tables_and_plots(tiny_config: Config, tiny_space: Config, tmp_path: Path, rehearsal: Rehearsal) -> None:
    found = ner.tune(tiny_config, tiny_space, trials=6, prune=False)
    assert json.loads((found.folder / "tune.json").read_text()) == json.loads(json.dumps(found.to_json()))
    assert set(found.importance) == set(tiny_space) and sum(found.importance.values()) == pytest.approx(1)
    lines = found.table().splitlines()
    assert lines[0] == "study tune: 6 complete"
    scores = [float(line.split()[1]) for line in lines[3:9]]
    assert scores == sorted(scores, reverse=True)
    assert found.verdict() in lines
    history = found.plot_history(tmp_path / "history.svg").read_text()
    assert "<!-- best so far -->" in history and "<!-- as it was -->" in history
    assert "<!-- training.optimizer.lr -->" in found.plot_importance(tmp_path / "importance.svg").read_text()


def test_the_extra_is_named(tiny_config: Config, tiny_space: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ner.MissingExtraError, match=r"ner tune needs an extra: pip install 'bilstm-crf-ner\[tune\]'"):
        ner.tune(tiny_config, tiny_space)


def test_a_process_that_is_killed_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(_Thread):
        exitcode = -9

        def run(self) -> None:
            """Dies while it says something."""
            with self.theirs:
                os.write(self.theirs.fileno(), b"\0\0\0\x09half")

    light = SimpleNamespace(Pipe=multiprocessing.Pipe, Process=Killed)
    monkeypatch.setattr(search.multiprocessing, "get_context", lambda kind: light)
    said: list[str] = []
    search._work_together(None, 2, said.append)  # type: ignore[arg-type]
    assert said == ["a process ended with status -9; the same command goes on with its trial"] * 2
