"""The script that holds answers against each other sees what differs."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from tests.scripts.loading import script

same_answers = script("same_answers")


def test_differences_are_counted() -> None:
    one = [{("PER", 0, 2): 0.9}, {}]
    assert same_answers.differences(one, one, [3, 2]) == "0 tags differ, scores by at most 0.0e+00"
    other = [{("PER", 0, 2): 0.8}, {("LOC", 0, 2): 0.5}]
    assert same_answers.differences(one, other, [3, 2]) == "2 tags differ, scores by at most 1.0e-01"


def test_a_tagger_answers_the_same_in_any_company(tiny_model: Path, tiny_files: Path) -> None:
    import typer

    app = typer.Typer()
    app.command()(same_answers.main)
    result = CliRunner().invoke(app, [str(tiny_model), str(tiny_files / "train.conll"), "--sizes", "1,7"])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()[1:]
    assert len(lines) == 6 and all(" 0 tags differ, scores by at most " in line for line in lines)
    assert all(float(line.rpartition(" ")[2]) < 1e-5 for line in lines)
