"""Model folders on the Hugging Face hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ner.cache import cache_folder
from ner.description import model_files, model_folder
from ner.errors import MissingExtraError, ModelError

PREFIX = "hub:"
_WANTED = ["*.json", "*.txt", "*.safetensors", "*.onnx", "README.md"]


def push(folder: str | os.PathLike[str], name: str, *, private: bool = False, token: str | None = None) -> str:
    """Upload a model folder, its card included.

    Args:
        folder: a model or run folder.
        name: ``owner/name`` of the repository, made if it does not exist.
        private: for a new repository.
        token: of the account; by default the one that is logged in.

    Returns:
        The address of the commit.

    Raises:
        ModelError: the folder holds no model, or the hub refused it or cannot be reached.
    """
    path = model_folder(folder)
    files = model_files(path)  # and no link, which would send what it leads to
    hub = _library()
    try:
        api = hub.HfApi(token=token)
        api.create_repo(name, private=private, exist_ok=True)
        commit = api.upload_folder(repo_id=name, folder_path=path, allow_patterns=files)
    except Exception as error:  # without a connection that of whichever HTTP library the hub is built on
        raise ModelError(f"{PREFIX}{name}: could not be uploaded: {str(error) or type(error).__name__}") from None
    return str(commit.commit_url)


def fetch(name: str, *, revision: str | None = None, token: str | None = None) -> Path:
    """Download a model folder, or find it in the cache.

    Args:
        name: ``owner/name`` of the repository, with or without ``hub:`` before it.
        revision: branch, tag or commit.
        token: of the account, for private repositories.

    Raises:
        ModelError: there is no such repository, or it cannot be reached.
    """
    hub, name = _library(), name.removeprefix(PREFIX)
    # Into a folder of our own: the hub's cache is made of symbolic links, which loading a model does not follow.
    folder = cache_folder("hub") / name.replace("/", "--") / (revision or "main").replace("/", "--")
    try:
        hub.snapshot_download(name, revision=revision, token=token, allow_patterns=_WANTED, local_dir=folder)
    except Exception as error:  # as above
        raise ModelError(f"{PREFIX}{name}: could not be fetched: {str(error) or type(error).__name__}") from None
    return folder


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError:
        raise MissingExtraError("The hub", "hub") from None
    return huggingface_hub
