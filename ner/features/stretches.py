"""How much of its document is read with each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Stretches(NamedTuple):
    """What is read for each of S sentences, in tokens counted over all sentences.

    Attributes:
        first: the first token, int64 [S].
        sizes: number of tokens, int64 [S]; 0 for an empty sentence.
    """

    first: np.ndarray
    sizes: np.ndarray


def stretches(lengths: np.ndarray, documents: Sequence[int] | None, reach: int) -> Stretches:
    """The sentences with up to ``reach`` tokens before and after them in their documents.

    Args:
        lengths: tokens of each sentence, int64 [S].
        documents: as of `ner.corpus.beside.Beside`.
        reach: 0 for the sentences alone.
    """
    stops = np.cumsum(lengths)
    starts = stops - lengths
    if not reach or documents is None or not len(lengths):
        return Stretches(starts, lengths)
    reach = min(reach, int(stops[-1]))  # a configuration may say "all of it" with any number
    opens = np.array([True, *(one != other for one, other in pairwise(documents))])
    number = np.cumsum(opens) - 1
    begins = starts[opens]
    ends = np.append(begins[1:], stops[-1])
    first = np.maximum(starts - reach, begins[number])
    last = np.minimum(stops + reach, ends[number])
    return Stretches(first, np.where(lengths > 0, last - first, 0))


def places(first: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the tokens of B stretches are: if there is one, bool [B, T], and its number, int64 [B, T], else 0."""
    columns = np.arange(sizes.max(initial=0))
    inside = columns < sizes[:, None]
    return inside, np.where(inside, first[:, None] + columns, 0)
