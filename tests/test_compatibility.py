"""A model of the first release loads and answers the same for ever.

``tests/fixtures/model-1`` was written by version 0.1.0: a small network with every feature, trained on
``data/sample``, and what it said of 40 sentences. ``tests/fixtures/model-2`` is the same model, exported by the first
version that could. They are never written anew: if a test fails here, the package is wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.description import describe

FIXTURE = Path(__file__).parent / "fixtures" / "model-1"
ANSWERS: list[dict[str, Any]] = [
    json.loads(line) for line in (FIXTURE / "answers.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("name", ["model-1", "model-2"])
def test_the_model_of_the_first_release_answers_as_it_did(name: str) -> None:
    if name == "model-2":
        pytest.importorskip("onnxruntime")
    tagger = ner.load(FIXTURE.with_name(name) / "model")
    sentences = [answer["tokens"] for answer in ANSWERS]
    found = tagger.tag_tokens(sentences)
    assert [document.tags("IOB2")[0] for document in found] == [answer["tags"] for answer in ANSWERS]
    scores = [[entity.score for entity in document.entities] for document in found]
    for now, then in zip(scores, ANSWERS, strict=True):
        assert now == pytest.approx(then["scores"], abs=1e-5)
    assert sum(map(len, scores)) > 50
    marginals = [one.marginals.max(1).tolist() for one in tagger.explain(sentences)]
    for now, then in zip(marginals, ANSWERS, strict=True):
        assert now == pytest.approx(then["marginals"], abs=1e-5)


def test_it_is_of_format_one_and_uses_every_feature() -> None:
    description = describe(FIXTURE / "model")
    assert (description.format, description.version) == (1, "0.1.0")
    features = description.model.features
    assert features.clusters and features.gazetteers and features.shape_dim and description.model.chars.dim
    assert {path.name for path in (FIXTURE / "model").iterdir()} == {
        *description.files,
        "config.json",
        "metrics.json",
    }


def test_raw_text_too() -> None:
    (document,) = ner.load(FIXTURE / "model").stream([" ".join(ANSWERS[0]["tokens"])])
    assert document.entities
