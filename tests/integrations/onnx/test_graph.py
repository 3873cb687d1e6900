"""Emissions of the exported network against those of torch, for every encoder and every feature."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ner.config import ModelConfig
from ner.errors import ModelError
from ner.features.clusters import Clusters
from ner.features.columns import ColumnValues
from ner.features.encoder import FeatureEncoder
from ner.features.gazetteers import Gazetteers, Names
from ner.features.tags import TagSet
from ner.integrations.onnx import file
from ner.integrations.onnx.export import weights_of
from ner.integrations.onnx.folder import _check_numbers
from ner.integrations.onnx.graph import network
from ner.model import SequenceTagger

onnxruntime = pytest.importorskip("onnxruntime")

WORDS = sorted({"Ada", "Kofi", "London", "New", "York", "in", "lives", "the", ".", "1990s", "U.S."})
EVERYTHING: dict[str, Any] = {
    "shape_dim": 3,
    "clusters": "given",
    "cluster_prefixes": [1, 2],
    "cluster_dim": 2,
    "gazetteers": ["given", "too"],
    "columns": ["pos"],
    "column_dim": 2,
}
NETWORKS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "peephole": {"encoder": {"kind": "peephole"}},
    "gru": {"encoder": {"kind": "gru"}},
    "rnn": {"encoder": {"kind": "rnn"}},
    "none": {"encoder": {"kind": "none"}},
    "three layers": {"encoder": {"layers": 3, "residual": True}},
    "left to right": {"encoder": {"kind": "gru", "bidirectional": False, "layers": 2}},
    "without characters": {"chars": {"dim": 0}, "features": {"shape_dim": 0}},
    "filters of one to five": {"chars": {"dim": 4, "filters": 3, "widths": [1, 2, 3, 4, 5]}},
    "everything": {"features": EVERYTHING, "encoder": {"context": 3, "layers": 2}},
}


def make(settings: dict[str, Any]) -> tuple[SequenceTagger, FeatureEncoder, ModelConfig, TagSet]:
    """A network with random weights and all features that it asks for."""
    torch.manual_seed(5)
    parts = {"words": {"dim": 6}, "chars": {"dim": 4, "filters": 3}, **settings}
    config = ModelConfig.model_validate({**parts, "encoder": {"hidden": 5, **parts.get("encoder", {})}})
    none = config.features.model_copy(update={"clusters": None, "gazetteers": [], "columns": []})
    plain = config.model_copy(update={"features": none})
    encoder = FeatureEncoder.build(plain, [WORDS], [])
    if config.features.clusters:
        encoder.clusters = Clusters(["Ada", "London"], ["00", "01", "1"], [0, 2], config.features.cluster_prefixes)
        encoder.gazetteers = Gazetteers([Names("one", [], ["new york"]), Names("two", ["ada"], [])])
        encoder.columns = ColumnValues(["pos"], [["NN", "VB"]])
    tagset = TagSet.of([["S-LOC", "S-PER"]], config.scheme)
    model = SequenceTagger(config, encoder.sizes, tagset, 6)
    for parameter in model.parameters():
        if parameter.requires_grad:  # the others are held at 0
            torch.nn.init.normal_(parameter, std=0.7)
    return model.eval(), encoder, config, tagset


def session_of(
    model: SequenceTagger, encoder: FeatureEncoder, config: ModelConfig, tagset: TagSet, path: Path, vectors: str
) -> Any:
    graph = network(config, encoder.sizes, len(tagset), 6, vectors)
    file.write(path, graph, weights_of(model, vectors))  # type: ignore[arg-type]
    content = path.read_bytes()
    again = file.read(memoryview(content), graph)
    assert again.keys() == graph.weights.keys()
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def batch(encoder: FeatureEncoder, config: ModelConfig, size: int, longest: int) -> dict[str, np.ndarray]:
    """A batch of sentences of up to so many tokens."""
    rng = np.random.default_rng(size * 100 + longest)
    words = [*WORDS, "unheard", "x" * 60, "Zoë"]
    types = encoder.encode(words)
    read = rng.integers(1, longest + 1, size)
    read[0] = longest
    before = rng.integers(0, read)
    own = rng.integers(1, read - before + 1)
    further = encoder.sizes.gazetteers + len(encoder.sizes.columns)
    return {
        "words": types.words,
        "chars": types.chars,
        "shapes": types.shapes,
        "clusters": types.clusters,
        "index": rng.integers(0, len(words), (size, longest)),
        "lengths": own if config.encoder.context else read,
        "matches": rng.integers(0, 3, (size, longest, further)),
        "around": np.stack([before, read], 1),
    }


def in_torch(model: SequenceTagger, given: dict[str, np.ndarray]) -> np.ndarray:
    tensors = {name: torch.from_numpy(array) for name, array in given.items()}
    around = tensors["around"] if model.context else None
    matches = tensors["matches"] if tensors["matches"].shape[2] else None
    with torch.no_grad():
        table = model.words(*(tensors[name] for name in ("words", "chars", "shapes", "clusters")))
        return model.emissions(table, tensors["index"], tensors["lengths"], matches, around).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_emissions_are_those_of_torch_at_every_length_and_batch(name: str, tmp_path: Path) -> None:
    model, encoder, config, tagset = made = make(NETWORKS[name])
    session = session_of(*made, tmp_path / "model.onnx", "float32")
    for longest in (1, 7, 50):
        for size in (1, 3, 33):
            given = batch(encoder, config, size, longest)
            expected = in_torch(model, given)
            (found,) = session.run(None, {one.name: given[one.name] for one in session.get_inputs()})
            assert found.shape == (size, longest, len(tagset))
            for row, (own, (before, _)) in enumerate(zip(given["lengths"], given["around"], strict=True)):
                first = before if config.encoder.context else 0
                np.testing.assert_allclose(found[row, first : first + own], expected[row, :own], atol=2e-5)


def test_words_without_characters_and_padding_do_not_matter(tmp_path: Path) -> None:
    model, encoder, config, _ = made = make({})
    session = session_of(*made, tmp_path / "model.onnx", "float32")
    given = batch(encoder, config, 4, 5)
    given["chars"][2] = 0
    wider = {
        **given,
        "chars": np.pad(given["chars"], ((0, 0), (0, 9))),
        "index": np.pad(given["index"], ((0, 0), (0, 4))),
    }
    names = [one.name for one in session.get_inputs()]
    found, padded = (session.run(None, {name: one[name] for name in names})[0] for one in (given, wider))
    expected = in_torch(model, given)
    for row, own in enumerate(given["lengths"]):
        np.testing.assert_allclose(found[row, :own], expected[row, :own], atol=2e-5)
        np.testing.assert_allclose(padded[row, :own], expected[row, :own], atol=2e-5)


@pytest.mark.parametrize(("vectors", "error"), [("float16", 1e-3), ("int8", 0.02)])
def test_vectors_in_fewer_bytes_are_nearly_the_same(vectors: str, error: float, tmp_path: Path) -> None:
    model, encoder, config, _ = made = make({"encoder": {"kind": "none"}})
    session = session_of(*made, tmp_path / "model.onnx", vectors)
    given = batch(encoder, config, 3, 6)
    (found,) = session.run(None, {one.name: given[one.name] for one in session.get_inputs()})
    expected = in_torch(model, given)
    difference = max(np.abs(found[row, :own] - expected[row, :own]).max() for row, own in enumerate(given["lengths"]))
    assert 0 < difference < error * np.abs(expected).max() * 5
    table, small = weights_of(model, "float32")["words.table"], weights_of(model, vectors)  # type: ignore[arg-type]
    held = small["words.table"].astype(np.float32) * small.get("words.scale", np.float32(1))
    assert np.abs(held - table).max() <= np.abs(table).max() * (2**-11 if vectors == "float16" else 0.5001 / 127)


def test_vectors_in_float16_are_compared_with_the_largest_number_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _check_numbers("model.onnx", {"words.table": np.ones((2, 2), np.float16)})


def test_vectors_that_float16_cannot_hold_are_refused() -> None:
    model, *_ = make({})
    model.words.table.weight.data[2, 3] = 70_000.0
    with pytest.raises(ModelError, match="float16 cannot hold"):
        weights_of(model, "float16")
    assert np.isfinite(weights_of(model, "int8")["words.scale"]).all()


def test_layer_norm_is_refused() -> None:
    _, encoder, config, tagset = make({"encoder": {"layer_norm": True}})
    with pytest.raises(ModelError, match=r"model\.encoder\.layer_norm cannot be exported"):
        network(config, encoder.sizes, len(tagset), 6, "float32")


def test_the_file_is_one_that_the_library_of_onnx_takes(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    for number, name in enumerate(NETWORKS):
        path = tmp_path / f"{number}.onnx"
        session_of(*make(NETWORKS[name]), path, "int8")
        onnx.checker.check_model(str(path), full_check=True)
