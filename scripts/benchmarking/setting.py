"""What all parts of a benchmark run share: files, threads, rounds, and where results go."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarking.workers.common import write_sentences
from ner.corpus.convert import in_scheme
from ner.corpus.read import read

SPLITS = ("train", "dev", "test")


@dataclass
class Setting:
    """One benchmark run.

    Attributes:
        files: the corpus's files: train, dev and test, in any format that `ner train` reads.
        vectors: a file of vectors in the format of GloVe.
        results: the folder of results, trained models and working files.
        threads: of every system.
        rounds: how often each measurement is repeated; medians are reported.
        seeds: how often this package and the textbook are trained for the comparison of their scores.
        seed: the first of them.
        device: of this package, the textbook and Flair.
        peers: the interpreter of the environment with spaCy and Flair; None leaves them out.
        model: our model, if not the one that part ``train`` leaves in the results.
        limit: sentences of each split, for a quick try.
        epochs: of each system's training.
        versions: of the libraries that each worker has run on so far.
    """

    files: dict[str, Path]
    vectors: Path
    results: Path
    threads: int = 1
    rounds: int = 5
    seeds: int = 3
    seed: int = 1
    device: str = "cpu"
    peers: Path | None = None
    model: Path | None = None
    limit: int | None = None
    epochs: dict[str, int] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        self.sentences = {split: self._portion(split) for split in SPLITS}

    @property
    def work(self) -> Path:
        """For files on the way."""
        return self.results / "work"

    def file(self, split: str) -> Path:
        """A split as two columns by tab."""
        return self.work / f"{split}.tsv"

    def tokens_file(self, split: str) -> Path:
        """A split's tokens alone, one a line."""
        return self.work / f"{split}.conll"

    def text_file(self, split: str) -> Path:
        """A split's sentences as text, one a line."""
        return self.work / f"{split}.txt"

    def tokens(self, split: str) -> int:
        """How many there are."""
        return sum(len(tokens) for tokens, _ in self.sentences[split])

    def model_of(self, system: str) -> Path:
        """Which model of a system is measured."""
        return self.model if system == "ours" and self.model is not None else self.trained(system)

    def trained(self, system: str) -> Path:
        """Where part ``train`` leaves a system's model."""
        return self.results / "models" / {"ours": "ours/model", "textbook": "textbook.pt"}.get(system, system)

    def describe(self) -> dict[str, Any]:
        """What the numbers depend on."""
        return {
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "processor": processor(),
            "cores": os.cpu_count(),
            "threads": self.threads,
            "rounds": self.rounds,
            "seed": self.seed,
            "device": self.device,
            "limit": self.limit,
            "epochs": self.epochs,
            "corpus": self.files["train"].parent.name,
            "tokens": {split: self.tokens(split) for split in SPLITS},
            "vectors": self.vectors.name,
            "versions": self.versions,
        }

    def save(self, part: str, found: dict[str, Any]) -> None:
        """Keep a part's result at once."""
        path = self.results / f"{part}.json"
        path.write_text(json.dumps({"setting": self.describe(), **found}, indent=1) + "\n", encoding="utf-8")

    def _portion(self, split: str) -> list[tuple[list[str], list[str]]]:
        path = self.files[split]
        sentences = in_scheme((sentence for sentence in read(path) if sentence.tokens), "IOB2", path)
        rows = [(one.tokens, one.tags or []) for one in islice(sentences, self.limit)]
        words = [tokens for tokens, _ in rows]
        write_sentences(self.file(split), words, [tags for _, tags in rows])
        write_columns(self.tokens_file(split), words)
        self.text_file(split).write_text("".join(" ".join(tokens) + "\n" for tokens in words), encoding="utf-8")
        return rows


def write_columns(path: Path, sentences: list[list[str]]) -> None:
    """A token a line, an empty line after each sentence."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines("\n".join(tokens) + "\n\n" for tokens in sentences)


def processor() -> str:
    """Its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
