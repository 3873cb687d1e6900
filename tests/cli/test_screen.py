"""What a training shows, in a terminal and elsewhere."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from rich.live import Live

from ner.cli import screen as module
from ner.cli.screen import Screen

PREPARED: Any = SimpleNamespace(
    config=SimpleNamespace(
        training=SimpleNamespace(epochs=4), model=SimpleNamespace(scheme="IOBES"), output="runs/x"
    ),
    tagset=range(9),
)
DEV = {"precision": 0.5, "recall": 0.25, "f1": 1 / 3}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    return now


def make(terminal: bool) -> tuple[Screen, io.StringIO]:
    output = io.StringIO()
    screen = Screen()
    screen.console = Console(file=output, force_terminal=terminal, width=100, highlight=False, soft_wrap=True)
    screen.live = Live(console=screen.console, auto_refresh=False, transient=True)
    return screen, output


def record(epoch: int, dev: dict[str, float] | None = DEV) -> dict[str, Any]:
    return {"epoch": epoch, "loss": 1.23456, "dev": dev, "tokens_per_second": 12345}


def test_plain_lines_elsewhere(clock: list[float]) -> None:
    screen, output = make(terminal=False)
    with screen:
        screen.note("[bold]a note[/bold] of brackets " + "x" * 200)
        screen.started(PREPARED, "cpu, 1 threads")
        screen.step(1, SimpleNamespace(tokens=5, total=10, seconds=1.0))  # type: ignore[arg-type]
        clock[0] += 30
        screen.epoch(record(1), best=True)
        clock[0] += 30
        screen.epoch(record(2), best=False)
        screen.epoch(record(3, dev=None), best=True)
    lines = output.getvalue().splitlines()
    assert lines[0] == "[bold]a note[/bold] of brackets " + "x" * 200
    assert lines[1] == "9 tags in IOBES, on cpu, 1 threads; run folder runs/x"
    assert lines[2].split() == ["epoch", "loss", "dev", "P", "dev", "R", "dev", "F1", "tokens/s", "left"]
    assert lines[3].split() == ["1", "1.2346", "50.00", "25.00", "33.33", "12,345", "1:30", "*"]
    assert lines[4].split() == ["2", "1.2346", "50.00", "25.00", "33.33", "12,345", "1:00"]
    assert lines[5].split() == ["3", "1.2346", "12,345", "0:20"]
    assert len(lines) == 6 and "\x1b" not in output.getvalue()
    assert len(lines[2]) == len(lines[4]) == len(lines[5])


def test_a_live_line_in_a_terminal(clock: list[float]) -> None:
    screen, output = make(terminal=True)
    with screen:
        screen.started(PREPARED, "cpu, 1 threads")
        clock[0] += 10
        screen.step(1, SimpleNamespace(tokens=500, total=1000, seconds=5.0))  # type: ignore[arg-type]
        screen.live.refresh()
        assert re.search(r"1  ━{12}─{12}   50% +100 +1:10", output.getvalue())
        before = output.getvalue()
        screen.step(1, SimpleNamespace(tokens=501, total=1000, seconds=5.0))  # type: ignore[arg-type]
        screen.live.refresh()
        assert "50%" in output.getvalue()[len(before) :], "drawn at most ten times a second"
        clock[0] += 10
        screen.epoch(record(1), best=True)
        shown = len(output.getvalue())
        screen.live.refresh()
        assert "━" not in output.getvalue()[shown:], "the line of an epoch that is over is gone"


def test_time_left_of_a_resumed_training_counts_from_where_it_goes_on(clock: list[float]) -> None:
    screen, output = make(terminal=False)
    screen.started(PREPARED, "cpu")
    clock[0] += 3600 * 2
    screen.epoch(record(3), best=False)
    assert output.getvalue().splitlines()[-1].endswith("2:00:00")
