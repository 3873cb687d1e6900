"""Scores of a model on a corpus, held against a count of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

import ner
from ner import DataConfig, DataError, Tagger
from ner.corpus.beside import ALONE
from ner.prediction import Prediction
from ner.schemes import SCHEMES, convert, to_spans
from tests.evaluation.conlleval import conlleval


def corpus(path: Path) -> list[list[list[str]]]:
    """Rows of a column file, sentence by sentence."""
    blocks = path.read_text(encoding="utf-8").strip("\n").split("\n\n")
    return [[row.split("\t") if "\t" in row else row.split(" ") for row in block.split("\n")] for block in blocks]


def f1(correct: int, predicted: int, gold: int) -> tuple[float, float, float]:
    precision, recall = correct / predicted if predicted else 0.0, correct / gold if gold else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if correct else 0.0


def test_predictions_scored_by_conlleval_give_the_same(tiny_tagger: Tagger, tiny_files: Path, tmp_path: Path) -> None:
    evaluation = ner.evaluate(tiny_tagger, tiny_files / "test.conll")
    evaluation.write_predictions(tmp_path / "p.conll")
    lines = (tmp_path / "p.conll").read_text(encoding="utf-8").splitlines()
    assert all(len(line.split(" ")) == 3 for line in lines if line)  # as the original does without its option -d
    rows = corpus(tmp_path / "p.conll")
    assert [[row[:2] for row in sentence] for sentence in rows] == corpus(tiny_files / "test.conll")
    gold, predicted = ([[row[column] for row in sentence] for sentence in rows] for column in (1, 2))
    correct, guessed, true, right = conlleval(gold, predicted)
    scores = evaluation.to_json()
    micro = scores["micro"]
    assert (micro["precision"], micro["recall"], micro["f1"]) == pytest.approx(
        f1(correct.total(), guessed.total(), true.total())
    )
    assert micro["support"] == true.total() > 0
    for label, score in scores["types"].items():
        expected = f1(correct[label], guessed[label], true[label])
        assert (score["precision"], score["recall"], score["f1"]) == pytest.approx(expected)
    means = [
        sum(score[key] for score in scores["types"].values()) / len(scores["types"]) for key in ("precision", "f1")
    ]
    assert [scores["macro"]["precision"], scores["macro"]["f1"]] == pytest.approx(means)
    assert scores["accuracy"] == pytest.approx(right / sum(map(len, rows)))
    assert scores["illegal_transitions"] == 0


def test_illegal_transitions_are_those_of_the_model_before_its_tags_are_rewritten(
    tiny_tagger: Tagger, tiny_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(prediction: Prediction) -> list[list[str]]:
        return [["I-PER"] * int(size) for size in np.diff(prediction.starts)]

    monkeypatch.setattr(Prediction, "tag_lists", broken)
    scores = ner.evaluate(tiny_tagger, tiny_files / "test.conll").scores
    assert scores.illegal_transitions == 2 * scores.sentences  # none may begin with it, none may end
    assert scores.predicted == scores.sentences


def test_the_record_of_a_score(tiny_tagger: Tagger, tiny_files: Path) -> None:
    scores = json.loads(json.dumps(ner.evaluate(tiny_tagger, tiny_files / "test.conll").to_json()))
    assert list(scores)[:4] == ["micro", "macro", "types", "strict"]
    for score in (scores["micro"], scores["macro"], scores["strict"], *scores["types"].values()):
        assert {"precision", "recall", "f1", "support"} <= set(score)
        assert all(0 <= score[key] <= 1 for key in ("precision", "recall", "f1")) and isinstance(
            score["support"], int
        )
    assert set(scores["types"]) == {"LOC", "ORG", "PER"}
    assert set(scores["data"]) == {"sentences", "tokens", "entities", "sha256"}
    assert scores["data"]["sentences"] == 12
    assert scores["model"] == tiny_tagger.identity()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_predictions_are_written_in_the_scheme_of_the_corpus(
    tiny_tagger: Tagger, tiny_files: Path, tmp_path: Path, scheme: str
) -> None:
    sentences = corpus(tiny_files / "test.conll")
    gold = [convert([row[1] for row in sentence], scheme) for sentence in sentences]
    path = tmp_path / "gold.conll"
    path.write_text(
        "\n\n".join(
            "\n".join(f"{row[0]} {tag}" for row, tag in zip(*pair, strict=True))
            for pair in zip(sentences, gold, strict=True)
        )
    )
    options = DataConfig(scheme=scheme)
    evaluation = ner.evaluate(tiny_tagger, path, options)
    assert evaluation.gold == gold
    assert evaluation.predicted == [convert(tags, scheme) for tags in evaluation.predicted]
    reference = ner.evaluate(tiny_tagger, tiny_files / "test.conll").scores
    assert (evaluation.scores.micro, evaluation.scores.strict) == (reference.micro, reference.strict)


def test_datasets_files_and_folders_of_models(
    tiny_model: Path, tiny_corpus: datasets.DatasetDict, tiny_files: Path
) -> None:
    by_file = ner.evaluate(tiny_model, tiny_files / "test.conll")
    by_split = ner.evaluate(tiny_model, tiny_corpus)
    by_part = ner.evaluate(tiny_model, tiny_corpus["test"])
    by_dev = ner.evaluate(tiny_model, tiny_corpus, split="dev")
    assert by_file.scores == by_split.scores == by_part.scores
    assert by_file.data["sha256"] == by_part.data["sha256"] != by_dev.data["sha256"]
    with pytest.raises(DataError, match="no split 'tset', but train, dev, test"):
        ner.evaluate(tiny_model, tiny_corpus, split="tset")
    with pytest.raises(TypeError, match='split="test"'):
        ner.evaluate(tiny_model, tiny_corpus, "test")  # type: ignore[arg-type]


def test_labels_that_the_model_never_saw_are_misses(tiny_tagger: Tagger, tmp_path: Path) -> None:
    path = tmp_path / "new.conll"
    path.write_text("it O\nrained O\n. O\n\nDANUBE B-RIVER\nflows O\n")
    scores = ner.evaluate(tiny_tagger, path).scores
    assert scores.types["RIVER"].support == 1 and scores.types["RIVER"].recall == 0


def test_a_corpus_without_entities(tiny_tagger: Tagger, tmp_path: Path) -> None:
    path = tmp_path / "none.conll"
    path.write_text("it O\nrained O\n")
    evaluation = ner.evaluate(tiny_tagger, path)
    assert evaluation.scores.micro.support == 0
    assert "sha256" in evaluation.table()


def test_what_cannot_be_scored(tiny_tagger: Tagger, tmp_path: Path) -> None:
    for content, message in (
        (b"", "holds no sentence"),
        (b"Ada\nOtto\n", "words without tags"),
        (b"Ada B-PER\nOtto\n", r":2: 1 column"),
        (b"Ada \xe4\n", "is not UTF-8"),
    ):
        path = tmp_path / "bad.conll"
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            ner.evaluate(tiny_tagger, path)


def test_probabilities_are_computed_only_when_asked_for_and_once(
    tiny_tagger: Tagger, tiny_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, asked = tiny_tagger.predictor.predict, []

    def recording(sentences: Any, scores: bool = True, threshold: Any = "own", beside: Any = ALONE) -> Prediction:
        asked.append((scores, threshold))
        return predict(sentences, scores, threshold, beside)

    monkeypatch.setattr(tiny_tagger.predictor, "predict", recording)
    evaluation = ner.evaluate(tiny_tagger, tiny_files / "test.conll")
    evaluation.table(), evaluation.to_json()
    assert asked == [(False, "own")]
    for _ in range(2):
        evaluation.reliability(), evaluation.thresholds()
    assert asked == [(False, "own"), (True, "own"), (True, 0.05)]
    scored = [{(label, start, end) for label, start, end, _ in spans} for spans in evaluation.spans]
    assert scored == [set(map(tuple, to_spans(tags))) for tags in evaluation.predicted]


def test_confidence(tiny_tagger: Tagger, tiny_files: Path) -> None:
    evaluation = ner.evaluate(tiny_tagger, tiny_files / "test.conll")
    assert "calibration error" in evaluation.reliability().table()
    assert "best F1" in evaluation.thresholds().table()


def test_what_nobody_looked_at_counts_in_no_table(tiny_tagger: Tagger) -> None:
    tokens = [["Ada", "Lovelace", "lives", "in", "London", "."]] * 2
    tags = [["B-PER", "I-PER", "O", "O", "B-LOC", "O"], ["?", "?", "?", "?", "?", "?"]]
    data = datasets.Dataset.from_dict({"tokens": tokens, "tags": tags})
    evaluation = ner.evaluate(tiny_tagger, data)
    assert evaluation.scores.micro.f1 == 1.0
    assert [len(spans) for spans in evaluation.spans] == [2, 0]
    assert evaluation.candidates[0] and not evaluation.candidates[1]
    assert evaluation.reliability().precision == 1.0
