"""Loading an exported model: everything that is read is compared with what its description says, nothing is executed.

``model.onnx`` is a program for onnxruntime. It is run only if it is, operator by operator, the network that
``config.json`` describes (see ``graph`` and ``file``), with weights of just its sizes that stand in the file itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from ner.description import (
    DESCRIPTION,
    GRAPH,
    LARGEST_WEIGHT,
    TRANSITIONS,
    Description,
    check_files,
    check_tags,
    describe,
    read_checked,
)
from ner.errors import ConfigError, DataError, MissingExtraError, ModelError
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.integrations.onnx import file
from ner.integrations.onnx.graph import least_weights, network
from ner.integrations.onnx.prediction import ExportedNetwork, ExportedPredictor
from ner.prediction import Precision
from ner.tagger import Tagger
from ner.threads import choose_threads


def load_exported(
    folder: Path, device: str = "cpu", precision: Precision = "fp32", threads: int | None = None
) -> Tagger:
    """Read an exported model, and nothing outside of its folder.

    Args:
        folder: that `ner.export` wrote.
        device, precision: ``cpu`` and ``fp32``; there are no others.
        threads: that it runs on; by default as many as there are cores for this process.

    Raises:
        ModelError: the folder is cut short, altered, or describes another network than ``model.onnx`` is.
        ConfigError: another device or precision.
        MissingExtraError: onnxruntime is not installed.
    """
    if device != "cpu" or precision != "fp32":
        raise ConfigError(
            f"{folder}: device {device}, precision {precision}: an exported model runs on the cpu in fp32; the model "
            "that it was exported from has the choice"
        )
    onnxruntime = _library(folder)
    description = describe(folder)
    try:
        check_files(folder, description, FeatureEncoder.files(description.model, description.packed))
        transitions = _transitions(read_checked(folder, TRANSITIONS, description), len(description.tags))
        tagset = TagSet(description.tags, description.model.scheme)
        check_tags(tagset)
        content = read_checked(folder, GRAPH, description)
        encoder = FeatureEncoder.load(folder, description.model, description.trained, description.packed)
        _check_network(memoryview(content), description, encoder, tagset)
        session = _session(onnxruntime, content)
    except (SafetensorError, DataError, ValueError, OSError) as error:
        raise ModelError(f"{folder}: {error}") from None
    emitter = ExportedNetwork(session, encoder, description.model.encoder.context, choose_threads(threads))
    settings = description.temperature, description.threshold
    return Tagger(
        ExportedPredictor(emitter, encoder, tagset, _edges(transitions, tagset), *settings, folder),
        description,
        folder,
    )


def _library(folder: Path) -> Any:
    # From 1.29 on it would tell its makers of every model and leave an identifier of the machine in the home folder;
    # what it looks at to know is there before it is imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError(f"The exported model {folder}", "onnx") from None
    return onnxruntime


def _transitions(content: bytes, tags: int) -> list[NDArray[np.float32]]:
    """The scores of first tags [K], of transitions [K, K] and of last tags [K].

    Raises:
        ValueError, SafetensorError: these are not in the content.
    """
    found = load(content)
    shapes = {"crf.start_transitions": (tags,), "crf.transitions": (tags, tags), "crf.end_transitions": (tags,)}
    if {name: array.shape for name, array in found.items() if array.dtype == np.float32} != shapes:
        raise ValueError(f"{DESCRIPTION} has {tags} tags, but {TRANSITIONS} transitions of another shape")
    _check_numbers(TRANSITIONS, found)
    return [found[name] for name in shapes]


def _edges(transitions: list[NDArray[np.float32]], tagset: TagSet) -> NDArray[np.float32]:
    """All of them as one matrix, minus infinity for what is not legal, as of `ner.modules.crf_chain.join_edges`."""
    start, inner, end = (
        np.where(np.array(legal, dtype=bool), scores, np.float32(-np.inf))
        for legal, scores in zip(tagset.legality, transitions, strict=True)
    )
    K = len(tagset)
    edges = np.zeros((K + 1, K + 1), np.float32)
    edges[K, :K], edges[:K, :K], edges[:K, K] = start, inner, end
    return edges


def _check_network(content: memoryview, description: Description, encoder: FeatureEncoder, tagset: TagSet) -> None:
    """That a file is the network that is described, with weights that are numbers.

    Raises:
        ValueError: it is not.
    """
    try:
        if least_weights(description.model) > file.count_weights(content):
            raise ValueError(f"it has fewer weights than {DESCRIPTION} has layers and filters")
        graph = network(description.model, encoder.sizes, len(tagset), description.word_dim, description.vectors)
        weights = file.read(content, graph)
    except (ModelError, ValueError) as error:
        raise ValueError(f"{GRAPH}: {error}") from None
    _check_numbers(GRAPH, weights)


def _check_numbers(name: str, weights: dict[str, NDArray[Any]]) -> None:
    """The weights are numbers: with one that is none, every answer would be nonsense.

    Raises:
        ValueError: one of them is not.
    """
    for weight, array in weights.items():
        low, high = (float(array.min()), float(array.max())) if array.size else (0, 0)
        if not (low >= -LARGEST_WEIGHT and high <= LARGEST_WEIGHT):  # as is neither with NaN
            raise ValueError(
                f"{name}: {weight} holds NaN or numbers beyond {LARGEST_WEIGHT:.0e}; the file was altered"
            )


def _session(onnxruntime: Any, content: bytes) -> Any:
    """One thread an operator: batches are what is shared out among threads; see `ner.threads.in_order`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # batches are of all sizes
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen kinds, which have nothing else in common
        raise ValueError(f"{GRAPH}: onnxruntime does not take it: {str(error)[:200]}") from None
