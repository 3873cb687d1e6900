"""``ner train``, ``evaluate``, ``check``, ``convert`` and ``info`` as a user sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

import ner
from ner.corpus.read import read
from ner.schemes import to_spans
from tests.cli.conftest import Run
from tests.evaluation.conlleval import conlleval


def test_train(run: Run, tiny_config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(tiny_config))
    output = run("train", path, "training.epochs=1", "data.limit=20").stdout
    assert re.search(r"^train: 20 sentences, [0-9]+ tokens, [0-9]+ entities$", output, re.MULTILINE)
    assert len(re.findall(r"^ +1 +[0-9.]+ +", output, re.MULTILINE)) == 1
    for split in ("dev", "test"):
        assert re.search(rf"^{split}\n(.*\n)+?micro +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9]+$", output, re.MULTILINE)
    (model,) = re.findall(r"^Model: (\S+) ", output, re.MULTILINE)
    assert ner.load(model).labels == ["LOC", "ORG", "PER"]
    assert "(--resume)" in run("train", path, status=1).stderr
    again = run("train", path, "training.epochs=2", "data.limit=20", "--resume").stdout
    assert re.search(r"^ +2 +[0-9.]+ +", again, re.MULTILINE) and not re.search(
        r"^ +1 +[0-9.]+ +", again, re.MULTILINE
    )
    assert "Model: " in run("train", path, "training.epochs=1", "data.limit=20", "--overwrite").stdout


def test_evaluate(run: Run, tiny_model: Path, tiny_files: Path, tmp_path: Path) -> None:
    data, scores, predictions = tiny_files / "test.conll", tmp_path / "s.json", tmp_path / "p.conll"
    output = run("evaluate", tiny_model, data, "--json", scores, "--predictions", predictions).stdout
    found = json.loads(scores.read_text())
    assert list(found)[:4] == ["micro", "macro", "types", "strict"]
    for score in (found["micro"], found["macro"], found["types"]["PER"]):
        assert set(score) == {"precision", "recall", "f1", "support"}
    assert re.search(
        rf"^micro .* {100 * found['micro']['f1']:.2f} +{found['micro']['support']}$", output, re.MULTILINE
    )
    rows = [[row.split(" ") for row in block.split("\n")] for block in predictions.read_text().strip().split("\n\n")]
    correct, guessed, true, _ = conlleval(*([[row[place] for row in rows_] for rows_ in rows] for place in (1, 2)))
    assert found["micro"]["f1"] == 2 * correct.total() / (guessed.total() + true.total())
    assert json.loads(run("evaluate", tiny_model, data, "--json", "-").stdout) == found
    more = run("evaluate", tiny_model, data, "--thresholds", "--calibration", "--plots", tmp_path / "plots").stdout
    assert "best F1" in more and "calibration error" in more
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"thresholds.png", "calibration.png"}


def test_predictions_do_not_take_the_place_of_the_gold_file(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    gold = tmp_path / "gold.conll"
    gold.write_text("# a comment\nAda NNP B-PER\n")
    failed = run("evaluate", tiny_model, gold, "--predictions", gold, status=1)
    assert "is the input, too, and would be lost" in failed.stderr
    assert gold.read_text() == "# a comment\nAda NNP B-PER\n"


def test_evaluate_reads_any_format(run: Run, tiny_model: Path, tiny_files: Path, tmp_path: Path) -> None:
    data = tiny_files / "test.conll"
    expected = json.loads(run("evaluate", tiny_model, data, "--json", "-").stdout)
    for name, options in {
        "b.jsonl": [],
        "b.conll": ["--format", "columns"],
        "spans.jsonl": ["--tokenizer", "whitespace"],
    }.items():
        to = ["--to", "spans"] if name.startswith("spans") else ["--scheme", "BILOU"]
        run("convert", data, tmp_path / name, *to)
        found = json.loads(run("evaluate", tiny_model, tmp_path / name, *options, "--json", "-").stdout)
        assert found["micro"] == expected["micro"] and found["types"] == expected["types"]


def test_check(run: Run, tiny_files: Path, tiny_config: dict[str, Any], tmp_path: Path) -> None:
    files = [tiny_files / f"{split}.conll" for split in ("train", "dev", "test")]
    output = run("check", *files, "--json", tmp_path / "r.json").stdout
    assert output.startswith("Tags are in IOB2.") and re.search(r"^sentences +40 +12 +12$", output, re.MULTILINE)
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["splits"]["train"]["sentences"] == 40 and report["scheme"] == "IOB2"
    assert json.loads(run("check", *files, "--json", "-").stdout) == report
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(tiny_config))
    assert run("check", tmp_path / "my.yaml").stdout == output
    assert "says itself" in run("check", tmp_path / "my.yaml", files[1], status=1).stderr
    assert "says itself" in run("check", tmp_path / "my.yaml", "--tag-column", 1, status=1).stderr


def test_check_counts_vectors_and_stops_on_what_would_stop_a_training(
    run: Run, tiny_files: Path, tmp_path: Path
) -> None:
    good, bad, plain = tmp_path / "good.txt", tmp_path / "bad.txt", tmp_path / "plain.conll"
    words = sorted({line.split(" ")[0] for line in (tiny_files / "train.conll").read_text().splitlines() if line})
    good.write_text("".join(f"{word} 0.1 0.2\n" for word in words))
    bad.write_text("ঢাকা 0.1 0.2\n")
    plain.write_text("it O\nrained O\n")
    assert "100.0%" in run("check", tiny_files / "train.conll", "--vectors", good).stdout
    assert (
        "fatal: only 0.0% of the tokens of train"
        in run("check", tiny_files / "train.conll", "--vectors", bad, status=1).stdout
    )
    assert "100.0%" in run("check", tiny_files / "train.conll", "--vectors", bad, "--vectors", good).stdout
    assert "fatal: train has no entity" in run("check", plain, status=1).stdout


def test_labels_of_dev_that_train_lacks_are_a_warning(
    run: Run, tiny_files: Path, tiny_model: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "odd.conll"
    odd.write_text("Danube B-RIVER\nflows O\n")
    output = run("check", tiny_files / "train.conll", odd).stdout
    assert (
        "warning: labels of dev that train does not have: RIVER (1). They cannot be learned and count as misses"
        in output
    )
    assert re.search(r"^RIVER +0.00 +0.00 +0.00 +1$", run("evaluate", tiny_model, odd).stdout, re.MULTILINE)


def test_convert(run: Run, tiny_files: Path, tmp_path: Path) -> None:
    source = tiny_files / "test.conll"
    target = tmp_path / "b.conll"
    assert run("convert", source, target, "--scheme", "IOBES").output == ""
    before, after = list(read(source)), list(read(target))
    assert [one.tokens for one in before] == [one.tokens for one in after]
    assert [to_spans(one.tags or []) for one in before] == [to_spans(one.tags or []) for one in after]
    assert [one.tags for one in before] != [one.tags for one in after]
    assert run("convert", source, "-", "--scheme", "IOBES").stdout == target.read_text()


def test_convert_does_what_was_chosen_with_spans_that_cut_tokens(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "a.jsonl", tmp_path / "b.conll"
    source.write_text('{"text": "Londoners left", "entities": [{"start": 0, "end": 6, "label": "LOC"}]}\n')
    message = run("convert", source, target, status=1).stderr
    assert "a.jsonl:1: the LOC span 'London' (0-6) cuts the token 'Londoners'. Set --cut-spans widen" in message
    assert not target.exists()
    run("convert", source, target, "--cut-spans", "widen")
    assert target.read_text().startswith("Londoners\tB-LOC\n")
    run("convert", source, target, "--cut-spans", "drop")
    assert target.read_text().startswith("Londoners\tO\n")


def test_info(run: Run, tiny_model: Path) -> None:
    output = run("info", tiny_model).stdout
    assert output == run("info", tiny_model.parent).stdout
    lines = dict(re.split(" {1,}", line, maxsplit=1) for line in output.splitlines() if " data " not in line)
    assert lines["labels"] == "LOC, ORG, PER (13 tags in IOBES)"
    assert lines["encoder"] == "lstm, 1 layer of 8 units in each direction"
    assert re.search(
        r"^train data +40 sentences, [0-9]+ tokens, [0-9]+ entities, sha256 [0-9a-f]{12}$", output, re.MULTILINE
    )
    assert re.search(r"^test scores +precision [0-9.]+  recall [0-9.]+  F1 [0-9.]+$", output, re.MULTILINE)
    numbers = sum(tensor.numel() for tensor in ner.load(tiny_model).predictor.model.state_dict().values())
    assert lines["weights"].startswith(f"{numbers:,} parameters")


def test_info_does_without_scores(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    import shutil

    endless = '{"dev": {"micro": {"precision": 1' + "0" * 400 + "}}}"
    for broken in (None, "", "[]", '{"data": {"train": {}}}', '{"data": 3}', endless):
        copy = tmp_path / f"m{broken!r:.3}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tiny_model, copy)
        if broken is None:
            (copy / "metrics.json").unlink()
        else:
            (copy / "metrics.json").write_text(broken)
        assert run("info", copy).stdout.splitlines()[-1] == "scores       none stored"
    (copy / "metrics.json").write_text('{"data": {}, "dev": {"micro": {"precision": NaN, "recall": 0, "f1": NaN}}}')
    assert run("info", copy).stdout.splitlines()[-1].startswith("tokenizer")
