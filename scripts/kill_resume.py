"""Kills a training at random moments with SIGKILL, resumes it each time, and compares the end with that of a training
that was left alone: weights, metrics and predictions must be equal to the last bit.

    python scripts/kill_resume.py configs/quickstart.yaml training.epochs=6 --kills 3
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    kills: int = 3,
    seed: int = 1,
) -> None:
    """Train twice, once undisturbed, and compare."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        alone, killed = Path(folder, "alone"), Path(folder, "killed")
        command = [sys.executable, "-m", "ner", "train", str(config), *(overrides or [])]
        seconds = run([*command, f"output={alone}"])
        print(f"undisturbed: {seconds:.1f} s")
        for number in range(kills):
            moment = chance.uniform(0.1, 0.95) * seconds
            state = run([*command, f"output={killed}", *(["--resume"] if killed.exists() else [])], kill_after=moment)
            if not (killed / "checkpoint.safetensors").exists():
                shutil.rmtree(killed, ignore_errors=True)  # killed before there was anything to resume from
                print(f"kill {number + 1} after {state:.1f} s: nothing was begun yet")
                continue
            print(f"kill {number + 1} after {state:.1f} s: {epochs(killed)} epochs were logged")
        run([*command, f"output={killed}", *(["--resume"] if killed.exists() else [])])
        same = all(
            [
                equal(alone / "model" / "model.safetensors", killed / "model" / "model.safetensors", "weights"),
                equal(alone / "predictions.conll", killed / "predictions.conll", "predictions"),
                losses(alone) == losses(killed),
            ]
        )
        print("equal" if same else "DIFFERENT")
    raise typer.Exit(0 if same else 1)


def run(command: list[str], kill_after: float | None = None) -> float:
    """Run to the end, or kill after so many seconds; the seconds that it ran."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    else:
        if process.returncode:
            raise typer.Exit(process.returncode)
    return time.perf_counter() - begun


def epochs(folder: Path) -> int:
    """Whole lines of the log."""
    log = folder / "metrics.jsonl"
    return log.read_text(encoding="utf-8").count("\n") if log.exists() else 0


def losses(folder: Path) -> list[float]:
    """The loss of every epoch."""
    return [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def equal(first: Path, second: Path, what: str) -> bool:
    """Whether two files hold the same bytes; says so."""
    same = first.read_bytes() == second.read_bytes()
    print(f"{what}: {'the same bytes' if same else 'DIFFERENT'}")
    return same


if __name__ == "__main__":
    typer.run(main)
