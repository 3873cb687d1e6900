"""Further columns of a file: as features, and as a second task of the training."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import datasets
import pytest
from safetensors.torch import load_file

import ner
from ner.errors import DataError
from ner.tagger import Tagger
from ner.tagging import tag_file
from ner.training.preparation import prepare
from tests.training.runs import Notes, Stop, Stopped, outcome

Row = tuple[str, str, str]


def rows(size: int, seed: int) -> list[list[Row]]:
    """Sentences of words that say nothing, with a column that says everything: N is a name."""
    chance = random.Random(seed)
    letters = "abcdefgh"
    sentences = []
    for _ in range(size):
        marks = [chance.choice("NVD") for _ in range(chance.randint(2, 6))]
        sentences.append([("".join(chance.choices(letters, k=4)), m, "B-X" if m == "N" else "O") for m in marks])
    return sentences


def text(sentences: list[list[Row]], tagged: bool = True) -> str:
    return "\n".join("".join(f"{' '.join(row if tagged else row[:2])}\n" for row in one) for one in sentences)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("columns")
    for split, size in (("train", 60), ("dev", 20)):
        (folder / f"{split}.conll").write_text(text(rows(size, size)), encoding="utf-8")
    return folder


def config(files: Path, output: Path, **model: Any) -> dict[str, Any]:
    return {
        "data": {"train": str(files / "train.conll"), "dev": str(files / "dev.conll")},
        "model": {
            "words": {"dim": 8},
            "chars": {"dim": 4, "filters": 4, "dropout": 0.0},
            "encoder": {"hidden": 8, "dropout": 0.1},
            **model,
        },
        "training": {"epochs": 5, "batch_size": 4, "threads": 1, "optimizer": {"lr": 0.03}},
        "output": str(output),
    }


@pytest.fixture(scope="module")
def tagger(files: Path) -> Tagger:
    result = ner.train(config(files, files / "run", features={"columns": 1, "column_dim": 4}))
    assert result.dev is not None and result.dev.micro.f1 > 0.95
    return result.tagger


SENTENCES = rows(10, 99)
EXPECTED = [[row[2] for row in one] for one in SENTENCES]


def tagged(tagger: Tagger, source: str, read: str) -> list[list[str]]:
    output = io.StringIO()
    tag_file(tagger, io.BytesIO(source.encode()), output, read=read, write="conll")
    blocks = [block.split("\n") for block in output.getvalue().strip().split("\n\n")]
    return [[line.split()[-1] for line in block if not line.startswith("#")] for block in blocks]


def test_every_way_in_reads_them(tagger: Tagger, files: Path, tmp_path: Path) -> None:
    assert tagger.columns == ["1"]
    assert tagged(tagger, text(SENTENCES), "conll") == EXPECTED
    assert tagged(tagger, text(SENTENCES, tagged=False), "conll") == EXPECTED
    assert tagged(tagger, "# a comment that is long\n" + text(SENTENCES), "conll") == EXPECTED
    records = [{"tokens": [row[0] for row in one], "1": [row[1] for row in one]} for one in SENTENCES]
    assert tagged(tagger, "\n".join(map(json.dumps, records)), "jsonl") == EXPECTED
    tokens, columns = ([record["tokens"] for record in records], [[record["1"]] for record in records])
    found = tagger.tag_tokens(tokens, columns=columns)
    assert [one.tags()[0] for one in found] == EXPECTED
    path = tmp_path / "test.conll"
    path.write_text(text(SENTENCES))
    assert ner.evaluate(tagger, path).scores.micro.f1 == 1.0
    assert ner.analyse_errors(tagger, path).to_json()["counts"]["correct"] == sum(map(len, EXPECTED)) - sum(
        tags.count("O") for tags in EXPECTED
    )
    assert ner.load(tagger.path).predict(tokens, beside=ner.Beside(columns=columns)).tag_lists() == [
        [tag.replace("B-", "S-") for tag in tags] for tags in EXPECTED
    ]


def test_where_they_are_missing_the_message_says_so(tagger: Tagger, tmp_path: Path) -> None:
    words = "\n".join("".join(f"{row[0]}\n" for row in one) for one in SENTENCES)
    with pytest.raises(DataError, match=r"1: there is no column 1, which the model reads beside the words"):
        tagged(tagger, words, "conll")
    with pytest.raises(DataError, match=r"1: holds text alone, and the model reads column 1 beside the words"):
        tagged(tagger, "Ada left.\n", "text")
    with pytest.raises(DataError, match=r":1: 1 has no list, and there are 2 tokens"):
        tagged(tagger, '{"tokens": ["a", "b"]}\n', "jsonl")
    with pytest.raises(DataError, match=r"beside the words, and there are words alone. .*--from conll"):
        tagger.tag("Ada left.")
    with pytest.raises(DataError, match="sentence 1 has 2 tokens, and columns with 1 values"):
        tagger.tag_tokens([["a", "b"]], columns=[[["N"]]])
    with pytest.raises(DataError, match="there are columns of 1 sentences, and 2 sentences"):
        tagger.tag_tokens([["a"], []], columns=[[["N"]]])
    (tmp_path / "two.conll").write_text("Ada B-X\n")
    with pytest.raises(DataError, match=r"two.conll:1: there is no column 1 beside words and tags"):
        ner.evaluate(tagger, tmp_path / "two.conll")


def test_values_that_training_did_not_see_say_nothing(tagger: Tagger) -> None:
    assert not tagger.predictor.model.columns[0].weight[0].any()
    assert tagger.predictor.encoder.columns is not None
    found = tagger.predictor.encoder.columns.encode([["a", "b"]], [[["N", "never"]]])
    assert found.tolist() == [[2], [0]]  # D, N, V


def test_columns_of_datasets_go_by_name(files: Path, tmp_path: Path) -> None:
    names = datasets.ClassLabel(names=["D", "N", "V"])
    features = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "pos": datasets.List(names),
            "tags": datasets.List(datasets.Value("string")),
        }
    )

    def split(size: int) -> datasets.Dataset:
        found = [list(zip(*one, strict=True)) for one in rows(size, size)]
        table = {
            "tokens": [list(one[0]) for one in found],
            "pos": [["DNV".index(mark) for mark in one[1]] for one in found],
            "tags": [list(one[2]) for one in found],
        }
        return datasets.Dataset.from_dict(table, features=features)

    corpus = datasets.DatasetDict({"train": split(60), "validation": split(20)})
    settings = config(files, tmp_path / "run", features={"columns": ["pos"]})
    settings["data"] = {}
    result = ner.train(settings, corpus)
    assert result.dev is not None and result.dev.micro.f1 > 0.95
    columns = result.tagger.predictor.encoder.columns
    assert columns is not None and (columns.names, columns.values) == (["pos"], [["D", "N", "V"]])


def test_a_second_head_is_learnt_and_left_behind(files: Path, tmp_path: Path) -> None:
    """Its values steer the encoder, so that the weights differ; the model folder is that of an ordinary model."""
    is_left_behind(files, tmp_path, auxiliary={"column": 1, "weight": 0.5})


def test_a_language_model_is_learnt_and_left_behind(files: Path, tmp_path: Path) -> None:
    is_left_behind(files, tmp_path, language_model={"weight": 0.5, "dim": 8})


def is_left_behind(files: Path, tmp_path: Path, **second: Any) -> None:
    runs = {}
    for name, options in {"plain": {}, "second": second}.items():
        settings = config(files, tmp_path / name, **options)
        settings["training"]["epochs"] = 1
        settings["data"]["test"] = str(tmp_path / "test.conll")
        (tmp_path / "test.conll").write_text("Ada B-X\n")  # only train needs the column
        runs[name] = ner.train(settings).model
    plain, other = (load_file(folder / "model.safetensors") for folder in runs.values())
    assert plain.keys() == other.keys()
    assert not plain["project.weight"].equal(other["project.weight"])
    assert not (runs["second"] / "columns.json").exists()
    assert ner.load(runs["second"]).tag("Ada left.").text == "Ada left."


def test_further_heads_are_resumed(files: Path, tmp_path: Path) -> None:
    heads = {"auxiliary": {"column": 1}, "language_model": {"weight": 0.2}}
    settings = {name: config(files, tmp_path / name, **heads) for name in ("whole", "cut")}
    for one in settings.values():
        one["training"] |= {"epochs": 2, "deterministic": True}
        one["data"]["test"] = str(files / "dev.conll")
    ner.train(settings["whole"])
    with pytest.raises(Stopped):
        ner.train(settings["cut"], listener=Stop(epoch=1))
    ner.train(settings["cut"], resume=True)
    assert outcome(tmp_path / "whole") == outcome(tmp_path / "cut")


def test_a_missing_column_is_named_before_the_training(files: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train.conll:1: there is no column 7 .*; there are 1\."):
        ner.train(config(files, tmp_path / "run", features={"columns": [1, 7]}))


def test_portions_and_students_have_them_too(files: Path, tagger: Tagger, tmp_path: Path) -> None:
    settings = config(files, tmp_path / "curve", features={"columns": [1]}, auxiliary={"column": 1})
    settings["training"]["epochs"] = 1
    assert ner.learning_curve(settings, [0.5]).points[0].sentences == 30
    (tmp_path / "unlabelled.conll").write_text(text(SENTENCES, tagged=False))
    teaching = {"teacher": str(tagger.path), "data": str(tmp_path / "unlabelled.conll")}
    prepared = prepare(
        ner.load_config({**settings, "distillation": teaching, "output": str(tmp_path / "student")}), None, Notes()
    )
    assert prepared.corpus["train"]["tags"][-len(EXPECTED) :] == EXPECTED
    assert prepared.targets is not None and prepared.targets.tags.max(1).min() > 0.5
