"""What a tag scheme permits of a path: first tags, transitions and last tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_chain import join_edges


class Constraints(NamedTuple):
    """Which tags may begin a sentence, follow one another ([from][to]) and end it, in the order of the tags."""

    start: Sequence[bool] | Tensor
    transitions: Sequence[Sequence[bool]] | Tensor
    end: Sequence[bool] | Tensor

    def forbidden(self, num_tags: int) -> Tensor:
        """The `join_edges` that are not permitted, bool [K + 1, K + 1].

        Raises:
            ValueError: a shape that is not that of ``num_tags`` tags, or a length for which no path is left.
        """
        start, transitions, end = (torch.as_tensor(allowed, dtype=torch.bool) for allowed in self)
        shapes = [list(mask.shape) for mask in (start, transitions, end)]
        expected = [[num_tags], [num_tags, num_tags], [num_tags]]
        if shapes != expected:
            raise ValueError(f"expected constraints of shapes {expected}, got {shapes}")
        # The tags that a legal beginning of each length can end with: a finite walk, since the sets must repeat.
        seen: set[tuple[bool, ...]] = set()
        reachable = start
        while (key := tuple(reachable.tolist())) not in seen:
            if not bool((reachable & end).any()):
                raise ValueError(
                    f"expected constraints that leave a path for every length, got none for length {len(seen) + 1}"
                )
            seen.add(key)
            reachable = transitions[reachable].any(0)
        return join_edges(~start, ~transitions, ~end)
