from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from ner import threads


@pytest.fixture(autouse=True)
def restored() -> object:
    number = torch.get_num_threads()
    yield
    torch.set_num_threads(number)


def quota(monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    def read(path: Path, encoding: str) -> str:
        assert str(path).endswith("cpu.max")
        if content is None:
            raise FileNotFoundError(path)
        return content

    monkeypatch.setattr(Path, "read_text", read)


def cores(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(number)), raising=False)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("max 100000\n", 8),
        (None, 8),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),  # one and a half cores are worth two threads
        ("50000 100000\n", 1),
        ("900000 100000\n", 8),
        ("nonsense", 8),
    ],
)
def test_a_container_sees_its_quota(monkeypatch: pytest.MonkeyPatch, content: str | None, expected: int) -> None:
    cores(monkeypatch, 8)
    quota(monkeypatch, content)
    assert threads.available_cores() == expected


def test_without_affinity_the_machine_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    quota(monkeypatch, None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert threads.available_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads.available_cores() == 1


def test_the_user_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    cores(monkeypatch, 2)
    quota(monkeypatch, None)
    assert threads.set_threads(3) == torch.get_num_threads() == 3
    assert threads.set_threads() == torch.get_num_threads() == 2


def test_several_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cores(monkeypatch, 8)
    quota(monkeypatch, None)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert threads.set_threads() == torch.get_num_threads() == 2
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert threads.set_threads() == torch.get_num_threads() == 1
