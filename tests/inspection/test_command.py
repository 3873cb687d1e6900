"""``ner inspect`` on a trained model folder."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from ner.cli import app

SENTENCE = "Ada Lovelace lives in New York ."


@pytest.fixture
def run(tiny_model):
    def call(*arguments, status=0):
        result = CliRunner().invoke(app, ["inspect", str(tiny_model), *map(str, arguments)])
        assert result.exit_code == status, result.output
        return result.output

    return call


def test_a_sentence_as_table_picture_and_numbers(run, tmp_path):
    output = run(SENTENCE, "--plot", tmp_path / "inside.png", "--json", tmp_path / "inside.json")
    assert all(re.search(rf"^{re.escape(token)} ", output, re.MULTILINE) for token in SENTENCE.split())
    assert "half-life" in output
    assert (tmp_path / "inside.png").read_bytes().startswith(b"\x89PNG")
    tree = json.loads((tmp_path / "inside.json").read_text(encoding="utf-8"))
    assert tree["trace"]["tokens"] == SENTENCE.split()


def test_tokens_are_taken_as_they_are(run):
    assert re.search(r"^Lovelace\.It ", run("Ada Lovelace.It rained . Yes !", "--tokens"), re.MULTILINE)


def test_transitions(run, tmp_path):
    assert re.search(r"^\(start\) ", run("--transitions", "--plot", tmp_path / "t.html"), re.MULTILINE)
    assert "Which tag follows which" in (tmp_path / "t.html").read_text(encoding="utf-8")


def test_filters(run, tmp_path):
    assert "most exciting n-grams" in run("--filters", "--plot", tmp_path / "f.svg")
    assert (tmp_path / "f.svg").exists()


def test_neighbours(run):
    assert "Nearest to London" in run("--neighbours", "London")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected one of SENTENCE"),
        (["A b", "--transitions"], "expected one of SENTENCE"),
        (["--filters", "--neighbours", "London"], "expected one of SENTENCE"),
        (["--neighbours", "London", "--plot", "x.png"], "neighbours are text"),
        (["--neighbours", "Xyzzy"], "no vector"),
        (["Ada met Otto. It rained."], "2 sentences"),
        (["--transitions", "--plot", "x.gif"], "end in .png"),
        (["--transitions", "--json", "nowhere/x.json"], "No such file or directory. Make the folder"),
    ],
)
def test_mistakes_are_one_message(run, arguments, message):
    output = run(*arguments, status=1)
    assert output.startswith("error: ") and message in output and "Traceback" not in output
