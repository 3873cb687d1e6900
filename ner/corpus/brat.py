"""brat: a text in ``NAME.txt`` and its entities by character offset in ``NAME.ann``.

Only entities (``T1<tab>PER 0 3<tab>Ada``) are read; relations, events, attributes and notes are passed over. Each
file is a document. `ner.corpus.standoff` tells what becomes of spans that cut a token or are in several pieces.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ner.config import DataConfig
from ner.corpus.atomic import replacing, replacing_folder
from ner.corpus.rebuild import Text, texts
from ner.corpus.sentence import Sentence
from ner.corpus.source import lines, whole_text
from ner.corpus.standoff import START, CharSpan, Standoff
from ner.errors import DataError

_DEFAULT = DataConfig()
_ENTITY = re.compile(r"(?P<id>T\S*)\t(?P<label>\S+) (?P<pieces>[0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)(?:\t(?P<text>.*))?")


def read_brat(
    path: str | os.PathLike[str], data: DataConfig = _DEFAULT, *, tagged: bool = True
) -> Iterator[Sentence]:
    """Read the sentences of one text, or of all texts of a folder and the folders in it, by name.

    Args:
        path: a folder, a ``.txt`` or an ``.ann`` file.
        data: what cuts the texts, and what becomes of a span that cuts a token or is in several pieces.
        tagged: False to read the texts alone.

    Yields:
        Sentences; ``line`` counts in the text file, and ``document`` is the number of the file.

    Raises:
        DataError: a file is missing or cannot be read, a line of an ``.ann`` file is no annotation, or an entity does
            not fit its text.
    """
    for document, text_file in enumerate(text_files(path)):
        annotation = text_file.with_suffix(".ann")
        text = whole_text(text_file)
        spans = list(_spans(annotation, text)) if tagged else None
        standoff = Standoff(os.fspath(annotation), data)
        line = position = 0
        for sentence in standoff.sentences(text, spans, 1, document):
            start = int(sentence.columns[START][0])
            line += text.count("\n", position, start)
            position = start
            sentence.line = line + 1
            yield sentence


def text_files(path: str | os.PathLike[str]) -> list[Path]:
    """The text files of a brat corpus, in the order of their names.

    Raises:
        DataError: a folder without a text.
    """
    place = Path(path)
    if not place.is_dir():
        return [place.with_suffix(".txt")]
    found = sorted(place.rglob("*.txt"), key=lambda file: file.relative_to(place).parts)
    if not found:
        raise DataError("is a folder without .txt files.", path, remedy="brat keeps NAME.txt and NAME.ann there.")
    return found


def write_brat(sentences: Iterable[Sentence], target: str | os.PathLike[str]) -> None:
    """Write a ``.txt`` and an ``.ann`` for each document.

    Sentences that come from a text are put back where they were; other tokens are joined by blanks, and each such
    sentence is a line. Words are kept as text only: read again, they are as the tokenizer cuts them.

    Args:
        sentences: with tags in any scheme, none of them partial.
        target: a ``.txt`` or ``.ann`` file for a single document, or a folder that is not there yet or is empty.

    Raises:
        DataError: partial tags, a label with a blank in it, several documents for one file, a folder that holds
            something, or no room; nothing new is then under its final name.
    """
    path = Path(target)
    documents = texts(sentences, target, whole_documents=True)
    if path.suffix in (".txt", ".ann"):
        single = next(documents, Text("", 0))
        if next(documents, None) is not None:
            raise DataError("there is more than one document.", target, remedy="Name a folder for them.")
        write_pair(single.text, _unscored(single), path.with_suffix(""), target)
        return
    with replacing_folder(path) as folder:
        for number, text in enumerate(documents):
            write_pair(text.text, _unscored(text), folder / stem_of(number), target)


def stem_of(number: int) -> str:
    """The name of a document's files, without their suffixes."""
    return f"{number:06d}"


def _spans(annotation: Path, text: str) -> Iterator[CharSpan]:
    if not annotation.exists():
        raise DataError(
            "no such file, so the text is not annotated.",
            annotation,
            remedy="If it has no entities, make the file, empty; if it is not to be read, take the text out.",
        )
    for number, line in lines(annotation):
        if not line.startswith("T"):
            continue
        match = _ENTITY.fullmatch(line)
        if match is None:
            raise DataError(
                f"{line!r:.80} is no annotation.", annotation, number, "Expected T1<tab>LABEL START END<tab>TEXT."
            )
        pairs = [piece.split(" ") for piece in match["pieces"].split(";")]
        pieces = tuple(sorted((int(start), int(end)) for start, end in pairs))
        covered = " ".join(text[start:end] for start, end in pieces)
        if match["text"] is not None and match["text"].split() != covered.split():
            raise DataError(
                f"{match['label']} {match['pieces']} is {covered!r:.80} in the text, but {match['text']!r:.80} here.",
                annotation,
                number,
                "Offsets count characters from 0, a CR LF as two; was the text changed after it was annotated?",
            )
        yield CharSpan(match["label"], pieces, number)


def write_pair(
    text: str, entities: Iterable[tuple[str, int, int, float | None]], stem: Path, target: str | os.PathLike[str]
) -> None:
    """Write the two files of a document; both are complete before either gets its name.

    The entities get theirs last: after a crash between the two, a new text has none, which reading tells, or those of
    the text before, of which it tells those that do not fit. Writing them again mends that.

    Args:
        text: of the document; a line end is added.
        entities: label, start, end and score, which becomes a note to the entity; None for no note.
        stem: the files' path without a suffix.
        target: what is written, for messages.

    Raises:
        DataError: a label with white space in it, or no room.
    """
    annotations = []
    for number, (label, start, end, score) in enumerate(entities, start=1):
        if not label or any(character.isspace() for character in label):
            raise DataError(f"the label {label!r} has white space in it.", target, remedy="Rename it for brat.")
        shown = " ".join(text[start:end].split())
        annotations.append(f"T{number}\t{label} {start} {end}\t{shown}\n")
        if score is not None:
            annotations.append(f"#{number}\tAnnotatorNotes T{number}\t{score:.6f}\n")
    names = [stem.with_name(stem.name + suffix) for suffix in (".ann", ".txt")]
    with replacing(names[0]) as for_entities, replacing(names[1]) as for_text:
        for_text.write(text + "\n")
        for_entities.writelines(annotations)


def _unscored(text: Text) -> Iterator[tuple[str, int, int, float | None]]:
    return ((*entity, None) for entity in text.entities or ())
