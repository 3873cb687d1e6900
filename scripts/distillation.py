"""What a teacher's doubts are worth: students learn from what it says of text that nobody labelled.

A teacher is trained on one half of a corpus, the students on the text of the other half, by the teacher's best tags
(hard) or by its probability of every tag (soft).

    python scripts/distillation.py configs/bc5cdr.yaml --seeds 1,2,3 [section.key=value ...]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ner.evaluation.spread import Spread


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    seeds: str = "1,2,3",
) -> None:
    """Train teacher and students with each seed and print their scores on dev and test."""
    scores: dict[str, list[Any]] = {"teacher": [], "hard": [], "soft": []}
    for seed in map(int, seeds.split(",")):
        for name, result in train_family(config, overrides or [], seed).items():
            scores[name].append(result)
    for name, results in scores.items():
        for split in ("dev", "test"):
            found = Spread(tuple(getattr(result, split).micro.f1 for result in results))
            print(f"{config.stem} {name:8} {split:5} F1 {found}")


def train_family(config: Path, overrides: list[str], seed: int) -> dict[str, Any]:
    """A teacher on the first half of train, and two students on the text of the second."""
    from datasets import DatasetDict

    from ner.config import load_config
    from ner.corpus.read import load
    from ner.training.run import train

    settings = load_config(config, [*overrides, f"training.seed={seed}"])
    corpus = load(settings.data)
    half = len(corpus["train"]) // 2
    first, second = corpus["train"].select(range(half)), corpus["train"].select(range(half, 2 * half))
    base = {**settings.model_dump(), "data": {}}
    output = f"{settings.output}-teacher-seed{seed}"
    splits = {split: corpus[split] for split in ("dev", "test")}
    found = {"teacher": train({**base, "output": output}, DatasetDict({"train": first, **splits}), overwrite=True)}
    text = Path(output) / "unlabelled.conll"
    text.write_text("\n\n".join("\n".join(tokens) for tokens in second["tokens"][:]) + "\n", encoding="utf-8")
    for targets in ("hard", "soft"):
        distillation = {"teacher": str(found["teacher"].model), "data": str(text), "targets": targets}
        student = {**base, "distillation": distillation, "output": f"{settings.output}-{targets}-seed{seed}"}
        found[targets] = train(student, DatasetDict(splits), overwrite=True)
    return found


if __name__ == "__main__":
    typer.run(main)
