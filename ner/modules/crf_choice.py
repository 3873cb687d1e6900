"""Decoding for the score: the set of entities that is best by their probabilities, not the tags by theirs.

The best path may hold an entity of probability 0.3, because nothing else about its tokens is likelier, and leave out
one of 0.45. If an entity found costs a share t of a right one, the best set is the one that does not overlap and has
the greatest sum of (probability - t): all entities above t, if t is 0.5 or more. Expected F1 is the largest where t
is half of it (Lipton et al. 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def chosen_spans(
    chances: NDArray[np.floating], labels: NDArray[np.int64], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """The spans that do not overlap and together have the greatest probability above the threshold each.

    Args:
        chances: of the likeliest label of each span, [B, T, L]: sentence, first token, number of tokens less 1.
        labels: which label that is, [B, T, L].
        threshold: from 0 to 1; lower finds more, higher errs less.

    Returns:
        Spans [N, 4], sentence, first token, token after the last, label, in order; and their probabilities [N].
    """
    B, T, L = chances.shape
    if not chances.size:
        return np.zeros((0, 4), dtype=np.int64), np.zeros(0, dtype=chances.dtype)
    rows = np.arange(B)
    gain = np.full((B, T + 1, L + 1), -np.inf)  # of a span that ends before token t and has so many tokens
    gain[:, 1:, 0] = 0.0  # none ends there
    for length in range(1, min(L, T) + 1):
        gain[:, length:, length] = chances[:, : T - length + 1, length - 1] - threshold
    best = np.zeros((B, L + T + 1))  # of the tokens before t, at L + t
    chosen = np.zeros((T + 1, B), dtype=np.int64)
    back = np.maximum(np.arange(L + 1), 1)  # tokens to go back for each choice
    for t in range(1, T + 1):
        sums = best[:, L + t - back] + gain[:, t]
        # Better than nothing only if strictly so.
        chosen[t] = sums.argmax(1)
        best[:, L + t] = sums[rows, chosen[t]]
    found = []
    stops = np.full(B, T)
    for t in range(T, 0, -1):
        here = stops == t
        stops = np.where(here, t - back[chosen[t]], stops)
        ending = np.flatnonzero(here & (chosen[t] > 0))
        found.append(np.stack((ending, stops[ending], np.full(len(ending), t)), 1))
    places = np.concatenate(found)
    places = places[np.lexsort((places[:, 1], places[:, 0]))]
    sentence, start, stop = places.T
    cells = sentence, start, stop - start - 1
    return np.concatenate((places, labels[cells][:, None]), 1), chances[cells]
