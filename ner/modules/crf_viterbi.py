"""The best tag path of every sentence (Viterbi 1967), for a whole batch at once.

Bit for bit the arithmetic of ``torchcrf.CRF.decode``, so that the two find the same path even where several tie, but

- the batch is the innermost dimension, which makes the K x K maxima of a step two vectorized operations;
- no back-pointers are stored, which would need an argmax over K x K candidates a token. The trace back repeats the K
  candidates of the one tag it stands on. That is a few tiny operations a token, which numpy starts faster than torch.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.modules.crf_chain import Chain

PADDING = -1


def best_paths(chain: Chain) -> Tensor:
    """The tags of the best path of each sentence, [B, T] on the CPU, `PADDING` after its end.

    Of paths that tie, the one whose last tag has the lowest number, then the last but one, and so on.
    One copy from the device a batch.

    Raises:
        ValueError: the score of a best path is NaN.
    """
    B, T, _ = chain.emissions.shape
    paths = np.full((B, T), PADDING, dtype=np.int64)
    if B == 0 or T == 0:
        return torch.from_numpy(paths)
    by_time = _best_scores(chain).transpose(1, 2), chain.emissions.transpose(0, 1)
    lengths = chain.lengths.cpu().numpy()
    scores, emissions, transitions, end = _to_host(*by_time, chain.transitions, chain.end)
    traced = _trace(scores, emissions, transitions, end, lengths)
    np.copyto(paths, traced.T, where=np.arange(T) < lengths[:, None])
    return torch.from_numpy(paths)


def _best_scores(chain: Chain) -> Tensor:
    """The score of the best beginning that ends in tag k at token t, [T, K, B]."""
    B, T, K = chain.emissions.shape
    emissions = chain.emissions.reshape(B, T * K).t().contiguous().view(T, K, B)
    scores = torch.empty_like(emissions)
    candidates = scores.new_empty(K, K, B)
    transitions = chain.transitions[:, :, None]
    tokens, (score, *following) = emissions.unbind(0), scores.unbind(0)
    torch.add(chain.start[:, None], tokens[0], out=score)
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


def _trace(
    scores: NDArray[np.floating],
    emissions: NDArray[np.floating],
    transitions: NDArray[np.floating],
    end: NDArray[np.floating],
    lengths: NDArray[np.integer],
) -> NDArray[np.int64]:
    """From the last tag of each sentence back to its first: tags [T, B], anything at padding."""
    T, B, K = scores.shape
    rows = np.arange(B)
    final = scores[lengths - 1, rows] + end
    last = final.argmax(1)
    if np.isnan(final[rows, last][lengths > 0]).any():
        raise ValueError("expected emissions that are numbers, got NaN: no path is best")
    ending = lengths - 1 == np.arange(T)[:, None]
    to_tag = np.ascontiguousarray(transitions.T)
    flat = emissions.reshape(-1)
    places = np.arange(0, T * B * K, K).reshape(T, B)
    candidates = np.empty((B, K), scores.dtype)
    emission = np.empty((B, 1), scores.dtype)
    place = np.empty((B, 1), np.int64)
    tags = np.empty((T, B), np.int64)
    tags[-1] = last
    for t in range(T - 1, 0, -1):
        # In the order in which the scores were summed up, emission last, so that ties are the same ties.
        to_tag.take(tags[t], 0, candidates, "clip")
        np.add(scores[t - 1], candidates, candidates)
        np.add(places[t], tags[t], place[:, 0])
        flat.take(place, None, emission, "clip")
        np.add(candidates, emission, candidates)
        candidates.argmax(1, tags[t - 1])
        np.copyto(tags[t - 1], last, where=ending[t - 1])
    return tags


def n_best_paths(chain: Chain, n: int) -> tuple[Tensor, Tensor]:
    """The n best paths of each sentence, no two alike, best first.

    Every tag keeps the n best beginnings that end in it (Schwartz & Chow 1990).

    Returns:
        Paths [B, n, T] long, `PADDING` after the end of a sentence and throughout a path that does not exist; and
        their scores [B, n], minus infinity for those. An empty sentence has one path, of score 0.
    """
    emissions, start, transitions, end, lengths = chain
    B, T, K = emissions.shape
    never = float("-inf")
    scores = emissions.new_full((B, K, n), never)
    if T:
        scores[:, :, 0] = start + emissions[:, 0]
    stay = torch.arange(K * n, device=emissions.device).view(1, K, n)
    origins = []
    for t in range(1, T):
        candidates = (scores[:, :, :, None] + transitions[:, None, :]).reshape(B, K * n, K)
        best, origin = candidates.topk(n, dim=1)  # [B, n, K]
        inside = (lengths > t)[:, None, None]
        scores = torch.where(inside, best.transpose(1, 2) + emissions[:, t, :, None], scores)
        origins.append(torch.where(inside, origin.transpose(1, 2), stay).reshape(B, K * n))
    final, place = (scores + end[:, None]).reshape(B, K * n).topk(n, dim=1)  # [B, n]
    places = [place]
    for origin in reversed(origins):
        places.append(origin.gather(1, places[-1]))
    empty = (lengths == 0)[:, None]
    ranks = torch.arange(n, device=emissions.device)
    final = torch.where(empty, torch.where(ranks == 0, 0.0, never), final)
    paths = torch.stack(places[::-1], dim=2)[:, :, :T] // n
    kept = (torch.arange(T, device=emissions.device) < lengths[:, None])[:, None] & (final > never)[:, :, None]
    return paths.masked_fill(~kept, PADDING), final
