"""The network up to the emissions in ONNX's operators: nodes by kind and name, and the layout of the weights.

It follows from the configuration and the sizes of the vocabularies alone. Writing a model fills in the weights;
reading one holds its file against this, so that no file can hold another network than the one its folder describes.

Axes: W distinct words of C characters, B sentences of which R tokens are read, D numbers a word, H units a direction,
K tags. The recurrent operators have the time first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ner.config import ModelConfig
from ner.errors import ModelError
from ner.features.encoder import FeatureSizes

OUTPUT = "emissions"
GATES = {"lstm": "iofc", "peephole": "iofc", "gru": "zrh", "rnn": "h"}
"""The order of the gates in ONNX's weights."""
_OPERATORS = {"lstm": "LSTM", "peephole": "LSTM", "gru": "GRU", "rnn": "RNN"}
_TO_END = np.iinfo(np.int64).max

Attribute = int | str | tuple[int, ...]


class Node(NamedTuple):
    """An operator at work on what has names."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Attribute]


class Kind(NamedTuple):
    """What an input, an output or a weight is: its type, by numpy's name, and its sizes, unknown ones by name."""

    dtype: str
    shape: tuple[int | str, ...]


@dataclass
class Graph:
    """A network.

    Attributes:
        inputs: by name, in order.
        output: [B, R, K]; of tokens around a sentence too.
        nodes: in order.
        weights: what is filled in, by name.
        constants: what is not.
    """

    inputs: dict[str, Kind]
    output: Kind
    nodes: list[Node] = field(default_factory=list)
    weights: dict[str, Kind] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, operator: str, *inputs: str, to: str = "", **attributes: Attribute) -> str:
        """Let an operator work on what has these names; the name of what comes out."""
        output = to or f"{operator.lower()}.{len(self.nodes)}"
        self.nodes.append(Node(operator, inputs, output, attributes))
        return output

    def weight(self, name: str, *shape: int, dtype: str = "float32") -> str:
        """A weight of this layout; its name."""
        self.weights[name] = Kind(dtype, shape)
        return name

    def constant(self, value: np.ndarray) -> str:
        """A constant; its name."""
        name = f"constant.{len(self.constants)}"
        self.constants[name] = value
        return name

    def whole(self, *numbers: int) -> str:
        """A constant of whole numbers, [N]; its name."""
        return self.constant(np.array(numbers, np.int64))


def network(config: ModelConfig, sizes: FeatureSizes, tags: int, word_dim: int, vectors: str) -> Graph:
    """The network of a configuration.

    Args:
        config: of the model.
        sizes: of the vocabularies.
        tags: K.
        word_dim: size of a word's vector.
        vectors: how these are held: ``float32``, ``float16``, or ``int8`` with a scale a row.

    Raises:
        ModelError: ONNX has no operator for the encoder.
    """
    if config.encoder.layer_norm and config.encoder.kind != "none":
        raise ModelError(
            "model.encoder.layer_norm cannot be exported: the recurrent operators of ONNX have none within their "
            "cells; train without it, or let a model without it learn from this one (distillation.teacher)"
        )
    context = config.encoder.context > 0
    graph = Graph(_inputs(config, sizes), Kind("float32", ("B", "R", tags)))
    inputs = _tokens(graph, config, sizes, _words(graph, config, sizes, word_dim, vectors), word_dim)
    lengths = "lengths"
    if context:
        lengths = _column(graph, "around", 1)
        inputs = _mark_beyond(graph, inputs, _input_size(config, sizes, word_dim))
    hidden = graph.add("Transpose", inputs, perm=(1, 0, 2))
    size = _input_size(config, sizes, word_dim)
    if config.encoder.kind != "none":
        hidden, size = _recurrent(graph, config, hidden, size, graph.add("Cast", lengths, to_type="int32"))
    scores = graph.add("MatMul", hidden, graph.weight("project.weight", size, tags))
    scores = graph.add("Add", scores, graph.weight("project.bias", tags))
    graph.add("Transpose", scores, to=OUTPUT, perm=(1, 0, 2))
    return graph


