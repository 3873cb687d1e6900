"""``ner push``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ner.cli.output import show


def push(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    name: Annotated[str, typer.Argument(help="The repository on the hub.", metavar="OWNER/NAME")],
    private: Annotated[bool, typer.Option("--private", help="If the repository is new.")] = False,
) -> None:
    """Upload a model to the Hugging Face hub; others tag with it as hub:OWNER/NAME.

    Log in first: hf auth login.

    Example:
      ner push runs/quickstart/model OWNER/NAME --private
    """
    from ner.integrations.hub import push as push_model

    show(push_model(model, name, private=private))
