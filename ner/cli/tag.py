"""``ner tag``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def tag(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    file: Annotated[str, typer.Argument(help="What to tag; - is standard input.", metavar="[FILE|-]")] = "-",
    read: Annotated[
        Literal["text", "conll", "jsonl"] | None,
        typer.Option("--from", help="What FILE is; by default by its name, else text, a text a line."),
    ] = None,
    write: Annotated[
        Literal["text", "conll", "jsonl", "html"] | None,
        typer.Option("--to", help="What to write; by default by OUTPUT's name, else as --from; jsonl for text."),
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="Where to; - is standard output.")] = "-",
    scheme: Annotated[str, typer.Option(help="Of the tags, with --to conll.")] = "IOB2",
    threads: Annotated[int | None, typer.Option(min=1, help="By default as many as there are cores.")] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: cpu, cuda.")] = "cpu",
) -> None:
    """Find the entities of a text, a column file or JSONL.

    Example: echo "Ada Lovelace was born in London." | ner tag runs/quickstart/model --to text
    """
    from ner.errors import ConfigError
    from ner.schemes import SCHEMES
    from ner.tagger import load
    from ner.tagging import tag_file
    from ner.threads import set_threads

    if scheme not in SCHEMES:
        raise ConfigError(f"--scheme {scheme}: expected one of {', '.join(SCHEMES)}")
    set_threads(threads)
    tag_file(load(model, device), file, output, read=read, write=write, scheme=scheme)
