"""The check of a corpus against what will train on it: files and vectors in, a report out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from ner.config import Config, DataConfig, load_config
from ner.corpus.check import Report
from ner.corpus.check import check as check_dataset
from ner.corpus.read import load
from ner.features.vectors import Vectors, read_vectors

if TYPE_CHECKING:
    from datasets import DatasetDict


def check(
    data: DataConfig | Config | Mapping[str, Any] | str | os.PathLike[str] | DatasetDict,
    vectors: Sequence[str | Vectors] = (),
    options: DataConfig | None = None,
) -> Report:
    """Look for what spoils a training.

    Args:
        data: files; or a configuration, a mapping of the same shape or a YAML file; or a corpus in memory.
        vectors: files of vectors, or vectors, whose hit rate is counted, besides those of a configuration.
        options: how a corpus in memory is read.

    Raises:
        ConfigError: the configuration cannot be used.
        DataError: a file cannot be read.
    """
    if _is_configuration(data):
        config = load_config(Path(data) if isinstance(data, (str, os.PathLike)) else data)
        data, vectors = config.data, [*config.vectors, *vectors]
    if isinstance(data, DataConfig):
        options, dataset = data, load(data)
    else:
        options, dataset = options or DataConfig(), load(options or DataConfig(), data)
    known = [one if isinstance(one, Vectors) else read_vectors(one) for one in vectors]
    return check_dataset(dataset, hits(known), scheme=None if options.scheme == "auto" else options.scheme)


def hits(vectors: Sequence[Vectors]) -> Callable[[str], bool] | None:
    """Whether any of the vectors has a word; None where there are no vectors."""
    return (lambda word: any(one.lookup(word) >= 0 for one in vectors)) if vectors else None


def _is_configuration(data: Any) -> TypeGuard[Config | Mapping[str, Any] | str | os.PathLike[str]]:
    """Whether this is a configuration or its file; a corpus in memory is a mapping too, of tables."""
    if isinstance(data, Mapping):
        return not all(hasattr(part, "features") for part in data.values())
    return isinstance(data, (Config, str, os.PathLike))
