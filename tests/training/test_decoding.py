"""The fitted threshold against every threshold decoded and scored one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest

import ner
from ner.evaluation.spans import count_spans
from ner.training.decoding import GRID, fit_threshold


def test_the_best_of_all_thresholds(tiny_model: Path, tiny_corpus: datasets.DatasetDict) -> None:
    predictor = ner.load(tiny_model).predictor
    tokens, gold = tiny_corpus["dev"]["tokens"][:], tiny_corpus["dev"]["tags"][:]
    found, counts = fit_threshold(predictor, tokens, gold)
    scores = {}
    for threshold in GRID:
        predicted = predictor.predict(tokens, threshold=threshold).tag_lists()
        scores[threshold] = count_spans(gold, predicted).f1
    assert scores[found] == pytest.approx(max(scores.values()))
    assert counts.f1 == pytest.approx(scores[found])


def test_partly_annotated_sentences_are_passed_over(tiny_model: Path) -> None:
    predictor = ner.load(tiny_model).predictor
    _, counts = fit_threshold(predictor, [["Ada"], ["Ada", "left"]], [["B-PER"], ["?", "O"]])
    assert counts.gold == 1


def test_the_threshold_is_kept_with_the_model(tiny_config: dict[str, Any]) -> None:
    result = ner.train({**tiny_config, "tagging": {"decoding": "f1"}})
    assert result.threshold in GRID
    tagger = ner.load(result.model)
    assert tagger.predictor.threshold == result.threshold
    sentence = [["Ada", "lives", "in", "Oslo", "."]]
    own = tagger.predict(sentence).span_lists()
    assert own == tagger.predict(sentence, threshold=result.threshold).span_lists()
