"""One sentence, decoded and weighed in numpy.

Over a batch of one sentence the K x K operations of a step are so small that starting them is what takes the time,
and numpy starts an operation several times faster than torch. The same best path as ``crf_viterbi``, bit for bit; the
same probabilities as ``crf_messages`` and ``crf_spans``, summed in float64.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ner.modules.crf_finite import require_finite
from ner.modules.crf_reading import SpanReading

Array: TypeAlias = NDArray[np.floating]

_RESCALED_EVERY = 8  # steps, in which a message grows by a factor of (K + 1) ** 8 at most
_LEAST = 1e-200  # mass of all paths, in the scale of the messages, that what vanishes below 1e-308 cannot touch


class SingleCRF:
    """A CRF at work on single sentences on the CPU.

    Args:
        edges: scores of the transitions, float32 [K + 1, K + 1], as of `CRF.edges`.
        reading: how tags are read as spans.
        temperature: what all scores are divided by where probabilities are computed.
    """

    def __init__(self, edges: Array, reading: SpanReading, temperature: float) -> None:
        K = len(edges) - 1
        self.temperature = temperature
        self._start, self._end = edges[K, :K].copy(), edges[:K, K].copy()
        self._transitions = np.ascontiguousarray(edges[:K, :K])
        self._from = np.ascontiguousarray(self._transitions.T)  # [to, from]
        scores = edges.astype(np.float64) / temperature
        scores[:, :K] -= scores[:, :K].max()
        with np.errstate(over="ignore"):  # an end that scores hundreds: the sums are then left to the batch
            weights = np.exp(scores)
        labels, continues = reading.arrays(len(edges))
        self._of_label = (labels == np.arange(reading.num_labels)[:, None]).astype(np.float64)  # [C, K + 1]
        self._inner, self._border = np.where(continues, weights, 0.0), np.where(continues, 0.0, weights)
        nothing = np.zeros_like(weights)
        self._step = np.block([[weights.T, nothing], [nothing, weights]])  # both directions in one product

    def best_path(self, emissions: Array) -> NDArray[np.int64]:
        """The tags [T] of the best legal path, of emissions float32 [T, K], T at least 1.

        Raises:
            ValueError: its score is no finite number.
        """
        T, K = emissions.shape
        scores = np.empty_like(emissions)  # of the best beginning that ends in each tag
        candidates = np.empty((K, K), emissions.dtype)
        score = np.add(self._start, emissions[0], scores[0])
        for emission, after in zip(emissions[1:], scores[1:], strict=True):
            np.add(score[:, None], self._transitions, candidates)
            score = np.add(np.maximum.reduce(candidates, 0), emission, after)
        final = score + self._end
        tag = int(final.argmax())
        if not np.isfinite(final[tag]):
            require_finite(final[tag : tag + 1])
        tags = np.empty(T, np.int64)
        tags[-1] = tag
        added = emissions.tolist()
        for t in range(T - 1, 0, -1):
            # In the order in which the scores were summed up, emission last, so that ties are the same ties.
            candidate = scores[t - 1] + self._from[tag]
            candidate += added[t][tag]
            tags[t - 1] = tag = int(candidate.argmax())
        return tags

    def span_probabilities(self, emissions: Array, spans: NDArray[np.int64]) -> Array | None:
        """The exact probability of each span over all legal paths.

        Args:
            emissions: float32 [T, K], T at least 1.
            spans: [N, 3]: first token, token after the last, label.

        Returns:
            float64 [N]; None where emissions contradict each other so much that scaled sums are not good enough.
        """
        sums = self._sums(emissions)
        if sums is None:
            return None
        found = np.empty(len(spans))
        for number, (start, stop, label) in enumerate(spans.tolist()):
            mass = (sums.forward[start] @ self._border) * self._of_label[label] * sums.factors[start]
            for t in range(start + 1, stop):
                mass = (mass @ self._inner) * sums.factors[t]
            found[number] = mass @ (self._border @ sums.backward[stop - 1]) / sums.overlap[stop - 1]
        return np.minimum(found, 1.0)

    def all_span_probabilities(self, emissions: Array, longest: int) -> Array | None:
        """The exact probability of every span of up to ``longest`` tokens, L.

        Returns:
            float64 [T, L, C]: first token, number of tokens less 1, label; 0 beyond the sentence. None as for
            `span_probabilities`.
        """
        sums = self._sums(emissions)
        if sums is None:
            return None
        T = len(emissions)
        found = np.zeros((T, longest, len(self._of_label)))
        mass = (sums.forward @ self._border) * sums.factors  # [T, K + 1], of the spans that go on at a token
        leaving = sums.backward @ self._border.T / sums.overlap[:, None]
        for extra in range(min(longest, T)):
            if extra:
                mass = (mass[:-1] @ self._inner) * sums.factors[extra:]
            found[: T - extra, extra] = (mass * leaving[extra:]) @ self._of_label.T
        return np.minimum(found, 1.0)

    def _sums(self, emissions: Array) -> _Sums | None:
        """What is summed over the beginnings and endings of all paths; None where scaled sums are not good enough."""
        T, K = emissions.shape
        S = K + 1
        factors = np.zeros((T + 2, S))  # of positions -1 to T, as of ``crf_chain``
        factors[0, K] = factors[-1, K] = 1.0
        with np.errstate(all="ignore"):  # checked in what becomes of it
            scores = emissions.astype(np.float64) / self.temperature
            np.exp(scores - scores.max(1, keepdims=True), factors[1:-1, :K])
            products, states, scales = self._messages(factors)
            overlap = (states[:-1, :S] * products[::-1, S:]).sum(1)  # of positions -1 to T - 1
            if not overlap.min() >= _LEAST:
                return None
        return _Sums(factors[1:-1] / scales[1:-1], states[:T, :S], states[T - 1 :: -1, S:], overlap[1:])

    def _messages(self, factors: Array) -> tuple[Array, Array, Array]:
        """Of both directions side by side, the second from the last position to the first.

        Returns:
            The states before their factors [T + 1, 2 (K + 1)], from the second position on; the states
            [T + 2, 2 (K + 1)]; and what those of the first direction were divided by [T + 2, 1].
        """
        P, S = factors.shape
        both = np.concatenate((factors, factors[::-1]), 1)
        products, states, scales = np.empty((P - 1, 2 * S)), np.empty((P, 2 * S)), np.ones((P, 1))
        states[0] = state = both[0]
        for t, (factor, product, after) in enumerate(zip(both[1:], products, states[1:], strict=True), 1):
            np.dot(self._step, state, product)
            state = np.multiply(product, factor, after)
            if t % _RESCALED_EVERY == 0:
                halves = state.reshape(2, S)
                sums = halves.sum(1, keepdims=True)
                halves /= sums
                scales[t] = sums[0]
        return products, states, scales


class _Sums(NamedTuple):
    """Messages of T tokens. The mass of a span, grown token by token by these factors, stays in their scale."""

    factors: Array  # [T, K + 1] of each token, over what the message is divided by there
    forward: Array  # [T, K + 1] the message up to the token before each
    backward: Array  # [T, K + 1] from the token after each on
    overlap: Array  # [T] mass of all paths, where a span that ends there is closed
