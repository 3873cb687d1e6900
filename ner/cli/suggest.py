"""``ner suggest``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ner.cli.options import DataConfig, reads_data


@reads_data("separator", "word_column", "text", "tokens")
def suggest(
    model: Annotated[str, typer.Argument(help="A model or a run.", metavar="MODEL")],
    files: Annotated[
        list[str], typer.Argument(help="What is not annotated yet; - is standard input.", metavar="TEXT...")
    ],
    limit: Annotated[int, typer.Option(min=1, help="Number of sentences.", metavar="N")] = 100,
    by: Annotated[
        Literal["entropy", "confidence"], typer.Option(help="Of all readings, or of the best alone; by word.")
    ] = "entropy",
    alike: Annotated[
        float, typer.Option(help="The most words that two may have in common, as a share.", metavar="SHARE")
    ] = 0.5,
    annotated: Annotated[
        list[str] | None,
        typer.Option(help="A corpus that need not be suggested again; may be repeated.", metavar="FILE"),
    ] = None,
    read: Annotated[
        Literal["text", "conll", "jsonl", "parquet", "dataset"] | None,
        typer.Option("--from", help="What TEXT is; by default by its name, else text, a text a line."),
    ] = None,
    write: Annotated[
        Literal["jsonl", "conll", "text"],
        typer.Option("--to", help="jsonl or conll with what the model finds, or the bare text."),
    ] = "jsonl",
    output: Annotated[str, typer.Option("--output", "-o", help="Where to; - is standard output.")] = "-",
    *,
    options: DataConfig,
) -> None:
    """Say which sentences to annotate next: where the model is least sure, and no two alike.

    Example:
      ner suggest runs/quickstart data/sample/test.conll --limit 10
    """
    from ner.corpus.atomic import refuse_same
    from ner.suggesting import suggest as choose
    from ner.suggesting import write_suggestions

    for file in files:
        refuse_same(file, output)
    found = choose(model, files, limit=limit, by=by, alike=alike, annotated=annotated or [], read=read, data=options)
    write_suggestions(found, output, write)
