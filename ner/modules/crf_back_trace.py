"""The best paths of a batch from the scores of their beginnings, traced back from their ends.

No back-pointers are stored, which would need an argmax over K x K candidates a token. The trace repeats the K
candidates of the one tag it stands on. That is a few tiny operations a token, which numpy starts faster than torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ner.modules.crf_finite import require_finite

PADDING = -1


def traced_paths(
    scores: NDArray[np.floating],
    emissions: NDArray[np.floating],
    edges: NDArray[np.floating],
    lengths: NDArray[np.integer],
) -> NDArray[np.int64]:
    """The tags of the best path of each sentence, [B, T], `PADDING` after its end.

    Of paths that tie, the one whose last tag has the lowest number, then the last but one, and so on.

    Args:
        scores: of the best beginning that ends in tag k at token t, [T, K, B], T at least 1.
        emissions: [B, T, K], contiguous, of the type of the scores.
        edges: [K + 1, K + 1].
        lengths: [B].

    Raises:
        ValueError: the score of a best path is no finite number.
    """
    T, _, B = scores.shape
    paths = np.full((B, T), PADDING, dtype=np.int64)
    with np.errstate(invalid="ignore", over="ignore"):  # checked in its result
        traced = _trace(scores, emissions, edges, lengths)
    np.copyto(paths, traced.T, where=np.arange(T) < lengths[:, None])
    return paths


def _trace(
    scores: NDArray[np.floating],
    emissions: NDArray[np.floating],
    edges: NDArray[np.floating],
    lengths: NDArray[np.integer],
) -> NDArray[np.int64]:
    """From the last tag of each sentence back to its first: tags [T, B], anything at padding."""
    T, K, B = scores.shape
    columns, transitions = np.arange(B), np.ascontiguousarray(edges[:K, :K])
    final = scores[lengths - 1, :, columns] + edges[:K, K]  # [B, K]
    last = final.argmax(1)
    require_finite(np.where(lengths > 0, final[columns, last], 0.0))
    ending = lengths - 1 == np.arange(T)[:, None]  # [T, B]
    some_end = ending.any(1).tolist()
    flat = emissions.reshape(-1)
    firsts = np.arange(0, B * T * K, K).reshape(B, T).T.copy()  # [T, B] places of the emissions of tag 0
    candidates = np.empty((K, B), scores.dtype)
    emission = np.empty(B, scores.dtype)
    place = np.empty(B, np.int64)
    tags = np.empty((T, B), np.int64)
    tags[-1] = last
    for t in range(T - 1, 0, -1):
        # In the order in which the scores were summed up, emission last, so that ties are the same ties.
        transitions.take(tags[t], 1, candidates, "clip")
        np.add(scores[t - 1], candidates, candidates)
        np.add(tags[t], firsts[t], place)
        flat.take(place, None, emission, "clip")
        np.add(candidates, emission, candidates)
        candidates.argmax(0, tags[t - 1])
        if some_end[t - 1]:
            np.copyto(tags[t - 1], last, where=ending[t - 1])
    return tags
