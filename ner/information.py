"""What a model folder says about itself, for people."""

from __future__ import annotations

import json
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ner.errors import ModelError
from ner.persistence import WEIGHTS, describe, model_folder


def describe_model(folder: str | os.PathLike[str]) -> str:
    """A page of text: labels, network, training data, scores. Reads no weights, only their shapes.

    Raises:
        ModelError: the folder holds no model.
    """
    folder = model_folder(folder)
    description = describe(folder)
    network, encoder = description.model, description.model.encoder
    lines = [
        f"model        {folder} (format {description.format}, written by version {description.version})",
        f"labels       {', '.join(sorted({tag.partition('-')[2] or '_' for tag in description.tags if tag != 'O'}))}",
        f"tags         {len(description.tags)} in {network.scheme}, head {network.head}",
        f"words        {description.word_dim} dimensions, {description.trained} rows trained",
        f"characters   {network.chars.filters} filters of widths {network.chars.widths} over {network.chars.dim}"
        " dimensions" if network.chars.dim else "characters   not used",
        f"encoder      {encoder.kind}, {encoder.hidden} units, {encoder.layers} layers,"
        f" {'both directions' if encoder.bidirectional else 'one direction'}",
        f"parameters   {_parameters(folder):,}",
        f"tokenizer    {description.tagging.tokenizer}",
    ]  # fmt: skip
    return "\n".join(lines + _scores(folder))


def _parameters(folder: Path) -> int:
    try:
        with safe_open(folder / WEIGHTS, framework="np") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{folder / WEIGHTS}: cannot be read: {error}; copy the whole folder again") from None
    return sum(_product(shape) for shape in shapes)


def _product(shape: list[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _scores(folder: Path) -> list[str]:
    """Lines from ``metrics.json``, which is free to edit: whatever cannot be read there is left out."""
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        lines = [
            f"{split:12} {counts['sentences']} sentences, {counts['tokens']} tokens, {counts['entities']} entities"
            for split, counts in metrics["data"].items()
        ]
        for split in ("dev", "test"):
            if metrics.get(split):
                micro = metrics[split]["micro"]
                lines.append(
                    f"{split + ' scores':12} "
                    f"P {micro['precision']:.2%}  R {micro['recall']:.2%}  F1 {micro['f1']:.2%}"
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ["scores       none stored"]
    return lines
