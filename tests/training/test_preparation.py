from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import DatasetDict

import ner
from ner.config import load_config
from ner.errors import ConfigError, DataError, ModelError
from ner.training.listener import Listener
from ner.training.preparation import Prepared, prepare
from tests.training.runs import Config, Notes


def prepared(config: Config, corpus: DatasetDict | None = None, **words: Any) -> Prepared:
    config = {**config, "model": {**config["model"], "words": {"dim": 8, **words}}}
    return prepare(load_config(config), corpus, Listener())


def test_missing_files_are_named_at_once(tiny_config: Config, tiny_corpus: DatasetDict, tmp_path: Path) -> None:
    words, clusters = str(tmp_path / "words.txt"), str(tmp_path / "paths")
    config = {**tiny_config, "vectors": [words]}
    with pytest.raises(DataError, match=r"words\.txt: no such file"):  # a single one by its reader
        prepared(config)
    config["data"] = {**config["data"], "test": [str(tmp_path / "test.conll")]}
    config["model"] = {**config["model"], "features": {"clusters": clusters, "gazetteers": [clusters]}}
    with pytest.raises(DataError, match=r"^3 files are missing: .*test\.conll, .*words\.txt, .*paths\. Check"):
        prepared(config)
    with pytest.raises(DataError, match=r"^2 files are missing: .*words\.txt, .*paths\. Check"):
        prepared(config, tiny_corpus)
    with pytest.raises(ModelError):  # what the model to start from brings is not read, and one file is left
        prepared({**config, "training": {**config["training"], "start_from": str(tmp_path / "none")}})


def test_vocabulary_characters_and_tags_are_those_of_train_alone(
    tiny_config: Config, tiny_corpus: DatasetDict
) -> None:
    rows = tiny_corpus["dev"].to_dict()
    rows["tokens"][0][0], rows["tags"][0][0] = "Ωmega", "B-NEW"
    corpus = DatasetDict({**tiny_corpus, "dev": tiny_corpus["dev"].from_dict(rows)})
    what = prepared({**tiny_config, "data": {}}, corpus)
    words = {word for sentence in tiny_corpus["train"]["tokens"][:] for word in sentence}
    assert set(what.encoder.vocabulary.words) == words
    assert set(what.encoder.characters.characters) == set("".join(words))
    assert what.tagset.labels == ["LOC", "ORG", "PER"] and what.scheme == "IOB2"


