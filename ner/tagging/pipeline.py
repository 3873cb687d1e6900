"""From a file to a file, in windows: bounded memory, everything in its order."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ner.corpus.source import Source, name_of
from ner.errors import DataError
from ner.html import page
from ner.tagger import Tagger
from ner.tagging.options import TagOptions
from ner.tagging.readers import Reader, read_columns, read_jsonl, read_text
from ner.tagging.units import Tagged, Unit
from ner.tagging.writers import Writer, write_columns, write_html, write_jsonl, write_text

INPUTS: dict[str, Reader] = {"text": read_text, "conll": read_columns, "jsonl": read_jsonl}
OUTPUTS: dict[str, Writer] = {"text": write_text, "conll": write_columns, "jsonl": write_jsonl, "html": write_html}

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".conll": "conll", ".iob": "conll", ".iob2": "conll",
             ".tsv": "conll", ".bio": "conll", ".conllu": "conll", ".html": "html", ".htm": "html"}  # fmt: skip


def tag_file(
    tagger: Tagger,
    source: Source,
    target: str | os.PathLike[str] | IO[str],
    *,
    read: str | None = None,
    write: str | None = None,
    options: TagOptions | None = None,
    window: int = 32768,
) -> int:
    """Tag a file of any length.

    Args:
        tagger: a loaded model.
        source: a path, ``-`` for standard input, or a binary stream; gzip is unpacked.
        target: a path, ``-`` for standard output, or a text stream. A path is written whole or not at all.
        read: ``text`` (a text a line), ``conll`` or ``jsonl``; by default by the file's name, else ``text``.
        write: ``text`` (entities in brackets), ``conll``, ``jsonl`` or ``html``; by default by the target's name,
            else ``conll`` for column files and ``jsonl`` for the others.
        options: what is decided and written beside the entities.
        window: tokens that are read ahead, to be batched together.

    Returns:
        The number of tokens.

    Raises:
        DataError: the input cannot be read as what it was said to be, or the output cannot be written.
        ConfigError: the options ask for what the output's format has no place for.
    """
    read = read or _by_name(source, INPUTS) or "text"
    write = write or _by_name(target, OUTPUTS) or ("conll" if read == "conll" else "jsonl")
    options = options or TagOptions()
    options.check_output(write)
    units = INPUTS[read](source, tagger.tokenizer)
    render, tokens = OUTPUTS[write], 0
    head, foot = page(f"Entities of {name_of(source)}") if write == "html" else ("", "")
    eager = source == "-" and sys.stdin.isatty()
    with _target(target) as output:
        output.write(head)
        for units_ahead in _windows(units, 1 if eager else window):
            tagged = _tagged(tagger, units_ahead, options, options.wants_scores(write))
            output.write("".join(render(unit, found, options) for unit, found in tagged))
            tokens += sum(map(len, (sentence for unit in units_ahead for sentence in unit.sentences)))
            if eager:
                output.flush()
        output.write(foot)
    return tokens


def _windows(units: Iterable[Unit], tokens: int) -> Iterator[list[Unit]]:
    """Lists of units with about so many tokens in all."""
    ahead: list[Unit] = []
    held = 0
    for unit in units:
        ahead.append(unit)
        held += 1 + sum(map(len, unit.sentences))
        if held >= tokens:
            yield ahead
            ahead, held = [], 0
    if ahead:
        yield ahead


def _tagged(tagger: Tagger, units: list[Unit], options: TagOptions, scores: bool) -> Iterator[tuple[Unit, Tagged]]:
    sentences = [sentence for unit in units for sentence in unit.sentences]
    spans = tagger.predict(sentences, scores, options.threshold).span_lists()
    if options.min_score:
        spans = [[span for span in found if span.score >= options.min_score] for found in spans]
    explained = tagger.explain(sentences, max(1, options.n_best)) if options.wants_explanations else None
    start = 0
    for unit in units:
        end = start + len(unit.sentences)
        yield unit, Tagged(spans[start:end], explained and explained[start:end], tagger.tagset)
        start = end


@contextmanager
def _target(target: str | os.PathLike[str] | IO[str]) -> Iterator[IO[str]]:
    """Where to write. A path gets its name only when everything is in the file."""
    if not isinstance(target, (str, os.PathLike)):
        yield target
        return
    if target == "-":
        output = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n", write_through=False)
        try:
            yield output
            output.flush()
        finally:
            output.detach()
        return
    path = Path(target)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        fresh.replace(path)
    except OSError as error:
        raise DataError(f"cannot be written: {error}.", path, remedy="Nothing was left under this name.") from None
    finally:
        fresh.unlink(missing_ok=True)


def _by_name(place: object, known: Collection[str]) -> str | None:
    if not isinstance(place, (str, os.PathLike)):
        return None
    suffixes = [suffix for suffix in Path(place).suffixes if suffix != ".gz"]
    found = _SUFFIXES.get(suffixes[-1].lower()) if suffixes else None
    return found if found in known else None
