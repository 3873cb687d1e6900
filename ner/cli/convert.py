"""``ner convert``."""

from __future__ import annotations

from typing import Annotated

import typer

from ner.cli.options import DataConfig, reads_data


@reads_data()
def convert(
    source: Annotated[str, typer.Argument(help="A tagged corpus.", metavar="IN")],
    target: Annotated[str, typer.Argument(help="The file (for brat, the folder) to write.", metavar="OUT")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="columns, jsonl, spans, brat, spacy, doccano or label-studio; by default by OUT's name."
        ),
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="Of the tags written; by default the input's own.")] = None,
    *,
    options: DataConfig,
) -> None:
    """Rewrite a corpus in another format or tag scheme; the entities stay the same.

    Example:
      ner convert data/sample/test.conll test.jsonl --scheme BILOU
    """
    from ner.corpus.convert import convert_file

    convert_file(source, target, data=options, format=to, scheme=scheme)
