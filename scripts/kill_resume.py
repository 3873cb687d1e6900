"""Kills a training with SIGKILL, resumes it each time, and compares the end with that of a training that was left
alone: weights, metrics and predictions must be equal to the last bit. A training that comes to its end between two
kills is compared and begun anew.

Every other kill waits until a checkpoint or a model is being written; the others come at a random moment of the
processor's time, so that it does not matter what else the machine does. After each, the model and the checkpoint that
stand in the run folder must be whole. The trainings are processes that are forked, so that none of them waits for the
libraries; on Linux.

    python scripts/kill_resume.py configs/quickstart.yaml training.epochs=6 --kills 50
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import accelerate  # noqa: F401 - so that it is there before the fork, as everything below
import typer

import ner.cli
import ner.tagging
import ner.training.run
from ner.persistence import load_model
from ner.threads import set_threads
from ner.training.checkpoint import load_checkpoint


def main(
    config: Annotated[Path, typer.Argument()],
    overrides: Annotated[list[str] | None, typer.Argument()] = None,
    kills: int = 3,
    seed: int = 1,
) -> None:
    """Train twice, once undisturbed, and compare."""
    chance = random.Random(seed)
    set_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        alone, killed = Path(folder, "alone", "run"), Path(folder, "killed", "run")
        command = ["train", str(config), *(overrides or [])]
        seconds = run([*command, f"output={alone}"])
        print(f"undisturbed: {seconds:.1f} s", flush=True)
        same, ends, number = True, 0, 0
        while number < kills:
            while_writing = number % 2 == 1
            moment = chance.uniform(0, 1) * seconds
            times, delay = chance.randrange(1, 8), chance.uniform(0, 0.004)
            is_time = writing_begins(killed, times, delay) if while_writing else after(moment)
            if run([*command, f"output={killed}", *resume(killed)], is_time) is None:
                number += 1
                say_what_stands(killed, f"kill {number}{' while writing' if while_writing else ''}")
            else:
                ends, same = ends + 1, compare(alone, killed) and same
                shutil.rmtree(killed)
        if run([*command, f"output={killed}", *resume(killed)]):
            ends, same = ends + 1, compare(alone, killed) and same
    print(f"{kills} kills, {ends} trainings came to their end: {'all equal' if same else 'DIFFERENT'}")
    raise typer.Exit(0 if same else 1)


def run(arguments: list[str], is_time: Callable[[int], bool] = lambda process: False) -> float | None:
    """Run ``ner`` to its end, and return the processor's seconds, or kill it when it is time, and return None."""
    process = os.fork()
    if process == 0:
        os._exit(status_of(arguments))
    while True:
        ended, status, used = os.wait4(process, os.WNOHANG)
        if ended:
            break
        if is_time(process):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return None
        time.sleep(0.001)
    if code := os.waitstatus_to_exitcode(status):
        print(f"ner {' '.join(arguments)} ended with {code}")
        raise typer.Exit(1)
    return used.ru_utime + used.ru_stime


def status_of(arguments: list[str]) -> int:
    """In the forked process: what the command ends with; it prints errors alone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv[:] = ["ner", *arguments]
    try:
        ner.cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def after(seconds: float) -> Callable[[int], bool]:
    """Whether a process has had so many seconds of the processor."""

    def is_time(process: int) -> bool:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= seconds

    return is_time


def writing_begins(folder: Path, times: int, delay: float) -> Callable[[int], bool]:
    """Whether a checkpoint or a model has begun to be written so many times, and ``delay`` seconds have passed."""
    begun, was = 0, False

    def is_time(process: int) -> bool:
        nonlocal begun, was
        now = any((folder / name).exists() for name in ("checkpoint.safetensors.new", "model.new"))
        begun, was = begun + (now and not was), now
        if begun < times:
            return False
        time.sleep(delay)
        return True

    return is_time


def resume(folder: Path) -> list[str]:
    """The option, if there is something to resume."""
    if (folder / "checkpoint.safetensors").exists():
        return ["--resume"]
    shutil.rmtree(folder, ignore_errors=True)  # killed before anything was begun
    return []


def say_what_stands(folder: Path, kill: str) -> None:
    """Load checkpoint and model, which raises if one of them is not whole, and say what else there is."""
    checkpoint, model = folder / "checkpoint.safetensors", folder / "model"
    found = []
    if checkpoint.exists():
        found.append(f"checkpoint of epoch {load_checkpoint(checkpoint)[1]['trainer']['epoch']}")
    if model.exists():
        load_model(model)
        found.append("a whole model")
    found += sorted(path.name for path in folder.glob("*.new")) if folder.exists() else []
    print(f"{kill}: {', '.join(found) or 'nothing was begun yet'}", flush=True)


def compare(alone: Path, killed: Path) -> bool:
    """Whether two trainings ended alike, bit by bit; says where not."""
    files = [*(f"model/{path.name}" for path in sorted((alone / "model").iterdir())), "predictions.conll"]
    named = os.fsencode(killed), os.fsencode(alone)  # the model card names its folder
    unequal = [name for name in files if (alone / name).read_bytes() != (killed / name).read_bytes().replace(*named)]
    if losses(alone) != losses(killed):
        unequal.append("metrics.jsonl")
    left = {path.name for path in killed.iterdir()} ^ {path.name for path in alone.iterdir()}
    print(f"  came to its end: {'DIFFERENT ' + ' '.join([*unequal, *left]) if unequal or left else 'the same bytes'}")
    return not unequal and not left


def losses(folder: Path) -> list[float]:
    """The loss of every epoch."""
    return [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    typer.run(main)
