"""Writes docs/messages.md: what the package says of everything that the tests do wrong.

python scripts/document_messages.py
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hostile_models import (
    ATTACKS,
    CONFIGURATIONS,
    answer_of,
    answer_of_configuration,
    attacked,
    bounded,
    configuration,
    train_model,
)
from provocations import COMMANDS, CORPORA, RECORDS, lay_out_corpus
from provoked_calls import CALLS, Calls, answer
from provoking_files import lay_out
from typer.testing import CliRunner

import ner
from ner.cli import app
from ner.config import DataConfig
from ner.corpus.read import load

HEAD = """\
# Messages

What is said of what is wrong: each message names the file and the line, what was found, what is allowed, and what to
do. Every one of them is provoked by a test. The commands print it behind `error:` with exit status 1; in Python it is
the text of an `ner.NerError`. The words of libraries are left out (`...`).

This page is written by `python scripts/document_messages.py` from `scripts/provocations.py` and
`scripts/hostile_models.py`.
"""
TARGET = Path(__file__).parent.parent / "docs" / "messages.md"
Row = tuple[str, str]

_NAMES = re.compile("MODEL|CONFIG")
_FOREIGN = re.compile(
    r"((?:deserializing header|list of words|folder is damaged|used here|cannot be|YAML|yaml: cannot be read"
    r"|no parquet file|saved dataset|written): |its loss is |checkpoint is damaged \()"
    r"(?!it has|found |No such|nested|a value)"
    r".+?(?=; copy|\. Lower|; cpu|\); start|\. Save it|\. Is it whole|$)",
    re.DOTALL,
)


def render() -> str:
    """The page."""
    os.environ.update(OMP_NUM_THREADS="1", COLUMNS="80")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        model = train_model(place)
        sections = [
            ("Commands", "command", commands(place / "commands", model)),
            ("Corpora to train on", "file", corpora(place / "corpora")),
            ("Records to tag", "line of JSONL", records(model)),
            ("Model folders", "what is wrong", models(place / "models", model)),
            ("Configurations", "what is wrong", configurations(place / "configurations")),
            ("Python and the machine", "what is done", calls(place / "calls", model)),
        ]
        return HEAD + "".join(_section(*section) for section in sections)


def commands(place: Path, model: Path) -> Iterator[Row]:
    """What commands say, in a working folder with the files of the tests."""
    place.mkdir()
    names = lay_out(place, model, configuration(place))
    here = Path.cwd()
    os.chdir(place)
    try:
        for command, says in COMMANDS:
            words = [_NAMES.sub(lambda match: names[match[0]], word) for word in command.split(" ")]
            shutil.rmtree("run", ignore_errors=True)
            answer = CliRunner().invoke(app, words, input="Ada").stderr.removeprefix("error: ")
            shown = command if len(command) < 120 else f"{command[:40]}..."
            yield f"`ner {shown.strip()}`", _ours(answer, says, f"{place}/", str(model))
    finally:
        os.chdir(here)


def corpora(place: Path) -> Iterator[Row]:
    """What reading a corpus says."""
    place.mkdir()
    for name, (_, options, expected) in CORPORA.items():
        path = lay_out_corpus(place, name)
        answer = ""
        try:
            load(DataConfig(train=[str(path)], **options))
        except ner.DataError as error:
            answer = str(error)
        yield f"`{name}`", _ours(answer, expected, f"{place}/")


def records(model: Path) -> Iterator[Row]:
    """What tagging says of a record."""
    tagger = ner.load(model)
    for line, _ in RECORDS:
        try:
            ner.tag_file(tagger, io.BytesIO(line.encode()), io.StringIO(), read="jsonl", write="jsonl")
        except ner.DataError as error:
            yield f"`{line}`", str(error)


def models(place: Path, model: Path) -> Iterator[Row]:
    """What loading a model folder says."""
    for number, (name, attack) in enumerate(ATTACKS.items()):
        if attack.says and name != "tokenizer of a module":  # said by whether spaCy is installed
            folder = place / str(number)
            folder.mkdir(parents=True)
            answer = bounded(answer_of, attacked(name, model, folder))
            yield name, _ours(answer, attack.says, f"{folder}/")


def configurations(place: Path) -> Iterator[Row]:
    """What reading a configuration says."""
    place.mkdir()
    path = place / "config.yaml"
    for name, (content, says) in CONFIGURATIONS.items():
        path.write_bytes(content)
        yield name, _ours(bounded(answer_of_configuration, path), says, f"{place}/")


def calls(place: Path, model: Path) -> Iterator[Row]:
    """What is said to Python users, and of a machine that lacks something."""
    place.mkdir()
    config = configuration(place)
    lay_out(place, model, config)
    for name, (call, says) in CALLS.items():
        yield name, _ours(answer(call, Calls(place, model, config)), says, f"{place}/", str(model))


def _ours(answer: str, says: str, *places: str) -> str:
    """The message without the names of temporary folders, and without what libraries and the machine put into it."""
    if says not in answer:
        raise SystemExit(f"expected {says!r}, got {answer!r}: mend the catalogue")
    for place, name in zip(places, ("", "MODEL"), strict=False):
        answer = answer.replace(place, name)
    return _FOREIGN.sub(r"\1...", answer)


def _section(title: str, what: str, rows: Iterator[Row]) -> str:
    lines = dict.fromkeys(f"| {_cell(case)} | {_cell(message)} |\n" for case, message in rows)
    return f"\n## {title}\n\n| {what} | message |\n|---|---|\n" + "".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
