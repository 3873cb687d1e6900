"""From a file to a file, in windows: bounded memory, everything in its order."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple

from ner.config import DataConfig
from ner.corpus.atomic import refuse_same
from ner.corpus.beside import Beside
from ner.corpus.label_studio import BETWEEN, FOOT, HEAD
from ner.corpus.source import Source, name_of
from ner.errors import ConfigError, DataError
from ner.html import page
from ner.prediction import Prediction
from ner.tagger import Tagger
from ner.tagging.annotation import write_doccano, write_tasks
from ner.tagging.brat_output import to_brat
from ner.tagging.dataset_output import to_dataset
from ner.tagging.options import TagOptions
from ner.tagging.outputs import Opener, Output, Target, as_text
from ner.tagging.parquet_output import to_parquet
from ner.tagging.readers import Reader, read_conll, read_jsonl, read_text
from ner.tagging.surroundings import Surroundings
from ner.tagging.tables import read_dataset, read_parquet
from ner.tagging.units import Tagged, Unit
from ner.tagging.waiting import FailedMeanwhileError, watched
from ner.tagging.writers import write_columns, write_html, write_jsonl, write_text

INPUTS: dict[str, Reader] = {
    "text": read_text,
    "conll": read_conll,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "dataset": read_dataset,
}
OUTPUTS: dict[str, Opener] = {
    "text": as_text(write_text),
    "conll": as_text(write_columns),
    "jsonl": as_text(write_jsonl),
    "html": as_text(write_html, page),
    "parquet": to_parquet,
    "dataset": to_dataset,
    "doccano": as_text(write_doccano),
    "label-studio": as_text(write_tasks, lambda title: (HEAD, FOOT), BETWEEN),
    "brat": to_brat,
}

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".conll": "conll", ".conllu": "conll", ".iob": "conll",
             ".iob2": "conll", ".bio": "conll", ".tsv": "conll", ".html": "html", ".htm": "html",
             ".txt": "text", ".parquet": "parquet"}  # fmt: skip
_OTHERS = (".csv", ".json", ".xml", ".ann", ".spacy", ".xlsx", ".docx", ".pdf")  # which a user would not get
_DEFAULT = DataConfig()
_OF_RECORDS = ("jsonl", "parquet", "dataset")
_READ_IN = {"separator": ("conll",), "word_column": ("conll",), "text": _OF_RECORDS, "tokens": _OF_RECORDS}
_FIRST_WINDOW, _WINDOW, _WINDOW_OF_A_GPU = 8192, 24576, 98304
_CHARACTERS = 64  # of a record count as a token: what it holds beside its text is kept in memory, too


def tag_file(
    tagger: Tagger,
    source: Source,
    target: Target,
    *,
    read: str | None = None,
    write: str | None = None,
    options: TagOptions | None = None,
    data: DataConfig = _DEFAULT,
    window: int | None = None,
) -> int:
    """Tag a file of any length.

    Args:
        tagger: a loaded model.
        source: a path, ``-`` for standard input, or a binary stream; gzip is unpacked.
        target: a path, ``-`` for standard output, or a stream, of text or, for parquet, of bytes. A path is written
            whole or not at all, packed if it ends in ``.gz``.
        read: ``text`` (a text a line), ``conll``, ``jsonl``, ``parquet`` or ``dataset``, a folder; by default by the
            name, else ``text``.
        write: ``text`` (entities in brackets), ``conll``, ``jsonl``, ``html``, ``parquet``, ``dataset``, ``doccano``,
            ``label-studio`` or ``brat``; by default by the target's name, else ``conll`` for column files, ``jsonl``
            for a stream, what was read for tables, and ``jsonl`` for the others.
        options: what is decided and written beside the entities.
        data: how the source is read: separator and word column of column files, names of the text's or the tokens'
            key in JSONL or column in tables.
        window: tokens that are read ahead, to be batched together, by default 24,576, and four times as many for a
            GPU; fewer when standard input keeps us waiting.

    Returns:
        The number of tokens.

    Raises:
        DataError: the input cannot be read as what it was said to be, or the output cannot be written.
        ConfigError: the options ask for what the output's format has no place for, or say how another format than the
            source's is read; or the ending of source or target promises another format than any.
    """
    refuse_same(source, target)
    read = read or input_kind(source)
    write = write or by_name(target, OUTPUTS) or _alike(read, target)
    options = options or TagOptions()
    check_reading({read}, data)
    options.check_output(write)
    window = window or (_WINDOW if tagger.device == "cpu" else _WINDOW_OF_A_GPU)
    with _in_bulk, OUTPUTS[write](target, options, f"Entities of {name_of(source)}") as output:
        work = _Work(tagger, options, options.wants_scores(write), output)
        try:
            for unit in INPUTS[read](watched(source, work.catch_up), tagger.tokenizer, data, tagger.columns):
                work.add(unit, window)
        except FailedMeanwhileError as failure:
            assert failure.__cause__ is not None
            raise failure.__cause__ from None
        work.finish()
    return work.tokens


class _Bulk:
    """Settings of the interpreter for threads that ask for it often and briefly, beside one that holds it long.

    And for many objects that are kept until they are written, among which there are no cycles to be searched for.
    Where files are tagged in several threads, the first one makes the settings and the last one undoes them.
    """

    def __init__(self) -> None:
        self._lock, self._users = Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._interval, self._thresholds = sys.getswitchinterval(), gc.get_threshold()
                sys.setswitchinterval(min(self._interval, 0.0005))
                if self._thresholds[0]:
                    gc.set_threshold(max(self._thresholds[0], 200_000), *self._thresholds[1:])
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                sys.setswitchinterval(self._interval)
                gc.set_threshold(*self._thresholds)


_in_bulk = _Bulk()


@dataclass
class _Work:
    """Units that were read and not yet tagged, and what becomes of them."""

    tagger: Tagger
    options: TagOptions
    scores: bool
    output: Output
    tokens: int = 0
    ahead: list[Unit] = field(default_factory=list)
    held: int = 0
    begun: _Begun | None = None
    earlier: int = 0
    surroundings: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self.surroundings = Surroundings(self.tagger.context)

    def add(self, unit: Unit, window: int) -> None:
        """Take a unit, and go on once there is a window full of them; small ones first, so that no thread waits.

        Where a stretch begins, so does a window, again a small one. The last digits of a score hang on what a
        sentence is computed with: so they are the same where a stretch is tagged by itself, on another machine.
        """
        if unit.begins:
            self.advance()
            self.earlier = self.tokens
        self.ahead.append(unit)
        self.held += _weight(unit)
        if self.held >= min(window, max(_FIRST_WINDOW, self.tokens - self.earlier)):
            self.advance()

    def advance(self, at_end: bool = False) -> None:
        """Begin to tag what was taken, up to where what follows must be read first; write what was begun before."""
        ready = len(self.ahead) if at_end else self.surroundings.ready(self.ahead)
        units, self.ahead = self.ahead[:ready], self.ahead[ready:]
        self.held = sum(map(_weight, self.ahead))
        before, self.begun = self.begun, self._begin(units) if units else None
        if before:
            self.output.write(self._tagged(before))

    def finish(self) -> None:
        """Tag and write everything that was taken."""
        while self.ahead or self.begun:
            self.advance(at_end=True)

    def catch_up(self) -> None:
        """Write what does not hang on what follows, and let the reader of the output have it now."""
        if not (self.begun or self.surroundings.ready(self.ahead)):
            return
        while self.begun or self.surroundings.ready(self.ahead):
            self.advance()
        self.output.flush()

    def _begin(self, units: list[Unit]) -> _Begun:
        self.tokens += sum(len(sentence) for unit in units for sentence in unit.sentences)
        threshold: float | Literal["own"] = "own" if self.options.threshold is None else self.options.threshold
        before, after = self.surroundings.of(units, self.ahead)
        around = [*before, *units, *after]
        sentences = [sentence for unit in around for sentence in unit.sentences]
        beside = Beside([number for unit in around for number in unit.document_of], self._columns(around))
        first = sum(len(unit.sentences) for unit in before)
        return _Begun(units, first, sentences, beside, self.tagger.start(sentences, self.scores, threshold, beside))

    def _columns(self, units: list[Unit]) -> list[list[list[str]]] | None:
        names = self.tagger.columns
        if not names:
            return None
        for unit in units:
            if unit.columns is None and unit.sentences:
                read = " and ".join(f"column {name}" for name in names)
                raise DataError(
                    f"holds text alone, and the model reads {read} beside the words.",
                    unit.name,
                    unit.line,
                    "Give it column files or JSONL that have them: --from conll, --from jsonl.",
                )
        return [columns for unit in units for columns in unit.columns or ()]

    def _tagged(self, begun: _Begun) -> Iterator[tuple[Unit, Tagged]]:
        options, tagger = self.options, self.tagger
        spans = begun.predict().span_lists()
        if options.min_score:
            spans = [[span for span in found if span.score >= options.min_score] for found in spans]
        explained = None
        if options.wants_explanations:
            explained = tagger.explain(begun.sentences, max(1, options.n_best), begun.beside)
        start = begun.first
        for unit in begun.units:
            end = start + len(unit.sentences)
            yield unit, Tagged(spans[start:end], explained and explained[start:end], tagger.tagset)
            start = end


class _Begun(NamedTuple):
    """Units that are being tagged, their sentences from ``first`` on among those read, and where tags come from."""

    units: list[Unit]
    first: int
    sentences: list[list[str]]
    beside: Beside
    predict: Callable[[], Prediction]


def _weight(unit: Unit) -> int:
    """What a unit counts towards a window."""
    return 1 + max(sum(map(len, unit.sentences)), unit.size // _CHARACTERS)


def input_kind(source: Source) -> str:
    """What a source is by its name: a folder is a data set, and what tells nothing is text.

    Raises:
        ConfigError: the name promises a format that is not read by its name.
    """
    if isinstance(source, (str, os.PathLike)) and source != "-" and Path(source).is_dir():
        return "dataset"
    return kind_by_name(source)


def check_reading(reads: Collection[str], data: DataConfig) -> None:
    """Raise a `ConfigError` if something is said of how files are read that none of the formats has a place for."""
    for key, formats in _READ_IN.items():
        value = getattr(data, key)
        if value != getattr(_DEFAULT, key) and not any(read in formats for read in reads):
            raise ConfigError(
                f"data.{key}={value} has no place in {' and '.join(sorted(reads))}: leave it out, "
                f"or say what is read, --from {formats[0]}"
            )


def kind_by_name(source: Source) -> str:
    """What a file is by its name; what tells nothing is text. Raises as `input_kind` does."""
    ending = _ending(source)
    if ending in _OTHERS:
        raise ConfigError(
            f"{name_of(source)}: {ending} tells no format that is tagged; say what it is, such as --from text for a "
            "text a line"
        )
    return by_name(source, INPUTS) or "text"


def _alike(read: str, target: Target) -> str:
    """What is written where nobody says it: tables are not for standard output.

    Raises:
        ConfigError: the target's name promises a format that is not written by its name.
    """
    is_file = isinstance(target, (str, os.PathLike)) and target != "-"
    written = read if read == "conll" or (is_file and read in ("parquet", "dataset")) else "jsonl"
    ending = _ending(target)
    if ending in _OTHERS or (ending and written == "parquet"):
        raise ConfigError(f"--output {target}: {ending} tells no format that is written; say which it shall be: --to")
    return written


def _ending(place: object) -> str:
    """Of a file's name, ``.gz`` passed over; empty where there is none."""
    return Path(os.fspath(place).removesuffix(".gz")).suffix.lower() if isinstance(place, (str, os.PathLike)) else ""


def by_name(place: object, known: Collection[str]) -> str | None:
    """The one of the known kinds that a file's name tells; None if it tells none."""
    if not isinstance(place, (str, os.PathLike)):
        return None
    suffixes = [suffix for suffix in Path(place).suffixes if suffix != ".gz"]
    found = _SUFFIXES.get(suffixes[-1].lower()) if suffixes else None
    return found if found in known else None
