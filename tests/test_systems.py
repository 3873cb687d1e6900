"""What is judged: the same predictions, however the system is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import datasets
import pytest

import ner
from ner import DataConfig, DataError, ModelError, Tagger
from ner.schemes import Span, to_spans
from ner.systems import predictions, read_gold


def test_models_runs_and_files_say_the_same(tiny_model: Path, tiny_tagger: Tagger, tiny_files: Path, tmp_path: Path):
    corpus = read_gold(tiny_files / "test.conll")
    evaluation = ner.evaluate(tiny_tagger, tiny_files / "test.conll")
    evaluation.write_predictions(tmp_path / "p.conll")
    ner.convert_file(tmp_path / "p.conll", tmp_path / "p.jsonl")
    ner.tag_file(tiny_tagger, str(tiny_files / "test.conll"), str(tmp_path / "tagged.conll"))
    files = [tmp_path / name for name in ("p.conll", "p.jsonl", "tagged.conll")]
    expected = [to_spans(tags) for tags in evaluation.predicted]
    assert any(expected)
    for system in (tiny_tagger, tiny_model, tiny_model.parent, *files):
        (run,) = predictions(system, corpus)
        assert [to_spans(tags) for tags in run] == expected


def test_a_folder_of_seeds_is_several_runs(tiny_config: dict, tiny_files: Path, tmp_path: Path):
    tiny_config["training"]["epochs"] = 6
    ner.train_seeds({**tiny_config, "output": str(tmp_path / "many")}, [10, 9])
    (tmp_path / "many" / "notes").mkdir()
    corpus = read_gold(tiny_files / "test.conll")
    found = list(predictions(tmp_path / "many", corpus))
    alone = [next(predictions(tmp_path / "many" / name, corpus)) for name in ("seed9", "seed10")]
    assert found == alone and found[0] != found[1]


def test_predictions_of_several_seeds_lie_in_a_folder(tiny_files: Path, tmp_path: Path):
    corpus = read_gold(tiny_files / "test.conll")
    for number in (10, 9):
        tags = iter(["B-PER"] * number)
        rows = [f"{token} {next(tags, 'O')}\n" for tokens in corpus.tokens for token in [*tokens, ""]]
        text = "".join("\n" if row.startswith(" ") else row for row in rows)
        (tmp_path / f"seed{number}.conll").write_text(text)
    (tmp_path / "notes.txt").touch()
    first, second = predictions(tmp_path, corpus)
    assert sum(map(len, map(to_spans, first))) < sum(map(len, map(to_spans, second)))
    (tmp_path / "seed9.conll.orig").touch()
    with pytest.raises(ModelError, match=r"seed9.conll and seed9.conll.orig are of one seed, which counts once"):
        next(predictions(tmp_path, corpus))


def test_models_are_judged_and_not_the_logs_beside_them(tiny_model: Path, tiny_files: Path, tmp_path: Path):
    corpus = read_gold(tiny_files / "test.conll")
    shutil.copytree(tiny_model, tmp_path / "seed1" / "model")
    (tmp_path / "seed1.log").write_text("epoch 1\n")
    assert list(predictions(tmp_path, corpus)) == list(predictions(tiny_model, corpus))


def test_copies_of_a_model_are_no_seeds(tiny_model: Path, tiny_files: Path, tmp_path: Path):
    for name in ("seed1", "seed2"):
        shutil.copytree(tiny_model, tmp_path / name / "model")
    with pytest.raises(ModelError, match="seed1 and seed2 are one model, which counts once"):
        list(predictions(tmp_path, read_gold(tiny_files / "test.conll")))


def test_models_of_other_labels_are_no_seeds(tiny_model: Path, tiny_config: dict, tiny_files: Path, tmp_path: Path):
    shutil.copytree(tiny_model, tmp_path / "all" / "seed1" / "model")
    path = tmp_path / "people.conll"
    path.write_text("Ada B-PER\nspoke O\n" * 3)
    data = {"train": str(path), "dev_fraction": 0.0}
    ner.train({**tiny_config, "data": data, "output": str(tmp_path / "all" / "seed2")})
    with pytest.raises(
        ModelError, match=r"different labels \(LOC, ORG, PER; in seed2: PER\): expected the seeds of one"
    ):
        list(predictions(tmp_path / "all", read_gold(tiny_files / "test.conll")))


@pytest.mark.parametrize("content, message", [
    ("Ada B-PER\nspoke O\n", r"p.conll:1: sentence 1 is 'Ada spoke', but in .*test.conll 'it rained \.'"),
    ("it O\nrained O\n. O\n", "predictions of 1 sentences, but .*test.conll has 2"),
    ("it O\nrained O\n. O\n\nOslo O\n\nOslo O\n", "predictions of 3 sentences"),
    ("it O\nrained O\n. O\n\nOslo town\n", "town"),
])  # fmt: skip
def test_predictions_of_something_else(tmp_path: Path, content: str, message: str):
    gold, path = tmp_path / "test.conll", tmp_path / "p.conll"
    gold.write_text("it O\nrained O\n. O\n\nOslo B-LOC\n")
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        list(predictions(path, read_gold(gold)))


def test_what_is_no_system(tiny_files: Path, tmp_path: Path):
    corpus = read_gold(tiny_files / "test.conll")
    for path, message in ((tmp_path / "none", "no such file or folder"), (tmp_path, "none in it has a model")):
        with pytest.raises(ModelError, match=message):
            list(predictions(path, corpus))


def test_lines_documents_and_places(tmp_path: Path):
    path = tmp_path / "a.conll"
    path.write_text("-DOCSTART- O\n\nAda B-PER\n\nin O\nOslo B-LOC\n\n-DOCSTART- O\n\nOtto B-PER\n")
    corpus = read_gold(path)
    assert corpus.tokens == [["Ada"], ["in", "Oslo"], ["Otto"]]
    assert corpus.documents == [0, 0, 1]
    assert corpus.places() == ["line 3", "line 5", "line 10"]


def test_places_in_a_folder_of_texts_name_the_file(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("Ada spoke.\n")
        (tmp_path / f"{name}.ann").write_text("T1\tPER 0 3\tAda\n")
    corpus = read_gold(tmp_path)
    assert corpus.places() == ["a.txt:1", "b.txt:1"]
    assert corpus.documents == [0, 1]


def test_corpora_in_memory(tiny_corpus: datasets.DatasetDict, tiny_files: Path):
    by_file, by_split = read_gold(tiny_files / "test.conll"), read_gold(tiny_corpus)
    assert (by_file.tokens, by_file.tags, by_file.scheme) == (by_split.tokens, by_split.tags, "IOB2")
    assert by_split.places() == []
    assert read_gold(tiny_corpus["dev"]).tokens == read_gold(tiny_corpus, split="dev").tokens != by_split.tokens
    with pytest.raises(DataError, match="no split 'tset', but train, dev, test"):
        read_gold(tiny_corpus, split="tset")


def test_what_nobody_looked_at_does_not_count(tmp_path: Path):
    path = tmp_path / "part.conll"
    path.write_text("Ada B-PER\nin O\nOslo ?\n")
    gold, found = read_gold(path, DataConfig(scheme="IOB2")).settled([["S-PER", "O", "S-LOC"]])
    assert gold == found == [[Span("PER", 0, 1)]]
