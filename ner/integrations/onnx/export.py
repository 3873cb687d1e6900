"""``ner export``: a trained model as one that tags without torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor

from ner.description import CARD, DESCRIPTION, EXPORTED_FORMAT, GRAPH, METRICS, TRANSITIONS, checksum, describe
from ner.description import model_folder as folder_of
from ner.errors import ConfigError, ModelError
from ner.integrations.onnx import file
from ner.integrations.onnx.graph import GATES, network
from ner.model import SequenceTagger
from ner.modules.cells import Cell
from ner.persistence import load_model
from ner.runs import holds_models
from ner.version import __version__
from ner.whole_folder import whole_folder

Vectors = Literal["float32", "float16", "int8"]
"""How the vectors of words are held. ``float16`` halves them, ``int8`` takes a byte a number and a scale a word; all
that is computed with them is float32."""

Array = NDArray[np.generic]

_ORDERS = {"iofc": (0, 3, 1, 2), "zrh": (1, 0, 2), "h": (0,)}
"""For each order of gates in ONNX, where they stand in ours: see `ner.modules.cells`."""


def export(model: str | os.PathLike[str], target: str | os.PathLike[str], *, vectors: Vectors = "float32") -> Path:
    """Write a model as a folder that tags where there is no torch, on onnxruntime and numpy; the folder.

    The network stands in ``model.onnx``; beside it lie what decodes its emissions, the vocabularies, scores and card.

    Args:
        model: a model or run folder, or ``hub:owner/name``.
        target: the folder to write; its ``model.onnx`` means the same. An exported model that stands there is
            replaced.
        vectors: how the vectors of words are held.

    Raises:
        ModelError: the model cannot be loaded, or has what ONNX cannot express; or something else stands there.
        ConfigError: there is no such way to hold vectors.
        OSError: the folder cannot be written.
    """
    if vectors not in get_args(Vectors):
        raise ConfigError(f"vectors {vectors!r}: expected one of {', '.join(get_args(Vectors))}")
    folder = _target(Path(target))
    if str(model).startswith("hub:"):
        from ner.integrations.hub import fetch

        model = fetch(str(model))
    source = folder_of(_single(Path(model)))
    network_of_torch, encoder, tagset, description = load_model(source)
    graph = network(description.model, encoder.sizes, len(tagset), description.word_dim, vectors)
    weights = weights_of(network_of_torch, vectors)
    with whole_folder(folder) as fresh:
        try:
            file.write(fresh / GRAPH, graph, weights)
        except ValueError as error:
            raise ModelError(f"{source}: {error}; hold the vectors in fewer bytes: --vectors int8") from None
        save_file(transitions_of(network_of_torch), fresh / TRANSITIONS)
        encoder.save(fresh, packed=True)
        written = description.model_copy(
            update={
                "format": EXPORTED_FORMAT,
                "version": __version__,
                "runtime": "onnx",
                "vectors": vectors,
                "files": {path.name: checksum(path) for path in sorted(fresh.iterdir())},
            }
        )
        (fresh / DESCRIPTION).write_bytes(written.to_bytes())
        (fresh / TRANSITIONS).chmod((fresh / DESCRIPTION).stat().st_mode)  # safetensors lets the owner alone read it
        for name in (METRICS, CARD):
            if (source / name).is_file() and not (source / name).is_symlink():
                (fresh / name).write_bytes((source / name).read_bytes())
    return folder


def weights_of(model: SequenceTagger, vectors: Vectors) -> dict[str, Array]:
    """The weights of a network under the names that they have in its graph.

    Raises:
        ModelError: vectors that float16 cannot hold.
    """
    found = _vectors(model, vectors)
    cnn, words = model.words.chars, model.words
    if cnn is not None:
        for number, (width, weight) in enumerate(zip(cnn.widths, cnn.weights, strict=True)):
            for place, part in enumerate(weight.chunk(width)):
                found[f"chars.{number}.{place}.table"] = _array(cnn.embedding.weight @ part)
        found["chars.bias"] = _array(cnn.bias)
    if words.shapes is not None:
        found["shapes.table"] = _array(words.shapes.weight)
    for column, table in enumerate(words.clusters):
        found[f"clusters.{column}.table"] = _array(table.get_parameter("weight"))
    for column, table in enumerate([*model.gazetteers, *model.columns]):
        found[f"matches.{column}.table"] = _array(table.get_parameter("weight"))
    if model.beyond is not None:
        found["beyond"] = _array(model.beyond)
    kind = model.encoder.kind
    for number, layer in enumerate(model.encoder.layers):
        cells = [cell for cell in layer.children() if isinstance(cell, Cell)]
        order = _ORDERS[GATES[kind]]
        found[f"layers.{number}.W"] = np.stack([_gates(cell.weight_ih, order) for cell in cells])
        found[f"layers.{number}.R"] = np.stack([_gates(cell.weight_hh, order) for cell in cells])
        biases = [[_gates(bias, order) for bias in (cell.bias_ih, cell.bias_hh)] for cell in cells]
        found[f"layers.{number}.B"] = np.stack([np.concatenate(pair) for pair in biases])
        if kind == "peephole":  # ours are of input, forget, output; ONNX's of input, output, forget
            peepholes = [_array(cell.get_parameter("peephole"))[[0, 2, 1]].ravel() for cell in cells]
            found[f"layers.{number}.P"] = np.stack(peepholes)
    found["project.weight"] = _array(model.project.weight.t())
    found["project.bias"] = _array(model.project.bias)
    return found


def transitions_of(model: SequenceTagger) -> dict[str, Array]:
    """The CRF's parameters under their names in the weights of a model folder."""
    return {f"crf.{name}": _array(parameter) for name, parameter in model.crf.named_parameters()}


