"""A corpus and a model so small that every test can afford them: three types, names that repeat."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch comes in: several test processes share few cores

import datasets
import pytest

if TYPE_CHECKING:
    from ner.tagger import Tagger

Rows = list[tuple[list[str], list[str]]]

PEOPLE = ["Ada", "Ada Lovelace", "Kofi Annan", "Grace Hopper", "Mei Lin", "Otto"]
PLACES = ["London", "New York", "Accra", "Rio de Janeiro", "Oslo"]
FIRMS = ["Acme", "Acme Corp.", "United Fruit Company", "Nokia"]
PATTERNS = [
    "PER lives in LOC .",
    "ORG of LOC hired PER today .",
    "In LOC , PER met PER .",
    "PER works for ORG",
    "the old market in LOC opens at 9 , said PER",
    "LOC LOC",
    "it rained .",
    "ORG bought ORG for 12 million .",
]
SIZES = {"train": 40, "dev": 12, "test": 12}


def _rows() -> Rows:
    """Distinct sentences in IOB2, the same ones every time."""
    chance = random.Random(7)
    names = {"PER": PEOPLE, "LOC": PLACES, "ORG": FIRMS}
    found: dict[tuple[str, ...], list[str]] = {}
    while len(found) < sum(SIZES.values()):
        tokens: list[str] = []
        tags: list[str] = []
        for word in PATTERNS[chance.randrange(len(PATTERNS))].split():
            name = chance.choice(names[word]).split() if word in names else [word]
            tokens += name
            tags += [f"{'I' if place else 'B'}-{word}" if word in names else "O" for place in range(len(name))]
        found[tuple(tokens)] = tags
    return [(list(tokens), tags) for tokens, tags in found.items()]


@pytest.fixture(scope="session")
def tiny_corpus() -> datasets.DatasetDict:
    """Splits train, dev and test with columns ``tokens`` and ``tags`` (IOB2); PER, LOC and ORG occur in each."""
    rows = iter(_rows())
    parts = {split: [next(rows) for _ in range(size)] for split, size in SIZES.items()}
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_dict({"tokens": [row[0] for row in part], "tags": [row[1] for row in part]})
            for split, part in parts.items()
        }
    )


@pytest.fixture(scope="session")
def tiny_files(tiny_corpus: datasets.DatasetDict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``train.conll``, ``dev.conll`` and ``test.conll``: word, blank, tag. Not to be written to."""
    folder = tmp_path_factory.mktemp("corpus")
    for split, part in tiny_corpus.items():
        blocks = (
            "".join(f"{token} {tag}\n" for token, tag in zip(row["tokens"], row["tags"], strict=True)) for row in part
        )
        (folder / f"{split}.conll").write_text("\n".join(blocks), encoding="utf-8")
    return folder


def _config(files: Path, output: Path) -> dict[str, Any]:
    return {
        "data": {split: str(files / f"{split}.conll") for split in SIZES},
        "model": {
            "words": {"dim": 8},
            "chars": {"dim": 4, "filters": 4, "dropout": 0.1},
            "features": {"shape_dim": 4},
            "encoder": {"hidden": 8, "dropout": 0.1},
        },
        "training": {
            "epochs": 2,
            "batch_size": 4,
            "seed": 1,
            "threads": 1,
            "optimizer": {"lr": 0.02},
        },
        "output": str(output),
    }


@pytest.fixture
def tiny_config(tiny_files: Path, tmp_path: Path) -> dict[str, Any]:
    """A configuration of two epochs over `tiny_files`, a run folder in ``tmp_path``; a test may change it."""
    return _config(tiny_files, tmp_path / "run")


@pytest.fixture(scope="session")
def tiny_model(tiny_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder, trained for long enough to find most names. Not to be written to: copy it first."""
    from ner.training.run import train

    config = _config(tiny_files, tmp_path_factory.mktemp("trained"))
    config["training"]["epochs"] = 12
    return train(config).model


@pytest.fixture(scope="session")
def tiny_tagger(tiny_model: Path) -> Tagger:
    """`tiny_model`, loaded."""
    from ner.tagger import load

    return load(tiny_model)
