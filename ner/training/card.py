"""The model card: the README of a model folder, written from the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ner.version import __version__

if TYPE_CHECKING:
    from ner.config import ModelConfig
    from ner.training.preparation import Prepared

_TEMPLATE = """\
---
library_name: bilstm-crf-ner
pipeline_tag: token-classification
---

# Named entities: {labels}

A tagger made of {network} (after Ma & Hovy 2016), trained with `bilstm-crf-ner` {version}.

## Use

```python
import ner

tagger = ner.load("PATH/TO/THIS/FOLDER")
for entity in tagger.tag("Your text.").entities:
    print(entity.text, entity.label, entity.score)
```

or `ner tag PATH/TO/THIS/FOLDER FILE`.

## Scores

{scores}

{kept} One seed is one draw: the same recipe with another seed may differ by a point.

## Data

| split | sentences | tokens | entities | sha256 |
|---|---|---|---|---|
{data}

Tagged in {scheme}; the model's own tags are written in {model_scheme}.

## Configuration

sha256 `{configuration}`, over all but `output`:

```yaml
{config}```
"""


def model_card(prepared: Prepared, metrics: dict[str, Any]) -> str:
    """Markdown that says what the model was trained on, how well it does, and how to use it."""
    rows = [
        f"| {split} | {counts['sentences']} | {counts['tokens']} | {counts['entities']} | `{counts['sha256'][:12]}` |"
        for split, counts in prepared.identity.items()
    ]
    return _TEMPLATE.format(
        labels=", ".join(prepared.tagset.labels),
        version=__version__,
        scores=_scores(metrics),
        network=_network(prepared.config.model),
        kept=_kept(prepared, metrics),
        data="\n".join(rows),
        scheme=prepared.scheme,
        configuration=metrics["configuration"][:12],
        model_scheme=prepared.config.model.scheme,
        config=yaml.safe_dump(
            _without_folders(prepared.config.model_dump(mode="json")), sort_keys=False, allow_unicode=True
        ),
    )


def _without_folders(value: Any) -> Any:
    """A tree with absolute paths as bare names: where files lay on the writer's machine is no one else's business."""
    if isinstance(value, dict):
        return {key: _without_folders(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_folders(one) for one in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _network(config: ModelConfig) -> str:
    encoder = config.encoder
    recurrent = f"{'Bi' if encoder.bidirectional else ''}{encoder.kind.upper()}"
    parts = [
        "word embeddings",
        *["char-CNN"] * bool(config.chars.dim),
        *[recurrent] * (encoder.kind != "none"),
        "CRF" if config.head == "crf" else "softmax",
    ]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _kept(prepared: Prepared, metrics: dict[str, Any]) -> str:
    best, done, seed = metrics["best_epoch"], metrics["epochs"], metrics["seed"]
    if "dev" in prepared.corpus:
        return f"Kept are the weights of epoch {best}, of {done} the best on dev; seed {seed}."
    return f"Kept are the weights of the last epoch, {best}: there was no dev data to choose by; seed {seed}."


def _scores(metrics: dict[str, Any]) -> str:
    lines = ["| split | type | precision | recall | F1 | entities |", "|---|---|---|---|---|---|"]
    for split in ("dev", "test"):
        if metrics[split]:
            table = {"all (micro)": metrics[split]["micro"], **metrics[split]["types"]}
            lines += [
                f"| {split} | {name} | {row['precision']:.2%} | {row['recall']:.2%} | {row['f1']:.2%} "
                f"| {row['support']} |"
                for name, row in table.items()
            ]
    return "\n".join(lines) if len(lines) > 2 else "None yet: the training is not finished."
