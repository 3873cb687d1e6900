"""Every system trained on the same file: its speed, its score on dev, and our time to others' scores."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from benchmarking.processes import PEERS, in_turns, run_worker, say
from benchmarking.setting import Setting
from benchmarking.systems import f1, worker_of

LR = {32: 0.003, 10: 0.002}
"""Our learning rate by batch size."""
RACE = {"encoder": {"dropout": 0.2}, "chars": {"dropout": 0.25}}
LR_OF_RACE = 0.006
"""What is set for a few epochs at batch 32: found on dev. Less dropout and larger steps learn sooner."""
EPOCHS_OF_RACE = 4
EPOCHS_OF_10 = 3
"""At batch 10 only the speed is looked at."""


def train(setting: Setting, system: str) -> dict[str, Any]:
    """A system's speed, and its dev F1.

    This package and the textbook at batch 32 over the seeds, and at batch 10, this package also by the recipe that is
    raced against the others' scores; spaCy and Flair once, by their own recipes. The model of batch 32 and the first
    seed is left for the other parts.
    """
    if system in PEERS:
        if setting.peers is None:
            return {"systems": {}}
        return {"systems": {system: _row([train_one(setting, system, 32, setting.seed)])}}
    runs = {}
    seeds = range(setting.seed, setting.seed + setting.seeds)
    works = {f"seed {seed}": partial(train_one, setting, system, 32, seed) for seed in seeds}
    runs[f"{system}, batch 32"] = [answer for answers in in_turns(works, 1).values() for answer in answers]
    if system == "ours":
        works = {
            f"race, seed {seed}": partial(train_one, setting, system, 32, seed, EPOCHS_OF_RACE, RACE, LR_OF_RACE)
            for seed in seeds
        }
        runs["ours, race"] = [answer for answers in in_turns(works, 1).values() for answer in answers]
    say(f"{system}, batch 10")
    runs[f"{system}, batch 10"] = [train_one(setting, system, 10, setting.seed, epochs=EPOCHS_OF_10)]
    return {"systems": {name: _row(answers) for name, answers in runs.items()}}


def races(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, list[float | None]]:
    """For each peer and each seed of ours, the seconds to more than the dev F1 at which the peer ends.

    Reading and evaluations count on both sides. None where that F1 was not reached.

    Args:
        theirs: the peers' rows of `train`.
        ours: our row of the race.
    """
    return {
        name: [_first_above(row["dev_f1"][0], epochs) for epochs in ours["epochs"]] for name, row in theirs.items()
    }


def _first_above(f1: float, epochs: list[dict[str, float]]) -> float | None:
    return next((epoch["at"] for epoch in epochs if epoch["f1"] > f1), None)


def train_one(
    setting: Setting,
    system: str,
    batch_size: int,
    seed: int,
    epochs: int | None = None,
    model_options: dict[str, Any] | None = None,
    lr: float | None = None,
) -> dict[str, Any]:
    """One training in a process of its own; its answer with ``dev_f1``; the plain model of the first seed is kept."""
    model = setting.trained(system)
    if seed != setting.seed or batch_size != 32 or model_options:
        model = setting.work / model.relative_to(setting.results)
    model.parent.mkdir(parents=True, exist_ok=True)
    target = setting.work / f"dev-{system}.tsv"
    job = {
        "do": "train",
        "train": str(setting.file("train")),
        "dev": str(setting.file("dev")),
        "tokens": str(setting.tokens_file("dev")),
        "vectors": str(setting.vectors),
        "model": str(model),
        "target": str(target),
        "epochs": epochs or setting.epochs[system],
        "batch_size": batch_size,
        "lr": lr or LR[batch_size],
        "seed": seed,
        "model_options": model_options or {},
    }
    answer = run_worker(setting, worker_of(system), job)
    return {**answer, "dev_f1": f1(setting, "dev", target)}


def _row(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Steady state: all epochs but a training's first."""
    speeds = [epoch["tokens_per_second"] for one in answers for epoch in one["epochs"][1:] or one["epochs"]]
    return {
        "tokens_per_second": statistics.median(speeds),
        "dev_f1": [one["dev_f1"] for one in answers],
        "seconds": statistics.median(one["seconds"] for one in answers),
        "peak_mb": statistics.median(one["peak_mb"] for one in answers),
        "epochs": [one["epochs"] for one in answers],
    }
