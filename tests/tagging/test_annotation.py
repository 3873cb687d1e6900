"""What goes out to be corrected, and comes back."""

from __future__ import annotations

import io
import json
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.read import read
from ner.errors import ConfigError, DataError
from ner.schemes import to_spans
from ner.tagger import Tagger
from ner.tagging import TagOptions, tag_file
from ner.tagging.details import readings
from tests.tagging.names import NameTagger

TEXTS = "Ada Lovelace 😀 lives in London. Otto left.\n\nIt rained."
EXPECTED = [("PER", "Ada Lovelace"), ("LOC", "London"), ("PER", "Otto")]


def found(path: Path, kind: str) -> list[tuple[str, str]]:
    options = DataConfig(format=kind)  # type: ignore[arg-type]
    return [
        (label, " ".join(one.tokens[a:b])) for one in read(path, options) for label, a, b in to_spans(one.tags or [])
    ]


def tagged(tagger: NameTagger, write: str, content: str = TEXTS, read: str = "text", **options: Any) -> str:
    stream = io.StringIO()
    tag_file(tagger, io.BytesIO(content.encode()), stream, read=read, write=write, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def test_to_doccano_and_back(tagger: NameTagger, tmp_path: Path) -> None:
    output = tagged(tagger, "doccano")
    first, second = map(json.loads, output.splitlines())
    assert first["label"][0] == [0, 12, "PER"]
    assert first["label"][1] == [25, 31, "LOC"], "in units of UTF-16, of which the emoji has two"
    assert first["scores"] == [0.6, 0.3, 0.2]
    assert second == {"line": 3, "text": "It rained.", "label": [], "scores": []}, "doccano refuses the empty line 2"
    (tmp_path / "a.jsonl").write_text(output)
    assert found(tmp_path / "a.jsonl", "doccano") == EXPECTED


def test_to_label_studio_and_back(tagger: NameTagger, tmp_path: Path) -> None:
    output = tagged(tagger, "label-studio")
    first, second = json.loads(output)
    assert list(first) == ["data", "predictions"]
    (prediction,) = first["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("ner", 0.2)
    assert prediction["result"][1] == {
        "id": "2",
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {"start": 24, "end": 30, "text": "London", "labels": ["LOC"]},
        "score": 0.3,
    }
    assert second == {
        "data": {"line": 3, "text": "It rained."},
        "predictions": [{"model_version": "ner", "result": []}],
    }
    (tmp_path / "a.json").write_text(output)
    with pytest.raises(DataError, match="no task is annotated: 2 not annotated"):
        found(tmp_path / "a.json", "auto")
    for task in (first, second):
        task["annotations"] = [{"result": task["predictions"][0]["result"]}]  # somebody submits them as they are
    (tmp_path / "a.json").write_text(json.dumps([first, second]))
    assert found(tmp_path / "a.json", "auto") == EXPECTED


def test_nothing_is_still_json(tagger: NameTagger) -> None:
    assert json.loads(tagged(tagger, "label-studio", "\n\n")) == []
    assert tagged(tagger, "doccano", "\n") == ""


@pytest.mark.parametrize("write", ["doccano", "label-studio"])
def test_other_keys_go_along(tagger: NameTagger, write: str) -> None:
    content = '{"id": 7, "text": "Ada left.", "entities": [1], "line": 9}\n{"tokens": ["Otto"], "source": "x"}\n'
    output = tagged(tagger, write, content, "jsonl")
    records = [json.loads(line) for line in output.splitlines()] if write == "doccano" else json.loads(output)
    first, second = [one.get("data", one) for one in records]
    assert (first["id"], first["text"], second["source"], second["text"]) == (7, "Ada left.", "x", "Otto")
    assert first["line"] == 9 and first["entities_before" if write == "doccano" else "entities"] == [1]


def test_to_brat_and_back(tagger: NameTagger, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXTS)
    tag_file(tagger, tmp_path / "a.txt", tmp_path / "brat", write="brat")  # type: ignore[arg-type]
    assert sorted(file.name for file in (tmp_path / "brat").iterdir()) == [
        f"00000{number}.{suffix}" for number in range(3) for suffix in ("ann", "txt")
    ]
    texts = [file.read_text() for file in sorted((tmp_path / "brat").glob("*.txt"))]
    assert "".join(texts) == f"{TEXTS}\n", "nothing of the input is lost, not even an empty line"
    assert (tmp_path / "brat" / "000000.ann").read_text().splitlines()[:2] == [
        "T1\tPER 0 12\tAda Lovelace", "#1\tAnnotatorNotes T1\t0.600000",
    ]  # fmt: skip
    assert found(tmp_path / "brat", "brat") == EXPECTED
    with pytest.raises(DataError, match="brat: the folder is not empty"):
        tag_file(tagger, tmp_path / "a.txt", tmp_path / "brat", write="brat")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="brat keeps a folder"):
        tagged(tagger, "brat")


def test_brat_has_the_documents_of_column_files(tagger: NameTagger, tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("Ada O\nmet O\n\nOtto O\n\n-DOCSTART- O\n\nOslo O\n")
    tag_file(tagger, tmp_path / "a.conll", tmp_path / "brat", write="brat", window=1)  # type: ignore[arg-type]
    assert [file.read_text() for file in sorted((tmp_path / "brat").glob("*.txt"))] == ["Ada met\nOtto\n", "Oslo\n"]
    assert found(tmp_path / "brat", "brat") == [("PER", "Ada"), ("PER", "Otto"), ("LOC", "Oslo")]


def test_readings_are_predictions(tiny_tagger: Tagger) -> None:
    text = "Ada lives in Oslo . Otto met Mei Lin ."
    stream = io.StringIO()
    options = TagOptions(n_best=3)
    tag_file(tiny_tagger, io.BytesIO(text.encode()), stream, read="text", write="label-studio", options=options)
    ((task),) = json.loads(stream.getvalue())
    scores = [one["score"] for one in task["predictions"]]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    (first, *_) = task["predictions"][0]["result"]
    assert first["score"] == pytest.approx(tiny_tagger.tag(text).entities[0].score, abs=1e-5)
    assert [one["model_version"] for one in task["predictions"]] == [f"ner, reading {number}" for number in (1, 2, 3)]
    best = [(one["value"]["text"], one["value"]["labels"]) for one in task["predictions"][0]["result"]]
    assert best == [(entity.text, [entity.label]) for entity in tiny_tagger.tag(text).entities]
    with pytest.raises(ConfigError, match="--n-best has no place in doccano"):
        TagOptions(n_best=2).check_output("doccano")


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=1, max_size=4), max_size=3), st.integers(1, 6))
@settings(deadline=None)
def test_the_best_readings_of_several_sentences_are_the_best_of_all(chances: list[list[float]], number: int) -> None:
    sentences = [
        SimpleNamespace(
            n_best=[([f"{place}{rank}"], chance) for rank, chance in enumerate(sorted(row, reverse=True))]
        )
        for place, row in enumerate(chances)
    ]
    every = []
    for choice in product(*(one.n_best for one in sentences)):
        chance = 1.0
        for _, one in choice:
            chance *= one
        every.append(chance)
    found = readings(sentences, number)  # type: ignore[arg-type]
    assert [chance for chance, _ in found] == sorted(every, reverse=True)[:number]
    assert all(len(tags) == len(sentences) for _, tags in found)
