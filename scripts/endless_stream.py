"""Peak memory over a stream of made-up text that is never held: half of the words are new for ever.

python scripts/endless_stream.py MODEL --tokens 10000000
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

import ner


def main(model: Annotated[Path, typer.Argument()], tokens: int = 10_000_000, seed: int = 1) -> None:
    """Tag, and say how much memory was held at most, ten times on the way."""
    tagger, begun, seen, due = ner.load(model), time.perf_counter(), 0, 0
    for document in tagger.stream(texts(tokens, random.Random(seed))):
        seen += sum(map(len, document.offsets))
        if seen >= due:
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{seen:>12,} tokens  {time.perf_counter() - begun:8.0f} s  peak {megabytes:7.0f} MB", flush=True)
            due += tokens // 10


def texts(tokens: int, chance: random.Random) -> Iterator[str]:
    """Texts of 20 words."""
    known = ["Ada", "lives", "in", "London", "and", "works", "for", "Acme", ",", "said", "New", "York", "."]
    for _ in range(tokens // 20):
        yield " ".join(
            chance.choice(known) if chance.random() < 0.5 else f"x{chance.getrandbits(48):x}" for _ in range(20)
        )


if __name__ == "__main__":
    typer.run(main)
