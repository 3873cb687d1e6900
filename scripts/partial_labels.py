"""What half an annotation is worth: half of the entity labels of a training set are removed, and the rest of
the text is taken for "no entity", or for "nobody looked".

    python scripts/partial_labels.py configs/wnut17.yaml --seeds 1,2,3 [section.key=value ...]
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated, Any

import typer

from ner.evaluation.spread import Spread
from ner.schemes import to_spans, to_tags


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    seeds: str = "1,2,3",
    kept: float = 0.5,
) -> None:
    """Train both ways with each seed, which also decides what is removed, and print the scores on dev and test."""
    scores: dict[str, list[Any]] = {"O": [], "unknown": []}
    for seed in map(int, seeds.split(",")):
        for reading in scores:
            scores[reading].append(train_on_part(config, overrides or [], seed, kept, reading))
    print(f"{config.stem}: {kept:.0%} of the entity labels kept")
    for reading, results in scores.items():
        for split in ("dev", "test"):
            found = Spread(tuple(getattr(result, split).micro.f1 for result in results))
            print(f"  the rest read as {reading:8} {split:5} F1 {found}")


def train_on_part(config: Path, overrides: list[str], seed: int, kept: float, reading: str) -> Any:
    """One training on a training set from which labels were removed."""
    from ner.config import load_config
    from ner.corpus.read import load, scheme_of
    from ner.training.run import train

    settings = load_config(config, [*overrides, f"training.seed={seed}"])
    corpus = load(settings.data)
    scheme = scheme_of(corpus)
    chance = random.Random(seed)
    found = corpus["train"]["tags"][:]
    inside = sum(tag != "O" for tags in found for tag in tags) / sum(map(len, found))
    tags = [remove(one, scheme, kept, chance) for one in found]
    corpus["train"] = corpus["train"].remove_columns("tags").add_column("tags", tags)
    data: dict[str, Any] = {"train": [], "dev": [], "test": [], "scheme": scheme}
    if reading == "unknown":  # who knows that half was annotated can guess how much there is
        data.update(unlabelled="unknown", entity_share=round(inside, 3))
    tree = {**settings.model_dump(), "data": data, "output": f"{settings.output}-half-{reading}-seed{seed}"}
    return train(tree, corpus, overwrite=True)


def remove(tags: list[str], scheme: str, kept: float, chance: random.Random) -> list[str]:
    """The tags with each entity kept or removed at random."""
    return to_tags([span for span in to_spans(tags) if chance.random() < kept], len(tags), scheme)


if __name__ == "__main__":
    typer.run(main)