def test_rare_words_are_dropped_out_more(tiny_config: Config, tiny_corpus: DatasetDict, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("in 1 2\nofficial 1 2\n", encoding="utf-8")
    training = {**tiny_config["training"], "force": True}
    config = {**tiny_config, "vectors": str(tmp_path / "vectors.txt"), "training": training}
    what = prepared(config, dropout=0.1, rare_dropout=2.0)
    counts: dict[str, int] = {}
    for sentence in tiny_corpus["train"]["tokens"][:]:
        for word in sentence:
            counts[word] = counts.get(word, 0) + 1
    for word, count in counts.items():
        expected = 0.1 if word.lower() == "in" else max(0.1, 2.0 / (2.0 + count))
        assert what.row_dropout[what.encoder.vocabulary.lookup(word)] == pytest.approx(expected), word
    assert what.row_dropout[what.encoder.vocabulary.lookup("official")] == pytest.approx(0.1)
    assert len(set(what.row_dropout.tolist())) > 3
    assert (prepared(config, dropout=0.1, rare_dropout=0.0).row_dropout == np.float32(0.1)).all()


def test_the_network_before_its_first_step_depends_on_the_seed_alone(tiny_config: Config) -> None:
    one = prepared(tiny_config).network().state_dict()
    torch.rand(7)
    again = prepared(tiny_config).network().state_dict()
    other = prepared({**tiny_config, "training": {**tiny_config["training"], "seed": 2}}).network().state_dict()
    assert all(torch.equal(one[name], again[name]) for name in one)
    different = [name for name in one if not torch.equal(one[name], other[name])]
    assert "words.table.weight" in different and "encoder.layers.0.0.core.weight_ih_l0" in different


def test_held_out_sentences_do_not_hide_what_the_check_finds(tiny_config: Config, tiny_corpus: DatasetDict) -> None:
    corpus = DatasetDict({"train": tiny_corpus["train"]})
    what = prepared({**tiny_config, "data": {"dev_fraction": 0.25}}, corpus)
    assert set(what.corpus) == set(what.identity) == {"train", "dev"}
    assert what.identity["train"]["sentences"] == len(what.encoded()) == 30


def test_fatal_problems_are_all_named_and_may_be_overruled(tiny_config: Config, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("nothing 1 2\n", encoding="utf-8")
    config = {**tiny_config, "vectors": str(tmp_path / "vectors.txt")}
    notes = Notes()
    with pytest.raises(DataError, match=r"(?s)have a vector.*training\.force=true") as caught:
        prepare(load_config(config), None, notes)
    assert "\n" in str(caught.value) and notes.heard == ["checked"]
    config["training"] = {**config["training"], "force": True}
    assert prepare(load_config(config), None, notes).matrix.shape[1] == 2


def test_partial_tags_are_learnt_as_what_they_leave_open(tiny_config: Config, tiny_corpus: DatasetDict) -> None:
    rows = tiny_corpus["train"].to_dict()
    rows["tags"][3] = ["?"] * len(rows["tags"][3])
    corpus = DatasetDict({**tiny_corpus, "train": tiny_corpus["train"].from_dict(rows)})
    batch = prepared({**tiny_config, "data": {}}, corpus).encoded().batch(np.array([3, 4]))
    assert batch.tags is None and batch.allowed is not None
    assert batch.allowed[0, : len(rows["tags"][3])].all()
    assert (batch.allowed[1, : len(rows["tags"][4])].sum(-1) <= 2).all()


def test_clusters_may_start_from_the_vectors_of_their_words(
    tiny_config: Config, tiny_corpus: DatasetDict, tmp_path: Path
) -> None:
    words = sorted({word for sentence in tiny_corpus["train"]["tokens"][:] for word in sentence})
    lines = [f"{word} {number} {number % 7} 1" for number, word in enumerate(words)]
    (tmp_path / "vectors.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "paths.tsv").write_text("".join(f"{word}\t01\n" for word in words) + "new\t11\n", encoding="utf-8")
    features = {"clusters": str(tmp_path / "paths.tsv"), "cluster_prefixes": [1, 2], "cluster_start": "vectors"}
    model = {**tiny_config["model"], "features": features}
    config = {**tiny_config, "vectors": str(tmp_path / "vectors.txt"), "model": model}
    clusters = prepare(load_config(config), None, Listener()).network().words.clusters
    numbers = np.arange(len(words))
    mean = [numbers.mean(), (numbers % 7).mean(), 1]
    for embedding in clusters:
        weight = embedding.get_parameter("weight").detach().numpy()
        np.testing.assert_allclose(weight, [[0, 0, 0], mean, [0, 0, 0]], rtol=1e-5)
    tagger = ner.train(config).tagger
    assert tagger.predictor.model.words.clusters[0].get_parameter("weight").shape == (3, 3)
    with pytest.raises(ConfigError, match="cluster_start: vectors needs vectors"):
        prepare(load_config({**config, "vectors": []}), None, Listener())


def test_labels_that_no_model_could_name(tiny_config: Config, tiny_corpus: DatasetDict) -> None:
    rows = tiny_corpus["train"].to_dict()
    rows["tags"][0][0] = "B-" + "x" * 300_000
    corpus = DatasetDict({**tiny_corpus, "train": tiny_corpus["train"].from_dict(rows)})
    with pytest.raises(DataError, match=r"4 labels would make the model's config\.json larger than 1048576"):
        prepared({**tiny_config, "data": {}}, corpus)
