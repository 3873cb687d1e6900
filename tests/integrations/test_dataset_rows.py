"""A tagger as the function of ``dataset.map``."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import datasets
import pytest

import ner
from ner.errors import DataError, ModelError

TEXTS = ["it rained .", "Ada Lovelace lives in Oslo .", ""]
SENTENCES = [text.split() for text in TEXTS]


def expected(tagger: ner.Tagger) -> list[list[tuple[str, str, int, int]]]:
    return [[entity[:4] for entity in tagger.tag(text).entities] for text in TEXTS]


def found(rows: datasets.Dataset) -> list[list[tuple[str, str, int, int]]]:
    return [[(one["text"], one["label"], one["start"], one["end"]) for one in row] for row in rows["entities"]]


@pytest.mark.parametrize("batched", [True, False])
def test_texts(tiny_tagger: ner.Tagger, batched: bool) -> None:
    rows = datasets.Dataset.from_dict({"text": TEXTS, "number": [1, 2, 3]}).map(tiny_tagger, batched=batched)
    assert rows.column_names == ["text", "number", "entities"]
    assert found(rows) == expected(tiny_tagger)
    assert all(0 < one["score"] <= 1 for row in rows["entities"] for one in row)


@pytest.mark.parametrize("batched", [True, False])
def test_tokens(tiny_tagger: ner.Tagger, batched: bool) -> None:
    rows = datasets.Dataset.from_dict({"tokens": SENTENCES}).map(tiny_tagger, batched=batched)
    assert found(rows) == expected(tiny_tagger)
    assert rows["predicted_tags"][1] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    assert rows["predicted_tags"][2] == []


def test_a_first_batch_without_an_entity(tiny_tagger: ner.Tagger) -> None:
    rows = datasets.Dataset.from_dict({"text": TEXTS}).map(
        tiny_tagger, batched=True, batch_size=1, writer_batch_size=1
    )
    assert found(rows) == expected(tiny_tagger)


def test_a_column_by_name_in_two_processes(tiny_tagger: ner.Tagger) -> None:
    data = datasets.Dataset.from_dict({"sentence": TEXTS, "text": ["Otto"] * 3})
    rows = data.map(tiny_tagger, batched=True, fn_kwargs={"column": "sentence"}, num_proc=2)
    assert found(rows) == expected(tiny_tagger)


@pytest.mark.parametrize("batched", [True, False])
def test_neither_texts_nor_tokens_are_known_by_the_column(tiny_tagger: ner.Tagger, batched: bool) -> None:
    data = datasets.Dataset.from_dict({"words": TEXTS, "sentence": SENTENCES})
    assert found(data.map(tiny_tagger, batched=batched)) == expected(tiny_tagger)
    rows = data.map(tiny_tagger, batched=batched, fn_kwargs={"column": "sentence"})
    assert found(rows) == expected(tiny_tagger)
    assert [len(tags) for tags in rows["predicted_tags"]] == [len(tokens) for tokens in SENTENCES]


def test_plain_rows(tiny_tagger: ner.Tagger) -> None:
    batch = tiny_tagger({"text": TEXTS})
    assert [[tuple(one.values())[:4] for one in row] for row in batch["entities"]] == expected(tiny_tagger)
    assert tiny_tagger({"words": SENTENCES[1]})["predicted_tags"][:2] == ["B-PER", "I-PER"]


@pytest.mark.parametrize(
    ("rows", "column", "message"),
    [
        ({"a": ["x"]}, None, "columns a, and tokens, words or text is not among them"),
        ({}, None, "columns none"),
        ({"text": ["x"]}, "b", "columns text, and b is not among them"),
        ({"text": [1]}, None, "column text holds neither texts nor lists of tokens"),
        ({"tokens": [["a", 1]]}, None, "column tokens holds neither"),
    ],
)
def test_what_cannot_be_tagged(tiny_tagger: ner.Tagger, rows: dict[str, object], column: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        tiny_tagger(rows, column)


def test_a_copy_is_of_the_same_model(tiny_model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    packed = pickle.dumps(ner.load(folder))
    assert pickle.loads(packed).tag(TEXTS[1]).entities == ner.load(folder).tag(TEXTS[1]).entities
    description = (folder / "config.json").read_text(encoding="utf-8")
    sum_ = ner.load(folder).identity()["sha256"]
    assert sum_ in description
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="no such folder"):
        pickle.loads(packed)


def test_another_model_in_its_place(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pickle.dumps(ner.load(tiny_model))
    monkeypatch.setattr(ner.Tagger, "identity", lambda self: {"sha256": "another"})
    with pytest.raises(ModelError, match="has changed since it was loaded; load it again"):
        pickle.loads(packed)
