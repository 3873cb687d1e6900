"""Reading a corpus: any format, one sentence after the other, or whole splits as a `datasets.DatasetDict`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from ner.config import DataConfig
from ner.corpus.brat import read_brat, text_files
from ner.corpus.columns import read_columns
from ner.corpus.docbin import read_docbin
from ner.corpus.doccano import read_doccano
from ner.corpus.formats import format_of
from ner.corpus.hub import find_dataset, read_parquet
from ner.corpus.jsonl import read_jsonl
from ner.corpus.label_studio import read_label_studio
from ner.corpus.rows import pick_splits, rows
from ner.corpus.sentence import Sentence
from ner.corpus.split import hold_out
from ner.corpus.table import columns, to_dataset
from ner.errors import DataError
from ner.schemes import detect

if TYPE_CHECKING:
    import datasets

logger = logging.getLogger(__name__)

__all__ = ["SPLITS", "hold_out", "load", "read", "scheme_of"]

SPLITS = ("train", "dev", "test")
_DEFAULT = DataConfig()
_OF_COLUMNS = ("separator", "word_column")
_READERS: dict[str, Callable[..., Iterator[Sentence]]] = {
    "columns": read_columns,
    "jsonl": read_jsonl,
    "spacy": read_docbin,
    "doccano": read_doccano,
    "label-studio": read_label_studio,
}


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
    for _, sentence in _sentences(path, data, tagged):
        yield sentence
    if sentence is None:
        raise DataError("holds no sentence.", path, remedy="Is it the right file?")


def load(
    data: DataConfig, dataset: datasets.DatasetDict | None = None, others: Collection[str] | None = ()
) -> datasets.DatasetDict:
    """The corpus in memory: splits ``train``, ``dev`` and ``test``, those that there are.

    Args:
        data: the files or the dataset, and how they are read; ``limit`` cuts each split.
        dataset: a corpus in memory, in place of what ``data`` names.
        others: names of further columns to keep, where there are such; None for all.

    Returns:
        Splits with the columns of `ner.corpus.table`. Tags are as the files have them; `scheme_of` says in which
        scheme.

    Raises:
        DataError: a file cannot be read, holds no sentence, or has words without tags.
    """
    import datasets

    if dataset is None and data.dataset is None:
        streams = {split: _files(getattr(data, split), data) for split in SPLITS if getattr(data, split)}
    else:
        name = data.dataset or "the dataset"
        found = find_dataset(name, data.revision) if dataset is None else dataset
        streams = {
            split: rows(part, f"{name} {split}", data.tokens, data.tags, others=others)
            for split, part in pick_splits(found, name).items()
        }
    corpus = {split: to_dataset(islice(stream, data.limit), others) for split, stream in streams.items()}
    for split, table in corpus.items():
        if not len(table):
            raise DataError(f"{split} holds no sentence.", data.dataset, remedy="Leave the split out, or fill it.")
    return datasets.DatasetDict(corpus)


def scheme_of(dataset: Mapping[str, datasets.Dataset], scheme: str = "auto") -> str:
    """The scheme of a corpus: the one given, or for ``auto`` the one detected over train, or else the first split."""
    if scheme != "auto":
        return scheme
    split = dataset["train"] if "train" in dataset else next(iter(dataset.values()))
    return detect(tags for (tags,) in columns(split, "tags"))


def _files(paths: Sequence[str], data: DataConfig) -> Iterator[tuple[str, Sentence]]:
    for path in paths:
        empty = True
        for name, sentence in _sentences(path, data, True):
            yield name, sentence
            empty = False
        if empty:
            raise DataError("holds no sentence.", path, remedy="Is it the right file?")


def _sentences(path: str | os.PathLike[str], data: DataConfig, tagged: bool) -> Iterator[tuple[str, Sentence]]:
    """The sentences of a file, or of the texts in a folder, each with the name of its file."""
    name = os.fspath(path)
    kind = format_of(path) if data.format == "auto" else data.format
    for key in _OF_COLUMNS if kind != "columns" else ():
        value = getattr(data, key)
        if value != getattr(_DEFAULT, key):
            logger.warning("%s is read as %s: data.%s=%s is of column files, and not used", name, kind, key, value)
    if kind == "parquet":
        yield from rows(read_parquet(path), name, data.tokens, data.tags, tagged, None)
    elif kind == "brat":
        files = text_files(path)
        for one in read_brat(path, data, tagged=tagged):
            yield os.fspath(files[one.document]), one
    else:
        for one in _READERS[kind](path, data, tagged=tagged):
            yield name, one
