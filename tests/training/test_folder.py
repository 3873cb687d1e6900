from __future__ import annotations

import json
from pathlib import Path

import pytest

from ner.config import Config, load_config
from ner.corpus.check import Report
from ner.errors import TrainingError
from ner.training.folder import RunFolder, writing

REPORT = Report("IOB2", {}, [])


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "deep" / "run")
    folder.path.mkdir(parents=True)
    return folder


def run_in(folder: RunFolder) -> None:
    folder.describe(Config(), REPORT)
    folder.log({"epoch": 1})
    folder.checkpoint.write_text("")
    folder.model.mkdir()
    (folder.model / "config.json").write_text("{}")


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a" / "b")
    with folder.claimed(resume=False, overwrite=False):
        assert folder.path.is_dir() and not folder.occupied()


def test_two_runs_refuse_each_other(folder: RunFolder) -> None:
    with folder.claimed(False, False):
        for options in ((False, False), (True, False), (False, True)):
            with (
                pytest.raises(TrainingError, match="another training is writing here"),
                RunFolder(folder.path).claimed(*options),
            ):
                raise AssertionError
    with folder.claimed(False, False):  # the lock ends with the run
        pass


def test_the_lock_ends_with_an_error(folder: RunFolder) -> None:
    with pytest.raises(KeyError), folder.claimed(False, False):
        raise KeyError
    with folder.claimed(False, False):
        pass


@pytest.mark.parametrize("part", ["checkpoint.safetensors", "metrics.jsonl", "model"])
def test_a_run_is_not_overwritten_unasked(folder: RunFolder, part: str) -> None:
    (folder.path / part).write_text("precious")
    with pytest.raises(TrainingError, match=r"--resume.*--overwrite"), folder.claimed(False, False):
        raise AssertionError
    for options in ((True, False), (False, True)):
        with folder.claimed(*options):
            assert (folder.path / part).read_text() == "precious"  # until the new run has really begun


def test_an_attempt_that_never_began_is_no_run(folder: RunFolder) -> None:
    folder.describe(Config(), REPORT)
    with folder.claimed(False, False):
        pass


def test_clearing_leaves_what_is_not_of_the_run(folder: RunFolder) -> None:
    run_in(folder)
    (folder.path / "notes.txt").write_text("mine")
    folder.clear()
    assert not folder.occupied() and (folder.path / "notes.txt").read_text() == "mine"


def test_the_checkpoint_is_the_first_to_go(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(folder)
    gone: list[str] = []
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok: gone.append(path.name))
    folder.clear()
    assert gone[0] == folder.checkpoint.name and folder.metrics.name in gone


def test_the_configuration_is_written_in_full(folder: RunFolder) -> None:
    config = load_config({"data": {"train": "Grüße.conll"}, "output": str(folder.path)})
    folder.describe(config, REPORT)
    assert load_config(folder.config) == config
    assert "Grüße" in folder.config.read_text(encoding="utf-8")
    assert json.loads(folder.check.read_text())["scheme"] == "IOB2"


def test_a_line_an_epoch(folder: RunFolder) -> None:
    for epoch in (1, 2, 3):
        folder.log({"epoch": epoch})
    folder.metrics.write_text(folder.metrics.read_text() + '{"epoch": 4, "lo')  # killed while it wrote
    folder.keep([{"epoch": 1}, {"epoch": 2}])
    folder.log({"epoch": 3})
    assert [json.loads(line)["epoch"] for line in folder.metrics.read_text().splitlines()] == [1, 2, 3]
    assert [path.name for path in folder.path.iterdir()] == ["metrics.jsonl"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, folder: RunFolder) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(TrainingError, match=r"file/run: the run folder cannot be written"),
        RunFolder(tmp_path / "file" / "run").claimed(False, False),
    ):
        raise AssertionError
    folder.metrics.mkdir()
    with pytest.raises(TrainingError, match=r"metrics\.jsonl: cannot be written"):
        folder.log({})
    with pytest.raises(TrainingError, match=r"metrics\.jsonl: cannot be written.*--resume"):
        folder.keep([{}])


def test_other_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(KeyError), writing(tmp_path):
        raise KeyError
