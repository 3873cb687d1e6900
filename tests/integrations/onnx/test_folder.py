"""Exported models that were altered, or made to do harm: none is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import ner
from ner.description import EXPORTED_FORMAT
from ner.errors import ModelError
from ner.integrations.onnx.wire import field, fields

pytest.importorskip("onnxruntime")

Edit = Callable[[list[tuple[int, Any]]], object]


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy to do harm to."""
    return Path(shutil.copytree(exported, tmp_path / "model"))


def describe(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    tree = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    edit(tree)
    (folder / "config.json").write_text(json.dumps(tree), encoding="utf-8")


def put(folder: Path, name: str, content: bytes) -> None:
    """Write a file and its checksum, as an attacker can."""
    (folder / name).write_bytes(content)
    describe(folder, lambda tree: tree["files"].update({name: sha256(content).hexdigest()}))


def message(parts: list[tuple[int, Any]]) -> bytes:
    return b"".join(field(number, value) for number, value in parts)


def parts_of(content: bytes) -> list[tuple[int, Any]]:
    return [
        (number, value if isinstance(value, int) else bytes(value)) for number, value in fields(memoryview(content))
    ]


def change_graph(folder: Path, edit: Edit) -> None:
    """Edit the fields of the graph in ``model.onnx``."""
    outer = dict(parts_of((folder / "model.onnx").read_bytes()))
    inner = parts_of(outer[7])
    edit(inner)
    put(folder, "model.onnx", message([*((n, v) for n, v in outer.items() if n != 7), (7, message(inner))]))


def tensor(parts: list[tuple[int, Any]], name: str) -> tuple[int, list[tuple[int, Any]]]:
    """Where a weight stands among the fields of a graph, and its own fields."""
    for place, (number, value) in enumerate(parts):
        if number == 5 and (8, name.encode()) in (own := parts_of(value)):
            return place, own
    raise AssertionError(name)


def change_weight(folder: Path, name: str, edit: Edit) -> None:
    def edit_graph(parts: list[tuple[int, Any]]) -> None:
        place, own = tensor(parts, name)
        edit(own)
        parts[place] = (5, message(own))

    change_graph(folder, edit_graph)


def replace(number: int, value: Any) -> Edit:
    return lambda parts: parts.__setitem__(
        next(i for i, part in enumerate(parts) if part[0] == number), (number, value)
    )


def refused(folder: Path, *says: str) -> None:
    with pytest.raises(ModelError) as caught:
        ner.load(folder)
    said = str(caught.value)
    assert str(folder) in said and all(part in said for part in says), said
    assert len(said) < 600 and "Traceback" not in said


def test_what_is_written_again_as_it_was_loads(folder: Path) -> None:
    change_graph(folder, lambda parts: None)
    assert ner.load(folder).tag("Ada lives in Oslo.").entities


def test_a_file_that_is_cut_short_or_altered(folder: Path) -> None:
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content + b"\0")
    refused(folder, "the checksum of model.onnx is not that")
    put(folder, "model.onnx", content[:-10])
    refused(folder, "model.onnx: it is cut short")
    put(folder, "model.onnx", b"\x80\x04pickle")
    refused(folder, "model.onnx: ")
    (folder / "model.onnx").unlink()
    refused(folder, "model.onnx is missing")


def test_links_and_pipes(folder: Path, tmp_path: Path) -> None:
    for name in ("model.onnx", "crf.safetensors"):
        shutil.move(folder / name, tmp_path / name)
        (folder / name).symlink_to(tmp_path / name)
        refused(folder, f"{name} is a symbolic link")
        (folder / name).unlink()
        shutil.move(tmp_path / name, folder / name)


def test_numbers_in_another_file(folder: Path) -> None:
    place = field(1, "location") + field(2, "/etc/passwd")
    change_weight(folder, "words.table", lambda own: own.append((13, place)))
    refused(folder, "words.table does not hold its numbers itself")


def test_numbers_said_to_be_elsewhere(folder: Path) -> None:
    change_weight(folder, "words.table", lambda own: own.append((14, 1)))
    refused(folder, "words.table does not hold its numbers itself")


@pytest.mark.parametrize(
    ("weight", "edit", "says"),
    [
        ("words.table", replace(1, 1 << 40), "and is said to be float32"),
        ("words.table", replace(1, 0), "and is said to be float32"),
        ("words.table", replace(2, 99), "of a type that has no place there"),
        ("project.bias", replace(2, 6), "is not the network that is described"),
        ("project.bias", replace(8, b"project.bia2"), "is not the network that is described"),
        ("constant.0", replace(9, np.array([0, 1 << 40, 0, 1], "<i8").tobytes()), "is another one than that"),
    ],
)
def test_weights_of_another_layout(folder: Path, weight: str, edit: Edit, says: str) -> None:
    change_weight(folder, weight, edit)
    refused(folder, "model.onnx: ", says)


