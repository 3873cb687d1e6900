from __future__ import annotations

import dataclasses
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ner.errors import DataError, ModelError
from ner.integrations.ray.job import MANIFEST, Job, begin, fingerprint
from ner.integrations.ray.places import listed, locate, read_whole, write_once, write_whole
from ner.integrations.ray.tagging import plan
from ner.tagging.options import TagOptions
from tests.integrations.ray.conftest import MODEL


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Ada lives in Oslo .\n")
    return plan(MODEL, [tmp_path / "a.txt", tmp_path / "b.txt"], tmp_path / "out")


def start(job: Job, folder: Path) -> list[int]:
    return begin(job, locate(folder), folder.name)


def test_a_job_begins_and_goes_on(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert start(job, out) == start(job, out) == [0, 1]
    (out / ".part-00001.jsonl.0123abcd.new").write_text("half")
    (out / "part-00000.jsonl").write_text("")
    assert start(job, out) == [1]
    tree = json.loads((out / MANIFEST).read_text())
    assert tree["parts"] == [["part-00000.jsonl", 0, 0, -1], ["part-00001.jsonl", 1, 0, -1]]
    assert [name for name, *_ in tree["inputs"]] == [str(tmp_path / name) for name in ("a.txt", "b.txt")]


def test_names_sort_as_parts_do(job: Job) -> None:
    many = dataclasses.replace(job, parts=job.parts * 60_000)
    names = [many.name_of(number) for number in (0, 9, 10, 99_999, 100_000, 119_999)]
    assert names == sorted(names) and names[0] == "part-000000.jsonl"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"options": TagOptions(min_score=0.5)}, r"options.min_score 0.0, not 0.5"),
        ({"checksum": "0" * 64}, r"model [0-9a-f]{16}, not 0000000000000000"),
        ({"part_size": 1 << 22}, "part size 16777216, not 4194304"),
        ({"write": "text"}, "write jsonl, not text"),
        ({"precision": "bf16"}, "precision fp32, not bf16"),
    ],
)
def test_another_job_is_refused(job: Job, tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    start(job, tmp_path / "out")
    with pytest.raises(DataError, match=rf"out: holds the parts of another job: {fault}. Repeat"):
        start(dataclasses.replace(job, **change), tmp_path / "out")


def test_other_inputs_are_refused(job: Job, tmp_path: Path) -> None:
    out, paths = tmp_path / "out", [tmp_path / "a.txt", tmp_path / "b.txt"]
    start(job, out)

    def fault(*named: Path) -> str:
        with pytest.raises(DataError, match="holds the parts of another job") as caught:
            start(plan(MODEL, named, out), out)
        return caught.value.message

    assert f"the input {paths[1]}, which is missing now" in fault(paths[0])
    assert "the inputs in another order" in fault(*paths[::-1])
    (tmp_path / "c.txt").write_text("new")
    assert f"no input {tmp_path / 'c.txt'}" in fault(*paths, tmp_path / "c.txt")
    os.utime(paths[0], ns=(1, 1))
    assert f"the input {paths[0]} as it was before it was changed (20 bytes, now 20)" in fault(*paths)


def test_a_folder_that_is_not_ours_is_left_alone(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".DS_Store").write_text("")
    assert start(job, out) == [0, 1]
    (out / MANIFEST).write_text("{}")
    with pytest.raises(DataError, match=f"its {MANIFEST} cannot be read"):
        start(job, out)
    (out / MANIFEST).rename(out / "part-00000.jsonl")
    with pytest.raises(DataError, match=f"out: the folder is not empty, and has no {MANIFEST}"):
        start(job, out)
    assert sorted(listed(locate(out))) == [".DS_Store", "part-00000.jsonl"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        start(job, tmp_path / "file")


def test_a_file_that_would_be_taken_for_a_part(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out"
    start(job, out)
    (out / "notes.txt").write_text("mine")
    assert start(job, out) == [0, 1]
    (out / "part-00002.jsonl").write_text("stray")
    with pytest.raises(DataError, match=r"out: holds part-00002.jsonl, which is no part of this job"):
        start(job, out)


def test_a_full_disk_leaves_no_half_of_a_small_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        written(path, content[:3])
        raise OSError(28, "No space left on device")

    place = locate(tmp_path).beside(MANIFEST)
    with monkeypatch.context() as context:
        context.setattr(Path, "write_bytes", full)
        with pytest.raises(DataError, match="No space left"):
            write_once(place, b"content")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(95, "Operation not supported")))
    assert write_once(place, b"content") == write_once(place, b"later") == b"content"


@pytest.mark.parametrize("where", ["{}", "memory://once{}"])
def test_of_several_that_begin_one_writes(where: str, tmp_path: Path) -> None:
    folder = locate(where.format(tmp_path / "here"))
    folder.system.create_dir(folder.path, recursive=True)
    place = folder.beside(MANIFEST)
    with ThreadPoolExecutor(8) as pool:
        number = 20 if folder.is_local else 1
        found = set(pool.map(lambda content: write_once(place, content), [b"%d" % one for one in range(number)]))
    assert found == {read_whole(place)} == {write_once(place, b"later")}
    assert listed(folder) == [MANIFEST]


def test_a_file_elsewhere_stands_whole_or_not_at_all() -> None:
    folder = locate("memory://whole/deep")
    folder.system.create_dir(folder.path, recursive=True)

    def stopped(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    write_whole(folder.beside("a"), lambda path: path.write_text("first") and None)
    with pytest.raises(KeyboardInterrupt):
        write_whole(folder.beside("a"), stopped)
    assert read_whole(locate("memory://whole/deep/a")) == b"first" and listed(folder) == ["a"]


def test_a_part_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, seen = locate(tmp_path / "part"), list[list[str]]()
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(sorted(path.name for path in tmp_path.iterdir())))
    write_whole(place, lambda path: path.write_text("all of it") and None)
    assert [name.startswith(".part.") for (name,) in seen] == [True] and read_whole(place) == b"all of it"

    def full(path: Path) -> None:
        path.write_text("half")
        raise DataError("cannot be written: No space left on device.", path, remedy="Make room.")

    with pytest.raises(DataError, match=r"/part: cannot be written: No space left on device. Make room."):
        write_whole(place, full)
    assert read_whole(place) == b"all of it" and listed(locate(tmp_path)) == ["part"]


def test_the_fingerprint_is_of_all_that_tags(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(MODEL, tmp_path / "model")
    before = fingerprint(MODEL)
    assert fingerprint(tmp_path / "model") == fingerprint(tmp_path) == before
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text().replace('"version"', ' "version"'))
    assert fingerprint(tmp_path)[0] != before[0]
    with pytest.raises(ModelError):
        fingerprint(tmp_path / "none")
