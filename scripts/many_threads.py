"""Threads that share one tagger answer as one alone does.

python scripts/many_threads.py MODEL FILE --threads 8 --documents 1000
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

import ner


def main(
    model: Annotated[Path, typer.Argument()],
    file: Annotated[Path, typer.Argument(help="A text a line.")],
    threads: int = 8,
    documents: int = 1000,
) -> None:
    """Tag the documents once, then in every thread, each beginning at another one; compare texts, labels, scores."""
    with file.open(encoding="utf-8") as lines:
        texts = [line.rstrip("\n") for line, _ in zip(lines, range(documents), strict=False)]
    tagger = ner.load(model)
    expected, seconds = answers(tagger, texts, 0)
    print(f"{len(texts)} documents, {sum(map(len, expected)):,} entities, alone: {seconds:.1f} s", flush=True)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda number: answers(tagger, texts, number * len(texts) // threads), range(threads)))
    unequal = sum(one != other for given, _ in found for one, other in zip(given, expected, strict=True))
    print(f"{threads} threads: {max(spent for _, spent in found):.1f} s, {unequal} documents differ")
    raise typer.Exit(1 if unequal else 0)


def answers(tagger: ner.Tagger, texts: list[str], start: int) -> tuple[list[list[Any]], float]:
    """The entities of every document, tagged in turn from one on, and the seconds that it took."""
    begun = time.perf_counter()
    order = [*range(start, len(texts)), *range(start)]
    found = {number: list(tagger.tag(texts[number]).entities) for number in order}
    return [found[number] for number in range(len(texts))], time.perf_counter() - begun


if __name__ == "__main__":
    typer.run(main)
