"""How much a sentence counts in training: the key ``weight`` of a record, the column ``weight`` of a dataset."""

from __future__ import annotations

import math

from ner.errors import DataError

WEIGHT = "weight"


def check_weight(value: object, name: str, place: int | str) -> float:
    """The weight of a sentence; 1 where none is given.

    Args:
        value: as the file has it.
        name: of the file, for messages.
        place: line of the file, or what row it is.

    Raises:
        DataError: it is no number from 0 on.
    """
    if value is None:
        return 1.0
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    line = place if isinstance(place, int) else None
    where = "" if isinstance(place, int) else f"{place}: "
    raise DataError(
        f"{where}weight {value!r} is no number from 0 on.", name, line, "A weight says how often a sentence counts."
    )
