"""Who is told what happens in a training: by default nobody; the commands show it on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ner.corpus.check import Report
    from ner.training.loop import Step
    from ner.training.preparation import Prepared


class Listener:
    """Takes no notice. Override what you want to hear."""

    def note(self, text: str) -> None:
        """Something that the user should know, in a sentence."""

    def checked(self, report: Report) -> None:
        """The corpus was read and checked."""

    def started(self, prepared: Prepared, place: str) -> None:
        """Everything is ready; ``place`` says where the network runs."""

    def step(self, epoch: int, step: Step) -> None:
        """A batch of an epoch (1-based) is done."""

    def epoch(self, record: dict[str, Any], best: bool) -> None:
        """An epoch is done: its line of ``metrics.jsonl``, and whether it is the best so far."""