def least_weights(config: ModelConfig) -> int:
    """How many weights the network has at least: a bound on what has to be laid out for a configuration."""
    layers = 0 if config.encoder.kind == "none" else config.encoder.layers
    return layers + (sum(config.chars.widths) if config.chars.dim else 0)


def _inputs(config: ModelConfig, sizes: FeatureSizes) -> dict[str, Kind]:
    further = sizes.gazetteers + len(sizes.columns)
    shapes: dict[str, tuple[int | str, ...]] = {"words": ("W",)}
    if config.chars.dim:
        shapes["chars"] = ("W", "C")
    if config.features.shape_dim:
        shapes["shapes"] = ("W",)
    if sizes.clusters:
        shapes["clusters"] = ("W", len(sizes.clusters))
    shapes |= {"index": ("B", "R"), "lengths": ("B",)}
    if further:
        shapes["matches"] = ("B", "R", further)
    if config.encoder.context:
        shapes["around"] = ("B", 2)
    return {name: Kind("int64", shape) for name, shape in shapes.items()}


def _words(graph: Graph, config: ModelConfig, sizes: FeatureSizes, word_dim: int, vectors: str) -> str:
    """Vectors of word types, [W, D]; see ``ner.modules.words``."""
    chars, features = config.chars, config.features
    word = graph.add("Gather", graph.weight("words.table", sizes.words, word_dim, dtype=vectors), "words")
    if vectors != "float32":
        word = graph.add("Cast", word, to_type="float32")
    if vectors == "int8":
        word = graph.add("Mul", word, graph.add("Gather", graph.weight("words.scale", sizes.words, 1), "words"))
    parts = [word]
    if chars.dim:
        parts.append(_characters(graph, sizes.chars, chars.filters, chars.widths))
    if features.shape_dim:
        parts.append(graph.add("Gather", graph.weight("shapes.table", sizes.shapes, features.shape_dim), "shapes"))
    cluster_dim = word_dim if features.cluster_start == "vectors" else features.cluster_dim
    for column, count in enumerate(sizes.clusters):
        table = graph.weight(f"clusters.{column}.table", count, cluster_dim)
        parts.append(graph.add("Gather", table, _column(graph, "clusters", column)))
    return graph.add("Concat", *parts, axis=1) if len(parts) > 1 else word


