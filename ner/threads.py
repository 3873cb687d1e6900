"""How many threads to run on: what the machine, the container and the user allow."""

from __future__ import annotations

import os
from pathlib import Path


def available_cores() -> int:
    """Cores that this process may use: the machine's, less what affinity and a container's quota take away."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota()))


def set_threads(wanted: int | None = None) -> int:
    """Let torch use so many threads, or as many as there are cores for this process; the number chosen.

    Processes that a launcher such as ``accelerate launch`` starts side by side share the cores.
    """
    import torch

    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    number = wanted or max(1, available_cores() // processes)
    if torch.get_num_threads() != number:
        torch.set_num_threads(number)
    return number


def _quota() -> int:
    """Whole cores of the cgroup's quota (version 2), rounded up."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return -(-int(limit) // int(period))
    except (OSError, ValueError):  # no cgroup, or "max"
        return 1 << 16
