"""Processes that train together, forked from the test's own, so that none of them waits for the libraries."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from accelerate.state import AcceleratorState, PartialState

import ner.training.run  # noqa: F401 - so that it is there before the fork

PATIENCE = 100.0  # seconds for all of it


class End(NamedTuple):
    """How a process ended, and what it said."""

    status: int
    said: str


def together(work: Callable[[int], object], folder: Path, processes: int = 2) -> list[End]:
    """What becomes of so many processes that do a work together, of which each is told its number.

    One that stands still does not end by itself: it is killed when the others have ended.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    logs = [folder / f"process{number}.log" for number in range(processes)]
    pids = [_forked(work, number, processes, port, log) for number, log in enumerate(logs)]
    statuses: dict[int, int] = {}
    begun = time.monotonic()
    while len(statuses) < processes:
        for pid in set(pids) - set(statuses):
            ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
            if ended and not os.WIFSTOPPED(status):
                statuses[pid] = os.waitstatus_to_exitcode(status)
        left = set(pids) - set(statuses)
        if time.monotonic() - begun > PATIENCE or (left and all(map(_stands_still, left))):
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    assert time.monotonic() - begun < PATIENCE, [log.read_text() for log in logs]
    return [End(statuses[pid], log.read_text(encoding="utf-8")) for pid, log in zip(pids, logs, strict=True)]


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def _forked(work: Callable[[int], object], number: int, processes: int, port: int, log: Path) -> int:
    if pid := os.fork():
        return pid
    status = 1
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        for state in (AcceleratorState, PartialState):
            state._reset_state()
        names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
        values = (number, number, processes, processes, "127.0.0.1", port)
        os.environ.update(zip(names, map(str, values), strict=True))
        work(number)
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        sys.stdout.flush()
        os._exit(status)
