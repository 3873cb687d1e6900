"""What a training shows: a live line in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ner.printable import printable
from ner.training.listener import Listener

if TYPE_CHECKING:
    from ner.corpus.check import Report
    from ner.training.loop import Step
    from ner.training.preparation import Prepared


class Screen(Listener):
    """Shows a training as it goes on. A context manager, so that the terminal is left as it was."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.live = Live(console=self.console, refresh_per_second=8, transient=True)
        self.epochs, self.begun, self.first, self.drawn = 0, 0.0, 0, 0.0

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.stop()

    def note(self, text: str) -> None:
        """A sentence of its own."""
        self.console.print(printable(text), markup=False)

    def checked(self, report: Report) -> None:
        """The corpus in short."""
        self.note(report.summary())

    def started(self, prepared: Prepared, place: str) -> None:
        """The head of the table of epochs."""
        config = prepared.config
        self.epochs, self.begun, self.first = config.training.epochs, time.perf_counter(), 0
        self.note(f"{len(prepared.tagset)} tags in {config.model.scheme}, on {place}; run folder {config.output}")
        self.note("epoch      loss   dev P   dev R  dev F1  tokens/s      left")
        if self.console.is_terminal:  # not before: of several processes that train together one alone gets this far
            self.live.start()

    def step(self, epoch: int, step: Step) -> None:
        """The live line."""
        now = time.perf_counter()
        if not self.console.is_terminal or now - self.drawn < 0.1:
            return
        self.drawn, self.first = now, self.first or epoch
        done = step.tokens / step.total
        speed = step.tokens / max(step.seconds, 1e-9)
        left = self._left(epoch - self.first + done)
        bar = "━" * round(24 * done) + "─" * (24 - round(24 * done))
        self.live.update(Text(f"{epoch:5d}  {bar}  {done:4.0%} {speed:12,.0f} {left:>9}"))

    def epoch(self, record: dict[str, Any], best: bool) -> None:
        """A line of the table."""
        self.first = self.first or record["epoch"]
        dev = record["dev"]
        scores = "".join(f"{100 * dev[key]:8.2f}" for key in ("precision", "recall", "f1")) if dev else " " * 24
        left = self._left(record["epoch"] - self.first + 1)
        star = " *" if best and dev else ""
        self.live.update(Text())  # what stood there is now a line of the table
        self.note(
            f"{record['epoch']:5d} {record['loss']:9.4f}{scores}{record['tokens_per_second']:10,d} {left:>9}{star}"
        )

    def _left(self, done: float) -> str:
        """Time left, by the epochs done since the start, which may be a fraction."""
        spent = time.perf_counter() - self.begun
        seconds = round(spent / max(done, 1e-9) * max(0.0, self.epochs - self.first + 1 - done))
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
