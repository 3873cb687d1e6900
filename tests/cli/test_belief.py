"""``ner train --seeds``, ``compare`` and ``errors`` as a user sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import ner
from tests.cli.conftest import Run


@pytest.fixture
def config(tiny_config: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(tiny_config))
    return path


def test_seeds(run: Run, config: Path, tmp_path: Path) -> None:
    output = run("train", config, "training.epochs=1", "--seeds", "2,5").stdout
    assert re.search(r"All of them together: ner tag \S+ FILE$", output.rstrip())
    assert output.count("train: 40 sentences") == 1
    assert "seed 5, run 2 of 2" in output
    assert len(re.findall(rf"^{tmp_path}/run/seed[25] +[25] +[0-9.]+ +[0-9.]+ +1", output, re.MULTILINE)) == 2
    assert len(re.findall("best on dev", output)) == 1
    assert re.search(r"^test F1 +([0-9.]+ *){4}$", output, re.MULTILINE)
    summary = json.loads((tmp_path / "run" / "seeds.json").read_text())
    assert [one["seed"] for one in summary["runs"]] == [2, 5]
    assert "go on with them (--resume)" in run("train", config, "--seeds", "2,5", status=1).stderr


def test_curve(run: Run, config: Path, tmp_path: Path) -> None:
    picture = tmp_path / "curve.png"
    output = run(
        "curve", config, "training.epochs=1", "--portions", "1,0.5", "--seeds", "1,2", "--plot", picture
    ).stdout
    assert re.search(r"^0.5 +20 +[0-9]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$", output, re.MULTILINE)
    assert re.search(r"^1 +40 ", output, re.MULTILINE)
    assert "From 20 to 40 sentences, dev F1 went from" in output
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "run" / "curve.json").read_text())["portions"][0]["sentences"] == 20
    assert "expected numbers separated by commas" in run("curve", config, "--portions", "half", status=1).stderr
    assert "(--overwrite)" in run("curve", config, "--portions", "0.5", "--seeds", "1", status=1).stderr
    again = run("curve", config, "training.epochs=1", "--portions", "0.5,1", "--seeds", "1,2", "--resume").stdout
    assert again.splitlines()[-5:] == output.splitlines()[-5:] and not re.search(
        r"^ +1 +[0-9.]+ ", again, re.MULTILINE
    )


def test_tune(run: Run, config: Path, tmp_path: Path) -> None:
    space, plots, saved = tmp_path / "space.yaml", tmp_path / "plots", tmp_path / "t.json"
    space.write_text("model.encoder.hidden: [4, 8]\nmodel.encoder.dropout: {low: 0.1, high: 0.5}\n")
    shared = ("tune", config, "training.epochs=1", "--space", space, "--no-pruning")
    output = run(*shared, "-n", 4, "--plots", plots, "--json", saved).stdout
    assert len(re.findall(r"^trial \d: dev F1 [0-9.]+ \(epoch 1\); model.encoder.hidden", output, re.MULTILINE)) == 4
    assert re.search(r"^study tune: 4 complete$", output, re.MULTILINE)
    assert output.endswith(f"Train it: ner train {tmp_path}/run/tune/best.yaml\n")
    assert all((plots / name).read_bytes().startswith(b"\x89PNG") for name in ("history.png", "importance.png"))
    found = json.loads(saved.read_text())
    assert found == json.loads(run(*shared, "-n", 4, "--json", "-").stdout) and len(found["trials"]) == 4
    space.write_text("model.encoder.hiden: [4, 8]\ntraining.seed: [1, 2]\n")
    message = run("tune", config, "--space", space, status=1).stderr
    assert message.startswith(f"error: {space}: 2 faults\n  model.encoder.hiden: unknown key; did you mean ")


@pytest.mark.parametrize("seeds", ["", "1,", "one", "1.5", "1 2"])
def test_seeds_that_are_none(run: Run, config: Path, seeds: str) -> None:
    message = run("train", config, "--seeds", seeds, status=1).stderr
    assert message == f"error: --seeds {seeds}: expected numbers separated by commas, such as 1,2,3\n"


def test_compare(run: Run, tiny_model: Path, tiny_files: Path, tmp_path: Path) -> None:
    data, predictions, saved = tiny_files / "test.conll", tmp_path / "p.conll", tmp_path / "c.json"
    predictions.write_text(re.sub(r"[BI]-\w+", "O", data.read_text()))
    output = run("compare", predictions, tiny_model, data, "--samples", 500, "--json", saved).stdout
    found = json.loads(saved.read_text())
    assert found["names"] == [str(predictions), str(tiny_model)]
    f1 = ner.evaluate(tiny_model, data).scores.micro.f1
    assert found["f1"] == [[0.0], [pytest.approx(f1)]] and f1 > 0.5
    assert found["significant"]
    assert output.endswith(found["verdict"] + "\n")
    assert f"The model {tiny_model} is better than the model {predictions} for new sentences" in output
    assert json.loads(run("compare", predictions, tiny_model, data, "--samples", 500, "--json", "-").stdout) == found
    assert "Nothing may be claimed" in run("compare", tiny_model, tiny_model, data).stdout
    assert "over 1 documents" in run("compare", tiny_model, predictions, data, "--unit", "documents").stdout


def test_errors(run: Run, tiny_model: Path, tiny_files: Path, tmp_path: Path) -> None:
    data = tmp_path / "odd.conll"
    data.write_text("it O\nrained B-PER\n. O\n\nAda B-ORG\nlives O\nin O\nLondon B-LOC\n")
    page, saved = tmp_path / "e.html", tmp_path / "e.json"
    output = run("errors", tiny_model, data, "--html", page, "--json", saved).stdout
    assert output.startswith("2 sentences; entities: 3 gold")
    assert re.search(r"^1 +missed +rained \(PER\) +- +line 1: it «rained» \.$", output, re.MULTILINE)
    assert re.search(r"^in training +gold", output, re.MULTILINE)
    assert "<title>Errors of" in page.read_text() and "line 1" in page.read_text()
    found = json.loads(saved.read_text())
    assert (
        found["counts"]["missed"] >= 1
        and len(found["errors"]) == sum(found["counts"].values()) - (found["counts"]["correct"])
    )
    assert json.loads(run("errors", tiny_model, data, "--json", "-").stdout) == found
    assert "rained (PER)" not in run("errors", tiny_model, data, "--limit", 0).stdout


def test_errors_of_predictions_alone_know_no_training(run: Run, tiny_files: Path) -> None:
    data = tiny_files / "test.conll"
    assert "name what the model was trained on (--train FILE)" in run("errors", data, data).stdout
    told = run("errors", data, data, "--train", tiny_files / "train.conll").stdout
    assert "(--train FILE)" not in told and re.search(r"^seen +[0-9]", told, re.MULTILINE)


def test_suspects(run: Run, config: Path, tiny_files: Path, tmp_path: Path) -> None:
    saved = tmp_path / "s.json"
    options = ("--suspects", "--folds", 2, "--epochs", 3)
    output = run("check", config, *options, "--json", saved, "--limit", 3).stdout
    assert "seed 1, fold 2 of 2: asked about 20 sentences" in output
    assert re.search(r"^\d+ suspects in 40 sentences with \d+ entities", output, re.MULTILINE)
    ranked = json.loads(saved.read_text())["suspects"]
    assert re.search(rf"^1 +{ranked[0]['place']} +{ranked[0]['kind']} ", output, re.MULTILINE)
    assert not re.search(r"^4 ", output, re.MULTILINE) and ranked[0]["place"].startswith(f"{tiny_files}/train.conll:")
    assert json.loads(run("check", config, *options, "--json", "-").stdout)["suspects"] == ranked
    assert "--seeds one: expected numbers" in run("check", config, "--suspects", "--seeds", "one", status=1).stderr
    jsonl = tmp_path / "t.jsonl"
    run("convert", tiny_files / "train.conll", jsonl)
    small = tmp_path / "small.jsonl"
    small.write_text("".join(jsonl.read_text().splitlines(keepends=True)[:12]))
    assert "suspects in 12 sentences" in run("check", small, "--suspects", "--folds", 2, "--epochs", 1).stdout


def test_suggest(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Ada lives in London .\nGrace Zorblatt of the old Acme met Xu in Ulan\nit rained .\n")
    records = [json.loads(line) for line in run("suggest", tiny_model, text).stdout.splitlines()]
    assert records[0]["text"].startswith("Grace") and records[0]["line"] == 2 and len(records) == 3
    assert run("suggest", tiny_model, text, "--limit", 1, "--to", "text").stdout == f"{records[0]['text']}\n"
    run("suggest", tiny_model, text, "--by", "confidence", "--to", "conll", "-o", tmp_path / "next.conll")
    assert (tmp_path / "next.conll").read_text().count("\n\n") >= 2
    piped = run("suggest", tiny_model, "-", "--limit", 1, input=text.read_text()).stdout
    before = text.read_text()
    assert "is the input, too" in run("suggest", tiny_model, text, "-o", text, status=1).stderr
    assert text.read_text() == before
    assert json.loads(piped)["text"] == records[0]["text"]
