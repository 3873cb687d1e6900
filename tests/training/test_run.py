from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from datasets import Dataset, DatasetDict

import ner
from ner.config import DataConfig, checksum, load_config
from ner.corpus.read import hold_out, load
from ner.errors import DataError, MissingExtraError, ModelError
from ner.evaluation.scores import score
from ner.persistence import load_model
from ner.torch_prediction import TorchPredictor
from ner.training.loop import Trainer
from ner.training.run import NOTHING_FOUND, Run, train
from tests.training.runs import Make, Notes, Stop, Stopped, epochs, outcome, run_of


def test_what_a_training_leaves_behind(make: Make, tiny_corpus: DatasetDict) -> None:
    config, notes = make(epochs=3), Notes()
    result = train(config, listener=notes)
    run = run_of(config)
    assert result.folder == run and result.model == run / "model"
    assert load_config(run / "config.yaml") == load_config(config)
    assert json.loads((run / "check.json").read_text())["splits"]["train"]["sentences"] == 40
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert lines == result.epochs and [line["epoch"] for line in lines] == [1, 2, 3]
    assert lines[2]["loss"] < lines[0]["loss"] and set(lines[0]["dev"]) == {"precision", "recall", "f1"}
    best = max(lines, key=lambda line: line["dev"]["f1"])  # the first of equals
    assert result.best_epoch == best["epoch"]
    assert notes.heard == ["checked", "started", *(
        heard for epoch in (1, 2, 3) for heard in [f"step of {epoch}"] * 10 + [f"epoch {epoch}"]
    )]  # fmt: skip
    assert notes.best[result.best_epoch - 1] and not any(notes.best[result.best_epoch :])


@pytest.mark.parametrize("f1", [0.0, 0.5])
def test_a_model_that_finds_nothing_is_told_of(make: Make, monkeypatch: pytest.MonkeyPatch, f1: float) -> None:
    notes = Notes()
    monkeypatch.setattr(Run, "_dev_counts", lambda run: {"precision": f1, "recall": f1, "f1": f1})
    train(make(epochs=1), listener=notes)
    assert (NOTHING_FOUND in notes.notes) == (f1 == 0)


def test_the_scores_are_those_of_the_model_that_is_left(make: Make, tiny_corpus: DatasetDict) -> None:
    config = make(epochs=4, optimizer={"lr": 0.05})
    result = train(config)
    assert result.dev is not None and result.test is not None
    for split, scores in (("dev", result.dev), ("test", result.test)):
        again = ner.evaluate(result.model, tiny_corpus, split=split).scores
        assert again.to_json() == scores.to_json()
    kept = result.epochs[result.best_epoch - 1]["dev"]
    assert kept["f1"] == pytest.approx(result.dev.to_json()["micro"]["f1"]) and kept["f1"] > 0
    rows = [line.split() for line in (run_of(config) / "predictions.conll").read_text().splitlines()]
    tokens = [row[0] for row in rows if row]
    assert tokens == [token for sentence in tiny_corpus["test"]["tokens"][:] for token in sentence]
    gold, predicted = ([[row[column] for row in rows if row]] for column in (1, 2))
    assert gold[0] == [tag for sentence in tiny_corpus["test"]["tags"][:] for tag in sentence]
    assert score(gold, predicted, "IOB2").to_json()["micro"] == result.test.to_json()["micro"]
    metrics = json.loads((result.model / "metrics.json").read_text())
    assert metrics["test"] == json.loads(json.dumps(result.test.to_json()))
    assert (
        metrics["epochs"] == 4 and metrics["best_epoch"] == result.best_epoch and metrics["best_dev_f1"] == kept["f1"]
    )
    evaluation = ner.evaluate(result.model, tiny_corpus)
    assert metrics["configuration"] == checksum(load_config(config)) == evaluation.to_json()["model"]["configuration"]
    shown = rf"<TrainResult {result.model}, best epoch \d of 4, dev F1 [\d.]+%, test F1 [\d.]+%>"
    assert re.fullmatch(shown, repr(result))
    assert repr(evaluation).endswith(f"model {result.model}>")
    assert str(run_of(config).parent) not in (result.model / "README.md").read_text()
    for report in (evaluation.table(), (result.model / "README.md").read_text()):
        assert metrics["configuration"][:12] in report
    assert metrics["data"]["test"]["sentences"] == 12 and len(metrics["data"]["train"]["sha256"]) == 64


def test_trained_saved_loaded_same_answer(make: Make, trainers: list[Trainer]) -> None:
    result = train(make())
    _, encoder, tagset, description = load_model(result.model)
    trained = TorchPredictor(trainers[0].model, encoder, tagset, temperature=description.temperature)
    sentences = [["Ada", "lives", "in", "Oslo"], ["nobody"]]
    predictors = trained, result.tagger.predictor, ner.load(run_of(make())).predictor
    one, *others = (torch.cat([b.emissions.flatten() for b in p.emitter.emit(sentences)]) for p in predictors)
    assert all(torch.equal(one, other) for other in others)
    found, *again = (predictor.predict(sentences) for predictor in predictors)
    for other in again:
        assert found.tag_lists() == other.tag_lists() and found.scores.tolist() == other.scores.tolist()


