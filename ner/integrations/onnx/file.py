"""An ONNX file: written from a graph and its weights, and read again only if it is just that.

The numbers of fields and types are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner.integrations.onnx.graph import OUTPUT, Graph, Kind, Node
from ner.integrations.onnx.wire import field, fields, start
from ner.version import __version__

OPERATORS = 17
"""The version of ONNX's set of operators."""
LARGEST = (1 << 31) - 1
"""Bytes of a file, which protobuf sets."""

_FILE_VERSION = 8
_TYPES = {"float32": 1, "int8": 3, "int32": 6, "int64": 7, "float16": 10}
_NAMES = {number: name for name, number in _TYPES.items()}
_INT, _STRING, _INTS = 2, 3, 7  # of attributes


def write(path: Path, graph: Graph, weights: Mapping[str, NDArray[np.generic]]) -> None:
    """Write a graph with its weights.

    Raises:
        ValueError: the weights are not those of the graph, or more than a file can hold.
        OSError: the file cannot be written.
    """
    found = {name: Kind(str(array.dtype), array.shape) for name, array in weights.items()}
    if found != graph.weights:
        odd = sorted(
            name for name in found.keys() | graph.weights.keys() if found.get(name) != graph.weights.get(name)
        )
        raise ValueError(f"the weights are not those of the graph: {', '.join(odd)}")
    tensors = {**graph.constants, **weights}
    heads = {name: _head(name, Kind(str(array.dtype), array.shape)) for name, array in tensors.items()}
    sizes = {name: len(heads[name]) + len(start(9, tensors[name].nbytes)) + tensors[name].nbytes for name in tensors}
    others = _others(graph)
    size = len(others) + sum(len(start(5, one)) + one for one in sizes.values())
    if size > LARGEST - (1 << 16):
        raise ValueError(f"the network has {size} bytes, and an ONNX file holds at most {LARGEST}")
    with path.open("wb") as file:
        file.write(field(1, _FILE_VERSION) + field(2, "bilstm-crf-ner") + field(3, __version__) + _operators())
        file.write(start(7, size) + others)
        for name, array in tensors.items():
            file.write(start(5, sizes[name]) + heads[name] + start(9, array.nbytes))
            file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).data)


def read(content: memoryview, graph: Graph) -> dict[str, NDArray[np.generic]]:
    """The weights in a file that holds this graph, which still lie in its content.

    Raises:
        ValueError: it holds anything else, in whatever form: another graph, weights of other types or sizes or
            elsewhere.
    """
    inner = _graph_of(content)
    expected = {**{name: Kind(str(one.dtype), one.shape) for name, one in graph.constants.items()}, **graph.weights}
    others: list[bytes] = []
    tensors: dict[str, NDArray[np.generic]] = {}
    for number, value in fields(inner):
        if number != 5:
            others.append(field(number, value if isinstance(value, int) else bytes(value)))
            continue
        name, array = _tensor(value)
        if name not in expected or name in tensors or Kind(str(array.dtype), array.shape) != expected[name]:
            raise ValueError(f"{name} {array.dtype} {list(array.shape)} is not the network that is described")
        tensors[name] = array
    if missing := expected.keys() - tensors.keys():
        raise ValueError(f"{min(missing)} is missing")
    if b"".join(others) != _others(graph):
        raise ValueError("its operators are not those of the network that is described")
    for name, constant in graph.constants.items():
        if not np.array_equal(tensors.pop(name), constant):
            raise ValueError(f"{name} is another one than that of the network that is described")
    return tensors


def count_weights(content: memoryview) -> int:
    """How many weights and constants a file has.

    Raises:
        ValueError: it is no ONNX file.
    """
    return sum(number == 5 for number, _ in fields(_graph_of(content)))


def _graph_of(content: memoryview) -> memoryview:
    found: dict[int, int | memoryview] = {}
    for number, value in fields(content):
        if number in found or number not in (1, 2, 3, 7, 8):
            raise ValueError("it is no network that was exported here")
        found[number] = value
    inner = found.get(7)
    operators = found.get(8)
    if not isinstance(inner, memoryview) or not isinstance(operators, memoryview):
        raise ValueError("it is no network that was exported here")
    if field(8, bytes(operators)) != _operators():
        raise ValueError("it is made of another set of operators")
    return inner


def _operators() -> bytes:
    return field(8, field(2, OPERATORS))


def _others(graph: Graph) -> bytes:
    """All of a graph but its weights."""
    nodes = b"".join(field(1, _node(node)) for node in graph.nodes)
    inputs = b"".join(field(11, _value(name, kind)) for name, kind in graph.inputs.items())
    return nodes + field(2, OUTPUT) + inputs + field(12, _value(OUTPUT, graph.output))


def _node(node: Node) -> bytes:
    parts = [field(1, name) for name in node.inputs] + [field(2, node.output), field(3, node.output)]
    parts.append(field(4, node.operator))
    for name, value in node.attributes.items():
        parts.append(field(5, _attribute(name, value)))
    return b"".join(parts)


def _attribute(name: str, value: int | str | tuple[int, ...]) -> bytes:
    if name == "to_type":  # of Cast: the number of a type
        return field(1, "to") + field(3, _TYPES[str(value)]) + field(20, _INT)
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, _INT)
    if isinstance(value, str):
        return field(1, name) + field(4, value) + field(20, _STRING)
    return field(1, name) + b"".join(field(8, one) for one in value) + field(20, _INTS)


def _value(name: str, kind: Kind) -> bytes:
    sizes = [field(1, field(2, size) if isinstance(size, str) else field(1, size)) for size in kind.shape]
    tensor = field(1, _TYPES[kind.dtype]) + field(2, b"".join(sizes))
    return field(1, name) + field(2, field(1, tensor))


def _head(name: str, kind: Kind) -> bytes:
    """A tensor, but for its numbers."""
    return b"".join(field(1, int(size)) for size in kind.shape) + field(2, _TYPES[kind.dtype]) + field(8, name)


def _tensor(message: int | memoryview) -> tuple[str, NDArray[np.generic]]:
    """Name and numbers of a tensor, which must have them with it.

    Raises:
        ValueError: it has anything else, such as numbers in another file.
    """
    name, dtype = "", ""
    shape: list[int] = []
    raw: memoryview | None = None
    for number, value in fields(message) if isinstance(message, memoryview) else ():
        if number == 1 and isinstance(value, int):
            shape.append(value)
        elif number == 2 and isinstance(value, int):
            dtype = _NAMES.get(value, "")
        elif number == 8 and isinstance(value, memoryview):
            name = bytes(value).decode(errors="replace")[:60]
        elif number == 9 and isinstance(value, memoryview):
            raw = value
        else:
            raise ValueError(f"{name or 'a weight'} does not hold its numbers itself")
    if raw is None or not dtype:
        raise ValueError(f"{name or 'a weight'} has no numbers, or of a type that has no place there")
    kind = np.dtype(dtype).newbyteorder("<")
    if max(shape, default=0) > LARGEST or prod(shape) * kind.itemsize != len(raw):
        raise ValueError(f"{name} has {len(raw)} bytes, and is said to be {dtype} {shape}")
    return name, np.frombuffer(raw, kind).reshape(shape)
