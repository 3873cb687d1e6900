"""What a model folder says about itself, for people."""

from __future__ import annotations

import json
import os
from math import prod
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ner.config import FeatureConfig
from ner.description import METRICS, WEIGHTS, Description, check_file, describe, model_folder
from ner.errors import ModelError
from ner.schemes import OUTSIDE, split_tag


def describe_model(folder: str | os.PathLike[str]) -> str:
    """A page of text: labels, network, training data, scores. Reads no weights, only their shapes.

    Raises:
        ModelError: the folder holds no model.
    """
    folder = model_folder(folder)
    description = describe(folder)
    network, encoder, chars = description.model, description.model.encoder, description.model.chars
    widths = " and ".join(map(str, chars.widths))
    labels = sorted({split_tag(tag)[1] for tag in description.tags if tag != OUTSIDE})
    layers = f"{encoder.layers} layers" if encoder.layers > 1 else "1 layer"
    directions = " in each direction" if encoder.bidirectional else ""
    lines = [
        ("model", f"{folder}, format {description.format}, written by version {description.version}"),
        (
            "weights",
            f"{_weights(folder, description)}, sha256 {description.files.get(description.weights, '?')[:12]}",
        ),
        ("trained by", f"configuration sha256 {(description.configuration or '?')[:12]}"),
        ("labels", f"{', '.join(labels)} ({len(description.tags)} tags in {network.scheme})"),
        ("words", f"{description.trained:,} trained rows of {description.word_dim} dimensions"),
        ("characters", f"{chars.filters} filters {widths} wide over {chars.dim} dimensions" if chars.dim else "none"),
        ("features", _features(network.features)),
        ("encoder", f"{encoder.kind}, {layers} of {encoder.hidden} units{directions}"),
        ("head", network.head),
        ("decoding", _decoding(description)),
        ("tokenizer", description.tagging.tokenizer),
        *_scores(folder),
    ]
    return "\n".join(f"{name:<12} {text}" for name, text in lines)


def _decoding(description: Description) -> str:
    threshold = description.threshold
    how = "best path" if threshold is None else f"entities whose probability exceeds {threshold:.3f} the most"
    return how if description.temperature == 1 else f"{how}; temperature {description.temperature:.3f}"


def _features(features: FeatureConfig) -> str:
    named = [
        "capitalization and shape" if features.shape_dim else "",
        "Brown clusters" if features.clusters else "",
        "gazetteers" if features.gazetteers else "",
    ]
    return ", ".join(filter(None, named)) or "none"


def _weights(folder: Path, description: Description) -> str:
    if description.runtime == "torch":
        return f"{_parameters(folder):,} parameters"
    return f"exported, for onnxruntime, with the vectors of words as {description.vectors}"


def _parameters(folder: Path) -> int:
    try:
        check_file(folder / WEIGHTS)
        with safe_open(folder / WEIGHTS, framework="np") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{folder / WEIGHTS}: cannot be read: {error}; copy the whole folder again") from None
    return sum(map(prod, shapes))


def _scores(folder: Path) -> list[tuple[str, str]]:
    """Lines from ``metrics.json``, which is free to edit: whatever cannot be read there is left out."""
    try:
        check_file(folder / METRICS)
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        lines = [
            (
                f"{split} data",
                f"{data['sentences']:,} sentences, {data['tokens']:,} tokens, {data['entities']:,} entities,"
                f" sha256 {data['sha256'][:12]}",
            )
            for split, data in metrics["data"].items()
        ]
        for split in ("dev", "test"):
            if metrics.get(split):
                micro = metrics[split]["micro"]
                numbers = [100 * micro[key] for key in ("precision", "recall", "f1")]
                lines.append((f"{split} scores", "precision {:.2f}  recall {:.2f}  F1 {:.2f}".format(*numbers)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [("scores", "none stored")]
    return lines
