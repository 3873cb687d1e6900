"""Suspects by cross-validation: exact probabilities, no model asked about what it has seen, and errors found."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch

import ner
from ner import suspecting
from ner.schemes import Span, to_spans, to_tags
from ner.tagger import Tagger
from tests.training.runs import Notes

Config = dict[str, Any]


def test_probabilities_are_those_of_all_paths(tiny_tagger: Tagger) -> None:
    """Every path enumerated, as the reading of its tags says."""
    tokens, annotated = ["Ada", "met", "Acme"], [Span("PER", 0, 1), Span("LOC", 1, 3)]
    predictor = tiny_tagger.predictor
    (belief,) = suspecting.believe(predictor, [(tokens, annotated, set())], least=1e-12)
    (batch,) = predictor.emitter.emit([tokens])
    tags = predictor.tagset.tags
    paths = torch.tensor(list(itertools.product(range(len(tags)), repeat=3)))
    many = batch.emissions.expand(len(paths), -1, -1)
    lengths = batch.lengths.expand(len(paths))
    chances = predictor.model.crf.log_prob(many, paths, lengths, predictor.temperature).exp().numpy()
    assert chances.sum() == pytest.approx(1, abs=1e-5)
    read = [to_spans([tags[number] for number in path]) for path in paths.tolist()]

    def summed(wanted: Any) -> float:
        return float(np.sum(chances, where=[wanted(spans) for spans in read]))

    for span, chance in {**belief.annotated, **belief.rivals}.items():
        assert chance == pytest.approx(summed(lambda spans, span=span: span in spans), abs=1e-5)
    for span, chance in belief.nothing.items():
        free = summed(lambda spans, own=span: not any(suspecting.overlap(one, own) for one in spans))
        assert chance == pytest.approx(free, abs=1e-5)
    assert set(belief.annotated) == set(annotated) <= set(belief.nothing)
    assert len(belief.rivals) > 5


def test_what_nobody_looked_at_and_unknown_types(tiny_tagger: Tagger) -> None:
    tokens = ["Ada", "lives", "in", "London", "."]
    (whole,) = suspecting.believe(tiny_tagger.predictor, [(tokens, [], set())])
    assert Span("LOC", 3, 4) in whole.rivals and Span("PER", 0, 1) in whole.rivals
    (part,) = suspecting.believe(tiny_tagger.predictor, [(tokens, [], {3})])
    assert set(part.rivals) == {span for span in whole.rivals if not span.start <= 3 < span.end}
    (odd,) = suspecting.believe(tiny_tagger.predictor, [(tokens, [Span("SHIP", 3, 4)], set())])
    assert not odd.annotated and not any(span.start <= 3 < span.end for span in odd.rivals)
    assert suspecting.believe(tiny_tagger.predictor, [([], [], set())])[0].rivals == {}


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_the_deal(folds: int) -> None:
    rows = [([str(number % 30)], ["O"], 0, number, "a") for number in range(40)]
    dealt = suspecting._deal(rows, folds, 1)
    assert sorted(index for fold in dealt for index in fold) == list(range(40))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 2
    of = {index: number for number, fold in enumerate(dealt) for index in fold}
    assert all(of[index] == of[index + 30] for index in range(10))  # equal sentences together
    assert dealt != suspecting._deal(rows, folds, 2)
    in_documents = [([str(number)], ["O"], number // 2, number, "a") for number in range(40)]
    of = {index: number for number, fold in enumerate(suspecting._deal(in_documents, folds, 1)) for index in fold}
    assert all(of[index] == of[index + 1] for index in range(0, 40, 2))


def test_no_model_has_seen_what_it_is_asked_about(tiny_config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[tuple[str, ...]]] = []
    asked: list[set[tuple[str, ...]]] = []
    train, believe = suspecting.train, suspecting.believe

    def training(config: Any, corpus: Any) -> Any:
        assert set(corpus) == {"train"}
        seen.append(set(map(tuple, corpus["train"]["tokens"][:])))
        return train(config, corpus)

    def believing(predictor: Any, sentences: Any, **beside: Any) -> Any:
        asked.append({tuple(tokens) for tokens, _, _ in sentences})
        return believe(predictor, sentences, **beside)

    monkeypatch.setattr(suspecting, "train", training)
    monkeypatch.setattr(suspecting, "believe", believing)
    tiny_config["data"]["dev"] = tiny_config["data"]["test"] = "there/is/none"
    ner.find_suspects(tiny_config, folds=4, epochs=1, seeds=(1, 2))
    assert len(seen) == 8 and not any(one & other for one, other in zip(seen, asked, strict=True))
    assert len(set.union(*asked[:4])) == sum(map(len, asked[:4])) == 40 == len(seen[0]) + len(asked[0])


@pytest.fixture
def corrupted(tiny_corpus: datasets.DatasetDict, tmp_path: Path) -> tuple[Path, int]:
    """The tiny training file in which one Oslo is no place, and the line of it."""
    tokens, tags = tiny_corpus["train"]["tokens"][:], tiny_corpus["train"]["tags"][:]
    spans = [to_spans(one) for one in tags]
    number, place = next(
        (number, span) for number, found in enumerate(spans) for span in found
        if tokens[number][span.start : span.end] == ["Oslo"]
    )  # fmt: skip
    tags[number] = to_tags([span for span in spans[number] if span != place], len(tags[number]), "IOB2")
    path, lines = tmp_path / "wrong.conll", ["# a comment"]
    for index, (words, marks) in enumerate(zip(tokens, tags, strict=True)):
        if index == number:
            line = len(lines) + 1 + place.start
        lines += [*(f"{word} {mark}" for word, mark in zip(words, marks, strict=True)), ""]
    path.write_text("\n".join(lines))
    assert lines[line - 1] == "Oslo O"
    return path, line


def test_a_removed_name_is_found_on_its_line(tiny_config: Config, corrupted: tuple[Path, int]) -> None:
    path, line = corrupted
    tiny_config["data"] = {"train": str(path)}
    found = ner.find_suspects(tiny_config, folds=4, epochs=15)
    named = next(one for one in found.ranked if one.place == f"{path}:{line}")
    assert named.kind == "missing" and named.reads(named.rival) == "Oslo (LOC)" and named.annotated is None
    assert found.sentences == 40
    odds = [one.log_odds for one in found.ranked]
    assert odds == sorted(odds, reverse=True)
    assert all(one.log_odds > 0 for one in found.ranked)
    assert json.loads(json.dumps(found.to_json()))["suspects"][0]["log_odds"] == round(found.ranked[0].log_odds, 6)


def test_jsonl_names_the_record(tiny_config: Config, corrupted: tuple[Path, int], tmp_path: Path) -> None:
    path, _ = corrupted
    ner.convert_file(path, tmp_path / "wrong.jsonl")
    tiny_config["data"] = {"train": str(tmp_path / "wrong.jsonl")}
    places = {one.place for one in ner.find_suspects(tiny_config, folds=2, epochs=3).ranked}
    assert places and all(0 < int(place.removeprefix(f"{tmp_path}/wrong.jsonl:")) <= 40 for place in places)


def test_context_of_sentences_that_were_dealt_out_alone(tiny_config: Config) -> None:
    tiny_config["model"]["encoder"]["context"] = 3
    notes = Notes()
    ner.find_suspects(tiny_config, folds=2, epochs=1, listener=notes)
    assert notes.notes[0].startswith("The data hold fewer than 4 documents")


def test_what_cannot_be(tiny_config: Config, tmp_path: Path) -> None:
    for arguments in ({"folds": 1}, {"epochs": 0}, {"seeds": ()}):
        with pytest.raises(ner.ConfigError, match="expected at least 2, 1 and 1"):
            ner.find_suspects(tiny_config, **arguments)
    with pytest.raises(ner.DataError, match="40 different sentences cannot be dealt out to 50 folds"):
        ner.find_suspects(tiny_config, folds=50)
    with pytest.raises(ner.DataError, match="nothing to look at"):
        ner.find_suspects({"data": {"dev": tiny_config["data"]["dev"]}})
