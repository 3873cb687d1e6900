"""``--quick``: ratios of stages within one run, held against those stored beside this file.

Seconds differ between machines; how much longer a stage takes than torch's bare LSTM over the same tokens, or our
training step than the textbook's, differs far less.
"""

from __future__ import annotations

import json
import random
import statistics
from functools import partial
from pathlib import Path
from typing import Any

from benchmarking.parts import stages, start
from benchmarking.processes import in_turns
from benchmarking.setting import SPLITS, Setting
from benchmarking.training import train_one
from ner.errors import NerError

STORED = Path(__file__).with_name("ratios.json")
SAMPLE = Path(__file__).parents[2] / "data" / "sample"
WORST = 1.5
"""A ratio may grow by this factor before it counts as a regression."""
LEAST = 0.05
"""Of the bare LSTM's time: a stage that takes less than this is compared as if it took this."""


class RegressionError(NerError):
    """A stage has become clearly slower."""


def setting_of_sample(results: Path, rounds: int) -> Setting:
    """The sample corpus of the repository, repeated so that it takes a while, and vectors drawn at random."""
    folder = results / "work"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join((SAMPLE / f"{split}.conll").read_text(encoding="utf-8") for split in SPLITS)
    (folder / "repeated.conll").write_text(5 * text, encoding="utf-8")
    words = sorted({line.split()[0].lower() for line in text.splitlines() if line.strip()})
    rng = random.Random(0)
    rows = (" ".join([word, *(f"{rng.gauss(0, 0.5):.4f}" for _ in range(50))]) for word in words)
    (folder / "vectors.txt").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    files = {"train": SAMPLE / "train.conll", "dev": SAMPLE / "dev.conll", "test": folder / "repeated.conll"}
    epochs = {"ours": 3, "textbook": 3}
    return Setting(files, folder / "vectors.txt", results, threads=1, rounds=rounds, seeds=1, epochs=epochs)


def measure(setting: Setting) -> dict[str, float]:
    """Ratios, all the lower the better."""
    works = {name: partial(train_one, setting, name, 32, setting.seed) for name in ("textbook", "ours")}
    speeds = {
        name: statistics.median(epoch["tokens_per_second"] for one in answers for epoch in one["epochs"][1:])
        for name, answers in in_turns(works, min(3, setting.rounds)).items()
    }
    microseconds = stages(setting)["microseconds"]
    bare = microseconds.pop("bare LSTM, fp32")
    return {
        **{f"{stage} / bare LSTM": max(spent / bare, LEAST) for stage, spent in microseconds.items()},
        "training / textbook": speeds["textbook"] / speeds["ours"],
        "ner tag, one line / import torch": start(setting)["ratio"],
    }


def compare(measured: dict[str, float], stored: dict[str, float]) -> dict[str, float]:
    """How many times each stored ratio has become larger.

    Raises:
        RegressionError: one has grown by more than `WORST`, or is no longer measured.
    """
    missing = sorted(stored.keys() - measured.keys())
    if missing:
        raise RegressionError(f"no longer measured: {', '.join(missing)}; mend the benchmark, or store anew: --store")
    grown = {name: measured[name] / ratio for name, ratio in stored.items()}
    slower = [
        f"{name} is {measured[name]:.2f}, stored {stored[name]:.2f}" for name, by in grown.items() if by > WORST
    ]
    if slower:
        raise RegressionError(
            f"slower by more than a factor of {WORST}: {'; '.join(slower)}. Run it again on a quiet machine; if it "
            "stays, find what has become slower, or, if that is meant, store the new ratios: --store"
        )
    return grown


def load() -> dict[str, Any]:
    """What is stored: ``ratios``, and what they were measured on."""
    stored: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return stored


def store(setting: Setting, measured: dict[str, float]) -> None:
    """Replace what is stored."""
    ratios = {name: round(ratio, 3) for name, ratio in measured.items()}
    about = {key: value for key, value in setting.describe().items() if key in ("date", "processor", "threads")}
    STORED.write_text(json.dumps({**about, "ratios": ratios}, indent=1) + "\n", encoding="utf-8")
