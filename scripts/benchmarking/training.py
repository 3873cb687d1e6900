"""The part ``train``: every system on the same file, its speed, its score on dev, and the time to others' scores."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from benchmarking.processes import in_turns, run_worker, say
from benchmarking.setting import Setting
from benchmarking.systems import f1, worker_of

LR = {32: 0.003, 10: 0.002}
"""Our learning rate by batch size."""


def train(setting: Setting) -> dict[str, Any]:
    """Speeds at batch 32 and 10, dev F1 over seeds, and wall time to the dev F1 at which each peer ends.

    Our own model (batch 32, the first seed) and those of the others are left for the other parts.
    """
    runs: dict[str, list[dict[str, Any]]] = {}
    for seed in range(setting.seed, setting.seed + setting.seeds):
        works = {f"{one}, batch 32": partial(train_one, setting, one, 32, seed) for one in ("textbook", "ours")}
        for name, answers in in_turns(works, 1).items():
            runs.setdefault(name, []).extend(answers)
    for system in ("textbook", "ours"):
        say(f"train: {system}, batch 10")
        runs[f"{system}, batch 10"] = [train_one(setting, system, 10, setting.seed, epochs=3)]
    for system in ("spacy", "flair") if setting.peers is not None else ():
        say(f"train: {system}")
        runs[system] = [train_one(setting, system, 32, setting.seed)]
    systems = {name: _row(answers) for name, answers in runs.items()}
    for name, answers in runs.items():
        if name.partition(",")[0] != "ours" and not name.endswith("batch 10"):
            theirs = {"f1": answers[0]["dev_f1"], "seconds": answers[0]["seconds"]}
            systems[name]["race"] = [_race(ours, **theirs) for ours in runs["ours, batch 32"]]
    return {"systems": systems, "epochs": setting.epochs}


def train_one(setting: Setting, system: str, batch_size: int, seed: int, epochs: int | None = None) -> dict[str, Any]:
    """One training in a process of its own; its answer with ``dev_f1``. Only the first seed's model at 32 is kept."""
    model = setting.trained(system)
    if seed != setting.seed or batch_size != 32:
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
        "lr": LR[batch_size],
        "seed": seed,
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
        "epochs": answers[0]["epochs"],
    }


def _race(ours: dict[str, Any], f1: float, seconds: float) -> dict[str, float | None]:
    """Our seconds to more than this dev F1, reading and evaluations included, and theirs over ours."""
    at = next((epoch["at"] for epoch in ours["epochs"] if epoch["f1"] > f1), None)
    return {"f1": f1, "theirs": seconds, "ours": at, "ratio": at and seconds / at}
