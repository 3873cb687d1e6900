"""The configuration: everything wrong in one message, nothing accepted silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config, checksum, field_names, load_config
from ner.errors import ConfigError

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_shipped_file_is_valid(path: Path) -> None:
    config = load_config(path)
    assert config.data.train or config.data.dataset
    assert config.output.startswith("runs/")
    assert load_config(config.model_dump()) == config


def test_there_are_files() -> None:
    assert {path.stem for path in FILES} >= {"quickstart", "conll2003-paper", "conll2003-best", "wnut17", "bc5cdr"}


def test_the_recipe_with_clusters_is_one_for_five_corpora() -> None:
    configs = [load_config(path).model_dump(exclude={"data", "output"}) for path in FILES if "clusters" in path.stem]
    assert len(configs) == 5 and all(config == configs[0] for config in configs)
    few = load_config(ROOT / "configs" / "crossner.yaml").model_dump(include={"model", "vectors"})
    assert few["model"].pop("language_model")["weight"] == 0  # a task for training, not a part of the network
    configs[0]["model"].pop("language_model")
    assert few == {key: configs[0][key] for key in ("model", "vectors")}


def test_the_checksum_is_of_everything_but_where_the_run_lies() -> None:
    config = load_config({"data": {"train": "a.conll"}})
    same = (
        load_config(config, ["output=there"]),
        load_config({"data": {"train": ["a.conll"]}, "training": {"seed": 1}}),
    )
    assert {checksum(config), *map(checksum, same)} == {checksum(config)} and len(checksum(config)) == 64
    assert checksum(load_config(config, ["training.seed=2"])) != checksum(config)


def test_overrides() -> None:
    config = load_config(
        {"data": {"train": "a.conll"}},
        ["training.epochs=3", "training.epochs=4", "vectors=[x.txt, y.txt]", "data.dev=b.conll", "output=here"],
    )
    assert config.training.epochs == 4
    assert config.vectors == ["x.txt", "y.txt"]
    assert config.data.train == ["a.conll"] and config.data.dev == ["b.conll"]
    assert config.output == "here"


def test_all_faults_come_at_once() -> None:
    tree = {
        "trainig": 1,
        "training": {"epoch": 3, "hidden": 2, "batch_size": "x", "optimizer": {"lr": -1}},
        "data": {"dataset": "a", "train": "b"},
    }
    with pytest.raises(ConfigError) as caught:
        load_config(tree, ["nonsense", "model.encoder.kind=foo", "training.ema=[1"])
    message = str(caught.value)
    assert "9 faults" in message
    for text in (
        "trainig: unknown key; did you mean training?",
        "training.epoch: unknown key; did you mean training.epochs?",
        "training.hidden: unknown key; did you mean model.encoder.hidden?",
        "training.batch_size: Input should be a valid integer",
        "training.optimizer.lr: Input should be greater than 0 (got -1)",
        "dataset and train/dev/test name two corpora",
        "'nonsense': expected section.key=value",
        "model.encoder.kind: Input should be 'lstm', 'peephole', 'gru', 'rnn' or 'none' (got 'foo')",
        "'training.ema=[1': the value is not valid YAML",
    ):
        assert text in message


def test_what_cannot_stand_together_is_said_beside_the_other_faults() -> None:
    tree = {
        "data": {"dataset": "a", "train": "b", "sep": "x", "unlabelled": "unknown"},
        "distillation": {"data": "x", "weight": -1},
    }
    with pytest.raises(ConfigError) as caught:
        load_config(tree)
    for text in (
        "5 faults",
        "data.sep: unknown key; did you mean data.separator?",
        "data: dataset and train/dev/test name two corpora",
        "data: unlabelled: unknown needs entity_share",
        "distillation.weight: Input should be greater than or equal to 0",
        "distillation: distillation needs both a teacher and data",
    ):
        assert text in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        load_config({"data": {"unlabelled": "unknown", "entity_share": "much"}})
    assert "entity_share: Input should be a valid number" in str(caught.value)
    assert "needs entity_share" not in str(caught.value)  # it is there, if wrong


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.encoder.hidden=true", "model.encoder.hidden: true is a truth value"),
        ("model.chars.widths=[true]", "model.chars.widths: true is a truth value"),
        ("training.patience=no", "training.patience: false is a truth value"),
        ("training.optimizer.lr=.inf", "training.optimizer.lr: Input should be a finite number"),
        ("model.encoder.forget_bias=.nan", "model.encoder.forget_bias: Input should be a finite number"),
        ("output=''", "output: '' is no name that a file can have"),
        ('output="a\\0b"', r"output: 'a\\x00b' is no name that a file can have"),
        ('data.train=["\\uD800"]', r"data.train.0: '\\ud800' is no name that a file can have"),
    ],
)
def test_values_that_are_taken_for_no_other(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config({}, [override])


def test_texts_that_are_numbers_and_names_that_are_bytes() -> None:
    config = load_config({"data": {"train": "n\udce9.conll"}}, ["training.optimizer.lr=1e-3", "training.epochs='3'"])
    assert (config.training.optimizer.lr, config.training.epochs) == (0.001, 3)
    assert config.data.train == ["n\udce9.conll"]


_KEYS = sorted({part for name in field_names() for part in name.split(".")})
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["lstm", "auto"])
)
_TREES = st.recursive(
    _LEAVES | st.lists(_LEAVES, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)


@given(
    st.dictionaries(st.sampled_from([*Config.model_fields]) | st.text(max_size=3), _TREES, max_size=5),
    st.lists(
        st.text(max_size=12) | st.tuples(st.sampled_from(field_names()), st.text(max_size=8)).map("=".join),
        max_size=3,
    ),
)
def test_any_tree_is_a_configuration_or_an_error(tree: dict[str, Any], overrides: list[str]) -> None:
    try:
        config = load_config(tree, overrides)
    except ConfigError as error:
        assert str(error).startswith("configuration: ")
    else:
        assert load_config(config.model_dump()) == config


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; configurations to start from are in configs/"):
        load_config(tmp_path / "missing.yaml")
    for content, message in (
        (b"a: [1", "not valid YAML"),
        (b"- 1\n- 2\n", "expected keys and values, got a list"),
        (b"\xff\xfe", "cannot be read"),
        (b"a: !!python/object/apply:os.system [id]\n", "not valid YAML"),
    ):
        path = tmp_path / "c.yaml"
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=message):
            load_config(path)


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("")
    assert load_config(path) == Config()


def test_the_mapping_given_is_left_alone() -> None:
    tree = {"training": {"epochs": 1}}
    load_config(tree, ["training.epochs=2"])
    assert tree == {"training": {"epochs": 1}}


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in field_names() if f"`{name}`" not in text] == []


def test_label_smoothing_is_of_the_softmax_head() -> None:
    with pytest.raises(ConfigError, match="model: label_smoothing is of the softmax head: set head: softmax too"):
        load_config({"model": {"label_smoothing": 0.1}})
    assert load_config({"model": {"label_smoothing": 0.1, "head": "softmax"}}).model.label_smoothing == 0.1


@pytest.mark.parametrize("key", ["model.chars.widths", "model.features.cluster_prefixes"])
def test_nobody_needs_thousands_of_them(key: str) -> None:
    assert load_config({}, [f"{key}={[3] * 32}"])
    with pytest.raises(ConfigError, match=rf"{key}: List should have at most 32 items"):
        load_config({}, [f"{key}={[3] * 33}"])


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ({"kind": "none"}, "language_model needs a recurrent encoder, and encoder.kind is none"),
        ({"layers": 2}, "language_model needs encoder.layers: 1, or encoder.bidirectional: false"),
    ],
)
def test_a_language_model_must_not_see_what_it_foretells(encoder: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config({"model": {"language_model": {"weight": 0.1}, "encoder": encoder}})
    with pytest.raises(ConfigError, match=r"model.heads: .*"):  # beside another fault, too
        load_config({"model": {"language_model": {"weight": 0.1}, "encoder": encoder, "heads": 1}})
    assert load_config({"model": {"encoder": encoder}}).model.language_model.weight == 0
    alone = {"layers": 2, "bidirectional": False}
    assert load_config({"model": {"language_model": {"weight": 0.1}, "encoder": alone}}).model.encoder.layers == 2
