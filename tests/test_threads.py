from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

import ner
from ner import threads


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
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


def test_a_model_that_is_loaded_sets_the_number_where_it_is_given(tiny_model: Path) -> None:
    torch.set_num_threads(1)
    ner.load(tiny_model)
    assert torch.get_num_threads() == 1
    ner.load(tiny_model, threads=2)
    assert torch.get_num_threads() == 2


def test_jobs_of_others_than_torch_come_back_in_order() -> None:
    begun: list[int] = []
    here = threads.in_order_by(begun.append, range(3), 1)
    assert begun == []  # a single thread works when it is asked
    assert list(here) == [None] * 3 and begun == [0, 1, 2]
    assert list(threads.in_order_by(lambda job: 10 - job, range(10), 3)) == list(range(10, 0, -1))

    def fail(job: int) -> int:
        if job == 2:
            raise ValueError("two")
        return job

    found = threads.in_order_by(fail, range(50), 2)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(found)


def test_several_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cores(monkeypatch, 8)
    quota(monkeypatch, None)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert threads.set_threads() == torch.get_num_threads() == 2
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert threads.set_threads() == torch.get_num_threads() == 1


@pytest.mark.parametrize(("value", "expected"), [("3", 3), ("16", 8), (" 2,4", 2), ("", 8), ("0", 8), ("many", 8)])
def test_the_users_limit(monkeypatch: pytest.MonkeyPatch, value: str, expected: int) -> None:
    quota(monkeypatch, None)
    cores(monkeypatch, 8)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.set_threads() == expected == torch.get_num_threads()
    assert threads.set_threads(5) == 5  # what is asked for counts more


@pytest.mark.parametrize("number", [1, 2, 3])
def test_jobs_come_back_in_order(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    cores(monkeypatch, 8)
    torch.set_num_threads(number)
    jobs = [3, 1, 2, 0, 5]
    found = threads.in_order(lambda job: (job, torch.get_num_threads()), jobs)
    assert list(found) == [(job, 1) for job in jobs]
    assert torch.get_num_threads() == number


def test_a_job_that_fails_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    cores(monkeypatch, 8)
    torch.set_num_threads(2)
    done = []

    def work(job: int) -> int:
        if job == 1:
            raise ValueError("job 1")
        time.sleep(0.01)
        done.append(job)
        return job

    found = threads.in_order(work, range(500))
    assert next(found) == 0
    with pytest.raises(ValueError, match="job 1"):
        next(found)
    time.sleep(0.05)
    assert len(done) < 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_fork_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    cores(monkeypatch, 8)
    torch.set_num_threads(2)
    assert list(threads.in_order(float, range(4))) == [0.0, 1.0, 2.0, 3.0]
    child = os.fork()
    if not child:
        os._exit(0 if list(threads.in_order(float, range(4))) == [0.0, 1.0, 2.0, 3.0] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_where_no_more_threads_can_be_started_none_is_left_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class One(ThreadPoolExecutor):
        def submit(self, *job: Any, **options: Any) -> Any:
            if self in made:
                raise RuntimeError("can't start new thread")
            made.append(self)
            return super().submit(*job, **options)

    cores(monkeypatch, 8)
    monkeypatch.setattr(threads, "ThreadPoolExecutor", One)
    monkeypatch.setattr(threads, "_pools", {})
    torch.set_num_threads(2)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        threads.in_order(float, range(4))
    assert torch.get_num_threads() == 2
    (pool,) = made
    pool.shutdown(wait=False)
    (thread,) = pool._threads
    thread.join(10)
    assert not thread.is_alive()
