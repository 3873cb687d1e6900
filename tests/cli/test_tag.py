"""``ner tag``: the thin way to `ner.tag_file`, which has tests of its own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ner import Tagger
from tests.cli.conftest import Run

TEXT = "Ada Lovelace lives in London.\n\nOtto met Mei Lin.\n"


def test_text_from_standard_input(run: Run, tiny_model: Path, tiny_tagger: Tagger) -> None:
    lines = [json.loads(line) for line in run("tag", tiny_model, input=TEXT).stdout.splitlines()]
    expected = [tiny_tagger.tag(line).to_dict() for line in TEXT.splitlines()]
    assert [{**line, "entities": [one["text"] for one in line["entities"]]} for line in lines] == [
        {**line, "entities": [one["text"] for one in line["entities"]]} for line in expected
    ]
    assert run("tag", tiny_model, "-", "--from", "text", "--to", "jsonl", input=TEXT).stdout.count("\n") == 3


def test_bytes_that_a_terminal_would_not_pass_on(run: Run, tiny_model: Path) -> None:
    content = "\ufeffAda\u2028B\tO\r\n\x0c\tO\r\n".encode()
    output = run("tag", tiny_model, "--from", "conll", input=content).stdout_bytes
    assert output.startswith("\ufeffAda\u2028B\tO\t".encode()) and output.count(b"\r\n") == 2


@pytest.mark.parametrize("write", ["text", "conll", "jsonl", "html"])
def test_the_same_to_a_file_as_to_standard_output(run: Run, tiny_model: Path, tmp_path: Path, write: str) -> None:
    source, target = tmp_path / "a.txt", tmp_path / "out"
    source.write_text(TEXT)
    shown = run("tag", tiny_model, source, "--to", write).stdout
    assert run("tag", tiny_model, source, "--to", write, "-o", target).output == ""
    assert target.read_text() == shown != ""
    assert run("tag", tiny_model, source, "--to", write, "--output", f"{target}.gz", "--threads", 1).output == ""
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()).decode() == shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "out", "out.gz"]


def test_columns_by_their_options(run: Run, tiny_model: Path) -> None:
    output = run("tag", tiny_model, "--from", "conll", "--word-column", 1, input="x Ada\ny lives\n").stdout
    assert [line.rsplit(" ", 1)[0] for line in output.splitlines()] == ["x Ada", "y lives"]
    output = run("tag", tiny_model, "--from", "conll", "--separator", "tab", input="New York\nin\n").stdout
    assert [line.rsplit("\t", 1)[0] for line in output.splitlines()] == ["New York", "in"]
    output = run("tag", tiny_model, "--from", "jsonl", "--tokens-key", "w", input='{"w": ["Ada"]}').stdout
    assert json.loads(output)["text"] == "Ada"


def test_schemes_and_confidence(run: Run, tiny_model: Path) -> None:
    content = "Ada\nlives\nin\nLondon\n"
    plain = run("tag", tiny_model, "--from", "conll", input=content).stdout
    assert run("tag", tiny_model, "--from", "conll", "--scheme", "bilou", input=content).stdout == plain.replace(
        "B-", "U-"
    )
    sure = run("tag", tiny_model, "--from", "conll", "--probabilities", input=content).stdout
    assert [line.rsplit(" ", 1)[0] for line in sure.splitlines()] == plain.splitlines()
    assert "no place in text, which holds no tags" in run(
        "tag", tiny_model, "--to", "text", "--scheme", "IOB2", input="Ada", status=1
    ).stderr  # fmt: skip
    assert "--n-best" in run("tag", tiny_model, "--n-best", 0, input="Ada", status=2).stderr
    readings = json.loads(
        run("tag", tiny_model, "--from", "conll", "--to", "jsonl", "--n-best", 2, input=content).stdout
    )
    assert len(readings["n_best"][0]) == 2
    assert "[" not in run("tag", tiny_model, "--to", "text", "--min-score", 1, input="Ada lives in London").stdout
    many = run("tag", tiny_model, "--to", "text", "--threshold", 0.01, input="Ada lives in London").stdout
    assert many.count("[") >= 2
