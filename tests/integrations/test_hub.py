"""The hub without a network: a stand-in keeps the repositories in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

import ner
from ner.errors import ModelError
from ner.integrations import hub


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "server"

    class Api:
        def __init__(self, token: str | None = None) -> None: ...

        def create_repo(self, name: str, private: bool, exist_ok: bool) -> None:
            if "/" not in name:
                raise huggingface_hub.errors.HFValidationError("a name has two parts")
            (folder / name).mkdir(parents=True, exist_ok=exist_ok)

        def upload_folder(self, repo_id: str, folder_path: Path, allow_patterns: list[str]) -> Any:
            for name in allow_patterns:
                shutil.copy(folder_path / name, folder / repo_id / name)
            return type("Commit", (), {"commit_url": f"https://hub/{repo_id}"})

    def download(
        name: str, revision: str | None, token: str | None, allow_patterns: list[str], local_dir: Path
    ) -> None:
        if not (folder / name).exists():
            raise OSError("no such repository")
        shutil.copytree(folder / name, local_dir, dirs_exist_ok=True)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setenv("NER_CACHE", str(tmp_path / "cache"))
    return folder


def test_there_and_back(server: Path, tiny_model: Path) -> None:
    assert hub.push(tiny_model, "me/model") == "https://hub/me/model"
    assert {path.name for path in (server / "me" / "model").iterdir()} <= {path.name for path in tiny_model.iterdir()}
    text = "Anna lives in Oslo ."
    assert ner.load("hub:me/model").tag(text).to_dict() == ner.load(tiny_model).tag(text).to_dict()


def test_only_the_model_is_uploaded(server: Path, tiny_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    (copy / "notes.txt").write_text("not for others")
    hub.push(copy, "me/model")
    assert not (server / "me" / "model" / "notes.txt").exists()


def test_what_cannot_be_had(server: Path, tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="hub:me/none: could not be fetched"):
        ner.load("hub:me/none")
    with pytest.raises(ModelError, match="could not be uploaded"):
        hub.push(tiny_model, "nobody")


@pytest.mark.parametrize("reason", ["Name or service not known", ""])
def test_without_a_connection(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    class ConnectError(Exception):
        """Of an HTTP library: neither of the hub's errors nor an OSError."""

    class Api:
        def __init__(self, token: str | None = None) -> None: ...

        def create_repo(self, *_: Any, **__: Any) -> None:
            raise ConnectError(reason)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    with pytest.raises(ModelError, match=f"hub:me/model: could not be uploaded: {reason or 'ConnectError'}$"):
        hub.push(tiny_model, "me/model")


def test_nothing_from_elsewhere_is_uploaded(server: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not for others")
    copy = Path(shutil.copytree(tiny_model, tmp_path / "copy"))
    (copy / "README.md").unlink()
    (copy / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match=r"README\.md is a symbolic link"):
        hub.push(copy, "me/model")
    assert not server.exists()