def test_the_best_epoch_is_kept_not_the_last(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    f1 = iter([0.1, 0.6, 0.3, 0.6])
    kept: list[dict[str, torch.Tensor]] = []

    def judged(run: Any) -> dict[str, float]:
        kept.append({name: tensor.clone() for name, tensor in run.model.state_dict().items()})
        return {"precision": 0.0, "recall": 0.0, "f1": next(f1)}

    monkeypatch.setattr("ner.training.run.Run._dev_counts", judged)
    result = train(make(epochs=4))
    assert result.best_epoch == 2  # of two that are equally good the first
    state = load_model(result.model)[0].state_dict()
    assert all(torch.equal(state[name], kept[1][name]) for name in state)
    assert not torch.equal(state["project.weight"], kept[3]["project.weight"])


@pytest.mark.parametrize(("patience", "expected"), [(1, 2), (2, 6), (None, 8)])
def test_patience(make: Make, monkeypatch: pytest.MonkeyPatch, patience: int | None, expected: int) -> None:
    f1 = iter([0.5, 0.5, 0.6, 0.7, 0.7, 0.1, 0.1, 0.1])
    monkeypatch.setattr(
        "ner.training.run.Run._dev_counts", lambda run: {"precision": 0.0, "recall": 0.0, "f1": next(f1)}
    )
    assert len(train(make(epochs=8, patience=patience)).epochs) == expected


def test_the_average_is_what_is_judged_and_kept(make: Make, trainers: list[Trainer]) -> None:
    config = make(epochs=1, ema=0.9)
    state = load_model(train(config).model)[0].state_dict()
    names = [name for name, parameter in trainers[0].model.named_parameters() if parameter.requires_grad]
    for name, average in zip(names, trainers[0].average.average, strict=True):
        assert torch.equal(state[name], average), name
    plain = {**make(epochs=1), "output": config["output"] + "-plain"}
    other = load_model(train(plain).model)[0].state_dict()
    assert not torch.equal(other["project.weight"], state["project.weight"])
    assert epochs(run_of(config))[0]["loss"] == epochs(run_of(plain))[0]["loss"]


def test_without_dev_some_of_train_is_held_out(make: Make, tiny_corpus: DatasetDict) -> None:
    config, notes = make(), Notes()
    del config["data"]["dev"]
    result = train(config, listener=notes)
    counts = json.loads((result.model / "metrics.json").read_text())["data"]
    assert result.dev is not None
    assert counts["dev"]["sentences"] == 4 and counts["train"]["sentences"] == 36
    assert any("held out" in note and "data.dev_fraction=0.1" in note for note in notes.notes)
    left = hold_out(load(DataConfig(), DatasetDict({"train": tiny_corpus["train"]})), 0.1, 1)["train"]
    known = (result.model / "words.txt").read_text(encoding="utf-8").splitlines()
    assert known == sorted({word for sentence in left["tokens"][:] for word in sentence})


def test_without_any_dev_the_last_epoch_is_kept(make: Make, tiny_corpus: DatasetDict) -> None:
    config = make(epochs=3, patience=1)
    config["data"] = {"dev_fraction": 0.0}
    result = train(config, DatasetDict({"train": tiny_corpus["train"]}))
    assert result.best_epoch == 3 and result.dev is None and result.test is None and result.temperature == 1.0
    assert [line["dev"] for line in result.epochs] == [None] * 3
    card = (result.model / "README.md").read_text(encoding="utf-8")
    assert "no dev data" in card and "best on dev" not in card
    assert not (run_of(config) / "predictions.conll").exists()


def test_a_corpus_in_memory(make: Make, tiny_corpus: DatasetDict, tmp_path: Path) -> None:
    from_files = train(make())
    renamed = DatasetDict(
        {"train": tiny_corpus["train"], "validation": tiny_corpus["dev"], "test": tiny_corpus["test"]}
    )
    in_memory = train({**make(), "data": {}, "output": str(tmp_path / "memory")}, renamed)
    assert outcome(in_memory.folder) == outcome(from_files.folder)


def test_labels_that_only_dev_and_test_know_are_misses(make: Make, tiny_corpus: DatasetDict) -> None:
    def with_misc(split: str) -> Dataset:
        rows = tiny_corpus[split].to_dict()
        rows["tags"][0] = ["B-MISC"] + ["O"] * (len(rows["tags"][0]) - 1)
        return Dataset.from_dict(rows)

    corpus = DatasetDict({"train": tiny_corpus["train"], "dev": with_misc("dev"), "test": with_misc("test")})
    notes = Notes()
    result = train({**make(), "data": {}}, corpus, listener=notes)
    assert result.test is not None
    assert result.test.to_json()["types"]["MISC"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert "MISC" not in result.tagger.labels
    problems = json.loads((result.folder / "check.json").read_text())["problems"]
    assert any("MISC" in json.dumps(problem) for problem in problems)


def vectors_in(tmp_path: Path, corpus: DatasetDict, dim: int = 3) -> dict[str, list[float]]:
    """A file of vectors for most words, in lower case."""
    words = sorted(
        {word.lower() for sentence in corpus["train"]["tokens"][:] for word in sentence} - {"ada", "million"}
    )
    table = {word: [number + place / 8 for place in range(dim)] for number, word in enumerate([*words, "unheard-of"])}
    lines = [f"{word} {' '.join(map(str, vector))}" for word, vector in table.items()]
    (tmp_path / "vectors.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


@pytest.mark.parametrize("fine_tune", [True, False])
def test_vectors(make: Make, tiny_corpus: DatasetDict, tmp_path: Path, fine_tune: bool) -> None:
    table = vectors_in(tmp_path, tiny_corpus)
    config = {**make(), "vectors": str(tmp_path / "vectors.txt")}
    config["model"] = {**config["model"], "words": {"dim": 99, "fine_tune": fine_tune}}
    result = train(config)
    (tmp_path / "vectors.txt").unlink()  # loading needs only the folder
    model, encoder, _, description = load_model(result.model)
    assert description.word_dim == 3
    whole = torch.cat([model.words.table.weight, model.words.table.fixed]).detach()
    kept = {word: torch.equal(whole[encoder.vocabulary.lookup(word)], torch.tensor(v)) for word, v in table.items()}
    assert kept["unheard-of"]
    assert all(kept.values()) is not fine_tune
    assert encoder.vocabulary.lookup("Ada") != encoder.vocabulary.lookup("zzz") == 0
    report = json.loads((result.folder / "check.json").read_text())["splits"]["train"]
    assert 0.8 < report["vector_tokens"] < 1


def test_vectors_that_fit_nothing_stop_the_training(make: Make, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("привет 1 2\nмир 3 4\n", encoding="utf-8")
    config = {**make(), "vectors": str(tmp_path / "vectors.txt")}
    with pytest.raises(DataError, match=r"training\.force=true"):
        train(config)
    assert not (run_of(config) / "config.yaml").exists()
    config["training"]["force"] = True
    train(config)  # nothing was begun that would have to be overwritten


def test_the_curve(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    config = make(plot=True)
    train(config)
    assert (run_of(config) / "curve.png").read_bytes().startswith(b"\x89PNG")

    def missing(*_: object) -> None:
        raise MissingExtraError("Plotting", "plots")

    monkeypatch.setattr("ner.training.run.new_figure", missing)
    steps = Notes()
    with pytest.raises(MissingExtraError, match="plots"):
        train(make(plot=True), overwrite=True, listener=steps)
    assert "started" not in steps.heard


def test_the_card_says_what_was_done(make: Make) -> None:
    config = make()
    config["model"] = {**config["model"], "head": "softmax", "chars": {"dim": 0}, "scheme": "BILOU"}
    result = train(config)
    card = (result.model / "README.md").read_text(encoding="utf-8")
    assert result.test is not None
    assert "word embeddings, BiLSTM and softmax" in card and "char-CNN" not in card
    assert "# Named entities: LOC, ORG, PER" in card and "in BILOU" in card and "Tagged in IOB2" in card
    assert f"epoch {result.best_epoch}, of 2 the best on dev; seed 1" in card
    assert f"| test | all (micro) | {result.test.to_json()['micro']['precision']:.2%} |" in card
    stored = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
    whole = yaml.safe_dump(load_config(config).model_dump(mode="json"))
    assert stored == yaml.safe_load(re.sub(r"/\S+/", "", whole)) != yaml.safe_load(whole)  # absolute paths are cut
    identity = json.loads((result.model / "metrics.json").read_text())["data"]["train"]
    assert f"| train | 40 | {identity['tokens']} | {identity['entities']} | `{identity['sha256'][:12]}` |" in card


def test_a_model_of_a_run_in_progress_is_whole(make: Make) -> None:
    with pytest.raises(Stopped):
        train(make(epochs=5), listener=Stop(step=15))
    result = ner.load(run_of(make()))
    assert result.labels == ["LOC", "ORG", "PER"]
    card = (run_of(make()) / "model" / "README.md").read_text(encoding="utf-8")
    assert "the training is not finished" in card and "of 1 the best on dev" in card
    with pytest.raises(ModelError, match="no such folder"):
        ner.load(run_of(make()).with_name("nowhere"))


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "nadam"])
def test_every_optimizer_learns(make: Make, name: str) -> None:
    rate = 0.1 if name == "sgd" else 0.02
    losses = [line["loss"] for line in train(make(epochs=4, optimizer={"name": name, "lr": rate})).epochs]
    assert losses[3] < 0.7 * losses[0]


def test_bf16_learns_and_is_evaluated_in_fp32(make: Make) -> None:
    result = train(make(epochs=4, precision="bf16"))
    assert result.epochs[3]["loss"] < 0.7 * result.epochs[0]["loss"]
    assert {tensor.dtype for tensor in load_model(result.model)[0].state_dict().values()} == {torch.float32}
    assert result.dev is not None and result.dev.to_json()["micro"]["f1"] == pytest.approx(
        result.epochs[result.best_epoch - 1]["dev"]["f1"]
    )
