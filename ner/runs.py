"""Folders of runs: the seeds of one training, which stand together wherever a single model may."""

from __future__ import annotations

import re
from pathlib import Path

from ner.description import DESCRIPTION, model_folder
from ner.errors import ModelError

_SEED = re.compile(r"seed[0-9]+")


def is_model(path: Path) -> bool:
    """Whether a folder is a model, or a run that holds one."""
    return (model_folder(path) / DESCRIPTION).is_file()


def holds_models(path: Path) -> bool:
    """Whether a folder is no model itself, but holds such."""
    return path.is_dir() and not is_model(path) and any(map(is_model, path.iterdir()))


def runs_in(folder: Path) -> list[Path]:
    """The seeds in a folder, in the order of their numbers; a run or model folder itself is the only one.

    Raises:
        ModelError: there are none, or models of other names, which may have nothing to do with each other.
    """
    if is_model(folder):
        return [folder]
    if not folder.exists():
        raise ModelError(f"{folder}: no such file or folder; expected a model, a run, a folder of runs, predictions")
    found = _models(folder) if folder.is_dir() else []
    seeds = sorted((path for path in found if _SEED.fullmatch(path.name)), key=lambda path: int(path.name[4:]))
    if seeds:
        return seeds
    if found:
        names = ", ".join(path.name for path in found[:5]) + (", ..." if len(found) > 5 else "")
        raise ModelError(
            f"{folder}: holds models ({names}), but not the seeds of one training, which are named seed1, "
            f"seed2, ...; name one of them: {found[0]}"
        )
    raise ModelError(f"{folder}: neither a model nor a run, and no folder of runs: none in it has a model")


def files_of_seeds(folder: Path) -> list[Path]:
    """Files in a folder that are named as seeds, such as ``seed1.conll``, in the order of their numbers.

    Raises:
        ModelError: a seed has two files, which cannot both be its predictions.
    """
    if not folder.is_dir() or is_model(folder):
        return []
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        name = path.name.partition(".")[0]
        if path.is_file() and _SEED.fullmatch(name):
            twin = found.setdefault(int(name[4:]), path)
            if twin != path:
                raise ModelError(
                    f"{folder}: {twin.name} and {path.name} are of one seed, which counts once: remove either"
                )
    return [found[number] for number in sorted(found)]


def _models(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_model(path))
