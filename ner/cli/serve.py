"""``ner serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ner.cli.options import Device, Precision, Threads
from ner.cli.output import show


def serve(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8000,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 lets others in.")] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name to be asked for by; may be repeated.", metavar="NAME")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="Answer only those who bring the token in it.", metavar="FILE")
    ] = None,
    max_bytes: Annotated[int, typer.Option(help="Of a request.")] = 1 << 20,
    max_seconds: Annotated[float, typer.Option(help="To send a request in, and to be answered in.")] = 30.0,
    max_queue: Annotated[int, typer.Option(help="Requests that wait; more are sent away.")] = 256,
    batch: Annotated[int, typer.Option(help="Requests that are tagged together; 1 for each alone.")] = 64,
    wait: Annotated[float, typer.Option(help="Seconds to wait for others to tag together.")] = 0.0,
    threads: Threads = None,
    device: Device = "cpu",
    precision: Precision = "fp32",
) -> None:
    """Answer over HTTP, with a page to try the model on, until Ctrl-C.

    Example:
      ner serve runs/quickstart --port 8000
    """
    from ner.serving import ServeOptions
    from ner.serving import serve as run
    from ner.serving.run import is_loopback
    from ner.serving.secret import read_token
    from ner.tagger import load
    from ner.threads import choose_threads

    options = ServeOptions(
        token=None if token_file is None else read_token(token_file),
        hosts=tuple(allow_host or ()),
        max_bytes=max_bytes,
        max_seconds=max_seconds,
        max_queue=max_queue,
        batch=batch,
        wait=wait,
    )
    if options.token is None and not is_loopback(host):
        typer.echo("warning: whoever reaches this machine may use the server: give a --token-file", err=True)
    served = run(load(model, device, precision, choose_threads(threads)), host, port, options, _announce)
    show(f"stopped: {served.taken:,} requests taken, {served.answered:,} answered")


def _announce(address: str) -> None:
    show(f"listening on {address}")
    if sys.stdout is not None:
        sys.stdout.flush()  # who started the server waits for this line
