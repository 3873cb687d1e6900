"""Parquet files and saved data sets through a tagger: rows stay as they are and get what was found."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any, ClassVar

import datasets
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.errors import ConfigError, DataError
from ner.tagging import TagOptions, tables, tag_file
from ner.tagging import parquet_output as output
from tests.tagging.names import NameTagger

ROWS = {
    "id": pyarrow.array([7, 8, None], pyarrow.int16()),
    "text": ["Ada Lovelace lives in London. Otto met Acme.", None, "It rained."],
    "when": pyarrow.array(
        [datetime.datetime(2024, 5, 1, tzinfo=datetime.timezone.utc)] * 3, pyarrow.timestamp("ms", "UTC")
    ),
    "price": pyarrow.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.00")], pyarrow.decimal128(9, 2)),
    "kind": pyarrow.array(["a", "b", "a"]).dictionary_encode(),
    "deep": [{"x": [1, 2]}, {"x": []}, None],
}
FOUND = [
    [("Ada Lovelace", "PER", 0, 12), ("London", "LOC", 22, 28), ("Otto", "PER", 30, 34), ("Acme", "ORG", 39, 43)],
    [],
    [],
]


def parquet(place: Path, columns: Any, **options: Any) -> Path:
    table = columns if isinstance(columns, pyarrow.Table) else pyarrow.table(columns)
    pyarrow.parquet.write_table(table, place, **options)
    return place


def entities(column: Any) -> list[list[tuple[str, str, int, int]]]:
    return [[(one["text"], one["label"], one["start"], one["end"]) for one in row] for row in column]


def test_every_column_stays_as_it_is(tagger: NameTagger, tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", ROWS)
    assert tag_file(tagger, source, tmp_path / "out.parquet") == 13  # type: ignore[arg-type]
    before, after = (pyarrow.parquet.read_table(tmp_path / name) for name in ("in.parquet", "out.parquet"))
    assert after.column_names == [*ROWS, "entities"]
    assert after.select(list(ROWS)).equals(before, check_metadata=False)
    assert entities(after["entities"].to_pylist()) == FOUND
    assert after["entities"][0][0].as_py()["score"] == pytest.approx(0.6)


def test_tokens_get_tags_in_the_scheme(tagger: NameTagger, tmp_path: Path) -> None:
    tokens = [["Ada", "Lovelace", "left"], None, []]
    source = parquet(tmp_path / "in.parquet", {"words": tokens, "entities": [1, 2, 3]})
    tag_file(tagger, source, tmp_path / "out.parquet", options=TagOptions(scheme="IOBES"))  # type: ignore[arg-type]
    rows = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pydict()
    assert list(rows) == ["words", "entities_before", "entities", "predicted_tags"]
    assert rows["entities_before"] == [1, 2, 3], "what was the user's stays"
    assert (rows["words"], rows["predicted_tags"]) == (tokens, [["B-PER", "E-PER", "O"], [], []])
    assert entities(rows["entities"]) == [[("Ada Lovelace", "PER", 0, 12)], [], []]


def test_a_renamed_column_keeps_its_type(tagger: NameTagger, tmp_path: Path) -> None:
    names = datasets.List(datasets.ClassLabel(names=["O", "B-PER"]))
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "predicted_tags": names})
    rows = datasets.Dataset.from_dict({"tokens": [["Ada"]], "predicted_tags": [[1]]}, features=features)
    rows.save_to_disk(str(tmp_path / "in"))
    tag_file(tagger, tmp_path / "in", tmp_path / "out")  # type: ignore[arg-type]
    found = datasets.load_from_disk(str(tmp_path / "out"))
    assert found.features["predicted_tags_before"] == names and found[0]["predicted_tags_before"] == [1]
    assert found[0]["predicted_tags"] == ["B-PER"]
    tag_file(tagger, tmp_path / "out", tmp_path / "again")  # type: ignore[arg-type]
    again = datasets.load_from_disk(str(tmp_path / "again"))
    assert again.features["predicted_tags_before"] == names and again[0]["predicted_tags_before_before"] == ["B-PER"]


@given(
    st.lists(st.lists(st.sampled_from(["Ada", "Lovelace", "met", "Otto", "."]), max_size=4), max_size=12),
    st.integers(1, 5),
)
@settings(deadline=None, max_examples=30)
def test_rows_stay_in_order_however_they_are_cut(tmp_path_factory: Any, texts: list[list[str]], rows: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    columns = {"text": pyarrow.array([" ".join(words) for words in texts], pyarrow.string()), "n": range(len(texts))}
    source = parquet(folder / "in.parquet", columns, row_group_size=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_ROWS", rows)
        patch.setattr(output, "_GROUP_ROWS", rows + 1)
        tag_file(NameTagger(), source, folder / "out.parquet", window=rows)  # type: ignore[arg-type]
    found = pyarrow.parquet.read_table(folder / "out.parquet").to_pydict()
    assert found["n"] == list(range(len(texts)))
    assert found["text"] == columns["text"].to_pylist()
    expected = [[entity.text for entity in document.entities] for document in NameTagger().tag_tokens(texts)]
    assert [[name for name, *_ in row] for row in entities(found["entities"])] == expected


def test_memory_is_bounded(tagger: NameTagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_GROUP_ROWS", 300)
    peaks = []
    for rows in (600, 3_000):
        texts = ["Ada met Otto in Oslo . " * 3] * rows
        source = parquet(tmp_path / "in.parquet", {"text": texts, "n": range(rows)}, row_group_size=200)
        del texts
        arrow = pyarrow.total_allocated_bytes()
        tracemalloc.start()
        tag_file(tagger, source, tmp_path / "out.parquet", window=1024)  # type: ignore[arg-type]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert pyarrow.total_allocated_bytes() - arrow < 1_000_000
    assert peaks[1] < 1.5 * peaks[0]


def test_to_jsonl_what_json_can_hold(tagger: NameTagger, tmp_path: Path) -> None:
    stream = io.StringIO()
    tag_file(tagger, parquet(tmp_path / "a.parquet", ROWS), stream)  # type: ignore[arg-type]
    first, second, _ = (json.loads(line) for line in stream.getvalue().splitlines())
    assert list(first) == ["id", "when", "price", "kind", "deep", "text", "tokens", "entities"]
    assert (first["when"], first["price"], first["kind"]) == ("2024-05-01T00:00:00+00:00", "1.50", "a")
    assert (second["text"], second["entities"]) == ("", [])
    with pytest.raises(
        DataError, match=r"b.parquet:1: a column holds bytes, which JSON does not have. Write a table"
    ):
        tag_file(tagger, parquet(tmp_path / "b.parquet", {"text": ["a"], "b": [b"\xff"]}), io.StringIO())  # type: ignore[arg-type]


@pytest.mark.parametrize("to", ["out.parquet", "out"])
def test_from_everything_else(tagger: NameTagger, tmp_path: Path, to: str) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"id": 1, "text": "Ada left."}\n{"tokens": ["Otto", "a b"], "id": 2, "deep": {"x": 1}}\n'
    )
    (tmp_path / "a.conll").write_text("Ada O\nmet O\n\n-DOCSTART- O\n\nOtto O\n")
    (tmp_path / "a.txt").write_text("Ada left.\n\nIt rained.")
    write = "parquet" if to.endswith("parquet") else "dataset"

    def rows(name: str) -> dict[str, Any]:
        target = tmp_path / f"{name}.{to}"
        tag_file(tagger, tmp_path / name, target, write=write)  # type: ignore[arg-type]
        if write == "parquet":
            return pyarrow.parquet.read_table(target).to_pydict()
        return datasets.load_from_disk(str(target)).to_dict()

    found = rows("a.jsonl")
    assert list(found) == ["id", "deep", "text", "tokens", "entities", "predicted_tags"]
    assert (found["id"], found["deep"]) == ([1, 2], [None, {"x": 1}])
    assert found["text"] == ["Ada left.", "Otto a b"]
    assert found["tokens"] == [["Ada", "left", "."], ["Otto", "a b"]]
    assert found["predicted_tags"] == [["B-PER", "O", "O"], ["B-PER", "O"]]
    assert entities(found["entities"]) == [[("Ada", "PER", 0, 3)], [("Otto", "PER", 0, 4)]]
    found = rows("a.conll")
    assert (found["document"], found["tokens"]) == ([0, 1], [["Ada", "met"], ["Otto"]])
    assert rows("a.txt")["text"] == ["Ada left.", "", "It rained."]


def test_nothing_in_is_a_table_without_rows(tagger: NameTagger, tmp_path: Path) -> None:
    source = parquet(
        tmp_path / "in.parquet",
        pyarrow.schema({"n": pyarrow.int8(), "tokens": pyarrow.list_(pyarrow.string())}).empty_table(),
    )
    tag_file(tagger, source, tmp_path / "out.parquet")  # type: ignore[arg-type]
    found = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert (found.num_rows, found.column_names) == (0, ["n", "tokens", "entities", "predicted_tags"])
    tag_file(tagger, source, tmp_path / "out.jsonl")  # type: ignore[arg-type]
    assert (tmp_path / "out.jsonl").read_text() == ""
    (tmp_path / "none.txt").write_text("")
    for name, write in (("none.parquet", "parquet"), ("none", "dataset")):
        tag_file(tagger, tmp_path / "none.txt", tmp_path / name, write=write)  # type: ignore[arg-type]
    assert pyarrow.parquet.read_table(tmp_path / "none.parquet").num_rows == 0
    assert len(datasets.load_from_disk(str(tmp_path / "none"))) == 0


def test_data_sets_with_their_splits_and_features(tagger: NameTagger, tmp_path: Path) -> None:
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "tags": datasets.Sequence(datasets.ClassLabel(names=["O", "B-PER"])),
            "kind": datasets.ClassLabel(names=["x", "y"]),
        }
    )
    parts = {
        "train": {"tokens": [["Ada", "left"], ["Otto"]], "tags": [[1, 0], [1]], "kind": [0, 1]},
        "dev": {"tokens": [["Oslo"]], "tags": [[0]], "kind": [1]},
        "none": {"tokens": [], "tags": [], "kind": []},
    }
    corpus = datasets.DatasetDict(
        {split: datasets.Dataset.from_dict(part, features=features) for split, part in parts.items()}
    )
    corpus.save_to_disk(tmp_path / "in", num_shards={"train": 1, "dev": 1, "none": 1})
    tag_file(tagger, tmp_path / "in", tmp_path / "out")  # type: ignore[arg-type]
    found = datasets.load_from_disk(str(tmp_path / "out"))
    assert list(found) == ["train", "dev", "none"]
    for split, part in parts.items():
        assert {name: found[split].features[name] for name in features} == features
        assert found[split].select_columns(list(part)).to_dict() == part
    assert found["train"]["predicted_tags"][:] == [["B-PER", "O"], ["B-PER"]]
    assert entities(found["dev"]["entities"]) == [[("Oslo", "LOC", 0, 4)]]
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
    with pytest.raises(DataError, match=r"out.parquet: there are several splits, train and dev among them"):
        tag_file(tagger, tmp_path / "in", tmp_path / "out.parquet")  # type: ignore[arg-type]
    tag_file(tagger, tmp_path / "in" / "train", tmp_path / "out.parquet")  # type: ignore[arg-type]
    assert (
        datasets.Dataset.from_parquet(str(tmp_path / "out.parquet"), cache_dir=str(tmp_path / "cache")).features[
            "kind"
        ]
        == features["kind"]
    )
    with pytest.raises(DataError, match=r"out: the folder is not empty\. Name a new one"):
        tag_file(tagger, tmp_path / "in", tmp_path / "out")  # type: ignore[arg-type]


def test_offsets_count_in_the_text_of_which_the_tokens_are(tagger: NameTagger, tmp_path: Path) -> None:
    columns = {
        "text": ["Hello, (Otto) met Acme.", None],
        "tokens": [["Hello", ",", "(", "Otto", ")", "met", "Acme", "."], ["Ada"]],
    }
    source = parquet(tmp_path / "in.parquet", columns)
    tag_file(tagger, source, tmp_path / "out.parquet")  # type: ignore[arg-type]
    after = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert after.select(["text", "tokens"]).to_pydict() == columns
    for text, row in zip(columns["text"], entities(after["entities"].to_pylist()), strict=True):
        assert row and all(text is None or text[start:end] == name for name, _, start, end in row)
    tag_file(tagger, tmp_path / "out.parquet", tmp_path / "again.jsonl")  # type: ignore[arg-type]
    assert json.loads((tmp_path / "again.jsonl").read_text().splitlines()[0])["text"] == columns["text"][0]
    other = parquet(tmp_path / "other.parquet", {"text": ["Ada left."], "tokens": [["Otto"]]})
    with pytest.raises(
        DataError, match=r"other.parquet:1: tokens\[0\] is 'Otto', but the text goes on with 'Ada left"
    ):
        tag_file(tagger, other, tmp_path / "out.parquet")  # type: ignore[arg-type]


def test_a_column_by_name(tagger: NameTagger, tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", {"tokens": [["Ada"]], "body": ["Otto left."]})
    for data, name in ((DataConfig(text="body"), "Otto"), (DataConfig(tokens="body"), "Otto"), (DataConfig(), "Ada")):
        stream = io.BytesIO()
        tag_file(tagger, source, stream, write="parquet", data=data)  # type: ignore[arg-type]
        assert entities(pyarrow.parquet.read_table(stream)["entities"].to_pylist())[0][0][0] == name


@pytest.mark.parametrize(
    ("columns", "data", "fault"),
    [
        (
            {"a": ["x"]},
            {},
            r"a.parquet: has the columns a, and tokens or words or text is not among them. Set data.text",
        ),
        ({"a": ["x"]}, {"text": "b"}, "has the columns a, and b is not among them"),
        ({"text": [1]}, {}, "column text holds int64, neither texts nor lists of tokens"),
        ({"tokens": [["a"], ["b", None]]}, {}, "a.parquet:2: tokens holds a null among its tokens"),
    ],
)
def test_what_cannot_be_tagged(tagger: NameTagger, tmp_path: Path, columns: Any, data: Any, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        tag_file(tagger, parquet(tmp_path / "a.parquet", columns), io.StringIO(), data=DataConfig(**data))  # type: ignore[arg-type]


def test_what_cannot_be_read_or_written(tagger: NameTagger, tmp_path: Path) -> None:
    def refused(fault: str, source: Any, target: Any = "out.parquet", **options: Any) -> None:
        with pytest.raises((DataError, ConfigError), match=fault):
            tag_file(tagger, source, tmp_path / target, **options)  # type: ignore[arg-type]
        assert not (tmp_path / target).exists()

    (tmp_path / "a.parquet").write_text("no")
    refused("a.parquet: is no parquet file", tmp_path / "a.parquet")
    refused("b.parquet: no such file", tmp_path / "b.parquet")
    refused("<stdin>: a parquet file is read from its end", "-", read="parquet")
    refused("is a folder, but no data set that save_to_disk wrote.*--engine ray", tmp_path, read="dataset")
    refused("nowhere: no such folder", tmp_path / "nowhere", read="dataset")
    (tmp_path / "a.txt").write_text("Ada\n")
    refused("--n-best has no place in parquet", tmp_path / "a.txt", options=TagOptions(n_best=2))
    refused("no/out.parquet: cannot be written: No such file or directory", tmp_path / "a.txt", "no/out.parquet")
    refused(
        "cannot be written: No such file or directory. Make the folder around it",
        tmp_path / "a.txt",
        "no/out",
        write="dataset",
    )
    with pytest.raises(DataError, match="a data set is a folder"):
        tag_file(tagger, tmp_path / "a.txt", "-", write="dataset")  # type: ignore[arg-type]
    (tmp_path / "mixed.jsonl").write_text('{"text": "a", "n": 1}\n{"text": "b", "n": "x"}\n')
    refused("mixed.jsonl: does not hold the same kind of n everywhere", tmp_path / "mixed.jsonl")
    (tmp_path / "half.jsonl").write_text('{"text": "a\\ud800"}\n')
    refused("half.jsonl: holds .*half of a surrogate pair", tmp_path / "half.jsonl")


def test_keys_that_come_late(tagger: NameTagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ner.tagging import rows

    monkeypatch.setattr(rows, "_RECORDS", 2)
    lines = ['{"text": "a", "n": 1}', '{"text": "b"}', '{"text": "c", "n": null}', '{"text": "d", "late": 1}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines[:3]))
    tag_file(tagger, tmp_path / "a.jsonl", tmp_path / "out.parquet")  # type: ignore[arg-type]
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet")["n"].to_pylist() == [1, None, None]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match="has the key late, which none of the first 2 records has"):
        tag_file(tagger, tmp_path / "a.jsonl", tmp_path / "out.parquet")  # type: ignore[arg-type]


def test_columns_that_the_model_reads_go_by_their_names(tmp_path: Path) -> None:
    class Reader(NameTagger):
        columns = ("pos",)  # type: ignore[assignment]
        seen: ClassVar[list[Any]] = []

        def start(self, sentences: Any, scores: bool, threshold: Any, beside: Any) -> Any:
            self.seen += beside.columns
            return super().start(sentences, scores, threshold, beside)

    labels = datasets.Sequence(datasets.ClassLabel(names=["NOUN", "VERB"]))
    features = datasets.Features({"tokens": datasets.Sequence(datasets.Value("string")), "pos": labels})
    datasets.Dataset.from_dict({"tokens": [["Ada", "left"]], "pos": [[0, 1]]}, features=features).save_to_disk(
        tmp_path / "in"
    )
    tag_file(Reader(), tmp_path / "in", tmp_path / "out")  # type: ignore[arg-type]
    assert Reader.seen == [[["NOUN", "VERB"]]]
