"""What tagging in parts shows: a live line in a terminal, now and then a plain one elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ner.printable import printable

if TYPE_CHECKING:
    from ner.integrations.ray.tagging import Progress

_PAUSE = 30.0  # seconds between plain lines


class Parts:
    """Shows a job as it goes on, on standard error. A context manager, so that the terminal is left as it was.

    Args:
        output: the folder, as the user named it.
    """

    def __init__(self, output: str) -> None:
        self._output = output
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, refresh_per_second=2, transient=True)
        self._begun = self._shown = time.monotonic()

    def __enter__(self) -> Parts:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def __call__(self, progress: Progress) -> None:
        """The state of things."""
        now = time.monotonic()
        stands, left = progress.before + progress.done, progress.parts - progress.before - progress.done
        line = f"{stands} of {progress.parts} parts"
        if not progress.done:
            self._note(f"{self._output}: {line} are there" + (", nothing is left to do" if not left else ""))
            return
        spent = now - self._begun
        line += f", {progress.tokens:,} tokens, {progress.tokens / spent:,.0f} a second"
        if not left:
            self._note(f"{self._output}: {line}, in {_clock(spent)}")
        elif self._console.is_terminal:
            self._live.update(Text(f"{line}, {_clock(spent / progress.done * left)} left"))
        elif now - self._shown >= _PAUSE:
            self._shown = now
            self._note(f"{line}, {_clock(spent / progress.done * left)} left")

    def _note(self, text: str) -> None:
        self._console.print(printable(text), markup=False)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