def _vectors(model: SequenceTagger, kind: Vectors) -> dict[str, Array]:
    table = np.concatenate([_array(model.words.table.weight), _array(model.words.table.fixed)])
    if kind == "float32":
        return {"words.table": table}
    if kind == "float16":
        if np.abs(table).max() > np.finfo(np.float16).max:
            raise ModelError(
                "float16 cannot hold the vectors of words, of which some are beyond 65504; hold them as int8"
            )
        return {"words.table": table.astype(np.float16)}
    scale = np.maximum(np.abs(table).max(1, keepdims=True), np.float32(1e-30)) / np.float32(127)
    return {"words.table": np.rint(table / scale).astype(np.int8), "words.scale": scale.astype(np.float32)}


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().cpu().to(torch.float32).numpy())


def _gates(weight: Tensor, order: tuple[int, ...]) -> NDArray[np.float32]:
    """The blocks of a weight, one a gate, in another order."""
    blocks = weight.chunk(len(order))
    return _array(torch.cat([blocks[place] for place in order]))


def _target(target: Path) -> Path:
    """The folder to write.

    Raises:
        ModelError: something else stands there.
    """
    if target.suffix == ".onnx" and target.name != GRAPH:
        raise ModelError(
            f"{target}: an exported model is a folder, whose network is {GRAPH}: name it {target.with_suffix('')}"
        )
    folder = target.absolute().parent if target.name == GRAPH else target
    if folder.exists():
        ours = (folder / DESCRIPTION).is_file() and describe(folder).runtime == "onnx"
        here = folder.absolute() == Path.cwd()  # which could not be replaced under the user's feet
        if here or (not ours and (not folder.is_dir() or any(folder.iterdir()))):
            raise ModelError(
                f"{folder}: stands there already, and is no exported model that could be replaced; name a new folder"
            )
    return folder


def _single(path: Path) -> Path:
    """The path, if it is not a folder of seeds.

    Raises:
        ModelError: it is.
    """
    if holds_models(path):
        raise ModelError(
            f"{path}: an ensemble cannot be exported, since it is as slow and large as its members together; let one "
            "model learn from it (distillation.teacher) and export that, or name one of the seeds"
        )
    return path
