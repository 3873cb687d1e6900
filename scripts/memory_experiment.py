"""Why gates: how far each encoder of the family remembers, what becomes of its gradient, and what that is worth.

    python scripts/memory_experiment.py --plots docs/images
    python scripts/memory_experiment.py --corpus configs/wnut17.yaml --plots docs/images [section.key=value ...]

Prints the tables of docs/recurrent.md and draws its plots (needs the extra "plots"). The first line trains on the
long-lag tasks of long_lag.py, the second on a corpus with the files and the recipe of a configuration
(encoder_scores.py).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import encoder_scores
import torch
from encoder_tables import percent, power, powers, table
from long_lag import ENCODERS, TASKS, Outcome, Training, run

from ner.evaluation.plots import BLUE, GREEN, ORANGE, new_figure, quiet, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PURPLE = "#CC79A7"  # of the same palette as the others
STYLES = {  # a colour for each kind, a line and a mark for each start
    "RNN, U uniform": (ORANGE, ":", "v"),
    "RNN, U orthogonal": (ORANGE, "-", "^"),
    "LSTM, forget bias 0": (BLUE, ":", "o"),
    "LSTM, forget bias 1": (BLUE, "--", "s"),
    "LSTM, forget bias 4": (BLUE, "-", "D"),
    "peephole, forget bias 1": (PURPLE, "--", "P"),
    "GRU": (GREEN, "-", "X"),
}
ALONE = tuple(Training((distance, distance), (distance,)) for distance in (5, 10, 20, 40, 80))
MIXED = Training((0, 60), (5, 10, 20, 40, 60, 100))
CLIPPED = Training((0, 40), (10, 40), steps=800, momentum=0.9, rate=0.05)
FREE = replace(CLIPPED, clip=math.inf)

Job = tuple[str, str, Training, int]
Results = dict[Job, Outcome]


def jobs(seeds: int) -> list[Job]:
    """Everything that is to be trained: encoder, task, settings and seed."""
    settings = [*(("remember", alone) for alone in ALONE), ("add", MIXED), ("remember", CLIPPED), ("remember", FREE)]
    return [(name, task, training, seed) for task, training in settings for name in ENCODERS for seed in range(seeds)]


def train(job: Job) -> Outcome:
    """One job, in a process of its own."""
    name, task, training, seed = job
    torch.set_num_threads(1)
    return run(ENCODERS[name], TASKS[task], training, seed)


def report(results: Results) -> None:
    """Print every table."""

    def of(name: str, task: str, training: Training) -> list[Outcome]:
        return [outcome for job, outcome in results.items() if job[:3] == (name, task, training)]

    def accuracies(name: str, task: str, training: Training) -> list[str]:
        outcomes = of(name, task, training)
        return [percent([one.accuracy[distance] for one in outcomes]) for distance in training.tested]

    def write(title: str, columns: Sequence[str], row: Callable[[str], list[str]]) -> None:
        table(title, columns, [(name, row(name)) for name in ENCODERS])

    write(
        "Remember a symbol, each distance learnt alone: right answers in %",
        [f"{training.tested[0]} tokens" for training in ALONE],
        lambda name: [cell for training in ALONE for cell in accuracies(name, "remember", training)],
    )
    distances = [f"{distance} tokens" for distance in MIXED.tested]
    write(
        f"Add two numbers, distances up to {MIXED.distances[1]} learnt together: right answers in %",
        [*distances, "weights"],
        lambda name: [*accuracies(name, "add", MIXED), f"{of(name, 'add', MIXED)[0].parameters:,}"],
    )
    for when in ("before", "after"):
        write(
            f"Slope of the sum with respect to the number to keep, {when} training (1 would be right)",
            distances,
            lambda name, when=when: [  # type: ignore[misc]
                powers([getattr(one, f"slope_{when}")[distance] for one in of(name, "add", MIXED)])
                for distance in MIXED.tested
            ],
        )
    write(
        f"SGD with momentum, remember a symbol over 0 to {CLIPPED.distances[1]} tokens: right answers in % after "
        f"{CLIPPED.tested[-1]} tokens, and the longest gradient of a training",
        [f"clipped to {CLIPPED.clip:g}", "longest", "not clipped", "longest"],
        lambda name: [
            cell
            for training in (CLIPPED, FREE)
            for cell in (
                accuracies(name, "remember", training)[-1],
                power(max(one.largest_norm for one in of(name, "remember", training))),
            )
        ],
    )


def draw(results: Results, folder: Path) -> None:
    """Draw both plots: means over the seeds, with bars from least to most."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = new_figure(11, 4.6)
    left, right = figure.subplots(1, 2)
    curves(left, results, "remember", ALONE, lambda one: one.accuracy)
    curves(right, results, "add", (MIXED,), lambda one: one.accuracy)
    for axes, title, chance in (
        (left, "Remember a symbol: each distance learnt alone", 1 / 8),
        (right, f"Add two numbers: distances up to {MIXED.distances[1]} learnt together", 0.08),
    ):
        axes.set(title=title, xlabel="tokens between", ylabel="right answers", ylim=(-0.03, 1.03))
        label_line(axes, chance, "guessing")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    print(save(figure, folder / "recurrent-accuracy.png"), file=sys.stderr)

    figure = new_figure(11, 4.6)
    left, right = figure.subplots(1, 2, sharey=True)
    curves(left, results, "add", (MIXED,), lambda one: one.slope_before)
    curves(right, results, "add", (MIXED,), lambda one: one.slope_after)
    for axes, title in ((left, "Before training"), (right, "After training")):
        axes.set(title=title, xlabel="tokens between", ylabel="slope of the sum", yscale="log", ylim=(1e-12, 10))
        label_line(axes, 1, "right")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    print(save(figure, folder / "recurrent-slopes.png"), file=sys.stderr)


