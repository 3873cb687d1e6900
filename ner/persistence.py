"""The model folder: weights, vocabularies and a description, written whole or not at all; loading executes nothing.

====================== ===============================================================
file                   holds
====================== ===============================================================
``model.safetensors``  the weights
``config.json``        format, configuration, tags, and the checksum of every other file
``words.txt``, ...     the vocabularies (see `ner.features.encoder`)
``metrics.json``       scores and identity of the data; free to edit
``README.md``          the model card; free to edit
====================== ===============================================================
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ner.config import ModelConfig, TaggingConfig
from ner.errors import DataError, ModelError
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.modules.unfilled import unfilled
from ner.schemes import inventory
from ner.version import __version__

FORMAT = 1
WEIGHTS = "model.safetensors"
DESCRIPTION = "config.json"
TRAINING_ONLY = "auxiliary."  # how the names of weights begin that tagging does without
METRICS, CARD = "metrics.json", "README.md"  # for people and their programs

LARGEST_DESCRIPTION = 1 << 20  # bytes; a model of a hundred labels has a few thousand
_LARGEST_WEIGHT = 1e9  # with all weights of this size, nothing overflows yet

_HERE, _RENAME_EXCHANGE = -100, 2  # AT_FDCWD and the flag, as in Linux's fcntl.h


class Description(BaseModel):
    """``config.json``.

    Attributes:
        format: of the folder; raised when an older release could not read it.
        version: of the package that wrote it, for people.
        tags: the model's tags, in the order of its emissions.
        word_dim: size of the word embeddings.
        trained: so many rows of the word vocabulary are parameters.
        temperature: fitted on dev; 1 where it was not.
        threshold: of span decoding, fitted on dev; None where the best path is decoded.
        configuration: checksum of the training's configuration; see `ner.config.checksum`.
        files: SHA-256 of the other files that loading reads.
    """

    model_config = ConfigDict(extra="ignore")

    format: int = Field(ge=1)
    version: str
    model: ModelConfig
    tagging: TaggingConfig
    tags: list[str]
    word_dim: int = Field(gt=0)
    trained: int = Field(gt=0)
    temperature: float = Field(default=1.0, ge=0.01, le=100)
    threshold: float | None = Field(default=None, ge=0, le=1)
    configuration: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    files: dict[str, str]


def save_model(
    folder: Path,
    model: SequenceTagger,
    encoder: FeatureEncoder,
    tagset: TagSet,
    config: ModelConfig,
    tagging: TaggingConfig,
    extra: dict[str, str],
    temperature: float = 1.0,
    threshold: float | None = None,
    configuration: str | None = None,
) -> None:
    """Write a model folder; one that stands there already is replaced by the whole new one.

    Args:
        extra: further files by name, free to edit, such as the model card.

    Raises:
        OSError: the folder cannot be written; what stood there is untouched.
    """
    fresh = folder.with_name(folder.name + ".new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        state = {
            name: tensor.detach().cpu().contiguous()
            for name, tensor in model.state_dict().items()
            if not name.startswith(TRAINING_ONLY)
        }
        save_file(state, fresh / WEIGHTS)
        encoder.save(fresh)
        description = Description(
            format=FORMAT,
            version=__version__,
            model=config,
            tagging=tagging,
            tags=tagset.tags,
            word_dim=model.words.table.weight.shape[1],
            trained=encoder.sizes.trained,
            temperature=temperature,
            threshold=threshold,
            configuration=configuration,
            files={path.name: _checksum(path) for path in sorted(fresh.iterdir())},
        )
        (fresh / DESCRIPTION).write_bytes(_written(description))
        for name, text in extra.items():
            (fresh / name).write_text(text, encoding="utf-8")
        shutil.copymode(fresh / DESCRIPTION, fresh / WEIGHTS)  # safetensors lets the owner alone read it
        for path in fresh.iterdir():
            _flush(path)
        _swap(fresh, folder)
    except SafetensorError as error:  # so it reports a full disk
        raise OSError(str(error)) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def can_be_described(config: ModelConfig, tagging: TaggingConfig, tags: list[str]) -> bool:
    """Whether the ``config.json`` of such a model is small enough to be read again, whatever its weights will be."""
    checksum, number = "0" * 64, 0.012345678901234567
    names = [WEIGHTS, *FeatureEncoder.files(config)]
    largest = Description(
        format=FORMAT,
        version=__version__,
        model=config,
        tagging=tagging,
        tags=tags,
        word_dim=1 << 62,
        trained=1 << 62,
        temperature=number,
        threshold=number,
        configuration=checksum,
        files=dict.fromkeys(names, checksum),
    )
    return len(_written(largest)) <= LARGEST_DESCRIPTION - 64


def load_model(folder: str | os.PathLike[str]) -> tuple[SequenceTagger, FeatureEncoder, TagSet, Description]:
    """Read a model folder, and nothing outside of it.

    Raises:
        ModelError: the folder is missing, cut short, altered, of a newer format, or describes another network than
            its weights are of.
    """
    folder = model_folder(folder)
    description = describe(folder)
    try:
        _check_files(folder, description)
        state = load_file(folder / WEIGHTS)
        _check_sizes(description, state)
        _check_numbers(state)
        tagset = TagSet(description.tags, description.model.scheme)
        _check_tags(tagset)
        encoder = FeatureEncoder.load(folder, description.model, description.trained)
        model = _assemble(description, encoder, tagset, state)
    except (SafetensorError, DataError, ValueError, OSError) as error:
        raise ModelError(f"{folder}: {error}") from None
    return model, encoder, tagset, description


def model_folder(path: str | os.PathLike[str]) -> Path:
    """The model folder that is meant: the path itself, or ``model`` in it if it is a run folder."""
    folder = Path(path)
    nested = folder / "model"
    return nested if (nested / DESCRIPTION).is_file() and not (folder / DESCRIPTION).exists() else folder


def describe(folder: str | os.PathLike[str]) -> Description:
    """Read and check ``config.json`` alone.

    Raises:
        ModelError: there is no model, or its description cannot be used.
    """
    folder = Path(folder)
    path = folder / DESCRIPTION
    if not folder.exists():
        raise ModelError(f"{folder}: no such folder; a training writes its model into OUTPUT/model")
    if not path.is_file() or path.is_symlink():
        raise ModelError(f"{folder}: not a model folder, it has no {DESCRIPTION}")
    try:
        if path.stat().st_size > LARGEST_DESCRIPTION:
            raise ValueError(f"it has more than {LARGEST_DESCRIPTION} bytes")
        tree = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except (ValueError, OSError, RecursionError) as error:
        raise ModelError(f"{path}: cannot be read, the folder is damaged: {error}") from None
    found = tree.get("format") if isinstance(tree, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise ModelError(
            f"{path}: the model has format {found}, this release reads up to {FORMAT}; "
            f"upgrade the package (the model was written by version {tree.get('version')!s:.30})"
        )
    try:
        return Description.model_validate(tree)
    except ValidationError as error:
        listed = error.errors(include_url=False, include_context=False, include_input=False)
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in listed[:3]]
        if error.error_count() > len(faults):
            faults.append(f"and {error.error_count() - len(faults)} more")
        raise ModelError(f"{path}: not the description of a model: {'; '.join(faults)}") from None


def model_files(folder: str | os.PathLike[str]) -> list[str]:
    """The names of a model folder's own files that are there: all that a copy needs, and nothing else.

    Raises:
        ModelError: there is no model, its description cannot be used, or one of them is a link or missing.
    """
    folder = Path(folder)
    needed = [WEIGHTS, *FeatureEncoder.files(describe(folder).model), DESCRIPTION]
    further = [name for name in (METRICS, CARD) if (folder / name).exists()]
    try:
        for name in (*needed, *further):
            check_file(folder / name)
    except ValueError as error:
        raise ModelError(f"{folder}: {error}") from None
    return [*needed, *further]


def check_file(path: Path) -> None:
    """See that a file of a model folder lies in it and is one.

    Raises:
        ValueError: it is missing, a link that may lead anywhere, or a pipe that would never end.
    """
    if path.is_symlink():
        raise ValueError(f"{path.name} is a symbolic link, which may lead anywhere; put the file itself there")
    if not path.is_file():
        raise ValueError(f"{path.name} is missing; copy the whole folder again")


def _written(description: Description) -> bytes:
    """``config.json``. Half of a surrogate pair, which the name of a file may hold and UTF-8 cannot, is escaped."""
    text = json.dumps(description.model_dump(mode="json"), indent=2, ensure_ascii=False)
    return f"{text}\n".encode(errors="backslashreplace")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, in which a second value of a key would hide the first.

    Raises:
        ValueError: a key stands twice.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"it has the key {key!r:.60} twice")
        found[key] = value
    return found


def _check_files(folder: Path, description: Description) -> None:
    """Everything that will be read is a file of the folder, and the one that was written.

    Raises:
        ValueError: it is not.
    """
    for name in (WEIGHTS, *FeatureEncoder.files(description.model)):
        path = folder / name
        if name not in description.files:
            raise ValueError(f"{DESCRIPTION} has no checksum for {name}; the folder is damaged")
        check_file(path)
        if _checksum(path) != description.files[name]:
            raise ValueError(
                f"the checksum of {name} is not that of {DESCRIPTION}; the file is cut short or was altered: "
                "copy the folder again"
            )


def _check_sizes(description: Description, state: dict[str, torch.Tensor]) -> None:
    """What is laid out for the tags and the layers is not out of proportion to the weights.

    Raises:
        ValueError: it is.
    """
    tags, found = len(description.tags), state.get("crf.transitions", torch.empty(0)).shape
    if found != (tags, tags):
        raise ValueError(f"{DESCRIPTION} has {tags} tags, but {WEIGHTS} transitions of shape {list(found)}")
    if description.model.encoder.layers > len(state):
        raise ValueError(f"{DESCRIPTION} has {description.model.encoder.layers} layers, {WEIGHTS} fewer")


def _check_numbers(state: dict[str, torch.Tensor]) -> None:
    """The weights are numbers: with one that is none, every answer would be nonsense.

    Raises:
        ValueError: one of them is not.
    """
    for name, tensor in state.items():
        low, high = tensor.aminmax() if tensor.numel() else (0, 0)
        if not (low >= -_LARGEST_WEIGHT and high <= _LARGEST_WEIGHT):  # as is neither with NaN
            raise ValueError(
                f"{WEIGHTS}: {name} holds NaN or numbers beyond {_LARGEST_WEIGHT:.0e}; the training diverged, or the "
                "file was altered"
            )


def _check_tags(tagset: TagSet) -> None:
    """The tags are what a scheme makes of labels, and fit into lines and columns.

    Raises:
        ValueError: they are not.
    """
    if tagset.unfit or tagset.tags != inventory(tagset.labels, tagset.scheme):
        raise ValueError(f"{DESCRIPTION}: the tags are not those that scheme {tagset.scheme} makes of its labels")


def _assemble(
    description: Description, encoder: FeatureEncoder, tagset: TagSet, state: dict[str, torch.Tensor]
) -> SequenceTagger:
    """The network around its weights; types and shapes are compared before anything is allocated.

    Raises:
        ValueError: the weights are those of another network.
    """
    try:
        with unfilled():
            model = SequenceTagger(description.model, encoder.sizes, tagset, description.word_dim)
    except (RuntimeError, TypeError) as error:  # sizes beyond what a tensor can have
        raise ValueError(f"{DESCRIPTION} describes a network that cannot be: {str(error).splitlines()[0]}") from None
    expected = {name: _layout(tensor) for name, tensor in model.state_dict().items()}
    found = {name: _layout(tensor) for name, tensor in state.items()}
    if expected != found:
        odd = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        listed = ", ".join(f"{name} {found.get(name)} instead of {expected.get(name)}" for name in odd[:3])
        raise ValueError(f"the weights are not of the network that {DESCRIPTION} describes: {listed}")
    model.load_state_dict(state, assign=True)
    return model.eval()


def _layout(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    with path.open("r+b") as file:  # Windows flushes only what may be written to
        os.fsync(file.fileno())


def _swap(fresh: Path, folder: Path) -> None:
    """Put the fresh folder in place of the old one, which the caller finds under the fresh one's name, or nowhere."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        if _exchange(fresh, folder):
            return
        folder.rename(old)  # until the next line only the fresh one exists, whole, under its own name
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change names, so that there is no moment without either; False where the system cannot."""
    try:
        rename = ctypes.CDLL(None).renameat2  # of Linux
    except (AttributeError, OSError, TypeError):
        return False
    return rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE) == 0
