"""``ner tag``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ner.cli.options import DataConfig, Device, Precision, Scheme, Threads, reads_data


def _not_none(n_best: int | None) -> int | None:
    if n_best == 0:
        raise typer.BadParameter("no readings are written anyway: leave the option out")
    return n_best


@reads_data("separator", "word_column", "text", "tokens")
def tag(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    file: Annotated[str, typer.Argument(help="What to tag; - is standard input.", metavar="FILE")] = "-",
    read: Annotated[
        Literal["text", "conll", "jsonl", "parquet", "dataset"] | None,
        typer.Option("--from", help="What FILE is; by default by its name, else text, a text a line."),
    ] = None,
    write: Annotated[
        Literal["text", "conll", "jsonl", "html", "parquet", "dataset", "doccano", "label-studio", "brat"] | None,
        typer.Option("--to", help="What to write; by default by OUTPUT's name, else as --from; jsonl for text."),
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="Where to; - is standard output.")] = "-",
    scheme: Annotated[
        Scheme | None,
        typer.Option(
            metavar="SCHEME", case_sensitive=False, help="Of the tags in columns and tables; by default IOB2."
        ),
    ] = None,
    min_score: Annotated[float, typer.Option(help="Leave out entities of a lower probability.")] = 0.0,
    threshold: Annotated[
        float | None,
        typer.Option(help="Decode by entities of at least about this probability, not by the best path."),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Write how sure the model is of every tag and sentence.")
    ] = False,
    n_best: Annotated[
        int | None,
        typer.Option(callback=_not_none, help="Write so many readings, in JSONL or tasks of Label Studio."),
    ] = None,
    threads: Threads = None,
    device: Device = "cpu",
    precision: Precision = "fp32",
    *,
    options: DataConfig,
) -> None:
    """Find the entities of a text, a column file or JSONL.

    Example:
      echo "Ada Lovelace lived in London." | ner tag runs/quickstart/model --to text
    """
    from ner.tagger import load
    from ner.tagging import TagOptions, tag_file
    from ner.threads import choose_threads

    wanted = TagOptions(scheme, min_score, threshold, probabilities, n_best or 0)
    tagger = load(model, device, precision, choose_threads(threads))
    tag_file(tagger, file, output, read=read, write=write, options=wanted, data=options)
