"""The spaCy component beside the plain tagger: a pipeline, saved and loaded in a fresh process; entities and speed.

    python scripts/spacy_component.py runs/bc5cdr-clusters/seed1/model bc5cdr/test.tsv

Both get the same tokens, a sentence a document, and take turns; the making of spaCy's documents is timed by itself.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer


def main(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    data: Annotated[Path, typer.Argument(help="A column file.")],
    rounds: int = 5,
    saved: Annotated[Path | None, typer.Option(hidden=True, help="In the fresh process: the pipeline.")] = None,
) -> None:
    """Print what differs, and the ratio of the times."""
    if saved is not None:
        compare(model, data, saved, rounds)
        return
    import spacy

    with TemporaryDirectory() as folder:
        nlp = spacy.blank("en")
        nlp.add_pipe("bilstm_crf_ner", config={"model": str(model)})
        nlp.to_disk(folder)
        again = [__file__, str(model), str(data), "--rounds", str(rounds), "--saved", folder]
        subprocess.run([sys.executable, *again], check=True)


def compare(model: Path, data: Path, saved: Path, rounds: int) -> None:
    """The pipeline as it was saved, and the tagger of the model that it was made of."""
    import spacy
    from spacy.tokens import Doc

    import ner
    from ner.corpus.read import read

    sentences = [sentence.tokens for sentence in read(data, tagged=False) if sentence.tokens]
    nlp, tagger = spacy.load(saved), ner.load(model, threads=1)
    seconds: dict[str, list[float]] = {"documents": [], "component": [], "tagger": []}
    begins = [[True, *[False] * (len(tokens) - 1)] for tokens in sentences]  # else sentences are found by rules

    def documents() -> list[Doc]:
        return [Doc(nlp.vocab, words=one, sent_starts=first) for one, first in zip(sentences, begins, strict=True)]

    for _ in range(rounds + 1):
        docs = timed(seconds["documents"], documents)
        docs = timed(seconds["component"], lambda made=docs: list(nlp.pipe(made)))
        plain = timed(seconds["tagger"], lambda: tagger.tag_tokens(sentences))
    theirs = [[(e.label_, e.start, e.end, e._.score) for e in doc.ents] for doc in docs]
    ours = [[tuple(span) for span in document.spans[0]] for document in plain]
    differ = sum({one[:3] for one in a} != {one[:3] for one in b} for a, b in zip(theirs, ours, strict=True))
    scores = [abs(a[3] - b[3]) for one, two in zip(theirs, ours, strict=True) for a, b in zip(one, two, strict=False)]
    medians = {name: statistics.median(each[1:]) for name, each in seconds.items()}
    tokens = sum(map(len, sentences))
    print(f"{len(sentences):,} sentences, {tokens:,} tokens, {sum(map(len, ours)):,} entities")
    print(f"sentences whose entities differ: {differ}; scores differ by at most {max(scores, default=0.0):.1e}")
    for name, median in medians.items():
        print(f"{name}: {tokens / median:,.0f} tokens/s")
    print(f"component / tagger: {medians['component'] / medians['tagger']:.2f} times the time")


def timed(into: list[float], work: Any) -> Any:
    """What some work gives; its seconds go into a list."""
    begun = time.perf_counter()
    result = work()
    into.append(time.perf_counter() - begun)
    return result


if __name__ == "__main__":
    typer.run(main)
