"""Learning from a teacher: targets in their places, weights, and what cannot go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ner
from ner.config import load_config
from ner.corpus.read import read
from ner.errors import ConfigError, DataError
from ner.features.batches import EncodedCorpus
from ner.schemes import convert
from ner.training.fixed import CONTENT, TAUGHT, changed_since, fixed_by
from ner.training.listener import Listener
from ner.training.preparation import prepare


def _config(tiny_config: dict[str, Any], teacher: Path, text: Path, **distillation: Any) -> dict[str, Any]:
    return {**tiny_config, "distillation": {"teacher": str(teacher), "data": str(text), **distillation}}


@pytest.fixture
def text(tmp_path: Path, tiny_files: Path) -> Path:
    """The dev sentences without their tags."""
    path = tmp_path / "silver.conll"
    lines = (tiny_files / "dev.conll").read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join(line.split("\t")[0].split(" ")[0] for line in lines), encoding="utf-8")
    return path


def test_targets_are_the_teachers_marginals(
    tiny_config: dict[str, Any], tiny_model: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("ner.modules.crf.CRF.expected_edges")  # of paths, about which nobody asked
    prepared = prepare(load_config(_config(tiny_config, tiny_model, text, weight=0.5)), None, Listener())
    corpus = prepared.encoded()
    teacher = ner.load(tiny_model)
    gold = len(prepared.corpus["train"]) - len(prepared.corpus["dev"])
    order = np.array([gold + 1, 0, gold])
    batch = corpus.batch(order)
    assert batch.taught is not None and batch.targets is not None and batch.weights is not None
    assert batch.taught.tolist() == [True, False, True]
    assert batch.weights.tolist() == [0.5, 1.0, 0.5]
    teacher.predictor.temperature = 1.0
    for row, number in ((0, gold + 1), (2, gold)):
        tokens = prepared.corpus["train"][number]["tokens"]
        marginals = teacher.explain([tokens])[0].marginals
        np.testing.assert_allclose(batch.targets[row, : len(tokens)], marginals, atol=1e-5)
    assert prepared.tagset.tags == teacher.tagset.tags


@pytest.mark.parametrize("targets", ["soft", "paths"])
def test_a_student_of_its_own_teacher_has_no_loss(
    tiny_config: dict[str, Any], tiny_model: Path, text: Path, targets: str
) -> None:
    prepared = prepare(load_config(_config(tiny_config, tiny_model, text, targets=targets)), None, Listener())
    corpus, teacher = prepared.encoded(), ner.load(tiny_model)
    model = teacher.predictor.model
    model.crf.constrained_training = True  # the teacher's probabilities are over legal paths
    batch = corpus.batch(np.arange(len(corpus)))
    assert batch.taught is not None
    silver = [
        tokens for tokens, taught in zip(prepared.corpus["train"]["tokens"][:], batch.taught, strict=True) if taught
    ]
    again = EncodedCorpus(
        teacher.predictor.encoder,
        silver,
        teacher.tagset,
        [["O"] * len(tokens) for tokens in silver],
        "IOB2",
        targets=corpus.targets,
    )
    losses = model.eval().loss(again.batch(np.arange(len(silver))))
    assert float(losses.detach().abs().max()) < 1e-3


def test_a_folder_of_seeds_teaches_together(tiny_config: dict[str, Any], text: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        training = {**tiny_config["training"], "seed": seed, "epochs": 4}
        ner.train({**tiny_config, "training": training, "output": str(tmp_path / "seeds" / f"seed{seed}")})
    config = _config(tiny_config, tmp_path / "seeds", text)
    prepared = prepare(load_config(config), None, Listener())
    ensemble = ner.Ensemble(tmp_path / "seeds")
    ensemble.predictor.temperature = 1.0
    silver = [tokens for tokens in sentences_of(text) if tokens]
    expected = np.concatenate([found.marginals for found in ensemble.explain(silver)])
    assert prepared.targets is not None
    np.testing.assert_allclose(prepared.targets.tags, expected, atol=1e-5)
    student = ner.train(config).tagger
    assert student.labels == ensemble.labels and not isinstance(student, ner.Ensemble)


def sentences_of(path: Path) -> list[list[str]]:
    """The sentences of a file with a token a line."""
    return [block.split("\n") for block in path.read_text(encoding="utf-8").strip().split("\n\n")]


@pytest.mark.parametrize("targets", ["soft", "paths", "hard"])
def test_without_gold_data(tiny_config: dict[str, Any], tiny_model: Path, text: Path, targets: str) -> None:
    config = _config(tiny_config, tiny_model, text, targets=targets)
    config["data"] = {key: value for key, value in config["data"].items() if key == "dev"}
    result = ner.train(config)
    assert result.dev is not None
    assert ner.load(result.model).labels == ner.load(tiny_model).labels


@pytest.mark.parametrize("split", ["dev", "train"])
def test_the_teachers_tags_do_not_decide_the_scheme(
    tiny_config: dict[str, Any], tiny_model: Path, tiny_files: Path, text: Path, tmp_path: Path, split: str
) -> None:
    gold = tmp_path / "iob1.conll"
    sentences = [one for one in read(tiny_files / "dev.conll")]
    blocks = [zip(one.tokens, convert(one.tags, "IOB1"), strict=True) for one in sentences]
    gold.write_text("\n\n".join("\n".join(map(" ".join, block)) for block in blocks) + "\n", encoding="utf-8")
    config = _config(tiny_config, tiny_model, text)
    config["distillation"]["data"] = [str(text)] * 5  # more than there is of gold
    config["data"] = {split: str(gold)}
    prepared = prepare(load_config(config), None, Listener())
    assert prepared.scheme == "IOB1"
    assert not any(report.illegal for report in prepared.report.splits.values())
    silver = prepared.corpus["train"]["tags"][-len(sentences) :]
    told = [found.tags("IOB1")[0] for found in ner.load(tiny_model).tag_tokens([one.tokens for one in sentences])]
    assert silver == told and any("I-" in tag for tags in told for tag in tags)


def test_of_what_a_checkpoint_fixes_other_targets_are_named(
    tiny_config: dict[str, Any], tiny_model: Path, text: Path
) -> None:
    before, now = (
        fixed_by(prepared, prepared.encoded())
        for targets in ("soft", "paths")
        if (
            prepared := prepare(
                load_config(_config(tiny_config, tiny_model, text, targets=targets)), None, Listener()
            )
        )
    )
    assert changed_since(before, before) == [] and changed_since(before, now) == [TAUGHT, CONTENT]
    del before[TAUGHT]
    assert changed_since(before, now) == [CONTENT], "a checkpoint of before"


def test_targets_change_what_is_learnt(tiny_config: dict[str, Any], tiny_model: Path, text: Path) -> None:
    losses = []
    for targets in ("soft", "paths", "hard"):
        prepared = prepare(load_config(_config(tiny_config, tiny_model, text, targets=targets)), None, Listener())
        model, corpus = prepared.network().eval(), prepared.encoded()
        losses.append(model.loss(corpus.batch(np.arange(len(corpus)))).detach())
    gold = len(losses[0]) - len(prepared.corpus["dev"])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        torch.testing.assert_close(losses[one][:gold], losses[other][:gold])
        assert not torch.allclose(losses[one][gold:], losses[other][gold:])
    # The divergence of whole paths is that of their tokens and of how these hang together.
    assert (losses[1] >= losses[0] - 1e-3).all()


def test_what_does_not_fit(tiny_config: dict[str, Any], tiny_model: Path, text: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="both a teacher and data"):
        load_config({**tiny_config, "distillation": {"teacher": "x"}})
    config = _config(tiny_config, tiny_model, text)
    config["model"] = {**config.get("model", {}), "scheme": "IOB2"}
    with pytest.raises(ConfigError, match=r"set model\.scheme=IOBES"):
        ner.train(config)
    other = tmp_path / "other.conll"
    other.write_text("a\tB-NEW\n\nb\tO\n\n" * 10, encoding="utf-8")
    config = _config(tiny_config, tiny_model, text)
    config["data"] = {"train": str(other)}
    with pytest.raises(DataError, match="does not know the label NEW"):
        ner.train(config)
