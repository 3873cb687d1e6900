"""What an exported model gives and costs beside the one that it was exported from, for docs/small-machines.md.

    python scripts/benchmark_onnx.py MODEL TEST --dev DEV --environments FOLDER

Parity of emissions, tags and scores; F1 and size with the vectors of words in fewer bytes; with ``--environments``,
two fresh environments, with torch and without it: their sizes, start times and tokens a second. Times are medians of
rounds in which the two take turns, each in a process of its own with one thread.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median

import numpy as np

import ner
from ner.batching import Emitted
from ner.corpus.read import read

ROOT = Path(__file__).parent.parent
KINDS = ("float32", "float16", "int8")
LENGTHS, SIZES = (1, 20, 150), (1, 8, 64)
SENTENCE = "Ada Lovelace lived in London.\n"

TAGGING = """
import io, sys, time
import ner
tagger = ner.load(sys.argv[1], threads=1)
for _ in range(2):
    begun = time.perf_counter()
    tokens = ner.tag_file(tagger, sys.argv[2], sys.argv[3], write="jsonl")
print(tokens / (time.perf_counter() - begun))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("test", type=Path, help="a file with tags")
    parser.add_argument("--dev", type=Path, help="a file with tags to score the vectors in fewer bytes on")
    parser.add_argument("--environments", type=Path, help="where the two environments lie, or are made")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folders = {kind: ner.export(arguments.model, Path(name) / kind, vectors=kind) for kind in KINDS}
        large, small = ner.load(arguments.model, threads=1), ner.load(folders["float32"], threads=1)
        sentences = [sentence.tokens for sentence in read(arguments.test) if sentence.tokens]
        print(f"### Parity\n\n{table(parity(large, small, sentences))}\n")
        print(whole_file(large, small, sentences), end="\n\n")
        if arguments.dev:
            print(f"### Vectors in fewer bytes\n\n{table(vectors(arguments.model, folders, arguments.dev))}\n")
        if arguments.environments:
            pythons = environments(arguments.environments)
            rows = beside(pythons, arguments.model, folders["float32"], sentences, Path(name), arguments.rounds)
            print(f"### With torch and without it\n\n{table(rows)}")


def parity(large: ner.Tagger, small: ner.Tagger, sentences: list[list[str]]) -> Iterator[tuple[object, ...]]:
    """Emissions and tags of batches of several sizes, of sentences of several lengths, cut out of the file."""
    yield "tokens a sentence", "sentences", "largest difference of emissions", "tags that differ"
    words = [word for sentence in sentences for word in sentence]
    words *= math.ceil(max(LENGTHS) * max(SIZES) / len(words))
    for length in LENGTHS:
        for size in SIZES:
            batch = [words[number * length : (number + 1) * length] for number in range(size)]
            one, other = (emissions(tagger, batch) for tagger in (large, small))
            tags = [np.array(tagger.predict(batch).tags) for tagger in (large, small)]
            yield length, size, f"{np.abs(one - other).max():.1e}", f"{(tags[0] != tags[1]).sum()} of {length * size}"


def emissions(tagger: ner.Tagger, sentences: list[list[str]]) -> np.ndarray:
    """Of sentences of one length, [B, T, K]."""

    def work(batch: Emitted) -> tuple[np.ndarray, np.ndarray]:
        return batch.sentences, np.asarray(batch.emissions)

    parts = list(tagger.predictor.emitter.start(sentences, work))
    order = np.argsort(np.concatenate([numbers for numbers, _ in parts]))
    return np.concatenate([found for _, found in parts])[order]


def whole_file(large: ner.Tagger, small: ner.Tagger, sentences: list[list[str]]) -> str:
    """Tags and scores of all sentences."""
    one, other = large.predict(sentences), small.predict(sentences)
    differ = int((one.tags != other.tags).sum())
    scores = np.abs(one.scores - other.scores).max() if len(one.scores) == len(other.scores) else math.nan
    return (
        f"The whole file, {len(sentences):,} sentences: {differ} of {len(one.tags):,} tags differ; the scores of its "
        f"{len(one.scores):,} entities by at most {scores:.1e}."
    )


