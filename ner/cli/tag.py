"""``ner tag``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ner.cli.options import DataConfig, Device, Precision, Scheme, Threads, reads_data

_MANY = "Many files, many machines"


def _not_none(n_best: int | None) -> int | None:
    if n_best == 0:
        raise typer.BadParameter("no readings are written anyway: leave the option out")
    return n_best


@reads_data("separator", "word_column", "text", "tokens")
def tag(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to tag; - is standard input. With --engine, files, folders, patterns.", metavar="FILE"
        ),
    ] = None,
    read: Annotated[
        Literal["text", "conll", "jsonl", "parquet", "dataset"] | None,
        typer.Option("--from", help="What FILE is; by default by its name, else text, a text a line."),
    ] = None,
    write: Annotated[
        Literal["text", "conll", "jsonl", "html", "parquet", "dataset", "doccano", "label-studio", "brat"] | None,
        typer.Option("--to", help="What to write; by default by OUTPUT's name, else as --from; jsonl for text."),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="Where to; - is standard output. With --engine, a folder.")
    ] = "-",
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
    engine: Annotated[
        Literal["ray"] | None,
        typer.Option(help="ray tags many files on many cores or machines, into parts.", rich_help_panel=_MANY),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Each with a model; by default one a core.", rich_help_panel=_MANY)
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="Of a cluster, or RAY_ADDRESS; by default this machine.", rich_help_panel=_MANY),
    ] = None,
    part_size: Annotated[
        int | None, typer.Option(help="MiB of input in a part (16); a multiple of 4.", rich_help_panel=_MANY)
    ] = None,
    *,
    options: DataConfig,
) -> None:
    """Find the entities of a text, a column file, JSONL or a table.

    Example:
      echo "Ada Lovelace lived in London." | ner tag runs/quickstart/model --to text
    """
    from ner.tagging import TagOptions

    wanted = TagOptions(scheme, min_score, threshold, probabilities, n_best or 0)
    sources = files or ["-"]
    if engine is None:
        from ner.tagger import load
        from ner.tagging import tag_file
        from ner.threads import choose_threads

        _refuse_without_engine(sources, workers, address, part_size)
        tagger = load(model, device, precision, choose_threads(threads))
        tag_file(tagger, sources[0], output, read=read, write=write, options=wanted, data=options)
        return
    from ner.cli.parts import Parts
    from ner.integrations.ray.tagging import tag_files

    _refuse_streams(sources, output)
    with Parts(output) as listener:
        tag_files(
            model,
            sources,
            output,
            read=read,
            write=write,
            options=wanted,
            data=options,
            precision=precision,
            part_size=16 if part_size is None else part_size,
            workers=workers,
            address=address,
            device=device,
            threads=threads or 1,
            listener=listener,
        )


def _refuse_without_engine(
    sources: list[str], workers: int | None, address: str | None, part_size: int | None
) -> None:
    from ner.errors import ConfigError

    given = {"--workers": workers, "--address": address, "--part-size": part_size}
    for name, value in given.items():
        if value is not None:
            raise ConfigError(f"{name} goes with --engine ray")
    if len(sources) > 1:
        raise ConfigError(f"{len(sources)} files: without --engine ray, name one")


def _refuse_streams(sources: list[str], output: str) -> None:
    from ner.errors import ConfigError

    if "-" in sources:
        raise ConfigError("--engine ray reads files and folders, not standard input: name them")
    if output == "-":
        raise ConfigError("--engine ray writes a folder of parts: name one, --output FOLDER")
