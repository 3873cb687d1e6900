"""TensorBoard events of a training, in the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ner.errors import MissingExtraError


class Events:
    """Writes the lines of ``metrics.jsonl`` as curves too.

    Args:
        folder: of the event files.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingExtraError("training.tensorboard", "tensorboard") from None
        self._make: Any = lambda: SummaryWriter(str(folder))
        self._writer: Any = None

    def add(self, record: dict[str, Any]) -> None:
        """Write one epoch, so that it can be seen at once."""
        self._writer = self._writer or self._make()
        numbers = {key: value for key, value in record.items() if isinstance(value, (int, float)) and key != "epoch"}
        numbers |= {f"dev/{key}": value for key, value in (record["dev"] or {}).items()}
        for key, value in numbers.items():
            self._writer.add_scalar(key, value, record["epoch"])
        self._writer.flush()
