"""The check of a corpus against what will train on it: files and vectors in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ner.config import DataConfig
from ner.corpus.check import Report
from ner.corpus.check import check as check_dataset
from ner.corpus.read import load
from ner.features.vectors import Vectors, read_vectors

if TYPE_CHECKING:
    from datasets import DatasetDict


def check(
    data: DataConfig | DatasetDict, vectors: Sequence[str | Vectors] = (), options: DataConfig | None = None
) -> Report:
    """Look for what spoils a training.

    Args:
        data: files, or a corpus in memory.
        vectors: files of vectors, or vectors, whose hit rate is counted.
        options: how a corpus in memory is read.

    Raises:
        DataError: a file cannot be read.
    """
    if isinstance(data, DataConfig):
        options, dataset = data, load(data)
    else:
        options, dataset = options or DataConfig(), load(options or DataConfig(), data)
    known = [one if isinstance(one, Vectors) else read_vectors(one) for one in vectors]
    return check_dataset(dataset, hits(known), scheme=None if options.scheme == "auto" else options.scheme)


def hits(vectors: Sequence[Vectors]) -> Callable[[str], bool] | None:
    """Whether any of the vectors has a word; None where there are no vectors."""
    return (lambda word: any(one.lookup(word) >= 0 for one in vectors)) if vectors else None
