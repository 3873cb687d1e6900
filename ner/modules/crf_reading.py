"""How tag paths are read as spans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class SpanReading:
    """How tag paths are read as spans, in the order of the tags.

    Args:
        labels: number of the label of each tag, from 0; -1 for a tag outside of any span.
        continues: ``[from][to]``: a token with the second tag belongs to the same span as the token before it, which
            has the first.
    """

    def __init__(self, labels: Sequence[int], continues: Sequence[Sequence[bool]]) -> None:
        self.num_labels = max((*labels, -1)) + 1
        # With the tag of what is outside of the sentence, which is in no span.
        self._labels = np.array([*labels, -1], dtype=np.int64)
        self._continues = np.pad(np.array(continues, dtype=bool), (0, 1))

    def arrays(self, size: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Labels [K + 1] and continues [K + 1, K + 1], the last for the outside of the sentence.

        Args:
            size: K + 1.

        Raises:
            ValueError: a reading of another number of tags.
        """
        if len(self._labels) != size:
            raise ValueError(f"expected a reading of {size - 1} tags, got one of {len(self._labels) - 1}")
        return self._labels, self._continues
