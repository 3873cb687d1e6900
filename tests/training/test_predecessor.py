"""A training that starts from a model: what is taken over, what is new, and what cannot go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset, DatasetDict

import ner
from ner.config import load_config
from ner.errors import ConfigError, ModelError
from ner.training.listener import Listener
from ner.training.preparation import Prepared, prepare
from tests.training.runs import Config, Stop, Stopped, outcome, run_of

SENTENCES = ["Zoë flew to Oslo in May .", "May Acme buy Żółw ?"]
TAGS = ["B-PER O O B-LOC O B-DATE O", "O B-ORG O B-PER O"]


@pytest.fixture
def other(tmp_path: Path) -> DatasetDict:
    """Two sentences with a word, a character and a label that the tiny model has never seen."""
    rows = {"tokens": [text.split() for text in SENTENCES], "tags": [text.split() for text in TAGS]}
    return DatasetDict({"train": Dataset.from_dict(rows), "dev": Dataset.from_dict(rows)})


def _starting(config: Config, model: Path, **more: Any) -> Config:
    return {**config, **more, "training": {**config["training"], "start_from": str(model)}}


def _prepared(config: Config, corpus: DatasetDict | None = None) -> Prepared:
    return prepare(load_config(config), corpus, Listener())


def test_on_the_same_corpus_it_goes_on_with_the_same_network(tiny_config: Config, tiny_model: Path) -> None:
    prepared = _prepared(_starting(tiny_config, tiny_model))
    old, tokens = ner.load(tiny_model), prepared.corpus["dev"]["tokens"][:]
    batch = prepared.encoded().batch(np.arange(len(prepared.corpus["train"])))
    gold = old.predictor.model.loss(batch)
    assert torch.allclose(prepared.network().eval().loss(batch), gold, atol=1e-4)
    assert len(tokens) and prepared.encoder.vocabulary.words == old.predictor.encoder.vocabulary.words


def test_words_characters_and_tags_are_matched_by_name(
    tiny_config: Config, tiny_model: Path, other: DatasetDict
) -> None:
    prepared = _prepared(_starting(tiny_config, tiny_model, data={}), other)
    new, tagger = prepared.network(), ner.load(tiny_model)
    old, theirs, mine = tagger.predictor.model, tagger.predictor.encoder, prepared.encoder

    def vector(model: Any, row: int) -> list[float]:
        return torch.cat([model.words.table.weight, model.words.table.fixed])[row].tolist()

    assert mine.vocabulary.lookup("Zoë") and mine.vocabulary.lookup("Żółw")
    assert set(theirs.vocabulary.words) < set(mine.vocabulary.words)
    for word in [*theirs.vocabulary.words, "never seen"]:
        assert vector(new, mine.vocabulary.lookup(word)) == vector(old, theirs.vocabulary.lookup(word)), word
    assert set(theirs.characters.characters) < set(mine.characters.characters) and "Ż" in mine.characters.characters
    assert new.words.chars is not None and old.words.chars is not None
    for sign in [*theirs.characters.characters, "漢"]:  # the last one neither has seen
        row, place = (int(one.characters.encode([sign], 4)[0, 0]) for one in (mine, theirs))
        assert torch.equal(new.words.chars.embedding.weight[row], old.words.chars.embedding.weight[place]), sign
    fresh = int(mine.characters.encode(["Ż"], 4)[0, 0])
    assert not torch.equal(new.words.chars.embedding.weight[fresh], old.words.chars.embedding.weight[1])
    for name, tensor in old.encoder.state_dict().items():
        assert torch.equal(new.encoder.state_dict()[name], tensor), name
    assert prepared.tagset.labels == ["DATE", "LOC", "ORG", "PER"]
    for one in ("O", "S-PER", "B-LOC"):
        for two in ("O", "I-LOC", "E-ORG"):
            here = new.crf.transitions[prepared.tagset.number(one), prepared.tagset.number(two)]
            assert here == old.crf.transitions[tagger.tagset.number(one), tagger.tagset.number(two)]
        assert torch.equal(
            new.project.weight[prepared.tagset.number(one)], old.project.weight[tagger.tagset.number(one)]
        )


def test_its_words_count_as_pretrained(tiny_config: Config, tiny_model: Path, other: DatasetDict) -> None:
    prepared = _prepared(_starting(tiny_config, tiny_model, data={}), other)
    lookup = prepared.encoder.vocabulary.lookup
    assert prepared.row_dropout[lookup("Oslo")] == np.float32(0.05)
    assert prepared.row_dropout[lookup("Zoë")] == np.float32(0.5)


def test_it_is_trained_saved_and_resumed(tiny_config: Config, tiny_model: Path, other: DatasetDict) -> None:
    config = _starting(tiny_config, tiny_model, data={})
    result = ner.train(config, other)
    assert result.dev is not None and "start_from" in (result.model / "README.md").read_text(encoding="utf-8")
    assert ner.load(result.model).labels == ["DATE", "LOC", "ORG", "PER"]
    with_test = DatasetDict({**other, "test": other["dev"]})
    whole, cut = ({**config, "output": f"{run_of(config)}-{name}"} for name in ("whole", "cut"))
    ner.train(whole, with_test)
    with pytest.raises(Stopped):
        ner.train(cut, with_test, listener=Stop(epoch=1))
    ner.train(cut, with_test, resume=True)
    assert outcome(run_of(whole)) == outcome(run_of(cut))


def test_another_scheme_or_head_begins_anew(tiny_config: Config, tiny_model: Path) -> None:
    config = _starting(tiny_config, tiny_model)
    for model in ({"scheme": "IOB2"}, {"head": "softmax"}):
        network = _prepared({**config, "model": {**tiny_config["model"], **model}}).network()
        old = ner.load(tiny_model).predictor.model
        assert torch.equal(network.encoder.state_dict()["layers.0.0.core.weight_ih_l0"],
                           old.encoder.state_dict()["layers.0.0.core.weight_ih_l0"])  # fmt: skip
        if "head" in model:
            assert not network.crf.transitions.any()


def test_clusters_come_with_the_model(tiny_config: Config, tmp_path: Path) -> None:
    paths, names = tmp_path / "paths.tsv", tmp_path / "names.txt"
    paths.write_text("london\t0011\noslo\t0010\nada\t11\n", encoding="utf-8")
    names.write_text("New York\n", encoding="utf-8")
    features = {**tiny_config["model"]["features"], "clusters": str(paths), "gazetteers": str(names)}
    config = {**tiny_config, "model": {**tiny_config["model"], "features": features}}
    model = ner.train(config).model
    paths.unlink(), names.unlink()
    again = {**_starting(config, model), "output": str(tmp_path / "again")}
    prepared = _prepared(again)
    old = ner.load(model).predictor.model.state_dict()
    new = prepared.network().state_dict()
    for name in ("words.clusters.3.weight", "gazetteers.0.weight"):
        assert torch.equal(new[name], old[name]) and new[name].any()
    with pytest.raises(ConfigError, match=r"model\.features\.clusters=.*paths\.tsv \(here None\)"):
        _prepared({**again, "model": tiny_config["model"]}).network()


def test_another_network_is_refused_before_anything_is_written(tiny_config: Config, tiny_model: Path) -> None:
    config = _starting(tiny_config, tiny_model)
    config["model"] = {**config["model"], "encoder": {"hidden": 9}, "chars": {"dim": 5, "filters": 4}}
    expected = r"(?s)start_from.*model\.chars\.dim=4 \(here 5\), model\.encoder\.hidden=8 \(here 9\)$"
    with pytest.raises(ConfigError, match=expected):
        ner.train(config)
    assert not list(run_of(config).glob("*.jsonl"))


def test_what_is_no_single_model(tiny_config: Config, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        _prepared(_starting(tiny_config, tmp_path / "nowhere"))
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "seed1").symlink_to(tiny_model)
    with pytest.raises(ConfigError, match="several models"):
        _prepared(_starting(tiny_config, tmp_path / "seeds"))
