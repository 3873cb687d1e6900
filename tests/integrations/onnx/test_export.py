"""An exported model beside the one that it was exported from."""

from __future__ import annotations

import io
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ner
from ner.config import TaggingConfig
from ner.corpus.beside import Beside
from ner.description import GRAPH, describe, model_files
from ner.errors import ConfigError, MissingExtraError, ModelError
from ner.information import describe_model
from ner.integrations.onnx.export import export
from ner.persistence import load_model, save_model
from ner.tagger import Tagger
from ner.tagging import TagOptions, tag_file
from tests.cli.conftest import Run, run  # noqa: F401 - a fixture
from tests.integrations.onnx.test_graph import NETWORKS, WORDS, make

pytest.importorskip("onnxruntime")

ROOT = Path(__file__).parents[3]
Corpus = dict[str, dict[str, list[list[str]]]]


@pytest.fixture(scope="module")
def small(exported: Path) -> Tagger:
    return ner.load(exported, threads=1)


def records(tagger: Tagger, path: Path, **options: Any) -> list[dict[str, Any]]:
    output = io.StringIO()
    tag_file(tagger, path, output, read="conll", write="jsonl", options=TagOptions(**options))
    return [json.loads(line) for line in output.getvalue().splitlines()]


def assert_alike(one: Any, other: Any) -> None:
    """The same but for the last digits of probabilities."""
    if isinstance(one, float):
        assert math.isclose(one, other, abs_tol=5e-6), (one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_alike(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_alike(left, right)
    else:
        assert one == other


@pytest.mark.parametrize(
    "options", [{}, {"threshold": 0.3}, {"probabilities": True, "n_best": 3}, {"min_score": 0.5}], ids=str
)
def test_a_whole_file_is_tagged_alike(
    tiny_tagger: Tagger, small: Tagger, tiny_files: Path, options: dict[str, Any]
) -> None:
    assert_alike(
        records(tiny_tagger, tiny_files / "test.conll", **options),
        records(small, tiny_files / "test.conll", **options),
    )


@pytest.mark.parametrize("threads", [1, 3])
def test_tags_do_not_depend_on_batches_and_threads(
    tiny_tagger: Tagger, exported: Path, tiny_corpus: Corpus, threads: int
) -> None:
    tagger = ner.load(exported, threads=threads)
    sentences = [*tiny_corpus["train"]["tokens"], [], ["Ada"] * 200, ["x" * 1000, "\ud800", ""]]
    expected = tiny_tagger.predict(sentences)
    tagger.predictor.emitter.batch_tokens = 64  # type: ignore[attr-defined]
    for found in (tagger.predict(sentences), ner.load(exported).predict(sentences)):
        assert found.tag_lists() == expected.tag_lists()
        np.testing.assert_array_equal(found.spans, expected.spans)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
    alone = [tagger.predict([one]).tag_lists()[0] for one in sentences]
    assert alone == expected.tag_lists()
    assert tagger.predict([]).tag_lists() == [] == tagger.predict([[]]).span_lists()[0]


def test_candidates_are_alike(tiny_tagger: Tagger, small: Tagger) -> None:
    sentences = [["Ada", "Lovelace", "lives", "in", "New", "York"], ["Acme", "Corp."]]
    expected, found = (tagger.predictor.candidates(sentences, 0.02) for tagger in (tiny_tagger, small))
    assert_alike([[list(span) for span in one] for one in expected], [[list(span) for span in one] for one in found])


def test_a_model_that_reads_around_and_beside_its_words(tmp_path: Path) -> None:
    model, encoder, config, tagset = make(NETWORKS["everything"])
    save_model(tmp_path / "model", model, encoder, tagset, config, TaggingConfig(), {}, 1.3)
    large, tagger = ner.load(tmp_path / "model"), ner.load(export(tmp_path / "model", tmp_path / "small"))
    assert (tagger.context, tagger.columns) == (3, ["pos"])
    rng = np.random.default_rng(1)
    sentences = [[str(word) for word in rng.choice(WORDS, size)] for size in rng.integers(0, 9, 40)]
    columns = [[[str(one) for one in rng.choice(["NN", "VB", "?"], len(tokens))]] for tokens in sentences]
    for documents in (None, [number // 5 for number in range(40)]):
        expected, found = (one.predict(sentences, beside=Beside(documents, columns)) for one in (large, tagger))
        assert found.tag_lists() == expected.tag_lists()
        assert len(found.scores) > 20
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)


def test_the_command(run: Run, tiny_model: Path, tiny_files: Path, tmp_path: Path) -> None:  # noqa: F811
    shutil.copytree(tiny_model, tmp_path / "run" / "model")
    written = run("export", tmp_path / "run", tmp_path / "small" / "model.onnx", "--vectors", "int8").stdout
    assert written.startswith(f"{tmp_path / 'small'}: 0.") and written.endswith(" MB\n")
    for model in (tmp_path / "small", tmp_path / "small" / "model.onnx"):
        assert run("tag", model, tiny_files / "test.conll", "--threads", 1).stdout.count("B-") > 5
    assert "exported, for onnxruntime" in run("info", tmp_path / "small").stdout
    assert run("evaluate", tmp_path / "small", tiny_files / "test.conll").stdout.count("\n") > 5
    run("export", tmp_path / "run", tmp_path / "small")  # in place of the first one
    assert describe(tmp_path / "small").vectors == "float32"


def test_what_lies_in_the_folder(exported: Path, tiny_model: Path) -> None:
    names = {GRAPH, "crf.safetensors", "words.txt", "characters.txt", "config.json", "metrics.json", "README.md"}
    assert {path.name for path in exported.iterdir()} == names == set(model_files(exported))
    one, other = describe(tiny_model), describe(exported)
    assert (one.format, one.runtime, other.format, other.runtime) == (1, "torch", 3, "onnx")
    assert other.model_copy(update={"format": 1, "runtime": "torch", "files": one.files}) == one
    assert "runtime" not in json.loads((tiny_model / "config.json").read_text(encoding="utf-8"))
    assert ner.load(exported).identity()["sha256"] == other.files[GRAPH]
    assert "exported, for onnxruntime" in describe_model(exported)
    assert (exported / "README.md").read_text() == (tiny_model / "README.md").read_text()


def test_it_goes_to_other_processes(exported: Path) -> None:
    import pickle

    tagger = ner.load(exported)
    assert str(pickle.loads(pickle.dumps(tagger)).tag("Ada lives in Oslo.")) == str(tagger.tag("Ada lives in Oslo."))


def test_what_cannot_be_exported_is_refused(tiny_model: Path, exported: Path, tmp_path: Path) -> None:
    for seed in ("seed1", "seed2"):
        (tmp_path / "seeds" / seed).mkdir(parents=True)
        (tmp_path / "seeds" / seed / "model").symlink_to(tiny_model)
    with pytest.raises(ModelError, match=r"an ensemble cannot be exported.*distillation\.teacher"):
        export(tmp_path / "seeds", tmp_path / "small")
    with pytest.raises(ModelError, match="exported model tags, and does nothing else"):
        export(exported, tmp_path / "small")
    with pytest.raises(ModelError, match="no such folder"):
        export(tmp_path / "nothing", tmp_path / "small")
    with pytest.raises(ConfigError, match="expected one of float32, float16, int8"):
        export(tiny_model, tmp_path / "small", vectors="int4")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"name it .*ada$"):
        export(tiny_model, tmp_path / "ada.onnx")
    for occupied in (tiny_model, tmp_path / "seeds", tmp_path / "model.onnx"):
        with pytest.raises(ModelError, match="stands there already"):
            export(tiny_model, occupied)
    assert not (tmp_path / "small").exists() and load_model(tiny_model)


def test_what_an_exported_model_cannot_do(exported: Path, tmp_path: Path) -> None:
    tagger = ner.load(exported)
    with pytest.raises(ModelError, match="name the model that it was exported from"):
        tagger.trace("Ada lives in Oslo.")
    with pytest.raises(ModelError, match="name the model that it was exported from"):
        load_model(exported)
    with pytest.raises(ConfigError, match="runs on the cpu in fp32"):
        ner.load(exported, device="cuda")
    with pytest.raises(ConfigError, match="runs on the cpu in fp32"):
        ner.load(exported, precision="bf16")


def test_without_onnxruntime_the_extra_is_named(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bilstm-crf-ner\[onnx\]'"):
        ner.load(exported)


WITHOUT = """
import sys
for name in "torch torchcrf seqeval datasets accelerate pyarrow pandas scipy sklearn".split():
    sys.modules[name] = None
from ner.cli import main
main()
"""


def without_torch(*arguments: object, status: int = 0) -> tuple[str, str]:
    """Output and errors of a command where torch and all that an ordinary installation has are missing."""
    command = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize("write", ["conll", "text", "jsonl", "html"])
def test_the_same_command_gives_the_same_without_torch(
    exported: Path, small: Tagger, tiny_files: Path, write: str, tmp_path: Path
) -> None:
    tag_file(small, tiny_files / "test.conll", tmp_path / "expected", write=write)
    output, _ = without_torch("tag", exported, tiny_files / "test.conll", "--to", write)
    assert output == (tmp_path / "expected").read_text(encoding="utf-8")


def test_what_needs_torch_says_so(tiny_model: Path, tiny_files: Path) -> None:
    _, said = without_torch("tag", tiny_model, tiny_files / "test.conll", status=1)
    assert said.startswith(f"error: The model {tiny_model} needs torch") and said.count("\n") == 1
    assert "pip install bilstm-crf-ner; a model that ner export wrote tags without it" in said
    _, said = without_torch("train", "configs/quickstart.yaml", status=1)
    assert (
        said.startswith("error: ner train needs ") and "pip install bilstm-crf-ner" in said and said.count("\n") == 1
    )
