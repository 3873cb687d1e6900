"""Trains a configuration with several seeds and prints mean and deviation of the scores: one seed proves nothing.

python scripts/seeds.py configs/wnut17.yaml --seeds 1,2,3 [section.key=value ...]
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Annotated

import typer


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    seeds: str = "1,2,3",
) -> None:
    """Train once for each seed; runs that are complete already are read, not trained again."""
    found = [run(config, overrides or [], int(seed)) for seed in seeds.split(",")]
    for split in ("dev", "test"):
        if all(scores[split] for scores in found):
            print(f"{config.stem:12} {split:5} {summary([100 * scores[split]['micro']['f1'] for scores in found])}")


def run(config: Path, overrides: list[str], seed: int) -> dict[str, dict]:
    """The metrics of one training, in OUTPUT-seedN."""
    from ner.config import load_config
    from ner.training.run import train

    settings = load_config(config, [*overrides, f"training.seed={seed}"])
    settings = settings.model_copy(update={"output": f"{settings.output}-seed{seed}"})
    metrics = Path(settings.output) / "model" / "metrics.json"
    complete = metrics.exists() and json.loads(metrics.read_text(encoding="utf-8")).get("dev") is not None
    if not complete:
        train(settings, resume=(Path(settings.output) / "checkpoint.safetensors").exists())
    return json.loads(metrics.read_text(encoding="utf-8"))


def summary(values: list[float]) -> str:
    """``31.20 +- 0.41 (30.9 31.6 31.1)``; the deviation is that of a sample."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"F1 {statistics.mean(values):.2f} +- {deviation:.2f} ({' '.join(f'{value:.2f}' for value in values)})"


if __name__ == "__main__":
    typer.run(main)
