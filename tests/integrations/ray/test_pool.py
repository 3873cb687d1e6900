"""Ray itself, once: everything else is tested without it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ner
from ner.integrations.ray.tagging import Progress, tag_files
from tests.integrations.ray.conftest import MODEL


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("Ada\n")
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(
        ner.MissingExtraError, match=r"^--engine ray needs an extra: pip install 'bilstm-crf-ner\[ray\]'$"
    ):
        tag_files(MODEL, [tmp_path / "a.txt"], tmp_path / "out")


@pytest.fixture(scope="module")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A cluster of one core in this process, which is used as it is found: started once, which takes some seconds."""
    found = pytest.importorskip("ray")
    from ner.integrations.ray import pool

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # or its workers wait for the tests beside this one
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # where Ray keeps a token
        library = pool._library()
        pool._start(library, 1, None, "cpu", 1)
        yield found
        found.shutdown()


def test_an_actor_of_ray_does_what_a_worker_does(ray: object, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"text": "Ada Lovelace lived in London."}\n' * 3)
    (tmp_path / "in" / "b.jsonl").write_text('{"text": "Ada"}\n{"txt": "Ada"}\n')
    told: list[Progress] = []
    with pytest.raises(ner.DataError, match=r"b.jsonl:2: has the keys txt") as caught:
        tag_files(MODEL, [tmp_path / "in"], tmp_path / "out", workers=1, listener=told.append)
    assert caught.value.line == 2
    assert [(one.parts, one.before, one.done) for one in told] == [(2, 0, 0), (2, 0, 1)]
    ner.tag_file(ner.load(MODEL), tmp_path / "in" / "a.jsonl", tmp_path / "plain.jsonl")
    assert (tmp_path / "out" / "part-00000.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()
    assert not (tmp_path / "out" / "part-00001.jsonl").exists()
