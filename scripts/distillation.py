"""What a teacher's doubts are worth: students learn from what it says of text, without gold labels.

The teacher is trained on the first part of a corpus. The students learn from the text of the other part, or of the
whole, by the teacher's best tags (hard), its probability of every tag (soft) or of every sequence of tags (paths).
Where several teachers, seeds of one training, decide together, one student of ordinary size takes in what they know.

    python scripts/distillation.py configs/bc5cdr.yaml --seeds 1,2,3 [section.key=value ...]
    python scripts/distillation.py configs/wikigold.yaml --labelled 1 --text all --teachers 3 [section.key=value ...]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ner.evaluation.spread import Spread

if TYPE_CHECKING:
    from ner.config import Config

STUDENTS = ("hard", "soft", "paths")
F1 = dict[str, list[float]]
"""F1 on dev and on test."""


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    seeds: str = "1,2,3",
    labelled: Annotated[float, typer.Option(help="Share of train, from its start, that the teacher learns.")] = 0.5,
    text: Annotated[str, typer.Option(help="What the students learn from: the rest of train, or all.")] = "rest",
    teachers: Annotated[int, typer.Option(help="Seeds that teach together.")] = 1,
) -> None:
    """Train teachers and students with each seed and print their scores on dev and test."""
    if text not in ("rest", "all"):
        raise typer.BadParameter(f"expected rest or all, got {text}", param_hint="--text")
    scores: dict[str, F1] = {}
    for seed in map(int, seeds.split(",")):
        train_family(config, [*(overrides or []), f"training.seed={seed}"], labelled, text, teachers, scores)
    for name, found in scores.items():
        print(f"{config.stem} {name:8}", *(f"{split} F1 {Spread(tuple(f1))}" for split, f1 in found.items()))


def train_family(
    config: Path, overrides: list[str], labelled: float, text: str, teachers: int, scores: dict[str, F1]
) -> None:
    """Teachers on the first part of train, and students of what they say; their F1 is added to the scores."""
    from datasets import DatasetDict

    import ner
    from ner.config import load_config
    from ner.corpus.read import load
    from ner.training.run import train

    settings = load_config(config, overrides)
    corpus, seed = load(settings.data), settings.training.seed
    judged = {split: corpus[split] for split in ("dev", "test")}
    cut = round(len(corpus["train"]) * labelled)
    first = DatasetDict({"train": corpus["train"].select(range(cut)), **judged})
    folder = Path(f"{settings.output}-teachers-{seed}")
    for member in range(teachers):  # seeds that no other family has
        own = {"seed": seed + 1000 * member}
        train(_changed(settings, folder / f"seed{member}", training=own), first, overwrite=True)
    unlabelled = folder / "text.conll"
    sentences = corpus["train"]["tokens"][cut if text == "rest" else 0 :]
    unlabelled.write_text("\n\n".join(map("\n".join, sentences)) + "\n", encoding="utf-8")

    def count(name: str, model: Path) -> None:
        for split, data in judged.items():
            f1 = ner.evaluate(model, data).scores.micro.f1
            scores.setdefault(name, {}).setdefault(split, []).append(f1)

    if teachers > 1:
        for member in range(teachers):
            count("each", folder / f"seed{member}")
    count("teacher", folder)
    for targets in STUDENTS:
        distillation = {"teacher": str(folder), "data": [str(unlabelled)], "targets": targets}
        output = Path(f"{settings.output}-{targets}-{seed}")
        train(_changed(settings, output, distillation=distillation), DatasetDict(judged), overwrite=True)
        count(targets, output)


def _changed(settings: Config, output: Path, **sections: Mapping[str, object]) -> dict[str, object]:
    """The settings for another run, on a corpus in memory."""
    tree = {**settings.model_dump(), "data": {}, "output": str(output)}
    return {**tree, **{name: {**tree[name], **changes} for name, changes in sections.items()}}


if __name__ == "__main__":
    typer.run(main)
