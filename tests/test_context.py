"""Models that read around a sentence: from the file to the answer, however the file is cut and batched."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.tagger import Tagger
from ner.tagging import TagOptions, tag_file
from tests.training.runs import Notes

SIGN = {"PER": "person", "LOC": "place"}


def corpus(documents: int) -> str:
    """Names of which only the sentence before says what they are."""
    lines = []
    for number in range(documents):
        label = ("PER", "LOC")[number * number // 3 % 2]
        lines += ["-DOCSTART- O\n", f"a O\n{SIGN[label]} O\n", f"here O\nis O\nX{number % 3} B-{label}\n"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    for split, size in (("train", 40), ("dev", 12)):
        (folder / f"{split}.conll").write_text(corpus(size), encoding="utf-8")
    return folder


def config(files: Path, context: int) -> dict[str, Any]:
    return {
        "data": {"train": str(files / "train.conll"), "dev": str(files / "dev.conll")},
        "model": {
            "words": {"dim": 8, "rare_dropout": 0.0},
            "chars": {"dim": 4, "filters": 4, "dropout": 0.0},
            "encoder": {"hidden": 12, "dropout": 0.1, "context": context},
        },
        "training": {"epochs": 12, "batch_size": 4, "threads": 1, "optimizer": {"lr": 0.03}},
        "output": str(files / f"run{context}"),
    }


@pytest.fixture(scope="module")
def tagger(files: Path) -> Tagger:
    result = ner.train(config(files, 4))
    assert result.dev is not None and result.dev.micro.f1 > 0.9
    return result.tagger


def test_alone_the_same_names_cannot_be_told(files: Path) -> None:
    result = ner.train(config(files, 0))
    assert result.dev is not None and result.dev.micro.f1 < 0.75


def tagged(tagger: Tagger, source: bytes, read: str, write: str = "conll", **options: Any) -> str:
    output = io.StringIO()
    tag_file(tagger, io.BytesIO(source), output, read=read, write=write, **options)
    return output.getvalue()


def test_evaluation_and_tagging_read_alike(tagger: Tagger, files: Path) -> None:
    path = files / "dev.conll"
    found = ner.evaluate(tagger, path)
    assert found.scores.micro.f1 > 0.9
    rows = [line.split(" ") for line in tagged(tagger, path.read_bytes(), "conll").split("\n") if line]
    assert [row[2] for row in rows if row[0] != "-DOCSTART-"] == [tag for tags in found.predicted for tag in tags]
    assert sum(map(len, found.spans)) == sum(tag != "O" for tags in found.predicted for tag in tags)
    report = ner.analyse_errors(tagger, path)
    assert report.to_json()["counts"]["correct"] > 0.9 * sum(map(len, found.spans))


def test_nothing_hangs_on_where_a_file_is_cut(tagger: Tagger, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (files / "dev.conll").read_bytes()
    whole = tagged(tagger, source, "conll", options=TagOptions(probabilities=True))
    for window in (1, 7, 40):
        assert tagged(tagger, source, "conll", options=TagOptions(probabilities=True), window=window) == whole


def test_documents_in_every_format(tagger: Tagger) -> None:
    sentences = [["a", "person"], ["here", "is", "X1"], ["a", "place"], ["here", "is", "X1"]]
    documents = [0, 0, 1, 1]
    expected = [[e.label for e in one.entities] for one in tagger.tag_tokens(sentences, documents)]
    assert expected == [[], ["PER"], [], ["LOC"]]
    lines = [json.dumps({"tokens": t, "document": d}) for t, d in zip(sentences, documents, strict=True)]
    for window in (1, 100):
        rows = tagged(tagger, "\n".join(lines).encode(), "jsonl", "jsonl", window=window).splitlines()
        assert [[e["label"] for e in json.loads(row)["entities"]] for row in rows] == expected
    texts = ["a person.\n\nhere is X1", "a place.\n\nhere is X1"]
    assert [[e.label for e in one.entities] for one in tagger.stream(texts)] == [["PER"], ["LOC"]]
    records = "\n".join(json.dumps({"text": text}) for text in texts)
    rows = tagged(tagger, records.encode(), "jsonl", "jsonl").splitlines()
    assert [[e["label"] for e in json.loads(row)["entities"]] for row in rows] == [["PER"], ["LOC"]]
    with pytest.raises(ValueError, match="expected documents of 4 sentences, got 1"):
        tagger.tag_tokens(sentences, [0])


def test_sentences_held_out_one_by_one_are_warned_of(files: Path, tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text(corpus(30).replace("-DOCSTART- O\n\n", ""))
    settings = config(files, 2)
    settings["data"] = {"train": str(tmp_path / "train.conll")}
    settings["training"]["epochs"] = 1
    settings["output"] = str(tmp_path / "run")
    notes = Notes()
    ner.train(settings, listener=notes)
    assert any("single sentences, not whole documents" in note for note in notes.notes)
