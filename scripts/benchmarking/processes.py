"""Workers and commands as processes: alternating rounds, so that what else the machine does falls on all alike."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmarking.setting import Setting

WORKERS = Path(__file__).parent / "workers"
PEERS = ("spacy", "flair")
_POOLS = ("OMP", "MKL", "OPENBLAS", "BLIS", "VECLIB_MAXIMUM")
T = TypeVar("T")


def run_worker(setting: Setting, name: str, job: dict[str, Any]) -> dict[str, Any]:
    """Have a worker do a job, in a process of its own.

    Args:
        setting: threads, device and seed, unless the job has its own.
        name: of the file in ``workers``, less ``_worker.py``.
        job: what `common.Worker` wants.

    Returns:
        The worker's answer, with ``wall``: seconds from start to end of the process.
    """
    job = {"threads": setting.threads, "device": setting.device, "seed": setting.seed, "started": time.time(), **job}
    python = setting.peers if name in PEERS else Path(sys.executable)
    written = setting.work / f"{name}-job.json"
    written.write_text(json.dumps(job), encoding="utf-8")
    begun = time.perf_counter()
    said = launch(
        [str(python), str(WORKERS / f"{name}_worker.py"), str(written)], job["threads"], isolated=name in PEERS
    )
    wall = time.perf_counter() - begun
    answer = json.loads(said.splitlines()[-1])
    setting.versions[name] = answer.pop("versions")
    return {**answer, "wall": wall}


def launch(command: Sequence[str], threads: int, given: str = "", isolated: bool = False) -> str:
    """What a command wrote to standard output; the pools of threads of all libraries are held to a number.

    Args:
        command: with its arguments.
        threads: that number.
        given: to its standard input.
        isolated: hide ``PYTHONPATH``, which may hold this package: spaCy would look for a component in it.
    """
    environment = os.environ | {f"{pool}_NUM_THREADS": str(threads) for pool in _POOLS}
    if isolated:
        environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def time_command(command: Sequence[str], threads: int, given: str = "") -> float:
    """Seconds from start to end of a command."""
    begun = time.perf_counter()
    launch(command, threads, given)
    return time.perf_counter() - begun


def in_turns(works: dict[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Do every work in each round; what each gave, round by round."""
    found: dict[str, list[T]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            say(f"round {number + 1} of {rounds}: {name}")
            found[name].append(work())
    return found


def medians(answers: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The median of each number over the rounds."""
    keys = [key for key, value in answers[0].items() if isinstance(value, (int, float))]
    return {key: statistics.median(answer[key] for answer in answers) for key in keys}


def say(text: str) -> None:
    """Progress, on standard error."""
    print(f"  {time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)
