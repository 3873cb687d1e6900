"""What a model folder says of itself, and that it is whole: read without what its network runs on.

====================== ===============================================================
file                   holds
====================== ===============================================================
``config.json``        format, configuration, tags, and the checksum of every other file
``model.safetensors``  the weights, for torch; or, of an exported model,
``model.onnx``         the network with its weights up to the emissions, and
``crf.safetensors``    the scores of transitions
``words.txt``, ...     the vocabularies (see `ner.features.encoder`)
``metrics.json``       scores and identity of the data; free to edit
``README.md``          the model card; free to edit
====================== ===============================================================
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ner.config import ModelConfig, TaggingConfig
from ner.errors import ModelError
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.schemes import inventory
from ner.version import __version__

FORMAT, EXPORTED_FORMAT = 1, 3
"""Of the folder of a training, and of an exported one, whose clusters are packed since 3."""
WEIGHTS, GRAPH, TRANSITIONS = "model.safetensors", "model.onnx", "crf.safetensors"
DESCRIPTION = "config.json"
METRICS, CARD = "metrics.json", "README.md"  # for people and their programs
LARGEST_DESCRIPTION = 1 << 20  # bytes; a model of a hundred labels has a few thousand
LARGEST_WEIGHT = 1e9  # with all weights of this size, nothing overflows yet

_ALTERED = (
    f"the checksum of {{}} is not that of {DESCRIPTION}; the file is cut short or was altered: copy the folder again"
)


class Description(BaseModel):
    """``config.json``.

    Attributes:
        format: of the folder; raised when an older release could not read it.
        version: of the package that wrote it, for people.
        tags: the model's tags, in the order of its emissions.
        runtime: what the network runs on.
        vectors: how an exported model holds the vectors of words.
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
    runtime: Literal["torch", "onnx"] = "torch"
    vectors: Literal["float32", "float16", "int8"] = "float32"
    word_dim: int = Field(gt=0)
    trained: int = Field(gt=0)
    temperature: float = Field(default=1.0, ge=0.01, le=100)
    threshold: float | None = Field(default=None, ge=0, le=1)
    configuration: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    files: dict[str, str]

    def to_bytes(self) -> bytes:
        """``config.json``, without what only exported models have where it is none, and without the folders of files
        that the network's features came from: what is needed of them lies in the model.

        Half of a surrogate pair, which the name of a file may hold and UTF-8 cannot, is escaped.
        """
        others = {"runtime", "vectors"} if self.runtime == "torch" else None
        named = self.model_copy(update={"model": self.model.without_folders()})
        text = json.dumps(named.model_dump(mode="json", exclude=others), indent=2, ensure_ascii=False)
        return f"{text}\n".encode(errors="backslashreplace")

    @property
    def weights(self) -> str:
        """The name of the file that holds the network's weights."""
        return GRAPH if self.runtime == "onnx" else WEIGHTS

    @property
    def read(self) -> list[str]:
        """The names of all other files that loading reads."""
        network = [GRAPH, TRANSITIONS] if self.runtime == "onnx" else [WEIGHTS]
        return [*network, *FeatureEncoder.files(self.model, self.packed)]

    @property
    def packed(self) -> bool:
        """Whether the clusters are not text but packed."""
        return self.runtime == "onnx" and self.format > 2


def can_be_described(config: ModelConfig, tagging: TaggingConfig, tags: list[str]) -> bool:
    """Whether the ``config.json`` of such a model is small enough to be read again, whatever its weights will be."""
    sha256, number = "0" * 64, 0.012345678901234567
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
        configuration=sha256,
        files=dict.fromkeys(names, sha256),
    )
    return len(largest.to_bytes()) <= LARGEST_DESCRIPTION - 256  # exported, it says a little more


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
    if folder.is_file():
        if (folder.parent / DESCRIPTION).is_file():
            raise ModelError(f"{folder}: is a file of a model; name the folder that it lies in: {folder.parent}")
        raise ModelError(f"{folder}: is a file, and a model is a folder; a training writes it into OUTPUT/model")
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
    if isinstance(found, int) and found > EXPORTED_FORMAT:
        raise ModelError(
            f"{path}: the model has format {found}, this release reads up to {EXPORTED_FORMAT}; "
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
    needed = [*describe(folder).read, DESCRIPTION]
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


def check_files(folder: Path, description: Description, names: Iterable[str]) -> None:
    """These files are files of the folder, and the ones that were written.

    Raises:
        ValueError: they are not.
    """
    for name in names:
        _check_place(folder, name, description)
        if checksum(folder / name) != description.files[name]:
            raise ValueError(_ALTERED.format(name))


def read_checked(folder: Path, name: str, description: Description) -> bytes:
    """The content of a file of the folder, if it is the one that was written.

    Raises:
        ValueError: it is not.
    """
    _check_place(folder, name, description)
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != description.files[name]:
        raise ValueError(_ALTERED.format(name))
    return content


def _check_place(folder: Path, name: str, description: Description) -> None:
    if name not in description.files:
        raise ValueError(f"{DESCRIPTION} has no checksum for {name}; the folder is damaged")
    check_file(folder / name)


def check_tags(tagset: TagSet) -> None:
    """The tags are what a scheme makes of labels, and fit into lines and columns.

    Raises:
        ValueError: they are not.
    """
    if tagset.unfit or tagset.tags != inventory(tagset.labels, tagset.scheme):
        raise ValueError(f"{DESCRIPTION}: the tags are not those that scheme {tagset.scheme} makes of its labels")


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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
