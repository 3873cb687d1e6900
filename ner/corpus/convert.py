"""Rewriting a corpus in another format or tag scheme; words, entities, documents and other columns stay."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ner.config import DataConfig
from ner.corpus.atomic import refuse_same
from ner.corpus.brat import write_brat
from ner.corpus.docbin import write_docbin
from ner.corpus.doccano import write_doccano
from ner.corpus.formats import format_of, format_of_name
from ner.corpus.label_studio import write_label_studio
from ner.corpus.read import read
from ner.corpus.sentence import Sentence
from ner.corpus.write import write_columns, write_jsonl, write_spans
from ner.errors import DataError
from ner.schemes import SCHEMES, convert, named

_WRITERS = {
    "jsonl": write_jsonl,
    "spans": write_spans,
    "brat": write_brat,
    "spacy": write_docbin,
    "doccano": write_doccano,
    "label-studio": write_label_studio,
}
FORMATS = ("columns", *_WRITERS)
_DEFAULT = DataConfig()


def convert_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    data: DataConfig = _DEFAULT,
    format: str | None = None,
    scheme: str | None = None,
) -> None:
    """Rewrite a corpus file (for brat, a folder).

    Args:
        source: read as ``data`` says.
        target: written whole or not at all; ``.gz`` packs it, ``-`` is standard output.
        data: how the source is read.
        format: ``columns``; ``jsonl`` of tokens and tags; ``spans``, JSONL of texts and entities; ``brat``;
            ``spacy``; ``doccano``; or ``label-studio``. None goes by the target's name: ``.jsonl``, ``.spacy``,
            ``.ann``, or a folder for brat; everything else is columns.
        scheme: of the tags written; None keeps the tags as they are. Only ``columns`` and ``jsonl`` have any.

    Raises:
        DataError: the source cannot be read, what it holds cannot be said in the format, or the target cannot be
            written.
    """
    refuse_same(source, target)
    name = format if format is not None else _format_of_target(target)
    if name == "brat" and Path(target).suffix in (".txt", ".ann"):  # which are written both
        for suffix in (".txt", ".ann"):
            refuse_same(source, Path(target).with_suffix(suffix))
    if name not in FORMATS:
        raise DataError(f"cannot be written as {name}.", target, remedy=f"The formats are {', '.join(FORMATS)}.")
    if scheme is not None and named(scheme) not in SCHEMES:
        raise DataError(f"unknown scheme {scheme}.", target, remedy=f"The schemes are {', '.join(SCHEMES)}.")
    sentences = read(source, data)
    if scheme is not None:
        sentences = in_scheme(sentences, scheme, source)
    if name in _WRITERS:
        _WRITERS[name](sentences, target)
    else:
        is_columns = (format_of(source) if data.format == "auto" else data.format) == "columns"
        places = (data.word_column, data.tag_column) if is_columns else (None, None)
        write_columns(sentences, target, word_column=places[0], tag_column=places[1])


def in_scheme(sentences: Iterable[Sentence], scheme: str, source: str | os.PathLike[str]) -> Iterator[Sentence]:
    """The sentences with their tags in another scheme.

    Args:
        sentences: tagged or not.
        scheme: one of `ner.schemes.SCHEMES`.
        source: where they come from, for messages.

    Raises:
        DataError: partial tags (``?``, ``B-PER|O``): what they leave open cannot be said in another scheme.
    """
    for sentence in sentences:
        if sentence.tags is not None:
            try:
                sentence.tags = convert(sentence.tags, scheme)
            except ValueError as error:
                raise DataError(
                    f"{error}; what a partial tag leaves open cannot be said in another scheme.",
                    source,
                    sentence.line or None,
                    "Convert without a scheme, or settle the tags.",
                ) from None
        yield sentence


def _format_of_target(target: str | os.PathLike[str]) -> str:
    path = Path(target)
    return "brat" if path.is_dir() else format_of_name(target) or "columns"
