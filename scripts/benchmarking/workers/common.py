"""What the workers share: one job comes in as JSON, one answer goes out. Only the standard library: it runs anywhere.

A worker is a process of its own, so that every system has its own interpreter, libraries and memory.
"""

from __future__ import annotations

import json
import os
import platform
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout, suppress
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any


class Worker:
    """A system under test.

    Args:
        job: ``do``, ``threads``, ``device``, ``seed``, when the process was ``started``, and what the job needs.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job

    def load(self, model: Path) -> None:
        """Make a trained model ready."""
        raise NotImplementedError

    def tag(self, source: Path, target: Path) -> None:
        """From a file of tokens, one a line, to one of tokens and IOB2 tags."""
        raise NotImplementedError

    def tag_text(self, source: Path, target: Path) -> None:
        """From a file of texts, one a line, to JSONL with the entities' offsets."""
        raise NotImplementedError

    def tag_one(self, tokens: list[str]) -> None:
        """The entities of one sentence."""
        raise NotImplementedError

    def train(self, clock: Clock) -> None:
        """Train on the job's files, tell the clock of every epoch, and save the model."""
        raise NotImplementedError

    def do_tag(self) -> dict[str, Any]:
        """Load (from the start of the process on), warm up on a few sentences of another file, tag the file once."""
        self.load(Path(self.job["model"]))
        loaded = time.time() - self.job["started"]
        tag = self.tag_text if self.job.get("text") else self.tag
        target = Path(self.job["target"])
        warming = timed(tag, Path(self.job["warm"]), target)
        return {"load": loaded, "warming": warming, "seconds": timed(tag, Path(self.job["source"]), target)}

    def do_latency(self) -> dict[str, Any]:
        """Seconds of each sentence alone, on a loaded and warm model."""
        self.load(Path(self.job["model"]))
        for tokens in self.job["sentences"][:20]:
            self.tag_one(tokens)
        return {"each": [timed(self.tag_one, tokens) for tokens in self.job["sentences"]]}

    def do_train(self) -> dict[str, Any]:
        """Train, then tag the dev file for the score."""
        clock = Clock()
        self.train(clock)
        seconds = clock.now()
        self.load(Path(self.job["model"]))
        self.tag(Path(self.job["tokens"]), Path(self.job["target"]))
        return {"epochs": clock.epochs, "seconds": seconds}


class Clock:
    """Seconds since a training began, and what was said of its epochs."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self.epochs: list[dict[str, float]] = []

    def now(self) -> float:
        """Seconds since the training began, reading of the corpus included."""
        return time.perf_counter() - self._begun

    def epoch(self, tokens_per_second: float, **more: float) -> None:
        """An epoch is done, at this speed without its evaluation."""
        self.epochs.append({"at": self.now(), "tokens_per_second": tokens_per_second, **more})


def work(worker: type[Worker]) -> None:
    """Do the job of the command line; the answer is the last line of standard output."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    random.seed(job["seed"])
    with redirect_stdout(sys.stderr):
        answer = getattr(worker(job), f"do_{job['do']}")()
    print(json.dumps({**answer, "peak_mb": peak_mb(), "versions": versions()}))


def versions() -> dict[str, str]:
    """Of Python and of the libraries of this environment that matter here."""
    found = {"python": platform.python_version()}
    for name in ("bilstm-crf-ner", "torch", "numpy", "pytorch-crf", "spacy", "thinc", "flair"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def timed(function: Any, *arguments: Any) -> float:
    """Seconds of one call."""
    begun = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begun


def peak_mb() -> float:
    """The most memory that this process held, in megabytes."""
    try:  # what getrusage tells begins with the memory of the process that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def read_sentences(path: str | os.PathLike[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Tokens and tags (the first and last column, by tab or blank) of each sentence."""
    with Path(path).open(encoding="utf-8") as file:
        for empty, lines in groupby(file, key=str.isspace):
            if not empty:
                rows = [line.rstrip("\n").replace(" ", "\t").split("\t") for line in lines]
                yield [row[0] for row in rows], [row[-1] for row in rows]


def write_sentences(path: Path, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> None:
    """A line a token, token and tag by tab, an empty line after each sentence."""
    with path.open("w", encoding="utf-8") as file:
        for tokens, row in zip(sentences, tags, strict=True):
            file.writelines(f"{token}\t{tag}\n" for token, tag in zip(tokens, row, strict=True))
            file.write("\n")


def read_vectors(path: str | os.PathLike[str]) -> tuple[list[str], list[list[float]]]:
    """Words and their vectors, in the format of GloVe."""
    words, rows = [], []
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            word, *numbers = line.rstrip("\n").split(" ")
            words.append(word)
            rows.append(list(map(float, numbers)))
    return words, rows


def spans_of(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """First token, last token + 1 and label of the entities of IOB2 tags."""
    spans: list[tuple[int, int, str]] = []
    for position, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if prefix == "I" and spans and spans[-1][1:] == (position, label):
            spans[-1] = (spans[-1][0], position + 1, label)
        elif prefix != "O":
            spans.append((position, position + 1, label))
    return spans


def tags_of(spans: Sequence[tuple[int, int, str]], length: int) -> list[str]:
    """IOB2 tags of entities that do not overlap."""
    tags = ["O"] * length
    for start, end, label in spans:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags
