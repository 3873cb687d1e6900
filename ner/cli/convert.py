"""``ner convert``."""

from __future__ import annotations

from typing import Annotated

import typer

from ner.cli.options import Format, InputScheme, Separator, TagColumn, WordColumn, data_options


def convert(
    source: Annotated[str, typer.Argument(help="A tagged corpus.", metavar="IN")],
    target: Annotated[str, typer.Argument(help="The file (for brat, the folder) to write.", metavar="OUT")],
    to: Annotated[
        str | None, typer.Option("--to", help="columns, jsonl, spans or brat; by default by the name of OUT.")
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="Of the tags written; by default the input's own.")] = None,
    format: Format = "auto",
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    separator: Separator = "auto",
    input_scheme: InputScheme = "auto",
) -> None:
    """Rewrite a corpus in another format or tag scheme; the entities stay the same.

    Example: ner convert data/sample/test.conll test.jsonl --scheme BILOU
    """
    from ner.corpus.convert import convert_file

    options = data_options(
        format=format, word_column=word_column, tag_column=tag_column, separator=separator, scheme=input_scheme
    )
    convert_file(source, target, data=options, format=to, scheme=scheme)
