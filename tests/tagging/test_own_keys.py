"""Nothing of a user's record is lost under a name that the output needs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet

from ner.config import DataConfig
from ner.tagger import Tagger
from ner.tagging import TagOptions, tag_file
from ner.tagging.own_keys import aside, set_aside
from tests.tagging.names import NameTagger

WRITTEN = {"text": "x", "entities": []}


def jsonl(tagger: Any, record: dict[str, Any], **options: Any) -> dict[str, Any]:
    stream = io.StringIO()
    tag_file(tagger, io.BytesIO(json.dumps(record).encode()), stream, read="jsonl", write="jsonl", **options)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


def test_names_that_are_free() -> None:
    assert aside("entities", {"text"}) == "entities"
    assert aside("entities", {"entities", "entities_before"}) == "entities_before_before"
    assert list(set_aside({"a": 1, "entities": 2, "b": 3}, WRITTEN).items()) == [
        ("a", 1), ("entities_before", 2), ("b", 3),
    ]  # fmt: skip
    assert set_aside({"a": 1}, WRITTEN) == {"a": 1} == set_aside({"a": 1, "entities": []}, WRITTEN)
    assert set_aside({"entities": 1, "entities_before": 2}, WRITTEN) == {
        "entities_before_before": 1,
        "entities_before": 2,
    }


def test_records_keep_what_they_had(tagger: NameTagger) -> None:
    found = jsonl(tagger, {"text": "Ada left.", "entities": [{"mine": 1}], "tokens": 17})
    assert (found["entities_before"], found["tokens_before"]) == ([{"mine": 1}], 17)
    assert [one["text"] for one in found["entities"]] == ["Ada"] and len(found["tokens"]) == 3
    found = jsonl(tagger, {"body": "Ada left.", "text": "a title"}, data=DataConfig(text="body"))
    assert (found["text"], found["text_before"]) == ("Ada left.", "a title") and "body" not in found
    tokens = [{"text": "Ada", "start": 0, "end": 3, "pos": "NNP"}]
    found = jsonl(tagger, {"text": "Ada", "tokens": tokens})
    assert found["tokens_before"] == tokens and found["tokens"] == [{"text": "Ada", "start": 0, "end": 3}]
    found = jsonl(tagger, {"text": None, "tokens": ["Ada"]})
    assert list(found) == ["text", "tokens", "entities"], "a null is nothing"


def test_another_tagger_leaves_what_the_first_one_found(tagger: NameTagger) -> None:
    first = jsonl(tagger, {"text": "Ada left."})
    assert jsonl(tagger, first) == first
    second = jsonl(tagger, first, options=TagOptions(min_score=0.9))
    assert second.pop("entities_before") == first["entities"] != second.pop("entities") == []
    assert second == {"text": first["text"], "tokens": first["tokens"]}


def test_what_the_options_add_makes_room_too(tiny_tagger: Tagger) -> None:
    record = {"text": "Ada left.", "sentences": [3], "n_best": "x"}
    assert jsonl(tiny_tagger, record)["sentences"] == [3]
    found = jsonl(tiny_tagger, record, options=TagOptions(probabilities=True, n_best=2))
    assert (found["sentences_before"], found["n_best_before"]) == ([3], "x")
    assert len(found["n_best"][0]) == 2


def test_tables_of_records(tagger: NameTagger, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Ada", "entities": "mine", "predicted_tags": 1}\n')
    tag_file(tagger, tmp_path / "a.jsonl", tmp_path / "a.parquet", write="parquet")  # type: ignore[arg-type]
    (row,) = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert (row["entities_before"], row["predicted_tags_before"], row["predicted_tags"]) == ("mine", 1, ["B-PER"])
    columns = {"body": ["Ada left"], "text": ["a title"], "tokens": [1], "entities": [2]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "b.parquet")
    stream = io.StringIO()
    tag_file(tagger, tmp_path / "b.parquet", stream, data=DataConfig(text="body"))  # type: ignore[arg-type]
    found = json.loads(stream.getvalue())
    assert (found["text"], found["text_before"], found["tokens_before"]) == ("Ada left", "a title", 1)
    assert found["entities_before"] == 2
