"""A corpus is checked the same, however it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml

import ner


def test_a_configuration_its_file_and_its_mapping(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(tiny_config), encoding="utf-8")
    config = ner.load_config(tiny_config)
    expected = ner.check(config.data).to_json()
    for data in (config, tiny_config, path, str(path)):
        assert ner.check(data).to_json() == expected


def test_the_vectors_of_a_configuration_count(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("in 1 2\n. 3 4\n", encoding="utf-8")
    config = {**tiny_config, "vectors": [str(path)]}
    expected = ner.check(ner.load_config(tiny_config).data, [str(path)]).to_json()
    assert ner.check(config).to_json() == expected != ner.check(tiny_config).to_json()


def test_tables_are_a_corpus(tiny_corpus: datasets.DatasetDict) -> None:
    assert ner.check(tiny_corpus).splits["test"].sentences == len(tiny_corpus["test"])
    assert ner.check(dict(tiny_corpus)).to_json() == ner.check(tiny_corpus).to_json()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ner.ConfigError, match="no such file"):
        ner.check(tmp_path / "my.yaml")
