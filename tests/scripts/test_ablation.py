"""The ablation takes out what a recipe has and nothing else, and compares seed by seed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ner.config import load_config
from ner.evaluation.spread import Spread
from tests.scripts.loading import script

ablation = script("ablation")


def test_only_parts_that_the_recipe_has_are_taken_out() -> None:
    whole = load_config({"training": {"ema": 0.9}, "model": {"features": {"shape_dim": 0}}, "output": "runs/x"})
    found = ablation.without_parts(whole, list(ablation.PARTS))
    assert list(found) == [
        "nothing",
        "characters",
        "recurrence",
        "CRF",
        "trained vectors",
        "word dropout",
        "character dropout",
        "encoder dropout",
        "averaged weights",
    ]
    assert found["nothing"].model_copy(update={"output": "runs/x"}) == whole
    assert found["averaged weights"].training.ema == 0 and found["averaged weights"].output.endswith(
        "averaged-weights"
    )
    assert found["CRF"].model.head == "softmax" and found["CRF"].training.ema == 0.9


@pytest.mark.parametrize("part", ablation.PARTS)
def test_every_part_is_one_that_a_recipe_may_have(part: str) -> None:
    full: dict[str, Any] = {
        "vectors": ["v.txt"],
        "model": {
            "constrained_training": True,
            "features": {"clusters": "c", "gazetteers": "g", "columns": [1], "group_dropout": 0.1},
            "encoder": {"context": 8, "recurrent_dropout": 0.1, "variational": True},
            "auxiliary": {"column": 2},
            "language_model": {"weight": 0.1},
        },
        "training": {"ema": 0.9, "optimizer": {"weight_decay": 0.1}},
        "tagging": {"decoding": "f1"},
    }
    if part == "label smoothing":
        full["model"] = {"head": "softmax", "label_smoothing": 0.1}
    assert part in ablation.without_parts(load_config(full), [part])


def test_differences_are_those_of_seeds() -> None:
    found = {"nothing": {"dev": Spread((0.5, 0.7))}, "shape": {"dev": Spread((0.4, 0.6))}}
    rows = [line.split() for line in ablation.table(found).splitlines()]
    assert rows[1:] == [["nothing", "60.00", "14.14"], ["shape", "50.00", "14.14", "-10.00", "0.00"]]


def test_from_the_command_line(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    import typer

    tiny_config["training"]["epochs"] = 1
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(tiny_config))
    app = typer.Typer()
    app.command()(ablation.main)
    done = CliRunner().invoke(app, [str(path), "--seeds", "1,2", "--parts", "shape"])
    assert done.exit_code == 0, done.output
    assert re.search(r"^shape +\d+\.\d\d +\d+\.\d\d +[+-]\d+\.\d\d +\d+\.\d\d$", done.stdout, re.MULTILINE)
    assert " test " not in done.stdout
    assert (tmp_path / "run-ablation" / "shape" / "seed2" / "model").is_dir()
