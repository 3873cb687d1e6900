"""Trains the same with one process and with several, as ``accelerate launch`` starts them, and compares the weights.

Nothing random is left in the training: no dropout, and the same order of the sentences. Each process has its share of
every batch, and all go on with the sum of the gradients; in exact arithmetic the weights would be equal. In fp32 the
sums have other last bits, which training amplifies, Adam the most: it divides each gradient by its usual size, be it
nothing but rounding. Differences are shown after a few epochs of one training, which goes on with ``--resume`` in
between; beside the largest one, the Euclidean norm of all relative to that of the weights.

    python scripts/two_processes.py configs/quickstart.yaml training.threads=1 --epochs 1,5,30
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from safetensors import safe_open
from torch import Tensor

CERTAIN = [
    *("model.words.dropout=0", "model.words.rare_dropout=0", "model.chars.dropout=0"),
    *("model.encoder.dropout=0", "model.encoder.recurrent_dropout=0", "model.features.group_dropout=0"),
]


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    processes: int = 2,
    epochs: str = "1,5",
    bound: Annotated[float, typer.Option(help="Of the largest difference, after the first of the epochs.")] = 1e-5,
) -> None:
    """Print, for each number of epochs, differences of the weights, loss, dev F1 and time."""
    numbers = sorted(map(int, epochs.split(",")))
    columns = ("largest difference", f"beyond {bound:g}", "largest weight", "relative")
    print("epochs", *columns, "loss", "dev F1", "seconds an epoch", sep=" | ")
    within = True
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            runs = []
            for count in (1, processes):
                output = Path(folder, f"of{count}")
                train(config, [*(overrides or []), f"training.epochs={number}", f"output={output}"], count)
                runs.append(output)
            one, several = map(weights, runs)
            differences = (one - several).abs()
            apart, beyond = differences.max().item(), int((differences > bound).sum())
            within = within and (number > numbers[0] or apart <= bound)
            relative = (differences.norm() / one.norm()).item()
            lines = [json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1]) for run in runs]
            pairs = (
                " ".join(f"{line['loss']:.6f}" for line in lines),
                " ".join(f"{100 * line['dev']['f1']:.2f}" for line in lines if line["dev"]),
                " ".join(f"{line['seconds']:.2f}" for line in lines),
            )
            found = (f"{apart:.1e}", f"{beyond:,} of {len(one):,}", f"{one.abs().max():.1f}", f"{relative:.1e}")
            print(number, *found, *pairs, sep=" | ", flush=True)
    print(f"after {numbers[0]}: {'within' if within else 'BEYOND'} {bound:g}")
    raise typer.Exit(0 if within else 1)


def train(config: Path, overrides: list[str], processes: int) -> None:
    """Train, or go on, with so many processes."""
    # Without --multi_gpu, accelerate starts a single process on a machine without GPUs, however many were asked for.
    several = ["--multi_gpu"] if processes > 1 else []
    launcher = ["accelerate.commands.launch", *several, "--num_processes", str(processes), "--num_machines", "1"]
    options = ["--mixed_precision", "no", "--dynamo_backend", "no", "-m", "ner"]
    resume = ["--resume"] if Path(overrides[-1].partition("=")[2], "checkpoint.safetensors").exists() else []
    command = [sys.executable, "-m", *launcher, *options, "train", str(config), *CERTAIN, *overrides, *resume]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, f"{' '.join(command)} ended with {done.returncode}", sep="\n")
        raise typer.Exit(1)
    found = f", {processes} processes;" in done.stdout
    if found != (processes > 1):
        print(done.stdout, f"expected {processes} processes, {time.perf_counter() - begun:.1f} s", sep="\n")
        raise typer.Exit(1)


def weights(run: Path) -> Tensor:
    """The trained weights in a checkpoint, one after the other, in double precision."""
    with safe_open(run / "checkpoint.safetensors", framework="pt") as file:
        names = sorted(name for name in file.keys() if name.startswith("weights/"))  # noqa: SIM118 - no mapping
        return torch.cat([file.get_tensor(name).double().flatten() for name in names])


if __name__ == "__main__":
    typer.run(main)
