"""What a model folder says about itself, for people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from math import isfinite, prod
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ner.config import FeatureConfig
from ner.description import METRICS, WEIGHTS, Description, check_file, describe, model_folder
from ner.errors import ModelError
from ner.evaluation.spread import Spread
from ner.runs import holds_models, runs_in
from ner.schemes import OUTSIDE, split_tag

SCORED = ("dev", "test")
_NUMBERS = ("precision", "recall", "f1")


def describe_model(folder: str | os.PathLike[str]) -> str:
    """A page of text: labels, network, training data, scores. Reads no weights, only their shapes.

    Of a folder of seeds: the mean and spread of their scores, and then the page of the first.

    Raises:
        ModelError: the folder holds no model.
    """
    if not holds_models(Path(folder)):
        return _page(model_folder(folder))
    seeds = runs_in(Path(folder))
    lines = [("seeds", f"{folder}: {', '.join(seed.name for seed in seeds)}, which tag together where it is named")]
    for split in SCORED:
        found = [micro["f1"] for seed in seeds if (micro := _micro(_metrics(model_folder(seed)), split))]
        if len(found) == len(seeds):
            lines.append((f"{split} F1", str(Spread(tuple(found)))))
    return f"{_laid_out(lines)}\n\n{_page(model_folder(seeds[0]))}"


def _page(folder: Path) -> str:
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
    return _laid_out(lines)


def _laid_out(lines: Iterable[tuple[str, str]]) -> str:
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
    """Lines from ``metrics.json``; what cannot be read there is left out."""
    metrics = _metrics(folder)
    lines = []
    try:
        for split, data in metrics["data"].items():
            size = f"{data['sentences']:,} sentences, {data['tokens']:,} tokens, {data['entities']:,} entities"
            lines.append((f"{split} data", f"{size}, sha256 {data['sha256'][:12]}"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return [("scores", "none stored")]
    for split in SCORED:
        if micro := _micro(metrics, split):
            numbers = [100 * micro[key] for key in _NUMBERS]
            lines.append((f"{split} scores", "precision {:.2f}  recall {:.2f}  F1 {:.2f}".format(*numbers)))
    return lines


def _metrics(folder: Path) -> Any:
    """What stands in ``metrics.json``, which is free to edit; None where it cannot be read."""
    try:
        check_file(folder / METRICS)
        return json.loads((folder / METRICS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _micro(metrics: Any, split: str) -> dict[str, float] | None:
    """Precision, recall and F1 on a split as fractions; None where there are none."""
    try:
        found = {key: float(metrics[split]["micro"][key]) for key in _NUMBERS}
        return found if all(map(isfinite, found.values())) else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None
