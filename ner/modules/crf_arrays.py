"""A CRF at work in numpy alone: what ``crf`` does in inference, for where there is no torch.

The same best paths as ``crf_viterbi``, bit for bit of the same emissions. Probabilities are summed in float64, along
the chain of ``crf_chain``: positions -1 to T, and one more tag for what is outside of the sentence. One algorithm
serves two kinds of arithmetic: products and sums of probabilities, rescaled at every position, which do as long as
nothing vanishes below the smallest number; sums and `logaddexp` of logarithms for the few sentences where it does.
Positions stand first in every array, then sentences, then tags; S = K + 1, P = T + 2.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ner.modules.crf_back_trace import PADDING, traced_paths
from ner.modules.crf_finite import require_finite
from ner.modules.crf_reading import SpanReading

Array: TypeAlias = NDArray[np.floating]
Whole: TypeAlias = NDArray[np.int64]

_LEAST = 1e-200  # mass of all paths, in the scale of the messages, that what vanishes below 1e-308 cannot touch


class ArrayCRF:
    """A CRF over batches of emissions, in numpy. Threads may share it.

    Args:
        edges: scores of the transitions, float32 [K + 1, K + 1], as of `CRF.edges`; minus infinity for what is
            forbidden.
        reading: how tags are read as spans.
    """

    def __init__(self, edges: Array, reading: SpanReading) -> None:
        self._edges = np.ascontiguousarray(edges, np.float32)
        self._labels, self._continues = reading.arrays(len(edges))
        self._of_label = self._labels == np.arange(reading.num_labels)[:, None]  # [C, S]

    def best_paths(self, emissions: Array, lengths: Whole) -> Whole:
        """The best legal path of each sentence, [B, T], -1 at padding, of emissions float32 [B, T, K].

        Raises:
            ValueError: its score is no finite number.
        """
        B, T, K = emissions.shape
        if not B or not T:
            return np.full((B, T), PADDING, dtype=np.int64)
        by_time = np.ascontiguousarray(emissions.transpose(1, 2, 0))
        scores = np.empty_like(by_time)  # [T, K, B]
        candidates = np.empty((K, K, B), by_time.dtype)
        transitions = np.ascontiguousarray(self._edges[:K, :K])[:, :, None]
        with np.errstate(invalid="ignore", over="ignore"):  # checked in what becomes of it
            score = np.add(self._edges[K, :K, None], by_time[0], scores[0])
            for token, after in zip(by_time[1:], scores[1:], strict=True):
                np.add(score[:, None], transitions, candidates)
                score = np.add(np.maximum.reduce(candidates, 0), token, after)
        return traced_paths(scores, np.ascontiguousarray(emissions), self._edges, lengths)

    def span_probabilities(
        self, emissions: Array, lengths: Whole, spans: Whole, temperature: float = 1.0
    ) -> NDArray[np.float64]:
        """The exact probability of each span over all legal paths, [N].

        Args:
            emissions: float32 [B, T, K].
            lengths: int64 [B].
            spans: [N, 4]: sentence, first token, token after the last, label.
            temperature: what all scores are divided by.

        Raises:
            ValueError: a sentence has no path of finite score.
        """
        found = np.zeros(len(spans))
        for messages in self._messages(emissions, lengths, temperature):
            place = np.full(len(emissions), -1)
            place[messages.sentences] = np.arange(len(messages.sentences))
            chosen = np.flatnonzero(place[spans[:, 0]] >= 0)
            few = spans[chosen]
            found[chosen] = self._of_spans(messages, np.column_stack((place[few[:, 0]], few[:, 1:])))
        return found

    def all_span_probabilities(
        self, emissions: Array, lengths: Whole, longest: int, temperature: float = 1.0
    ) -> NDArray[np.float64]:
        """The exact probability of every span of up to ``longest`` tokens, L.

        Returns:
            [B, T, L, C]: sentence, first token, number of tokens less 1, label; 0 beyond the sentence.

        Raises:
            ValueError: a sentence has no path of finite score.
        """
        B, T, _ = emissions.shape
        C = len(self._of_label)
        found = np.zeros((B, T, longest, C))
        for m in self._messages(emissions, lengths, temperature):
            by, arithmetic = m.sentences, m.arithmetic
            factors = arithmetic.over(m.factors, m.scale[..., None])
            border, inner = self._parted(m)
            mass = arithmetic.times(arithmetic.product(m.forward[:T], border), factors[1 : T + 1])
            leaving = arithmetic.product(m.backward[2:], border.T)  # after each token
            leaving = arithmetic.over(leaving, m.overlap[1 : T + 1, :, None])
            for extra in range(min(longest, T)):
                if extra:
                    mass = arithmetic.times(arithmetic.product(mass[:-1], inner), factors[1 + extra : T + 1])
                chances = arithmetic.value(arithmetic.times(mass, leaving[extra:])) @ self._of_label.T
                found[by, : T - extra, extra] = chances.transpose(1, 0, 2)
        return np.minimum(found, 1.0)

    def marginals(self, emissions: Array, lengths: Whole, temperature: float = 1.0) -> NDArray[np.float64]:
        """The probability of each tag at each token over all legal paths, [B, T, K]; 0 at padding.

        Raises:
            ValueError: a sentence has no path of finite score.
        """
        found = np.zeros(emissions.shape)
        for messages in self._messages(emissions, lengths, temperature):
            found[messages.sentences] = messages.marginals()[1:-1, :, :-1].transpose(1, 0, 2)
        return found

    def entropy(self, emissions: Array, lengths: Whole, temperature: float = 1.0) -> NDArray[np.float64]:
        """The entropy of the distribution over all legal paths, [B] in nats: what is open about the next tag given
        each tag, as often as that is there.

        Raises:
            ValueError: a sentence has no path of finite score.
        """
        found = np.zeros(len(emissions))
        for m in self._messages(emissions, lengths, temperature):
            for now, after in zip(m.marginals()[:-1], m.backward[1:], strict=True):
                steps = m.arithmetic.times(m.weights, after[:, None])  # [B, from, to]
                shares = m.arithmetic.shares(steps)
                doubt = np.where(shares > 0, shares * np.log(np.maximum(shares, 1e-300)), 0.0).sum(2)
                found[m.sentences] -= (now * doubt).sum(1)
        return found

    def n_best(
        self, emissions: Array, lengths: Whole, n: int, temperature: float = 1.0
    ) -> tuple[Whole, NDArray[np.float64]]:
        """The n best legal paths of each sentence, no two alike, best first, and their log-probabilities.

        Every tag keeps the n best beginnings that end in it (Schwartz & Chow 1990).

        Returns:
            Paths [B, n, T], -1 at padding; and log-probabilities [B, n]. If fewer than n paths exist, the others are
            all -1 and minus infinity.

        Raises:
            ValueError: a sentence has no path of finite score.
        """
        B, T, K = emissions.shape
        S = K + 1
        tokens, edges = _enclosed(emissions, lengths, temperature), self._edges.astype(np.float64) / temperature
        best = np.full((B, S, n), -np.inf)
        best[:, K, 0] = 0.0
        log_z = np.empty(B)
        for messages in self._messages(emissions, lengths, temperature):
            log_z[messages.sentences] = messages.log_z
        origins = []
        for token in tokens[1:]:
            candidates = (best[:, :, :, None] + edges[:, None, :]).reshape(B, S * n, S)
            order = np.argsort(-candidates, axis=1, kind="stable")[:, :n]  # [B, n, S]: ties as they come
            best = (np.take_along_axis(candidates, order, 1) + token[:, None]).transpose(0, 2, 1)
            origins.append(order.transpose(0, 2, 1).reshape(B, S * n))
        scores = best[:, K]  # [B, n] outside again
        paths = np.full((B, n, T), PADDING, dtype=np.int64)
        place = np.tile(np.arange(K * n, K * n + n), (B, 1))
        for t in range(T, 0, -1):
            place = np.take_along_axis(origins[t], place, 1)
            inside = (place // n < K) & np.isfinite(scores)
            paths[:, :, t - 1] = np.where(inside, place // n, PADDING)
        return paths, np.minimum(scores - log_z[:, None], 0.0)

    def _messages(self, emissions: Array, lengths: Whole, temperature: float) -> list[_Messages]:
        """Of all sentences: those that plain numbers serve, and the others in logarithms.

        Raises:
            ValueError: a sentence has no path of finite score.
        """
        tokens, edges = _enclosed(emissions, lengths, temperature), self._edges.astype(np.float64) / temperature
        everything = np.arange(len(emissions))
        with np.errstate(all="ignore"):  # what overflows or vanishes is seen in the overlap
            plain = _forward_backward(_PLAIN, tokens, edges, everything)
            mass = plain.overlap * np.minimum(plain.scale, plain.scale_back)
            safe = (mass >= _LEAST).all(0) & np.isfinite(plain.log_z)
            if safe.all():
                return [plain]
            rest = np.flatnonzero(~safe)
            found = [_forward_backward(_LOGARITHMS, tokens[:, rest], edges, rest)]
            require_finite(_in_place(found[0], len(emissions)))
            if safe.any():
                found.append(_forward_backward(_PLAIN, tokens[:, safe], edges, everything[safe]))
        return found

    def _parted(self, messages: _Messages) -> tuple[Array, Array]:
        """The weights of edges that close a span or lie outside of any, and of those that go on with one."""
        nothing = messages.arithmetic.nothing
        weights = messages.weights
        return np.where(self._continues, nothing, weights), np.where(self._continues, weights, nothing)

    def _of_spans(self, m: _Messages, spans: Whole) -> NDArray[np.float64]:
        """The probabilities of spans, whose sentences are counted among those of the messages, [N]."""
        if not len(spans):
            return np.zeros(0)
        arithmetic = m.arithmetic
        sentence, start, stop, label = spans.T
        border, inner = self._parted(m)
        factors = arithmetic.over(m.factors, m.scale[..., None])
        mass = arithmetic.product(m.forward[start, sentence], border)  # positions begin with -1
        mass = np.where(
            self._of_label[label], arithmetic.times(mass, factors[start + 1, sentence]), arithmetic.nothing
        )
        for offset in range(1, int((stop - start).max())):
            t = start + offset
            going_on = np.flatnonzero(t < stop)
            longer = arithmetic.product(mass[going_on], inner)
            mass[going_on] = arithmetic.times(longer, factors[t[going_on] + 1, sentence[going_on]])
        leaving = arithmetic.product(m.backward[stop + 1, sentence], border.T)
        total = arithmetic.total(arithmetic.times(mass, leaving))
        return np.minimum(arithmetic.value(arithmetic.over(total, m.overlap[stop, sentence])), 1.0)


class _Messages(NamedTuple):
    """What forward-backward knows of B sentences. Every message is scaled to a total of one."""

    arithmetic: _Plain | _Logarithms
    sentences: Whole  # [B] their places in the batch
    weights: Array  # [S, S] of the edges
    factors: Array  # [P, B, S] of the tokens
    forward: Array  # [P, B, S] all beginnings up to and with the tag there
    backward: Array  # [P, B, S] all endings from and with the tag there
    scale: Array  # [P, B] what the forward message was divided by there, beyond the one before
    scale_back: Array  # [P, B] and the backward one
    shared: Array  # [P, B, S] all paths through the tag there, in the scale of the two messages
    overlap: Array  # [P, B] its total
    log_z: NDArray[np.float64]  # [B]

    def marginals(self) -> Array:
        """The probability of each tag at each position, [P, B, S]."""
        return self.arithmetic.value(self.arithmetic.over(self.shared, self.overlap[..., None]))


class _Plain:
    """Probabilities as they are."""

    nothing = 0.0

    @staticmethod
    def of(scores: Array) -> Array:
        return np.exp(scores)

    @staticmethod
    def value(numbers: Array) -> Array:
        return numbers

    @staticmethod
    def logarithm(numbers: Array) -> Array:
        return np.log(numbers)

    @staticmethod
    def times(one: Array, other: Array) -> Array:
        return one * other

    @staticmethod
    def over(one: Array, other: Array) -> Array:
        return one / other

    @staticmethod
    def total(numbers: Array) -> Array:
        return numbers.sum(-1)

    @staticmethod
    def product(rows: Array, matrix: Array) -> Array:
        return rows @ matrix

    @staticmethod
    def shares(numbers: Array) -> Array:
        return numbers / np.maximum(numbers.sum(-1, keepdims=True), 1e-300)


class _Logarithms:
    """Their logarithms, minus infinity for what cannot be."""

    nothing = -np.inf

    @staticmethod
    def of(scores: Array) -> Array:
        return scores

    @staticmethod
    def value(numbers: Array) -> Array:
        return np.exp(numbers)

    @staticmethod
    def logarithm(numbers: Array) -> Array:
        return numbers

    @staticmethod
    def times(one: Array, other: Array) -> Array:
        return one + other

    @staticmethod
    def over(one: Array, other: Array) -> Array:
        return one - other

    @staticmethod
    def total(numbers: Array) -> Array:
        return np.asarray(np.logaddexp.reduce(numbers, axis=-1))

    @staticmethod
    def product(rows: Array, matrix: Array) -> Array:
        return np.asarray(np.logaddexp.reduce(rows[..., None] + matrix, axis=-2))

    @staticmethod
    def shares(numbers: Array) -> Array:
        peak = numbers.max(-1, keepdims=True)
        weights = np.exp(numbers - np.where(np.isfinite(peak), peak, 0.0))
        return weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)


_PLAIN, _LOGARITHMS = _Plain(), _Logarithms()


def _enclosed(emissions: Array, lengths: Whole, temperature: float) -> NDArray[np.float64]:
    """Scores of all tags at all positions, [P, B, S]: outside of a sentence of nothing but the outside."""
    B, T, K = emissions.shape
    tokens = np.full((T + 2, B, K + 1), -np.inf)
    outside = np.ones((T + 2, B), dtype=bool)
    outside[1:-1] = np.arange(T)[:, None] >= lengths
    tokens[1:-1, :, :K] = emissions.transpose(1, 0, 2)
    tokens /= temperature
    tokens[outside] = -np.inf
    tokens[outside, K] = 0.0
    return tokens


def _forward_backward(
    arithmetic: _Plain | _Logarithms, tokens: NDArray[np.float64], edges: NDArray[np.float64], sentences: Whole
) -> _Messages:
    """Both directions over scores [P, B, S] of the tokens and [S, S] of the edges."""
    peaks, edge_peak = tokens.max(2), edges[:, :-1].max()
    edges = edges.copy()
    edges[:, :-1] -= edge_peak
    weights, factors = arithmetic.of(edges), arithmetic.of(tokens - peaks[..., None])
    P, B, _ = tokens.shape
    forward, backward, reached = np.empty_like(factors), np.empty_like(factors), np.empty_like(factors)
    one = arithmetic.of(np.zeros(1))[0]
    scale, scale_back = np.full((P, B), one), np.full((P, B), one)
    forward[0], backward[-1] = factors[0], factors[-1]
    reached[-1] = one
    turned: Any = np.ascontiguousarray(weights.T)
    for t in range(1, P):
        _scaled(arithmetic, arithmetic.product(forward[t - 1], weights), factors[t], forward[t], scale[t])
    for t in range(P - 2, -1, -1):
        reached[t] = arithmetic.product(backward[t + 1], turned)
        _scaled(arithmetic, reached[t], factors[t], backward[t], scale_back[t])
    shared = arithmetic.times(forward, reached)
    inside = (tokens[:, :, -1] == -np.inf).sum(0)  # tokens of each sentence
    log_z = arithmetic.logarithm(scale).sum(0) + peaks.sum(0) + inside * edge_peak
    overlap = arithmetic.total(shared)
    return _Messages(
        arithmetic, sentences, weights, factors, forward, backward, scale, scale_back, shared, overlap, log_z
    )


def _scaled(arithmetic: _Plain | _Logarithms, message: Array, factor: Array, into: Array, scale: Array) -> None:
    message = arithmetic.times(message, factor)
    scale[:] = arithmetic.total(message)
    into[:] = arithmetic.over(message, scale[:, None])


def _in_place(messages: _Messages, size: int) -> NDArray[np.float64]:
    """log Z of the messages' sentences in a batch of so many; 0 for the others."""
    found = np.zeros(size)
    found[messages.sentences] = messages.log_z
    return found
