"""Taggers with random weights, made in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ner.config import ModelConfig, TaggingConfig
from ner.description import WEIGHTS, Description
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.tagger import Tagger, on_torch

SENTENCES = [
    ["Ada", "Lovelace", "met", "Kofi", "Annan", "in", "New", "York", "."],
    ["the", "old", "market", "in", "London", "opens", "at", "9", "."],
    ["New", "York", "and", "London"],
]
KINDS = ("lstm", "peephole", "gru", "rnn", "none")


def make_tagger(
    kind: str = "lstm",
    labels: tuple[str, ...] = ("LOC", "PER"),
    chars: int = 4,
    head: str = "crf",
    features: dict[str, Any] | None = None,
    columns: list[list[list[str]]] | None = None,
    **encoder: Any,
) -> Tagger:
    """A tagger that never saw data; its words are those of `SENTENCES`."""
    torch.manual_seed(3)
    config = ModelConfig.model_validate(
        {
            "head": head,
            "words": {"dim": 6},
            "chars": {"dim": chars, "filters": 3, "widths": [2, 3]},
            "features": {"shape_dim": 3, **(features or {})},
            "encoder": {"kind": kind, "hidden": 5, **encoder},
        }
    )
    encoder_of_words = FeatureEncoder.build(config, SENTENCES, [], columns=columns or ())
    tagset = TagSet.of([[f"S-{label}" for label in labels]], config.scheme)
    model = SequenceTagger(config, encoder_of_words.sizes, tagset, 6)
    for parameter in (*model.project.parameters(), *model.words.parameters()):
        torch.nn.init.normal_(parameter)  # large enough that tags differ and gradients are no rounding errors
    description = Description(
        format=1,
        version="test",
        model=config,
        tagging=TaggingConfig(),
        tags=tagset.tags,
        word_dim=6,
        trained=encoder_of_words.sizes.trained,
        files={WEIGHTS: ""},
    )
    predictor = on_torch(model.eval(), encoder_of_words, tagset, description)
    return Tagger(predictor, description, Path("in-memory"))
