"""Vectors from raw text: with a stand-in for gensim, and with gensim where it is installed."""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ner.errors import DataError, MissingExtraError, NerError
from ner.features.vectors import read_vectors
from ner.integrations.word_vectors import learn_vectors
from tests.cli.conftest import Run, run  # noqa: F401 - a fixture

TEXT = "Ada lives in Oslo. She met\nold Otto there.\n\nOslo is in Norway, Ada said.\n"


class Model:
    """As much of a gensim model as is used: its vectors say how often a word occurs."""

    made: dict[str, Any]
    lines: list[str]

    def __init__(self, corpus_file: str, min_count: int, vector_size: int, **options: Any) -> None:
        type(self).made = {"vector_size": vector_size, "min_count": min_count, **options}
        type(self).lines = Path(corpus_file).read_text(encoding="utf-8").splitlines()
        counts = Counter(word for line in self.lines for word in line.split(" "))
        self.index_to_key = [word for word, count in counts.most_common() if count >= min_count]
        if not self.index_to_key:
            raise RuntimeError("you must first build vocabulary before training the model")
        self._counts, self._size = counts, vector_size

    @property
    def wv(self) -> Model:
        return self

    def __getitem__(self, word: str) -> np.ndarray:
        return np.full(self._size, self._counts[word] / 3, dtype=np.float32)


class FastText(Model):
    pass


@pytest.fixture
def gensim(monkeypatch: pytest.MonkeyPatch) -> None:
    package, models = ModuleType("gensim"), ModuleType("gensim.models")
    models.Word2Vec, models.FastText, package.models = Model, FastText, models  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gensim", package)
    monkeypatch.setitem(sys.modules, "gensim.models", models)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.usefixtures("gensim")
def test_our_sentences_go_in_and_our_reader_takes_what_comes_out(text: Path, tmp_path: Path) -> None:
    packed = tmp_path / "more.txt.gz"
    packed.write_bytes(gzip.compress(b"Otto left Oslo."))
    target = tmp_path / "vectors.txt"
    assert learn_vectors([text, str(packed)], target, dim=4, min_count=2, epochs=3, window=2, threads=2) == 5
    assert FastText.lines == [
        "Ada lives in Oslo .",
        "She met old Otto there .",
        "Oslo is in Norway , Ada said .",
        "Otto left Oslo .",
    ]
    wanted = {"vector_size": 4, "min_count": 2, "sg": 1, "seed": 1, "workers": 2, "epochs": 3, "window": 2}
    assert FastText.made == wanted
    vectors = read_vectors(str(target))
    assert sorted(vectors.words) == [".", "Ada", "Oslo", "Otto", "in"]
    assert vectors.matrix[vectors.rows(["Oslo", "Ada"])] == pytest.approx(
        np.array([[1.0] * 4, [2 / 3] * 4]), abs=1e-5
    )


@pytest.mark.usefixtures("gensim")
def test_the_command(text: Path, tmp_path: Path, run: Run) -> None:  # noqa: F811
    target = tmp_path / "v.txt.gz"
    done = run("vectors", text, "-o", target, "--method", "word2vec", "--dim", "3", "--min-count", "2",
               "--tokenizer", "whitespace")  # fmt: skip
    assert done.stdout == f"2 words, 3 numbers each: {target}\n"
    assert gzip.decompress(target.read_bytes()).decode().splitlines()[0] == "2 3"  # Ada, in


@pytest.mark.usefixtures("gensim")
def test_what_cannot_be_learnt_from(text: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"no word occurs 50 times in .*text.txt.* Give more text, or a lower --min-c"
    ):
        learn_vectors([text], tmp_path / "v.txt", min_count=50)
    with pytest.raises(DataError, match="no such file"):
        learn_vectors([tmp_path / "none.txt"], tmp_path / "v.txt")
    with pytest.raises(DataError, match=r"^none\.txt: no such file"):
        learn_vectors("none.txt", tmp_path / "v.txt")
    with pytest.raises(NerError, match="there is no tokenizer 'x'"):
        learn_vectors([text], tmp_path / "v.txt", tokenizer="x")
    assert not (tmp_path / "v.txt").exists()


@pytest.mark.usefixtures("gensim")
def test_vectors_do_not_take_the_place_of_a_text(text: Path, tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(text)
    with pytest.raises(DataError, match="is the input, too, and would be lost"):
        learn_vectors([tmp_path / "none.txt", text], tmp_path / "link.txt", min_count=1)
    assert text.read_text(encoding="utf-8") == TEXT


@pytest.mark.usefixtures("gensim")
def test_long_paragraphs_and_sentences_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("\n".join(["a " * 30_000, "b " * 20_000, "c " * 25_000]), encoding="utf-8")
    learn_vectors([path], tmp_path / "v.txt", method="word2vec", dim=1)
    assert max(line.count(" ") + 1 for line in Model.lines) == 10_000
    assert Counter(word for line in Model.lines for word in line.split()) == {"a": 30_000, "b": 20_000, "c": 25_000}


def test_without_gensim_the_extra_is_named(text: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:  # noqa: F811
    monkeypatch.setitem(sys.modules, "gensim", None)
    with pytest.raises(MissingExtraError):
        learn_vectors([text], text.with_suffix(".vec"))
    done = run("vectors", text, "-o", text.with_suffix(".vec"), status=1)
    assert done.stderr == "error: Learning word vectors needs an extra: pip install 'bilstm-crf-ner[vectors]'\n"


@pytest.mark.parametrize("method", ["fasttext", "word2vec"])
def test_with_gensim_words_of_a_kind_are_near(method: Any, tmp_path: Path) -> None:
    pytest.importorskip("gensim")
    chance = np.random.default_rng(3)
    places, verbs = ["Oslo", "Paris", "Accra", "Rome"], ["eats", "buys", "cooks", "sells"]
    lines = [f"she {chance.choice(verbs)} bread in {chance.choice(places)} today .\n\n" for _ in range(1500)]
    path, target = tmp_path / "t.txt", tmp_path / "v.txt"
    path.write_text("".join(lines), encoding="utf-8")
    found = []
    for _ in range(2):
        learn_vectors([path], target, method=method, dim=10, window=1, epochs=20)
        found.append(target.read_bytes())
    assert found[0] == found[1]
    vectors = read_vectors(str(target))
    matrix = vectors.matrix - vectors.matrix.mean(0)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    near = {word: matrix[vectors.rows([word])[0]] for word in (*places, *verbs)}
    inside = np.mean([near[one] @ near[other] for one in places for other in places if one != other])
    across = np.mean([near[one] @ near[other] for one in places for other in verbs])
    assert inside > across + 0.1
