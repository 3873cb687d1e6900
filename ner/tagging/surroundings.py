"""What of a stream is read with a window of it: units before and after, for models that read around a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from ner.tagging.units import Unit


class Surroundings:
    """Cuts a stream of units into windows so that no answer depends on where it is cut.

    A unit is tagged only when so many tokens of its document are known to follow, or that there are no more.

    Args:
        reach: tokens before and after a sentence that the model reads with it; 0 for none.
    """

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._before: list[Unit] = []

    def ready(self, units: Sequence[Unit]) -> int:
        """How many of the units that were read can be tagged."""
        if not self._reach or not units or units[-1].is_closed:
            return len(units)
        last = next((unit.document_of[-1] for unit in reversed(units) if unit.sentences), None)
        known = 0
        for number in range(len(units), 0, -1):
            unit = units[number - 1]
            if unit.sentences:
                if known >= self._reach or unit.document_of[-1] != last:
                    return number
                known += _tokens(unit)
        return 0 if known else len(units)  # nothing stands in them

    def of(self, units: list[Unit], following: Sequence[Unit]) -> tuple[list[Unit], list[Unit]]:
        """The units to be read before and after those of a window; windows come in order.

        Args:
            units: of the window.
            following: those that were read after them.
        """
        if not self._reach:
            return [], []
        before, after = self._before, _enough(following, self._reach)
        self._before = _enough([*reversed(units), *reversed(before)], self._reach)[::-1]
        return before, after


def _enough(units: Sequence[Unit], reach: int) -> list[Unit]:
    """The first units, up to that many tokens, or all of them."""
    known = 0
    for number, unit in enumerate(units):
        if known >= reach:
            return list(units[:number])
        known += _tokens(unit)
    return list(units)


def _tokens(unit: Unit) -> int:
    return sum(map(len, unit.sentences))