def test_weights_that_are_no_numbers(folder: Path) -> None:
    def spoil(value: float) -> Edit:
        def edit(own: list[tuple[int, Any]]) -> None:
            place = next(i for i, part in enumerate(own) if part[0] == 9)
            numbers = np.frombuffer(own[place][1], "<f4").copy()
            numbers[0] = value
            own[place] = (9, numbers.tobytes())

        return edit

    for value in (np.nan, np.inf, 3e38):
        change_weight(folder, "project.bias", spoil(value))
        refused(folder, "project.bias holds NaN or numbers beyond")


def node(operator: str, *inputs: str, output: str = "more") -> bytes:
    names = b"".join(field(1, name) for name in inputs)
    return names + field(2, output) + field(3, output) + field(4, operator)


@pytest.mark.parametrize(
    "edit",
    [
        lambda parts: parts.insert(0, (1, node("Identity", "words"))),
        lambda parts: parts.append((1, node("If", "words"))),
        lambda parts: parts.pop(0),
        lambda parts: parts.append((12, field(1, "more"))),
        lambda parts: parts.append((15, b"")),
    ],
    ids=["one more", "a branch", "one less", "an output", "a sparse weight"],
)
def test_another_network_than_the_one_described(folder: Path, edit: Edit) -> None:
    change_graph(folder, edit)
    refused(folder, "model.onnx: its operators are not those of the network that is described")


def test_weights_left_out_or_twice(folder: Path) -> None:
    original = (folder / "model.onnx").read_bytes()
    change_graph(folder, lambda parts: parts.pop(tensor(parts, "project.bias")[0]))
    refused(folder, "model.onnx: project.bias is missing")
    put(folder, "model.onnx", original)
    change_graph(folder, lambda parts: parts.append(parts[tensor(parts, "project.bias")[0]]))
    refused(folder, "project.bias float32")


@pytest.mark.parametrize("number", [14, 20, 25])
def test_functions_and_whatever_else_a_file_can_hold(folder: Path, number: int) -> None:
    content = (folder / "model.onnx").read_bytes()
    put(folder, "model.onnx", content + field(number, b""))
    refused(folder, "model.onnx: it is no network that was exported here")


def test_operators_of_another_set(folder: Path) -> None:
    outer = parts_of((folder / "model.onnx").read_bytes())
    replace(8, field(1, "com.example") + field(2, 1))(outer)
    put(folder, "model.onnx", message(outer))
    refused(folder, "it is made of another set of operators")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("word_dim",), 10**18),
        (("vectors",), "int8"),
        (("model", "encoder", "hidden"), 10**9),
        (("model", "encoder", "layers"), 10**9),
        (("model", "encoder", "kind"), "gru"),
        (("model", "encoder", "layer_norm"), True),
        (("model", "chars", "widths"), [10**30]),
        (("model", "chars", "filters"), 10**12),
        (("model", "encoder", "context"), 5),
        (("runtime",), "torch"),
    ],
    ids=str,
)
def test_a_description_of_another_network(folder: Path, place: tuple[str, ...], value: Any) -> None:
    def edit(tree: dict[str, Any]) -> None:
        for key in place[:-1]:
            tree = tree[key]
        tree[place[-1]] = value

    describe(folder, edit)
    refused(folder)


def test_more_tags_than_transitions(folder: Path) -> None:
    describe(folder, lambda tree: tree.update(tags=["O", *(f"B-{number}" for number in range(20_000))]))
    refused(folder, "config.json has 20001 tags, but crf.safetensors transitions of another shape")


def test_transitions_of_another_kind(folder: Path) -> None:
    state = load_file(folder / "crf.safetensors")
    save_file({**state, "crf.transitions": state["crf.transitions"] * np.float32("nan")}, folder / "crf.safetensors")
    put(folder, "crf.safetensors", (folder / "crf.safetensors").read_bytes())
    refused(folder, "crf.transitions holds NaN")
    put(folder, "crf.safetensors", b"\xff" * 100)
    refused(folder)


def test_a_future_format(folder: Path) -> None:
    describe(folder, lambda tree: tree.update(format=EXPORTED_FORMAT + 1))
    refused(folder, f"this release reads up to {EXPORTED_FORMAT}")


def test_nothing_is_told_to_anybody(folder: Path, tmp_path: Path) -> None:
    home, code = tmp_path / "home", f"import ner; ner.load({str(folder)!r}, threads=1).tag('Ada')"
    home.mkdir()
    quiet = ("CI", "ORT_", "XDG_", "GITHUB_")  # by some of these, onnxruntime is silent by itself
    others = {name: value for name, value in os.environ.items() if not name.startswith(quiet)}
    subprocess.run([sys.executable, "-c", code], env={**others, "HOME": str(home)}, check=True)
    assert [path.name for path in home.rglob("*") if path.is_file()] == []
