"""What may not change between a checkpoint and its resumption, nor between processes that train together."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from ner.config import ModelConfig, OptimizerConfig
from ner.features.batches import EncodedCorpus
from ner.training.preparation import Prepared

CONTENT = "content of a file of vectors, clusters or gazetteers"
TAUGHT = "answer of the teachers"


def fixed_by(prepared: Prepared, corpus: EncodedCorpus) -> dict[str, Any]:
    """What is fixed, by the names that messages give it; plain values."""
    config = prepared.config.model_dump(mode="json")
    keys = ("seed", "deterministic", "batch_size", "optimizer", "ema", "precision")
    return {
        "corpus": prepared.identity,
        "data.scheme": prepared.scheme,
        "data.unlabelled": config["data"]["unlabelled"],
        "data.entity_share": config["data"]["entity_share"],
        "model": config["model"],
        "distillation.temperature": config["distillation"]["temperature"],
        **{f"training.{key}": config["training"][key] for key in keys},
        TAUGHT: corpus.taught_checksum(),
        CONTENT: corpus.checksum() + sha256(prepared.matrix.tobytes()).hexdigest(),
    }


def changed_since(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The names of what differs from a checkpoint, whose configuration may lack keys that came later."""
    before = _up_to_date(before)
    before.setdefault(TAUGHT, now.get(TAUGHT))  # a checkpoint without it has it in its content
    return [key for key, value in now.items() if value != before.get(key)]


def _up_to_date(fixed: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint fixed, with the keys that came into the configuration later at their defaults."""
    later: dict[str, Any] = {}
    for key, section in (("model", ModelConfig), ("training.optimizer", OptimizerConfig)):
        with suppress(ValidationError):  # then it differs, and is named as what does
            later[key] = section.model_validate(fixed.get(key)).model_dump(mode="json")
    return {**fixed, **later}
