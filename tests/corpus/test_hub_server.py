"""Hub names, with the real libraries against a hub on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from ner.corpus.hub import PARQUET_REVISION
from tests.corpus.hub_server import serving

SPLITS = ("train", "validation", "test")
LOAD = """
import json, sys
from ner import DataConfig, NerError
from ner.corpus.read import load
for name in sys.argv[1:]:
    try:
        found = {split: part["tokens"][:] for split, part in load(DataConfig(dataset=name)).items()}
    except NerError as error:
        found = str(error)
    print(json.dumps(found), flush=True)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    file = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    tags = datasets.Sequence(ClassLabel(names=["O", "B-PER", "I-PER"]))

    def parquet(word):
        features = Features({"tokens": datasets.Sequence(Value("string")), "ner_tags": tags})
        Dataset.from_dict({"tokens": [[word, "left"]], "ner_tags": [[1, 0]]}, features).to_parquet(file)
        return file.read_bytes()

    def copies(*names):
        return {f"{name}/{split}/0000.parquet": parquet(f"{name}-{split}") for name in names for split in SPLITS}

    repositories = {
        "some/scripted": {
            "main": {"README.md": b"# card", "scripted.py": b"raise SystemExit"},
            PARQUET_REVISION: copies("scripted"),
        },
        "some/several": {"main": {"several.py": b"raise SystemExit"}, PARQUET_REVISION: copies("en", "de")},
        "some/plain": {"main": {f"data/{split}-0-of-1.parquet": parquet(split) for split in SPLITS}},
        "some/dead": {"main": {"dead.py": b"raise SystemExit"}},
    }
    with serving(repositories) as address:
        yield address


def loaded(address: str, home: Path, *names: str, first: str = ""):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", first + LOAD, *names],
        env={**environment, "HF_ENDPOINT": address, "HF_HOME": str(home), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def split_words(prefix: str = ""):
    return {split: [[prefix + name, "left"]] for split, name in zip(("train", "dev", "test"), SPLITS, strict=True)}


def test_hub_names(address, tmp_path):
    names = ["scripted", "several", "several:de", "several:en", "several:fr", "plain", "dead", "none"]
    found = dict(zip(names, loaded(address, tmp_path, *(f"some/{name}" for name in names)), strict=True))
    assert found["scripted"] == split_words("scripted-")
    assert found["plain"] == split_words()
    assert found["several:de"] == split_words("de-") and found["several:en"] == split_words("en-")
    assert found["several"] == (
        "some/several: the dataset has several configurations: there are de, en. "
        "Name one of them: data.dataset=some/several:de."
    )
    assert "no configuration fr: there are de, en" in found["several:fr"]
    assert "no parquet copy on the hub: look for a copy" in found["dead"]
    assert "Check the name (OWNER/NAME)" in found["none"]


def test_without_a_hub(tmp_path):
    at_once = "import time; time.sleep = lambda seconds: None\n"  # the hub's library tries again, and again
    (message,) = loaded("http://127.0.0.1:9", tmp_path, "some/scripted", first=at_once)
    assert "Is there a network?" in message and "save_to_disk" in message
