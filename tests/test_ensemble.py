"""Ensembles: the mean of the members' scores, held against their own probabilities of every reading."""

from __future__ import annotations

import math
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

import ner
from ner import Ensemble

SENTENCES = [["Ada", "works", "for", "Acme"], ["Oslo"], [], ["Mei", "Lin", "saw", "Rio", "de", "Janeiro", "twice"]]


@pytest.fixture(scope="module")
def seeds(tiny_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seeds; the third has another size of network."""
    folder = tmp_path_factory.mktemp("seeds")
    for seed, hidden in ((1, 8), (2, 8), (10, 6)):
        config = {
            "data": {split: str(tiny_files / f"{split}.conll") for split in ("train", "dev")},
            "model": {"words": {"dim": 8}, "chars": {"dim": 4, "filters": 4}, "encoder": {"hidden": hidden}},
            "training": {"epochs": 4, "batch_size": 4, "seed": seed, "threads": 1, "optimizer": {"lr": 0.02}},
            "output": str(folder / f"seed{seed}"),
        }
        ner.train(config)
    return folder


def test_probabilities_are_the_geometric_means_made_to_sum_to_one(seeds: Path) -> None:
    members = [ner.load(seeds / name) for name in ("seed1", "seed2", "seed10")]
    ensemble = Ensemble(seeds)
    for tagger in (*members, ensemble):
        tagger.predictor.temperature = 1.0
    (found,) = ensemble.explain([["Ada", "Oslo"]], n_best=10_000)
    own = [dict_of(member.explain([["Ada", "Oslo"]], n_best=10_000)[0].n_best) for member in members]
    products = {path: math.prod(one[path] for one in own) ** (1 / 3) for path in own[0]}
    total = sum(products.values())
    assert len(found.n_best) == len(products) == 19
    for tags, probability in found.n_best:
        assert probability == pytest.approx(products[tuple(tags)] / total, rel=1e-3, abs=1e-9)
    assert tuple(found.n_best[0][0]) == max(products, key=products.__getitem__)


def dict_of(readings: list[tuple[list[str], float]]) -> dict[tuple[str, ...], float]:
    return {tuple(tags): probability for tags, probability in readings}


def test_one_model_is_its_own_mean(tiny_model: Path) -> None:
    alone, ensemble = ner.load(tiny_model), Ensemble([tiny_model])
    assert ensemble.tag_tokens(SENTENCES) == alone.tag_tokens(SENTENCES)
    assert Ensemble(str(tiny_model)).tag_tokens(SENTENCES) == alone.tag_tokens(SENTENCES)
    assert ensemble.description.temperature == alone.description.temperature
    assert any(document.entities for document in alone.tag_tokens(SENTENCES))


def test_a_sentence_alone_and_in_company(seeds: Path) -> None:
    ensemble = Ensemble(seeds)
    together = ensemble.tag_tokens(SENTENCES)
    for tokens, document in zip(SENTENCES, together, strict=True):
        (alone,) = ensemble.tag_tokens([tokens])
        assert alone.tags("IOB2") == document.tags("IOB2")
        assert [entity.score for entity in alone.entities] == pytest.approx(
            [entity.score for entity in document.entities], abs=1e-5
        )


def test_half_precision_changes_little(seeds: Path) -> None:
    tokens = [["Ada", "works", "for", "Acme"]]
    (exact,), (rounded,) = (Ensemble(seeds, precision=precision).explain(tokens) for precision in ("fp32", "bf16"))
    assert rounded.marginals == pytest.approx(exact.marginals, abs=0.05)
    assert (rounded.marginals != exact.marginals).any()


def test_it_stands_where_a_tagger_may_stand(seeds: Path, tiny_files: Path) -> None:
    ensemble, test = Ensemble(seeds), tiny_files / "test.conll"
    evaluation = ner.evaluate(ensemble, test)
    assert evaluation.to_json()["model"]["path"] == str(seeds)
    found = ner.compare(seeds, ensemble, test, samples=50)
    assert found.f1[1] == (pytest.approx(evaluation.scores.micro.f1),)
    assert ner.analyse_errors(ensemble, test).counts()["correct"] == evaluation.scores.correct
    assert ensemble.labels == ["LOC", "ORG", "PER"]


def test_what_was_fitted_is_averaged_and_the_members_are_known(seeds: Path) -> None:
    members = [ner.load(seeds / name) for name in ("seed1", "seed2", "seed10")]
    ensemble = Ensemble(seeds)
    temperatures = [member.description.temperature for member in members]
    assert ensemble.predictor.temperature == pytest.approx(sum(temperatures) / 3)
    assert ensemble.predictor.threshold is None
    part = Ensemble([seeds / "seed1", seeds / "seed2"])
    known = {tagger.identity()["sha256"] for tagger in (*members, ensemble, part)}
    assert len(known) == 5


def test_thresholds_of_span_decoding_are_averaged(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    tiny_config["tagging"] = {"decoding": "f1"}
    found = ner.train_seeds(tiny_config, [1, 2])
    thresholds = [result.threshold for result in found.runs.values()]
    assert None not in thresholds
    assert Ensemble(found.folder).predictor.threshold == pytest.approx(sum(thresholds) / 2)
    path = ner.train({**tiny_config, "tagging": {}, "output": str(tmp_path / "path")}).folder
    with pytest.raises(ner.ModelError, match=r"cannot be averaged: they differ in tagging.decoding\."):
        Ensemble([path, found.runs[1].folder])


def test_a_copy_has_the_same_members(seeds: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(seeds, tmp_path / "seeds", ignore=shutil.ignore_patterns("checkpoint*")))
    ensemble = Ensemble(folder)
    packed = pickle.dumps(ensemble)
    assert pickle.loads(packed).tag_tokens(SENTENCES) == ensemble.tag_tokens(SENTENCES)
    shutil.rmtree(folder / "seed2")
    shutil.copytree(folder / "seed1", folder / "seed2")
    with pytest.raises(ner.ModelError, match="has changed since it was loaded; load it again"):
        pickle.loads(packed)


def test_what_cannot_be_averaged(seeds: Path, tiny_model: Path, tiny_config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "people.conll"
    path.write_text("Ada B-PER\nspoke O\n")
    other = ner.train({**tiny_config, "data": {"train": str(path), "dev_fraction": 0.0}}).folder
    with pytest.raises(ner.ModelError, match="they differ in their tags, their vocabularies"):
        Ensemble([tiny_model, other])
    with pytest.raises(ner.ModelError, match="no model: expected at least one"):
        Ensemble([])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ner.ModelError, match="none in it has a model"):
        Ensemble(tmp_path / "empty")
    with pytest.raises(ner.ConfigError, match="device nowhere"):
        Ensemble(seeds, device="nowhere")


def test_load_takes_the_folder_of_seeds(seeds: Path) -> None:
    loaded = ner.load(seeds)
    assert isinstance(loaded, Ensemble)
    assert loaded.tag_tokens(SENTENCES) == Ensemble(seeds).tag_tokens(SENTENCES)
