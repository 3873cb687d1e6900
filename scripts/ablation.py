"""What each part of a recipe is worth: every feature and every regularizer that it has, out by itself.

    python scripts/ablation.py configs/wnut17.yaml --seeds 1,2,3 [section.key=value ...]

Runs go into OUTPUT-ablation/PART/seedN; those that are complete are not trained again. F1 is on dev, unless --test
asks for test too. The difference to the whole recipe is the mean over seeds, with its standard error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ner.config import Config, load_config
from ner.evaluation.spread import Spread
from ner.evaluation.tables import percent, text_table

WHOLE = "nothing"
PARTS: dict[str, tuple[str, ...]] = {
    "word vectors": ("vectors=[]", "model.features.cluster_start=random"),
    "characters": ("model.chars.dim=0",),
    "shape": ("model.features.shape_dim=0",),
    "clusters": ("model.features.clusters=null",),
    "gazetteers": ("model.features.gazetteers=[]",),
    "further columns": ("model.features.columns=[]",),
    "recurrence": ("model.encoder.kind=none", "model.language_model.weight=0"),
    "document context": ("model.encoder.context=0",),
    "second head": ("model.auxiliary.column=null",),
    "language model": ("model.language_model.weight=0",),
    "CRF": ("model.head=softmax", "model.constrained_training=false"),
    "constrained training": ("model.constrained_training=false",),
    "trained vectors": ("model.words.fine_tune=false",),
    "word dropout": ("model.words.dropout=0", "model.words.rare_dropout=0"),
    "character dropout": ("model.chars.dropout=0",),
    "group dropout": ("model.features.group_dropout=0",),
    "encoder dropout": ("model.encoder.dropout=0",),
    "recurrent dropout": ("model.encoder.recurrent_dropout=0",),
    "variational dropout": ("model.encoder.variational=false",),
    "label smoothing": ("model.label_smoothing=0",),
    "weight decay": ("training.optimizer.weight_decay=0",),
    "averaged weights": ("training.ema=0",),
    "decoding for F1": ("tagging.decoding=path",),
}


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    seeds: str = "1,2,3",
    parts: Annotated[str, typer.Option(help="Names of parts, by comma; by default all.")] = "",
    test: Annotated[bool, typer.Option("--test", help="Score on test as well.")] = False,
) -> None:
    """Train the whole recipe and the recipe without each of its parts, and print a table."""
    from ner.training.repeated import train_seeds

    whole = load_config(config, [*(overrides or []), *([] if test else ["data.test=[]"])])
    chosen = without_parts(whole, [part.strip() for part in parts.split(",") if part.strip()] or list(PARTS))
    numbers = [int(seed) for seed in seeds.split(",")]
    found: dict[str, dict[str, Spread]] = {}
    for part, settings in chosen.items():
        runs = train_seeds(settings, numbers, resume=True)
        found[part] = {split: spread for split in ("dev", "test") if (spread := runs.f1(split)) is not None}
        print(f"{part}: {', '.join(f'{split} {spread}' for split, spread in found[part].items())}", flush=True)
    print(f"\n{table(found)}")


def without_parts(whole: Config, parts: Sequence[str]) -> dict[str, Config]:
    """The recipe, and it without each of the parts that it has, by name."""
    chosen = {WHOLE: ()} | {part: PARTS[part] for part in parts}
    found: dict[str, Config] = {}
    for part, overrides in chosen.items():
        folder = f"{whole.output}-ablation/{part.replace(' ', '-')}"
        settings = load_config(whole, [*overrides, f"output={folder}"])
        if part == WHOLE or settings.model_copy(update={"output": whole.output}) != whole:
            found[part] = settings
    return found


def table(found: Mapping[str, Mapping[str, Spread]]) -> str:
    """A row a part: F1 without it, in percent, and the difference to the whole recipe."""
    splits = list(found[WHOLE])
    rows: list[list[str]] = []
    for part, scores in found.items():
        cells: list[str] = []
        for split in splits:
            cells += [*scores[split].cells()[:2], *_difference(found[WHOLE][split], scores[split])]
        rows.append([part, *cells])
    header = ["without", *(cell for split in splits for cell in (f"{split} F1", "+-", "difference", "error"))]
    return text_table(header, rows)


def _difference(whole: Spread, without: Spread) -> list[Any]:
    """Seed by seed, since what a seed draws is in part the same with and without."""
    if without is whole:
        return ["", ""]
    found = Spread(tuple(one - other for one, other in zip(without.values, whole.values, strict=True)))
    return [f"{100 * found.mean:+.2f}", "-" if found.error is None else percent(found.error)]


if __name__ == "__main__":
    typer.run(main)