def vectors(model: Path, folders: dict[str, Path], dev: Path) -> Iterator[tuple[object, ...]]:
    """Dev F1 and size of the folder for each way to hold the vectors."""
    yield "model", "folder", "dev F1"
    yield "torch", megabytes(size_of(model)), f"{f1(model, dev):.2f}"
    for kind, folder in folders.items():
        yield f"exported, {kind}", megabytes(size_of(folder)), f"{f1(folder, dev):.2f}"


def f1(model: Path, data: Path) -> float:
    """In points."""
    return 100 * ner.evaluate(model, data).scores.micro.f1


def environments(folder: Path) -> dict[str, Path]:
    """The interpreters of a fresh environment with torch and one without, made as the documentation says."""
    pythons = {}
    constrained = ["-c", str(ROOT / "constraints.txt")]
    for name in ("torch", "onnx"):
        python = folder / name / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
            steps = [[*constrained, str(ROOT)]]
            if name == "onnx":
                steps = [["--no-deps", str(ROOT)], [*constrained, "-r", str(ROOT / "requirements-tagging.txt")]]
            for step in steps:
                subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-cache-dir", *step], check=True)
        pythons[name] = python
    return pythons


def beside(
    pythons: dict[str, Path], model: Path, exported: Path, sentences: list[list[str]], work: Path, rounds: int
) -> Iterator[tuple[object, ...]]:
    """Size, start and speed of the two environments."""
    models = {"torch": model, "onnx": exported}
    lines, text = work / "lines.txt", work / "sentence.txt"
    lines.write_text("".join(" ".join(tokens) + "\n" for tokens in sentences), encoding="utf-8")
    text.write_text(SENTENCE, encoding="utf-8")
    yield "", "with torch", "onnxruntime and numpy alone", "ratio"
    sizes = {name: size_of(python.parents[1]) for name, python in pythons.items()}
    yield "environment", *map(megabytes, sizes.values()), ratio(sizes)
    whole = {name: size + interpreter() + size_of(models[name]) for name, size in sizes.items()}
    yield "with interpreter and model", *map(megabytes, whole.values()), ratio(whole)

    def starting(name: str) -> float:
        command = ["-m", "ner", "tag", str(models[name]), str(text), "--threads", "1"]
        begun = time.perf_counter()
        run(pythons[name], *command)
        return time.perf_counter() - begun

    def tagging(name: str) -> float:
        return float(run(pythons[name], "-c", TAGGING, str(models[name]), str(lines), str(work / name)))

    starts, speeds = turns(starting, rounds), turns(tagging, rounds)
    yield "start: one sentence tagged", *(f"{value:.2f} s" for value in starts.values()), ratio(starts)
    yield "text to JSONL, tokens/s", *(f"{value:,.0f}" for value in speeds.values()), ratio(speeds)


def run(python: Path, *arguments: str) -> str:
    """What a program of one of the environments prints; it sees nothing of this one."""
    return subprocess.run([str(python), "-I", *arguments], check=True, capture_output=True, text=True).stdout


def turns(measure: Callable[[str], float], rounds: int) -> dict[str, float]:
    """The medians of rounds in which the two take turns; one before them does not count."""
    found: dict[str, list[float]] = {"torch": [], "onnx": []}
    for _ in range(rounds + 1):
        for name, values in found.items():
            values.append(measure(name))
    return {name: median(values[1:]) for name, values in found.items()}


def ratio(values: Mapping[str, float]) -> str:
    """Of the second to the first."""
    return f"{values['onnx'] / values['torch']:.2f}"


def size_of(folder: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [folder] if folder.is_file() else folder.rglob("*")
    return sum(path.stat().st_size for path in files if path.is_file() and not path.is_symlink())


def interpreter() -> int:
    """Bytes of Python itself, as a container has it beside the environment: program and standard library."""
    library = Path(os.__file__).parent
    others = ("site-packages", "test", "__pycache__")
    parts = [path for path in library.iterdir() if path.name not in others]
    return sum(map(size_of, [Path(sys.executable).resolve(), *parts]))


def megabytes(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 1e6:,.1f} MB"


def table(rows: Iterable[tuple[object, ...]]) -> str:
    """Markdown."""
    head, *body = rows
    lines = [head, ("---",) * len(head), *body]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()
