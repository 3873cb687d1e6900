"""Whether `ner suggest` finds the sentences that teach most: a simulated annotation, beside a random choice.

    python scripts/suggestions.py configs/wikigold.yaml training.epochs=15 [section.key=value ...]

A first model learns from some sentences. The rest of the training set is taken for raw text, of which as many words
again are chosen: at random, or as suggested. Their annotation is looked up, and a second model learns from both.
F1 is that on dev; test data are not read.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from ner.evaluation.spread import Spread

Row = tuple[list[str], list[str]]
CHOICES: dict[str, dict[str, Any]] = {
    "entropy": {"by": "entropy"},
    "confidence": {"by": "confidence"},
    "entropy, alike or not": {"by": "entropy", "alike": 1.0},
}


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    seeds: str = "1,2,3",
    first: int = 150,
) -> None:
    """Train with each seed, which also draws the first sentences, and print dev F1 by choice."""
    scores: dict[str, list[float]] = {}
    for seed in map(int, seeds.split(",")):
        for name, f1 in simulate(config, overrides or [], seed, first).items():
            print(f"seed {seed}  {name:24} dev F1 {100 * f1:.2f}", flush=True)
            scores.setdefault(name, []).append(f1)
    for name, found in scores.items():
        print(f"{name:24} dev F1 {Spread(tuple(found))}")


def simulate(config: Path, overrides: list[str], seed: int, first: int) -> dict[str, float]:
    """Dev F1 of a model by what it has learned from."""
    import ner
    from ner.config import load_config
    from ner.corpus.read import load, scheme_of
    from ner.corpus.sentence import Sentence
    from ner.corpus.write import write_columns

    settings = load_config(config, [*overrides, f"training.seed={seed}"])
    corpus = load(settings.data.model_copy(update={"test": []}))
    scheme = scheme_of(corpus, settings.data.scheme)
    rows: list[Row] = list(zip(corpus["train"]["tokens"][:], corpus["train"]["tags"][:], strict=True))
    random.Random(seed).shuffle(rows)
    begun, pool = rows[:first], rows[first:]
    budget = sum(len(tokens) for tokens, _ in begun)
    tags_of = {tuple(tokens): (tokens, tags) for tokens, tags in pool}
    with tempfile.TemporaryDirectory() as place:

        def trained(name: str, part: list[Row]) -> Any:
            tree = {**settings.model_dump(), "data": {"scheme": scheme}, "output": str(Path(place) / name)}
            return ner.train(tree, _with(corpus, part))

        start = trained("first", begun)
        text, known = Path(place) / "pool.conll", Path(place) / "known.conll"
        write_columns((Sentence(tokens) for tokens, _ in pool), text)
        write_columns((Sentence(tokens) for tokens, _ in begun), known)
        found = {"first sentences alone": start.dev.micro.f1}
        chosen = {"random": _within(pool, budget)}
        for name, options in CHOICES.items():
            ranked = ner.suggest(start.tagger, [text], annotated=[known], limit=len(pool), **options)
            order = [tags_of[tuple(token.text for token in one.document.tokens)] for one in ranked]
            chosen[name] = _within(order, budget)
        for name, part in chosen.items():
            found[name] = trained(name, begun + part).dev.micro.f1
            print(f"seed {seed}  {name}: {len(part)} sentences, {sum(len(t) for t, _ in part)} words", flush=True)
    return found


def _within(rows: list[Row], budget: int) -> list[Row]:
    """The first of the rows, of so many words at most."""
    part, words = [], 0
    for tokens, tags in rows:
        if words + len(tokens) > budget:
            break
        part.append((tokens, tags))
        words += len(tokens)
    return part


def _with(corpus: Any, rows: list[Row]) -> Any:
    import datasets

    train = datasets.Dataset.from_dict({"tokens": [one for one, _ in rows], "tags": [one for _, one in rows]})
    return datasets.DatasetDict({"train": train, "dev": corpus["dev"]})


if __name__ == "__main__":
    typer.run(main)
