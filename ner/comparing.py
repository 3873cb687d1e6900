"""Two ways of tagging, compared on the same data: is the difference more than luck?"""

from __future__ import annotations

from typing import Literal

from ner.config import DataConfig
from ner.evaluation.significance import Comparison, Counts
from ner.evaluation.significance import compare as compare_counts
from ner.evaluation.spans import count_sentences
from ner.systems import Data, System, predictions, read_gold
from ner.tagger import Tagger

ENOUGH = 20
"""Documents from which on they are what is resampled: with fewer, their own luck is not known well enough."""


def compare(
    first: System,
    second: System,
    data: Data,
    options: DataConfig | None = None,
    split: str = "test",
    *,
    unit: Literal["auto", "sentences", "documents"] = "auto",
    samples: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Say whether one of two systems is better on such data, by paired bootstrap and approximate randomization.

    Args:
        first, second: what is compared, each a tagger, a model or run folder, a folder of run folders with several
            seeds, or a file of predictions (see `ner.systems.predictions`).
        data: a file, a `datasets.Dataset` of tokens and tags, or a `DatasetDict` that has the split.
        options: how the file is read.
        split: of a `DatasetDict`.
        unit: what is drawn anew. Sentences of a document resemble each other: ``auto`` takes documents where the data
            has at least 20 of them, and sentences otherwise.
        samples: number of resamples.
        seed: of the random numbers.

    Raises:
        ModelError, DataError: a model, the predictions or the data cannot be used.
    """
    corpus = read_gold(data, options, split)
    known = len(set(corpus.documents))
    by_document = unit == "documents" or (unit == "auto" and known >= ENOUGH)
    answers = [[corpus.settled(tags) for tags in predictions(system, corpus)] for system in (first, second)]
    counts: list[list[Counts]] = [[count_sentences(gold, found) for gold, found in runs] for runs in answers]
    return compare_counts(
        counts[0],
        counts[1],
        (_name(first), _name(second)),
        corpus.documents if by_document else None,
        samples,
        seed,
        identical=answers[0] == answers[1],
    )


def _name(system: System) -> str:
    return str(system.path if isinstance(system, Tagger) else system).rstrip("/")
