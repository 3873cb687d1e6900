from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ner.integrations.ray import cutting
from ner.integrations.ray.job import Job
from ner.integrations.ray.worker import Done, Worker

MODEL = Path(__file__).parents[2] / "fixtures" / "model-1" / "model"
SIZE = 512
"""Bytes of a part where `small` is at work."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Files can be cut at every few hundred bytes, and ``part_size`` counts bytes."""
    for module in ("ner.corpus.source", "ner.tagging.tables", "ner.integrations.ray.cutting"):
        monkeypatch.setattr(f"{module}.STRETCH", SIZE)
    monkeypatch.setattr(cutting, "MIB", 1)
    return SIZE


def here(job: Job, output: str, numbers: Sequence[int]) -> Iterator[Done]:
    """In place of Ray: one worker, in this process."""
    worker = Worker(job, output)
    yield from map(worker.tag, numbers)
