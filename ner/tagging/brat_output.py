"""The output of brat: a folder with a text and its entities a document, their scores as notes.

A text is a document, an empty one too, so that the texts one after another are the file that was read. Of tokens, the
sentences of a document are a line each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ner.corpus.atomic import replacing_folder
from ner.corpus.brat import stem_of, write_pair
from ner.document import Document
from ner.errors import DataError
from ner.tagging.options import TagOptions
from ner.tagging.outputs import Output, Target
from ner.tagging.units import Tagged, Unit


@contextmanager
def to_brat(target: Target, options: TagOptions, title: str) -> Iterator[Output]:
    """A folder that is not there yet, or empty."""
    if not isinstance(target, (str, os.PathLike)) or target == "-":
        raise DataError("brat keeps a folder.", "<stdout>", remedy="Name one: --output FOLDER.")
    with replacing_folder(target) as folder:
        output = _Folder(folder, os.fspath(target))
        yield output
        output.close()


class _Folder:
    """Writes a document once another begins."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._written = 0
        self._document: int | None = None
        self._texts: list[str] = []
        self._entities: list[tuple[str, int, int, float | None]] = []
        self._end = 0

    def write(self, pieces: Iterable[tuple[Unit, Tagged]]) -> None:
        for unit, tagged in pieces:
            for number, document in enumerate(unit.documents(tagged.spans)):
                of = unit.document_of[number] if unit.text is None else None
                if of is None or of != self._document:
                    self.close()
                self._document = of
                self._add(document)

    def flush(self) -> None:
        """Nothing: nobody can see the folder yet."""

    def close(self) -> None:
        if self._texts:
            write_pair("\n".join(self._texts), self._entities, self._folder / stem_of(self._written), self._name)
            self._written += 1
        self._texts, self._entities, self._end = [], [], 0

    def _add(self, document: Document) -> None:
        shift = self._end
        self._entities += [(one.label, one.start + shift, one.end + shift, one.score) for one in document.entities]
        self._texts.append(document.text)
        self._end += len(document.text) + 1