def _characters(graph: Graph, count: int, filters: int, widths: Sequence[int]) -> str:
    """The character CNN, [W, filters * widths]: what a character adds at each place of a filter is looked up."""
    left, right = max((width - 1) // 2 for width in widths), max(width // 2 for width in widths)
    padded = graph.add("Pad", "chars", graph.whole(0, left, 0, right))
    answers = []
    for number, width in enumerate(widths):
        parts = []
        for place in range(width):
            first = left - (width - 1) // 2 + place
            beyond = left + right - first
            seen = graph.add(
                "Slice", padded, graph.whole(first), graph.whole(-beyond if beyond else _TO_END), graph.whole(1)
            )
            parts.append(graph.add("Gather", graph.weight(f"chars.{number}.{place}.table", count, filters), seen))
        answers.append(graph.add("Sum", *parts))
    scores = graph.add("Concat", *answers, axis=2) if len(answers) > 1 else answers[0]
    nothing, zero = graph.constant(np.array(-np.inf, np.float32)), graph.constant(np.array(0, np.float32))
    padding = graph.add(
        "Unsqueeze", graph.add("Equal", "chars", graph.constant(np.array(0, np.int64))), graph.whole(2)
    )
    best = graph.add("ReduceMax", graph.add("Where", padding, nothing, scores), axes=(1,), keepdims=0)
    best = graph.add("Where", graph.add("Equal", best, nothing), zero, best)  # of words without characters
    return graph.add("Tanh", graph.add("Add", best, graph.weight("chars.bias", filters * len(widths))))


def _tokens(graph: Graph, config: ModelConfig, sizes: FeatureSizes, table: str, word_dim: int) -> str:
    """What the encoder reads at every token, [B, R, D]."""
    parts = [graph.add("Gather", table, "index")]
    counts = [5] * sizes.gazetteers + list(sizes.columns)
    dims = [config.features.gazetteer_dim] * sizes.gazetteers + [config.features.column_dim] * len(sizes.columns)
    for column, (count, dim) in enumerate(zip(counts, dims, strict=True)):
        numbers = graph.add("Gather", "matches", graph.constant(np.array(column, np.int64)), axis=2)
        parts.append(graph.add("Gather", graph.weight(f"matches.{column}.table", count, dim), numbers))
    return graph.add("Concat", *parts, axis=2) if len(parts) > 1 else parts[0]


def _mark_beyond(graph: Graph, inputs: str, size: int) -> str:
    """The inputs, with a trained vector added at tokens around the sentence."""
    zero, one = graph.constant(np.array(0, np.int64)), graph.constant(np.array(1, np.int64))
    steps = graph.add("Gather", graph.add("Shape", "index"), one)
    place = graph.add("Range", zero, steps, one)
    before = graph.add("Unsqueeze", _column(graph, "around", 0), graph.whole(1))
    after = graph.add("Add", before, graph.add("Unsqueeze", "lengths", graph.whole(1)))
    own = graph.add("And", graph.add("Not", graph.add("Less", place, before)), graph.add("Less", place, after))
    beyond = graph.add("Cast", graph.add("Unsqueeze", graph.add("Not", own), graph.whole(2)), to_type="float32")
    return graph.add("Add", inputs, graph.add("Mul", beyond, graph.weight("beyond", size)))


def _recurrent(graph: Graph, config: ModelConfig, hidden: str, size: int, lengths: str) -> tuple[str, int]:
    """The layers, [R, B, D] to [R, B, H * directions], zero at padding; and the size of what comes out."""
    encoder = config.encoder
    kind, H, directions = encoder.kind, encoder.hidden, 2 if encoder.bidirectional else 1
    gates = len(GATES[kind])
    for layer in range(encoder.layers):
        name = f"layers.{layer}"
        weights = (
            graph.weight(f"{name}.W", directions, gates * H, size),
            graph.weight(f"{name}.R", directions, gates * H, H),
            graph.weight(f"{name}.B", directions, 2 * gates * H),
        )
        peepholes = ("", "", graph.weight(f"{name}.P", directions, 3 * H)) if kind == "peephole" else ()
        attributes: dict[str, Any] = {
            "hidden_size": H,
            "direction": "bidirectional" if encoder.bidirectional else "forward",
        }
        if kind == "gru":
            attributes["linear_before_reset"] = 1
        output = graph.add(_OPERATORS[kind], hidden, *weights, lengths, *peepholes, **attributes)
        output = graph.add("Transpose", output, perm=(0, 2, 1, 3))
        output = graph.add("Reshape", output, graph.whole(0, 0, directions * H))
        hidden = graph.add("Add", output, hidden) if layer and encoder.residual else output
        size = directions * H
    return hidden, size


def _column(graph: Graph, table: str, column: int) -> str:
    """A column of an input of two axes."""
    return graph.add("Gather", table, graph.constant(np.array(column, np.int64)), axis=1)


def _input_size(config: ModelConfig, sizes: FeatureSizes, word_dim: int) -> int:
    """D."""
    chars, features = config.chars, config.features
    cluster_dim = word_dim if features.cluster_start == "vectors" else features.cluster_dim
    return (
        word_dim
        + (chars.filters * len(chars.widths) if chars.dim else 0)
        + features.shape_dim
        + len(sizes.clusters) * cluster_dim
        + sizes.gazetteers * features.gazetteer_dim
        + len(sizes.columns) * features.column_dim
    )
