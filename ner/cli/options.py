"""Options that several commands share: how a corpus file is read, and on what a network runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from ner.config import DataConfig
else:
    DataConfig = Any  # enough to resolve the signatures of the commands, which need not wait for pydantic

Scheme = Literal["IOB1", "IOB2", "BIO", "IOE1", "IOE2", "IOBES", "BIOES", "BILOU", "BILUO", "BMES"]

Threads = Annotated[int | None, typer.Option(min=1, help="By default as many as there are cores.")]
Device = Annotated[str, typer.Option(help="Where the network runs: cpu, cuda.")]
Precision = Annotated[
    Literal["fp32", "bf16"], typer.Option(help="bf16 tags about 1.5 times as fast on processors that have it.")
]


class _Option(NamedTuple):
    key: str  # of the configuration's section `data`
    name: str
    kind: Any
    metavar: str
    about: str


_OPTIONS = (
    _Option(
        "format",
        "--format",
        Literal["columns", "jsonl", "brat", "parquet", "spacy", "doccano", "label-studio"],
        "FORMAT",
        "columns, jsonl, brat, parquet, spacy, doccano or label-studio; by default by its name and look.",
    ),
    _Option(
        "separator", "--separator", Literal["tab", "blank"], "KIND", "tab or blank; by default tab if it has one."
    ),
    _Option("word_column", "--word-column", int, "N", "From 0, negative from the end; by default the first."),
    _Option("tag_column", "--tag-column", int, "N", "From 0, negative from the end; by default the last."),
    _Option("text", "--text-key", str, "KEY", "Of raw text in JSONL, tasks or parquet; by default text."),
    _Option("tokens", "--tokens-key", str, "KEY", "Of the words in JSONL or parquet; by default tokens or words."),
    _Option("tags", "--tags-key", str, "KEY", "Of the tags in JSONL or parquet; by default tags, ner_tags, ..."),
    _Option("scheme", "--input-scheme", Scheme, "SCHEME", "Of the tags, such as IOB2; by default detected."),
    _Option("tokenizer", "--tokenizer", str, "NAME", "Of raw text with entities by offset; by default english."),
    _Option(
        "cut_spans",
        "--cut-spans",
        Literal["error", "widen", "drop"],
        "WHAT",
        "With an entity that cuts a token: error (the default), widen or drop it.",
    ),
)
_BY_KEY = {option.key: option for option in _OPTIONS}
_KEY = re.compile(r"\bdata\.(\w+)(?:=([\w-]+))?")


def reads_data(*keys: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that say how a file is read; it gets them as one `DataConfig` named ``options``.

    Args:
        keys: of the configuration's section ``data``; none for all that there are.
    """
    chosen = [option for option in _OPTIONS if option.key in keys or not keys]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(*args: Any, **kwargs: Any) -> None:
            from ner.config import load_config

            values = {option.key: kwargs.pop(_parameter(option)) for option in chosen}
            given = {key: value for key, value in values.items() if value is not None}
            command(*args, **kwargs, options=load_config({"data": given}).data)

        own = inspect.signature(command, eval_str=True)
        kept = [parameter for name, parameter in own.parameters.items() if name != "options"]
        run.__signature__ = own.replace(parameters=[*kept, *map(_as_parameter, chosen)])  # type: ignore[attr-defined]
        return run

    return decorate


def as_typed(message: str, command: Callable[..., Any]) -> str:
    """A message with the keys ``data.word_column=1`` as the command's options, ``--word-column 1``."""
    known = inspect.signature(command).parameters

    def name(match: re.Match[str]) -> str:
        option, value = _BY_KEY.get(match[1]), match[2]
        if option is None or _parameter(option) not in known:
            return match[0]
        return f"{option.name} {value}" if value else option.name

    return _KEY.sub(name, message)


def _as_parameter(option: _Option) -> inspect.Parameter:
    about = typer.Option(
        option.name,
        metavar=option.metavar,
        help=option.about,
        case_sensitive=False,
        rich_help_panel="How the file is read",
    )
    kind: Any = Annotated[option.kind | None, about]
    return inspect.Parameter(_parameter(option), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _parameter(option: _Option) -> str:
    return f"data_{option.key}"