def label_line(axes: Axes, height: float, label: str) -> None:
    """Draw a level to compare with, named beside the axes, where no curve can cover it."""
    axes.axhline(height, color="#555555", linewidth=1, zorder=1)
    axes.annotate(label, (1.01, height), xycoords=("axes fraction", "data"), va="center", color="#555555")


def curves(
    axes: Axes,
    results: Results,
    task: str,
    trainings: Sequence[Training],
    value: Callable[[Outcome], dict[int, float]],
) -> None:
    """Draw a quantity against the distance, a curve for each encoder."""
    for name, (color, line, mark) in STYLES.items():
        points: dict[int, list[float]] = {}
        for job, outcome in results.items():
            if job[0] == name and job[1] == task and job[2] in trainings:
                for distance, number in value(outcome).items():
                    points.setdefault(distance, []).append(number)
        xs = sorted(points)
        means = [mean(points[x]) for x in xs]
        below = [middle - min(points[x]) for x, middle in zip(xs, means, strict=True)]
        above = [max(points[x]) - middle for x, middle in zip(xs, means, strict=True)]
        axes.errorbar(
            xs,
            means,
            (below, above),
            color=color,
            linestyle=line,
            marker=mark,
            markersize=6,
            elinewidth=1,
            label=name,
        )
    quiet(axes)


def long_lag(seeds: int, processes: int, plots: Path | None) -> None:
    """Train everything on the long-lag tasks, print, draw."""
    start, results = time.perf_counter(), {}
    todo = jobs(seeds)
    # the longest first, so that no process is left waiting for one of them at the end
    todo.sort(key=lambda job: -job[2].distances[1] * job[2].steps)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for job, outcome in zip(todo, pool.map(train, todo), strict=True):
            results[job] = outcome
            if sys.stderr.isatty():
                print(f"\r{len(results)} of {len(todo)}", end="", file=sys.stderr)
    seconds = time.perf_counter() - start
    print(f"torch {torch.__version__}, seeds 0 to {seeds - 1}, {len(todo)} trainings in {seconds:.0f} s")
    report(results)
    if plots:
        draw(results, plots)


def main() -> None:
    """Train on the long-lag tasks or on a corpus, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each kind (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="long-lag trainings at a time (default: %(default)s)")
    parser.add_argument("--plots", type=Path, help="folder for the plots (default: none are drawn)")
    parser.add_argument("--corpus", type=Path, metavar="CONFIG", help="train on the corpus of this configuration")
    parser.add_argument("overrides", nargs="*", metavar="section.key=value", help="with --corpus: other settings")
    arguments = parser.parse_args()
    if arguments.corpus:
        encoder_scores.compare(arguments.corpus, arguments.overrides, arguments.seeds, arguments.plots)
    elif arguments.overrides:
        parser.error("settings are for --corpus; the long-lag tasks have their own")
    else:
        long_lag(arguments.seeds, arguments.jobs, arguments.plots)


if __name__ == "__main__":
    main()
