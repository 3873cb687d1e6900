"""``ner inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ner.cli.output import show, write_json


def inspect(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    sentence: Annotated[str | None, typer.Argument(help="One sentence.", metavar="SENTENCE")] = None,
    tokens: Annotated[bool, typer.Option("--tokens", help="SENTENCE is tokens, separated by blanks.")] = False,
    transitions: Annotated[bool, typer.Option("--transitions", help="Which tag follows which, in the CRF.")] = False,
    filters: Annotated[bool, typer.Option("--filters", help="What the character filters look for.")] = False,
    neighbours: Annotated[
        str | None, typer.Option(help="The words nearest to it in the trained vectors.", metavar="WORD")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it there: png, svg, pdf, html.", metavar="FILE")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all numbers there.", metavar="FILE")] = None,
) -> None:
    """Look inside a model: gates, memory and dependence for a sentence; or its transitions, filters, word vectors.

    Example:
      ner inspect runs/quickstart/model "Ada Lovelace lived in London ."
    """
    from ner.errors import ConfigError
    from ner.inspection import (
        CharFilters,
        Neighbours,
        SentenceReport,
        Transitions,
        char_filters,
        crf_transitions,
        inspect_sentence,
        nearest_neighbours,
    )
    from ner.tagger import load

    if [sentence is not None, transitions, filters, neighbours is not None].count(True) != 1:
        raise ConfigError("expected one of SENTENCE, --transitions, --filters and --neighbours WORD")
    if plot is not None and neighbours is not None:
        raise ConfigError("--plot: neighbours are text; there is a picture of SENTENCE, --transitions and --filters")
    tagger = load(model)
    report: SentenceReport | Transitions | CharFilters | Neighbours
    if sentence is not None:
        report = inspect_sentence(tagger, sentence.split() if tokens else sentence)
    elif transitions:
        report = crf_transitions(tagger)
    elif filters:
        report = char_filters(tagger)
    else:
        report = nearest_neighbours(tagger, str(neighbours))
    if json_file is not None:
        write_json(report.to_json(), json_file)
    if plot is not None and not isinstance(report, Neighbours):
        report.picture().write(plot)
    show(report.table())
