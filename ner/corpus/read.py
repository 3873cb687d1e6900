"""Reading a corpus: any format, one sentence after the other, or whole splits as a `datasets.DatasetDict`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from ner.config import DataConfig
from ner.corpus.columns import read_columns
from ner.corpus.sentence import Sentence
from ner.corpus.split import hold_out
from ner.corpus.table import columns, to_dataset
from ner.errors import DataError
from ner.schemes import detect

if TYPE_CHECKING:
    import datasets

__all__ = ["SPLITS", "hold_out", "load", "read", "scheme_of"]

SPLITS = ("train", "dev", "test")
_DEFAULT = DataConfig()


def read(path: str | os.PathLike[str], data: DataConfig = _DEFAULT, *, tagged: bool = True) -> Iterator[Sentence]:
    """Read the sentences of a file (for brat also of a folder), streaming.

    Args:
        path: the file; ``-`` is standard input.
        data: format, separator, columns, tokenizer and what becomes of spans that cut a token.
        tagged: False to read the words alone.

    Raises:
        DataError: the file cannot be read as what it is said to be, or holds no sentence.
    """
    sentence = None
    for sentence in read_columns(
        path,
        separator=data.separator,
        word_column=data.word_column,
        tag_column=data.tag_column,
        tagged=tagged,
    ):
        yield sentence
    if sentence is None:
        raise DataError("holds no sentence.", path, remedy="Is it the right file?")


def load(data: DataConfig, dataset: datasets.DatasetDict | None = None) -> datasets.DatasetDict:
    """The corpus in memory: splits ``train``, ``dev`` and ``test``, those that there are.

    Args:
        data: the files or the dataset, and how they are read; ``limit`` cuts each split.
        dataset: a corpus in memory, in place of what ``data`` names.

    Returns:
        Splits with the columns of `ner.corpus.table`. Tags are as the files have them; `scheme_of` says in which
        scheme.

    Raises:
        DataError: a file cannot be read, holds no sentence, or has words without tags.
    """
    import datasets

    return datasets.DatasetDict(
        {split: to_dataset(islice(_files(data, split), data.limit)) for split in SPLITS if getattr(data, split)}
    )


def scheme_of(dataset: Mapping[str, datasets.Dataset], scheme: str = "auto") -> str:
    """The scheme of a corpus: the one given, or for ``auto`` the one detected over train, or else the first split."""
    if scheme != "auto":
        return scheme
    split = dataset["train"] if "train" in dataset else next(iter(dataset.values()))
    return detect(tags for (tags,) in columns(split, "tags"))


def _files(data: DataConfig, split: str) -> Iterator[tuple[str, Sentence]]:
    for path in getattr(data, split):
        for sentence in read(path, data):
            yield path, sentence
