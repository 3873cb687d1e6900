"""The best tag path of every sentence (Viterbi 1967), for a whole batch at once.

Bit for bit the arithmetic of ``torchcrf.CRF.decode``, so that the two find the same path even where several tie, but

- the batch is the innermost dimension, which makes the K x K maxima of a step two vectorized operations;
- no back-pointers are stored: see ``crf_back_trace``.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.modules.crf_back_trace import PADDING, traced_paths
from ner.modules.crf_chain import Chain


def best_paths(chain: Chain) -> Tensor:
    """The tags of the best path of each sentence, [B, T] on the CPU, `PADDING` after its end.

    Of paths that tie, the one whose last tag has the lowest number, then the last but one, and so on.
    One copy from the device a batch.

    Raises:
        ValueError: the score of a best path is no finite number.
    """
    B, T, _ = chain.emissions.shape
    if B == 0 or T == 0:
        return torch.full((B, T), PADDING)
    by_time = chain.by_time()
    scores, emissions, edges = _to_host(_best_scores(by_time, chain.edges), chain.emissions, chain.edges)
    return torch.from_numpy(traced_paths(scores, emissions, edges, chain.lengths.cpu().numpy()))


def _best_scores(emissions: Tensor, edges: Tensor) -> Tensor:
    """The score of the best beginning that ends in tag k at token t, [T, K, B], as the emissions are."""
    scores = torch.empty_like(emissions)
    _, K, B = scores.shape
    candidates = scores.new_empty(K, K, B)
    transitions = edges[:K, :K, None]
    tokens, (score, *following) = emissions.unbind(0), scores.unbind(0)
    torch.add(edges[K, :K, None], tokens[0], out=score)
    for token, after in zip(tokens[1:], following, strict=True):
        torch.add(score[:, None], transitions, out=candidates)
        # The emission may wait until after the maximum: rounding keeps the order.
        score = torch.amax(candidates, 0, out=after).add_(token)
    return scores


def _to_host(*tensors: Tensor) -> list[NDArray[np.floating]]:
    """The tensors as contiguous arrays, in one copy where they are on another device."""
    if tensors[0].device.type != "cpu":
        joined = torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu()
        parts = joined.split([tensor.numel() for tensor in tensors])
        tensors = tuple(part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True))
    return [tensor.contiguous().numpy() for tensor in tensors]


def n_best_paths(emissions: Tensor, edges: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The n best paths of each sentence, no two alike, best first.

    Every tag keeps the n best beginnings that end in it (Schwartz & Chow 1990). What ties is in the order of
    `best_paths`.

    Args:
        emissions: [T + 2, K + 1, B] of positions -1 to T, with the tag of what is outside, as of ``Messages``.
        edges: [K + 1, K + 1].
        n: number of paths.

    Returns:
        Paths [B, n, T] long, `PADDING` after the end of a sentence and throughout a path that does not exist; and
        their scores [B, n], minus infinity for those.
    """
    P, size, B = emissions.shape
    best = emissions.new_full((size, n, B), float("-inf"))
    best[-1, 0] = 0.0
    origins = []
    for token in emissions[1:].unbind(0):
        candidates = best[:, :, None] + edges[:, None, :, None]  # [K + 1, n, K + 1, B]
        # Not by topk, which has no order of what ties.
        ordered, origin = candidates.reshape(size * n, size, B).sort(dim=0, stable=True, descending=True)
        best = ordered[:n].transpose(0, 1) + token[:, None]  # [K + 1, n, B]
        origins.append(origin[:n].transpose(0, 1).reshape(size * n, B))
    final = best[-1]  # [n, B] outside again
    places = [torch.arange((size - 1) * n, size * n, device=final.device)[:, None].expand(n, B)]
    for origin in reversed(origins):
        places.append(origin.gather(0, places[-1]))
    paths = torch.stack(places[-2:0:-1]).view(P - 2, n, B) if P > 2 else final.new_empty(0, n, B).long()
    paths = paths.div(n, rounding_mode="floor")
    paths = paths.masked_fill((paths == size - 1) | (final == float("-inf")), PADDING)
    return paths.permute(2, 1, 0), final.t()
