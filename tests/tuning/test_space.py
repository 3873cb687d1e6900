"""The space: what it may hold, and that everything wrong with it is said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ner
from ner.config import Config, load_config
from ner.tuning.space import Choice, Range, load_space

ROOT = Path(__file__).parent.parent.parent


class Drawn:
    """In place of a sampler: the lowest number and the last of the values."""

    def suggest_categorical(self, key: str, values: list[Any]) -> Any:
        return values[-1]

    def suggest_int(self, key: str, low: int, high: int, step: int, log: bool) -> int:
        assert all(type(one) is int for one in (low, high, step))
        return low

    def suggest_float(self, key: str, low: float, high: float, step: float | None, log: bool) -> float:
        return low


def test_every_kind_of_dimension() -> None:
    space = load_space(
        {
            "model.encoder.hidden": {"low": 100, "high": 300, "step": 50},
            "model.encoder.dropout": {"low": 0, "high": 1e-3},
            "training.optimizer.momentum": {"low": 0, "high": 0.5, "step": 0.25},
            "training.optimizer.weight_decay": {"low": 0, "high": 2},
            "training.optimizer.lr": {"low": 1e-4, "high": 1e-2, "log": True},
            "training.epochs": {"low": 1, "high": 64, "log": True},
            "training.patience": [None, 3],
            "model.chars.widths": [[3], [2, 3]],
            "training.optimizer": [{"name": "sgd", "lr": 0.015}, {"name": "adamw"}],
        },
        Config(),
    )
    assert space["model.encoder.hidden"] == Range(100, 300, False, 50, True)
    assert space["training.epochs"] == Range(1, 64, True, None, True)
    whole = {key: one.whole for key, one in space.items() if isinstance(one, Range)}
    assert [key for key, is_whole in whole.items() if is_whole] == ["model.encoder.hidden", "training.epochs"]
    values = space.suggest(Drawn())
    assert values["model.chars.widths"] == [2, 3] and values["training.optimizer"] == {"name": "adamw"}
    assert values["model.encoder.hidden"] == 100 and values["training.patience"] == 3
    assert space["model.chars.widths"].names() == ["[3]", "[2, 3]"]  # type: ignore[union-attr]
    assert space.read({"model.chars.widths": "[3]", "training.patience": None, "training.epochs": 7}) == {
        "model.chars.widths": [3],
        "training.patience": None,
        "training.epochs": 7,
    }


def test_where_a_configuration_lies() -> None:
    config = Config()
    inside = {
        "model.encoder.hidden": {"low": 100, "high": 300, "step": 50},
        "training.patience": [None, 3],
        "model.chars.widths": [[3], [2, 3]],
        "training.optimizer.lr": {"low": 0.001, "high": 0.01, "log": True},
    }
    assert load_space(inside, config).point(config) == {
        "model.encoder.hidden": 200,
        "training.patience": None,
        "model.chars.widths": "[3]",
        "training.optimizer.lr": 0.002,
    }
    for outside in (
        {"model.encoder.hidden": {"low": 110, "high": 300, "step": 50}},
        {"model.encoder.hidden": {"low": 201, "high": 300}},
        {"training.patience": [2, 3]},
        {"training.optimizer.name": ["sgd", "nadam"]},
    ):
        assert load_space({**inside, **outside}, config).point(config) is None


def test_the_grid() -> None:
    space = load_space(
        {
            "model.encoder.hidden": {"low": 10, "high": 35, "step": 10},
            "model.encoder.dropout": {"low": 0.1, "high": 0.3, "step": 0.1},
            "model.encoder.layers": {"low": 1, "high": 2},
            "training.patience": [None, 3],
        },
        Config(),
    )
    points = space.grid()
    assert len(points) == 3 * 3 * 2 * 2 == len({tuple(point.values()) for point in points})
    assert {point["model.encoder.dropout"] for point in points} == {0.1, 0.2, 0.3}
    assert {point["model.encoder.hidden"] for point in points} == {10, 20, 30}
    with pytest.raises(ner.ConfigError, match=r"which training.optimizer.lr has not: give them, or take --sampler"):
        load_space({"training.optimizer.lr": {"low": 0.1, "high": 0.2}}, Config()).grid()
    with pytest.raises(ner.ConfigError, match=r"the grid has 2,000 points"):
        load_space({"training.epochs": {"low": 1, "high": 2000}}, Config()).grid()


def test_all_errors_at_once(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("""\
model.encoder.hiden: [100, 200]
batch_size: [8, 16]
modle.encoder.layers: {low: 1, high: 2}
model.encoder.hidden: [100, many, -1]
model.encoder.layers: [2]
model.encoder.dropout: {low: 0.5, high: 1.5}
training.optimizer.lr: {low: 1e-4, high: 1e-2}
training.optimizer.decay: {low: 0, high: 0.1, log: true}
training.optimizer.warmup: {low: 2, high: 1}
training.optimizer.clip: {low: 1, high: 2, step: 3}
training.seed: [1, 2]
training.ema: 0.5
data.dev: [a, b]
data: [{}, {}]
output: [a, b]
training.batch_size: {from: 8, to: 16}
""")
    with pytest.raises(ner.ConfigError) as caught:
        load_space(path, Config())
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: 17 faults"
    for expected in (
        "model.encoder.hiden: unknown key; did you mean model.encoder.hidden?",
        "batch_size: unknown key; did you mean training.batch_size?",
        "modle: unknown key; did you mean model?",
        "model.encoder.hidden: Input should be a valid integer, unable to parse string as an integer (got 'many')",
        "model.encoder.hidden: Input should be greater than 0 (got -1)",
        "model.encoder.layers: expected at least two values, and none twice (got [2])",
        "model.encoder.dropout: Input should be less than 1 (got 1.5)",
        "training.optimizer.lr: low, high and step are numbers, and YAML reads 1e-3 as text",
        "training.optimizer.decay: a logarithmic range begins above 0 and has no step",
        "training.optimizer.warmup: low is not below high (got 2 and 1)",
        "training.optimizer.clip: step is above 0 and at most high - low (got 3)",
        "training.seed: is not to be varied: a seed is luck",
        "training.ema: expected a list of values, or a range such as",
        "data.dev: is not to be varied: all trials are held against the same dev data",
        "data: is not to be varied",
        "output: is not to be varied: every trial has a folder of its own in it",
        "training.batch_size: expected a list of values, or a range such as",
    ):
        assert sum(line.startswith(f"  {expected}") for line in lines) == 1, expected


@pytest.mark.parametrize("text, says", [
    ("", r"got nothing"),
    ("[1, 2]", r"expected keys of the configuration and what they may be, got a list"),
    ("a: [1, 2]\na: [1, 2]", r"found the key 'a' twice"),
    ("a: !!python/object/apply:os.getcwd []", r"is not valid YAML"),
])  # fmt: skip
def test_what_is_no_space(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(text)
    with pytest.raises(ner.ConfigError, match=says):
        load_space(path, Config())


def test_a_missing_file_and_an_empty_mapping(tmp_path: Path) -> None:
    with pytest.raises(ner.ConfigError, match=r"no such file; a space to start from is configs/spaces/usual.yaml"):
        load_space(tmp_path / "no.yaml", Config())
    with pytest.raises(ner.ConfigError, match=r"space: holds no key to vary"):
        load_space({}, Config())


def test_a_value_that_only_other_keys_forbid_is_left_to_the_trial() -> None:
    space = load_space({"data.unlabelled": ["O", "unknown"], "data.entity_share": [0.1, 0.2]}, Config())
    assert space["data.unlabelled"] == Choice(("O", "unknown"))


def test_a_value_that_goes_with_none_of_the_others_is_told_of_before_trials_are_lost() -> None:
    config = load_config(ROOT / "configs" / "wikigold-clusters.yaml")
    layers = {"model.encoder.layers": [1, 2], "training.batch_size": [8, 16]}
    expected = (
        r"space: model\.encoder\.layers: 2 goes with nothing else .*language_model needs encoder\.layers: 1.*drop it"
    )
    with pytest.raises(ner.ConfigError, match=expected):
        load_space(layers, config)
    assert load_space({**layers, "model.encoder.bidirectional": [True, False]}, config)  # with the second it does


SHIPPED = {"usual": ("wikigold", "bc5cdr"), "clusters": ("wikigold-clusters", "wnut17-clusters")}


def test_no_space_is_shipped_untried() -> None:
    assert {path.stem for path in (ROOT / "configs" / "spaces").glob("*.yaml")} == SHIPPED.keys()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_spaces_that_are_shipped_hold_the_configurations_as_they_are(name: str) -> None:
    load_space(ROOT / "configs" / "spaces" / f"{name}.yaml", load_config(ROOT / "configs" / "quickstart.yaml"))
    for around in SHIPPED[name]:
        config = load_config(ROOT / "configs" / f"{around}.yaml")
        assert load_space(ROOT / "configs" / "spaces" / f"{name}.yaml", config).point(config) is not None
