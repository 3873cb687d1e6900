"""The second half of the memory experiment: the same encoders on a corpus, all with as many weights as the LSTM."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from encoder_tables import percent, table

from ner.config import Config, load_config
from ner.evaluation.plots import BLUE, ORANGE, new_figure, quiet, save
from ner.modules.recurrent import Recurrent

ENCODERS: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "RNN": {"kind": "rnn"},
    "LSTM, forget bias 0": {"kind": "lstm", "forget_bias": 0.0},
    "LSTM, forget bias 1": {"kind": "lstm", "forget_bias": 1.0},
    "peephole, forget bias 1": {"kind": "peephole", "forget_bias": 1.0},
    "GRU": {"kind": "gru"},
}
REFERENCE = "LSTM, forget bias 1"


@dataclass(frozen=True)
class Outcome:
    """What became of one training: F1 of the epoch that was best on dev, and the fastest epoch's tokens a second."""

    dev: float
    test: float
    tokens_per_second: float


def weights(options: dict[str, Any], input_size: int, hidden: int, layers: int, bidirectional: bool) -> int:
    """How many trained numbers the encoder has."""
    encoder = Recurrent(options["kind"], input_size, hidden, layers, bidirectional)
    return sum(p.numel() for p in encoder.parameters() if p.requires_grad)


def matched(options: dict[str, Any], target: int, input_size: int, layers: int, bidirectional: bool) -> int:
    """The units a direction with which the encoder comes nearest to the ``target`` number of weights."""

    def size(hidden: int) -> int:
        return weights(options, input_size, hidden, layers, bidirectional)

    most = 1
    while size(most) < target and options["kind"] != "none":
        most *= 2
    above = 1 + bisect_left(range(1, most), target, key=size)
    return min((hidden for hidden in (above - 1, above) if hidden), key=lambda hidden: abs(size(hidden) - target))


def compare(path: Path, overrides: Sequence[str], seeds: int, plots: Path | None) -> None:
    """Train every encoder with every seed, one after another, and print and draw what they reach.

    What was trained before, with as many epochs, is not trained again.
    """
    from ner.training.preparation import prepare
    from ner.training.run import Listener, train

    settings = load_config(path, overrides)
    encoder = settings.model.encoder
    input_size = prepare(settings, None, Listener()).network().encoder.input_size
    shape = (encoder.layers, encoder.bidirectional)
    target = weights(ENCODERS[REFERENCE], input_size, encoder.hidden, *shape)
    units = {name: matched(options, target, input_size, *shape) for name, options in ENCODERS.items()}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in ENCODERS}
    for seed in range(seeds):
        for name, options in ENCODERS.items():
            result = train(_config(path, overrides, {**options, "hidden": units[name]}, seed), resume=True)
            if result.dev is None or result.test is None:
                sys.exit(f"{path}: the comparison needs data.dev and data.test")
            speed = max(epoch["tokens_per_second"] for epoch in result.epochs)
            outcome = Outcome(result.dev.micro.f1, result.test.micro.f1, speed)
            outcomes[name].append(outcome)
            print(f"seed {seed}, {name}: {outcome}", file=sys.stderr, flush=True)
    counts = {name: weights(options, input_size, units[name], *shape) for name, options in ENCODERS.items()}
    report(settings, outcomes, units, counts)
    if plots:
        plots.mkdir(parents=True, exist_ok=True)
        print(draw(path.stem, outcomes, plots / f"recurrent-{path.stem}.png"), file=sys.stderr)


def _config(path: Path, overrides: Sequence[str], encoder: dict[str, Any], seed: int) -> Config:
    settings = load_config(path, overrides)
    name = "-".join(map(str, encoder.values()))
    output = f"{settings.output}-encoders/{settings.training.epochs}-epochs/{name}-seed{seed}"
    chosen = [f"model.encoder.{key}={value}" for key, value in encoder.items()]
    return load_config(path, [*overrides, *chosen, f"training.seed={seed}", f"output={output}"])


def report(
    settings: Config, outcomes: dict[str, list[Outcome]], units: dict[str, int], counts: dict[str, int]
) -> None:
    """Print the table."""
    # what else a machine does can only slow an epoch down: the fastest of all was disturbed the least
    speeds = {name: max(one.tokens_per_second for one in found) for name, found in outcomes.items()}
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, seeds 0 to {len(outcomes[REFERENCE]) - 1}, "
        f"{settings.training.epochs} epochs"
    )

    def row(name: str) -> list[str]:
        found = outcomes[name]
        return [
            f"{units[name]}" if counts[name] else "",
            f"{counts[name]:,}",
            percent([one.dev for one in found], 2),
            percent([one.test for one in found], 2),
            f"{speeds[name]:,.0f}",
            f"{speeds[name] / speeds[REFERENCE]:.2f}",
        ]

    columns = ("units", "weights", "dev F1", "test F1", "training, tokens/s", "relative")
    table("Equal numbers of weights in the encoder", columns, [(name, row(name)) for name in ENCODERS])


def draw(title: str, outcomes: dict[str, list[Outcome]], path: Path) -> Path:
    """Draw F1 of every training, dev above test, and the means."""
    figure = new_figure(8, 3.8)
    axes = figure.subplots()
    heights = {name: -place for place, name in enumerate(outcomes)}
    for split, color, mark, shift in (("dev", BLUE, "o", 0.14), ("test", ORANGE, "D", -0.14)):
        for name, found in outcomes.items():
            values = [100 * getattr(one, split) for one in found]
            height = heights[name] + shift
            label = split if height == shift else None
            axes.scatter(values, [height] * len(values), 26, color=color, marker=mark, alpha=0.6, label=label)
            axes.vlines(mean(values), height - 0.16, height + 0.16, color=color, linewidth=2)
    axes.set(title=f"{title}: one mark a seed, a stroke for the mean", xlabel="F1 in %")
    axes.set_yticks(list(heights.values()), list(heights))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", frameon=False)
    quiet(axes)
    return save(figure, path)
