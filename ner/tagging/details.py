"""What ``--probabilities`` and ``--n-best`` add to a record: how sure the model is, and what else may be."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from ner.document import Document, ScoredSpan
from ner.prediction import Explanation
from ner.schemes import to_spans

LEAST = 0.001
"""Probabilities below this are left out of a token's list."""


def add_probabilities(record: dict[str, Any], found: Sequence[Explanation], tags: Sequence[str]) -> None:
    """Add to a record, for each sentence of the document, the probability of its tags and the entropy over all
    sequences, and to each token the probability of every tag that is not next to impossible.

    Args:
        record: of the document; changed in place.
        found: an explanation a sentence.
        tags: the model's, in the order of the marginals.
    """
    record["sentences"] = [
        {"tokens": len(one.marginals), "probability": one.probability, "entropy": one.entropy} for one in found
    ]
    rows = [row for one in found for row in one.marginals.tolist()]
    for token, row in zip(record["tokens"], rows, strict=True):
        ranked = sorted(zip(row, tags, strict=True), key=lambda pair: -pair[0])
        token["tags"] = {tag: chance for chance, tag in ranked if chance >= LEAST}


def add_alternatives(record: dict[str, Any], document: Document, found: Sequence[Explanation]) -> None:
    """Add the likeliest readings of every sentence, each with its probability and its entities."""
    record["n_best"] = [
        [{"probability": chance, "entities": _entities(document, number, tags)} for tags, chance in one.n_best]
        for number, one in enumerate(found)
    ]


def readings(found: Sequence[Explanation], number: int) -> list[tuple[float, list[list[str]]]]:
    """The likeliest readings of several sentences together: the probability, and the tags of each sentence.

    Sentences are read by themselves, so the probability of a reading is the product of its sentences'; the best of
    all combinations are found sentence by sentence.

    Args:
        found: an explanation a sentence, with at least so many readings, or all that there are.
        number: how many.
    """
    best: list[tuple[float, list[list[str]]]] = [(1.0, [])]
    for one in found:
        longer = ((before * chance, [*parts, tags]) for before, parts in best for tags, chance in one.n_best)
        best = heapq.nlargest(number, longer, key=lambda pair: pair[0])
    return best


def _entities(document: Document, sentence: int, tags: list[str]) -> list[dict[str, Any]]:
    spans = [ScoredSpan(*span, score=float("nan")) for span in to_spans(tags)]
    alone = Document(document.text, [document.offsets[sentence]], [spans])
    return [
        {"text": entity.text, "label": entity.label, "start": entity.start, "end": entity.end}
        for entity in alone.entities
    ]
