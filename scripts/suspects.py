"""Whether annotation errors are found: entity labels of a training set are corrupted, and counted among the suspects.

    python scripts/suspects.py configs/bc5cdr.yaml --folds 3 --epochs 6 [section.key=value ...]

2 % of the entities, chosen at random, have with equal chances another type, a boundary moved by one or two words (to
where no other entity is; where there is no room, the label is removed), or no label any more. What was wrong in the
corpus before counts as a false alarm, so that precision is a lower bound. Beside the order of `ner check --suspects`
two others are shown: by the difference of the probabilities of rival and annotation, and by that of the annotation.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from ner.evaluation.suspects import Suspect, overlap
from ner.schemes import Span, to_spans, to_tags

HOW = ("type", "boundary", "removed")


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    seeds: str = "1",
    folds: int = 5,
    epochs: int = 8,
    share: float = 0.02,
    chance: int = 1,
    show: int = 10,
) -> None:
    """Corrupt, look for suspects and print how many of them were corrupted; --chance seeds the corruption."""
    import ner
    from ner.config import load_config
    from ner.corpus.read import load, scheme_of

    settings = load_config(config, overrides or [])
    corpus = load(settings.data.model_copy(update={"dev": [], "test": []}))
    scheme = scheme_of(corpus, settings.data.scheme)
    gold = [to_spans(tags) for tags in corpus["train"]["tags"][:]]
    sizes = list(map(len, corpus["train"]["tokens"][:]))
    changed, marks = corrupt(gold, sizes, share, random.Random(chance))
    tags = [to_tags(spans, size, scheme) for spans, size in zip(changed, sizes, strict=True)]
    corpus["train"] = corpus["train"].remove_columns("tags").add_column("tags", tags)
    tree = {**settings.model_dump(), "data": {"scheme": scheme}}
    found = ner.find_suspects(tree, corpus, folds=folds, epochs=epochs, seeds=[int(one) for one in seeds.split(",")])
    kinds = dict(Counter(how for *_, how in marks))
    print(f"{config.stem}: {sum(map(len, gold)):,} entities, {len(marks)} corrupted: {kinds}")
    print(f"{folds} folds, {epochs} epochs, seeds {seeds}, chance {chance}; {len(found.ranked):,} suspects")
    orders = {
        "odds": found.ranked,
        "margin": sorted(found.ranked, key=lambda one: one.p_annotated - one.p_rival),
        "annotation": sorted(found.ranked, key=lambda one: one.p_annotated),
    }
    for name, ranked in orders.items():
        for first in (100, 200, 500):
            caught = hits(ranked[:first], marks)
            print(
                f"{name:10} first {first}: {sum(caught.values())} corrupted, precision "
                f"{sum(caught.values()) / first:.1%}, recall {sum(caught.values()) / len(marks):.1%}; {dict(caught)}"
            )
    print(f"at most {min(1.0, len(marks) / 500):.1%} of the first 500 can be corrupted")
    print(f"the first {show} that were not corrupted:")
    innocent = [one for one in found.ranked if not hits([one], marks)]
    for one in innocent[:show]:
        print(f"  {one.place} {one.kind}: {one.reads(one.annotated)} | {one.reads(one.rival)} | {one.context()}")


def corrupt(
    gold: list[list[Span]], sizes: list[int], share: float, chance: random.Random
) -> tuple[list[list[Span]], list[tuple[int, Span, str]]]:
    """The entities of every sentence after the corruption; and sentence, place and kind of what was corrupted.

    Args:
        gold: entities of every sentence.
        sizes: of the sentences, in words.
        share: of the entities.
        chance: decides which and how.
    """
    labels = sorted({span.label for spans in gold for span in spans})
    everything = [(number, span) for number, spans in enumerate(gold) for span in spans]
    chosen = chance.sample(everything, round(share * len(everything)))
    changed, marks = [list(spans) for spans in gold], []
    for number, span in chosen:
        others = [one for one in changed[number] if one != span]
        how = chance.choice(HOW)
        if how == "type" and len(labels) > 1:
            new = span._replace(label=chance.choice([label for label in labels if label != span.label]))
        elif how == "removed" or not (moves := _moves(span, others, sizes[number])):
            changed[number], how = others, "removed"
            marks.append((number, span, how))
            continue
        else:
            new, how = chance.choice(moves), "boundary"
        changed[number] = sorted([*others, new], key=lambda one: one.start)
        marks.append((number, new, how))
    return changed, marks


def _moves(span: Span, others: list[Span], size: int) -> list[Span]:
    """The entity with one boundary moved by one or two words, where no other entity is."""
    found = []
    for by in (-2, -1, 1, 2):
        for start, end in ((span.start + by, span.end), (span.start, span.end + by)):
            moved = Span(span.label, start, end)
            if 0 <= start < end <= size and not any(overlap(moved, other) for other in others):
                found.append(moved)
    return found


def hits(suspects: list[Suspect] | tuple[Suspect, ...], marks: list[tuple[int, Span, str]]) -> Counter[str]:
    """How many of the corrupted entities are among suspects, by how they were corrupted; each counts once.

    One that was removed is found by a suspect over some of its words; any other by one that suspects just it.
    """
    caught: dict[tuple[int, Span], str] = {}
    by_sentence: dict[int, list[tuple[Span, str]]] = {}
    for number, span, how in marks:
        by_sentence.setdefault(number, []).append((span, how))
    for one in suspects:
        for span, how in by_sentence.get(one.sentence, []):
            if one.annotated == span or (
                how == "removed" and one.annotated is None and one.rival is not None and overlap(one.rival, span)
            ):
                caught[one.sentence, span] = how
    return Counter(caught.values())


if __name__ == "__main__":
    typer.run(main)
