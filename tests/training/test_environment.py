"""What a training and a tagging give does not hang on the environment: hash seed, locale, encoding, time zone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

import ner
from tests.training.runs import Make, outcome, run_of

HERE = Path(__file__).parents[2]
STRANGE = {
    "PYTHONHASHSEED": "7",
    "LC_ALL": "C",  # and Python's own encoding of files is then ASCII
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "TZ": "Asia/Kathmandu",
}
CHILD = """
import sys, yaml, ner
config, source, target = yaml.safe_load(sys.stdin.buffer)
ner.tag_file(ner.train(config).tagger, source, target)
"""


def test_the_same_in_another_environment(make: Make, tmp_path: Path) -> None:
    config = make(deterministic=True)
    for split, path in config["data"].items():
        config["data"][split] = str(tmp_path / f"{split}.conll")
        text = Path(path).read_text(encoding="utf-8").replace("Ada", "Ådá").replace("Oslo", "Осло")
        (tmp_path / f"{split}.conll").write_text(text, encoding="utf-8")
    (tmp_path / "names").write_text("Ådá Lovelace\nOtto\nMei Lin\nGrace Hopper\nКофи\n", encoding="utf-8")
    (tmp_path / "paths").write_text("Ådá\t0110\nin\t0111\nОсло\t1011\nAcme\t100\n", encoding="utf-8")
    config["model"]["features"] = {"gazetteers": str(tmp_path / "names"), "clusters": str(tmp_path / "paths")}
    source, here, there = tmp_path / "in.txt", tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    text = "Ådá Lovelace lives in Осло .\nOtto works for Acme Corp. – “since 1999”\n"
    source.write_text(text * 3, encoding="utf-8")
    ner.tag_file(ner.train(config).tagger, source, here)
    elsewhere = {**config, "output": str(tmp_path / "elsewhere")}
    subprocess.run(
        [sys.executable, "-c", CHILD],
        input=yaml.safe_dump([elsewhere, str(source), str(there)]).encode(),
        env={**os.environ, **STRANGE},
        cwd=HERE,
        check=True,
    )
    assert there.read_bytes() == here.read_bytes()
    one, other = run_of(config), run_of(elsewhere)
    assert outcome(one) == outcome(other)
    for name in ("gazetteers.json", "clusters.txt", "config.json"):
        assert (one / "model" / name).read_bytes() == (other / "model" / name).read_bytes(), name
