"""Holding out a part of train as dev."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable
from typing import TYPE_CHECKING

from ner.corpus.table import columns
from ner.errors import DataError

if TYPE_CHECKING:
    import datasets

_ENOUGH = 10  # documents, below which whole ones would make too coarse a split


def hold_out(dataset: datasets.DatasetDict, fraction: float, seed: int) -> datasets.DatasetDict:
    """Move about a fraction of train's sentences to a new split ``dev``.

    Whole documents are moved where train has at least ten, since the sentences of a document share their names;
    otherwise sentences, and equal ones together, so that none stands on both sides. A hash of their
    words and the seed decides which ones: the same sentences are held out whatever their order and the machine.

    Args:
        dataset: has a split ``train`` and no ``dev``; other splits are kept.
        fraction: of train's sentences, between 0 and 1; the last document to be moved may exceed it.
        seed: another seed holds out others.

    Raises:
        DataError: train is too small for both parts to have a sentence.
    """
    import datasets

    train = dataset["train"]
    units: dict[Hashable, list[int]] = defaultdict(list)
    digests: dict[Hashable, hashlib._Hash] = {}
    places = list(columns(train, "file", "document"))
    by_document = len(set(places)) >= _ENOUGH
    for index, (tokens,) in enumerate(columns(train, "tokens")):
        unit: Hashable = places[index] if by_document else tuple(tokens)
        if unit not in digests:
            digests[unit] = hashlib.sha256(str(seed).encode())
        if by_document or not units[unit]:
            digests[unit].update("\0".join(tokens).encode() + b"\n")
        units[unit].append(index)
    wanted = fraction * len(train)
    held: list[int] = []
    for unit in sorted(units, key=lambda unit: (digests[unit].digest(), units[unit])):
        if len(held) >= wanted:
            break
        held += units[unit]
    if not held or len(held) == len(train):
        raise DataError(
            f"{len(train)} training sentences in {len(units)} {'documents' if by_document else 'different sentences'}"
            f" cannot be split with data.dev_fraction={fraction}.",
            remedy="Name a dev file in data.dev, or give more sentences.",
        )
    held_set = set(held)
    parts = {
        "train": train.select([index for index in range(len(train)) if index not in held_set]),
        "dev": train.select(sorted(held)),
    }
    return datasets.DatasetDict({**parts, **{name: split for name, split in dataset.items() if name not in parts}})
