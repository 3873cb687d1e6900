"""Forward-backward over a linear chain: the sums over all tag paths from which every probability follows.

Two ways to sum the exponentials of the scores of all paths of a `Chain` stand beside each other:

- `forward_backward` multiplies probabilities, rescaled at every token (Rabiner 1989, section V.A), both directions in
  one loop over time of three operations a step. It knows for which sentences floating point could have lost mass that
  matters (see there), and hands those to the second way.
- ``log_forward_backward`` adds logarithms.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_chain import Chain, enclose
from ner.modules.crf_logarithms import LogMessages


class Messages(NamedTuple):
    """What forward-backward knows of a batch. Every message is scaled by a factor of its own.

    Time comes first. What is named ``_reversed`` runs from the last position to the first; P = T + 1.
    """

    log_z: Tensor  # [B] log of the sum over all paths, less `offset`
    outside: Tensor  # [T + 2, B] bool: position is none of a token
    emission_peak: Tensor  # [T, B] the highest emission of each token; anything at padding
    emissions: Tensor  # [T + 2, K + 1, B] less their peak; of positions -1 to T
    edge_peak: Tensor  # [] the highest score of an edge to a tag
    edges: Tensor  # [K + 1, K + 1] the scores of edges, those to tags less their peak
    weights: Tensor  # [K + 1, K + 1] exp of these
    factors: Tensor  # [T + 2, K + 1, B] exp of the emissions
    products: Tensor  # [P, 2, K + 2, B] each state before its factors and before it is rescaled, and its scale
    states: Tensor  # [P + 1, 2, K + 1, B]
    forward_reversed: Tensor  # [P, K + 1, B] `forward` of positions T - 1 to -1
    shared_reversed: Tensor  # [P, K + 1, B] mass of all paths through the tag there, in the scale of the two messages
    overlap_reversed: Tensor  # [P, B] its sum over the tags: the mass of all paths
    rest: LogMessages | None  # of the sentences for which the scaled messages are not good enough

    @property
    def forward(self) -> Tensor:
        """[P + 1, K + 1, B] mass of all beginnings up to and with the tag at positions -1 to T."""
        return self.states[:, 0]

    @property
    def backward_reversed(self) -> Tensor:
        """[P + 1, K + 1, B] mass of all endings from and with the tag at positions T to -1."""
        return self.states[:, 1]

    @property
    def scale(self) -> Tensor:
        """[P, B] what the forward message was divided by at positions 0 to T."""
        return self.products[:, 0, -1]

    def offset(self) -> Tensor:
        """[B] what was taken out of the score of every path before it was exponentiated."""
        peaks = self.emission_peak + self.edge_peak
        return peaks.masked_fill(self.outside[1:-1], 0.0).sum(0)


def forward_backward(chain: Chain) -> Messages:
    """Messages of both directions, and log Z, for sentences of any length from 0 to T.

    Both directions run in one loop, the second on the positions in reverse. The matrix product of a step brings along
    the sum of its result, by which the state is rescaled.

    Products below the smallest normal number, ``tiny``, may vanish. All factors being at most 1, what is lost at a
    token is below ``tiny`` in the scale in which the mass of all paths is ``overlap * scale``. Where that is less
    than ``tiny / eps**1.5`` for any token, as emissions of hundreds do that contradict each other or the constraints,
    the sentence is computed again by ``log_forward_backward``.
    """
    by_time, outside = chain.by_time(), chain.outside()
    T, K, B = by_time.shape
    peak = by_time.amax(1)  # [T, B]
    emissions = enclose(by_time.sub_(peak[:, None]), outside, float("-inf"))
    factors = emissions.exp()

    edge_peak = chain.edges[:, :K].amax()
    edges = chain.edges.clone()
    edges[:, :K].sub_(edge_peak)
    weights = edges.exp()
    step = torch.stack((weights.t(), weights))
    step = torch.cat((step, step.sum(1, keepdim=True)), 1)  # [2, K + 2, K + 1]

    states = factors.new_empty(T + 2, 2, K + 1, B)
    products = factors.new_empty(T + 1, 2, K + 2, B)
    both = torch.stack((factors[1:], factors[:-1].flip(0)), 1)  # [P, 2, K + 1, B]
    over_time = (products, products[:, :, :-1], products[:, :, -1:], both, states[1:])
    state = states[0].copy_(factors[0])  # outside
    for product, raw, total, factor, after in zip(*(tensor.unbind(0) for tensor in over_time), strict=True):
        torch.bmm(step, state, out=product)
        state = torch.div(raw, total, out=after).mul_(factor)

    forward = states[:-1, 0].flip(0)
    shared = forward * products[:, 1, :-1]
    overlap = shared.sum(1)
    messages = Messages(
        # The second direction ends at position -1, where the mass of all paths is outside.
        log_z=products[:, 1, -1].log().sum(0) + state[1, K].log(),
        outside=outside,
        emission_peak=peak,
        emissions=emissions,
        edge_peak=edge_peak,
        edges=edges,
        weights=weights,
        factors=factors,
        products=products,
        states=states,
        forward_reversed=forward,
        shared_reversed=shared,
        overlap_reversed=overlap,
        rest=None,
    )
    limits = torch.finfo(emissions.dtype)
    least = limits.tiny / limits.eps**1.5
    # Written so that NaN counts as unsafe. The first test is quick, and enough for nearly all batches.
    if B == 0 or bool(overlap.amin() * messages.scale.amin() >= least):
        return messages
    safe = overlap[:-1].flip(0) * messages.scale[:-1] >= least
    return messages if bool(safe.all()) else _with_rest(messages, chain, (~safe.all(0)).nonzero()[:, 0])


def _with_rest(messages: Messages, chain: Chain, sentences: Tensor) -> Messages:
    """The messages with some sentences computed in logarithms, and their scaled ones at numbers that do no harm."""
    rest = LogMessages.of(chain, sentences)
    log_z = rest.log_z.to(messages.log_z) - messages.offset()[sentences]
    for scaled in (messages.products, messages.states, messages.forward_reversed, messages.shared_reversed):
        scaled.index_fill_(scaled.dim() - 1, sentences, 0.0)
    messages.products[:, :, -1].index_fill_(2, sentences, 1.0)
    messages.overlap_reversed.index_fill_(1, sentences, 1.0)
    return messages._replace(log_z=messages.log_z.index_copy(0, sentences, log_z), rest=rest)


def token_marginals(messages: Messages) -> Tensor:
    """The probability of every tag at every token, [B, T, K]; 0 at padding."""
    return by_sentence(_marginals(messages, messages.overlap_reversed.reciprocal()))


def expected_counts(messages: Messages, factor: Tensor) -> tuple[Tensor, Tensor]:
    """The tags and transitions to expect of paths drawn from the distribution: the gradient of log Z.

    Args:
        messages: of `forward_backward`.
        factor: [B] what each sentence counts.

    Returns:
        The token marginals times the factor, [T, K + 1, B]; and how often each of the edges is taken, times the
        factor and summed over the sentences, [K + 1, K + 1].
    """
    each = factor / messages.overlap_reversed
    before = messages.forward_reversed * each[:, None]
    pairs = torch.bmm(before, messages.backward_reversed[:-1].transpose(1, 2)).sum(0)
    expected = pairs.mul_(messages.weights)
    rest = messages.rest
    if rest is not None:
        counts = rest.expected_edges()  # [b, K + 1, K + 1]
        expected += torch.einsum("b,bij->ij", factor[rest.sentences].to(counts), counts).to(expected)
    return _marginals(messages, each), expected


def edge_counts(messages: Messages) -> Tensor:
    """How often each edge is taken in expectation, for every sentence, [B, K + 1, K + 1]."""
    before = messages.forward_reversed / messages.overlap_reversed[:, None]
    pairs = torch.einsum("pfb,ptb->bft", before, messages.backward_reversed[:-1])
    counts = pairs.mul_(messages.weights)
    rest = messages.rest
    return counts if rest is None else counts.index_copy(0, rest.sentences, rest.expected_edges().to(counts))


def by_sentence(tensor: Tensor) -> Tensor:
    """[B, T, K] from [T, K + 1, B]."""
    T, size, B = tensor.shape
    return tensor.reshape(T * size, B).t().contiguous().view(B, T, size)[:, :, :-1]


def entropy(messages: Messages) -> Tensor:
    """The entropy of the distribution over paths, in nats, [B]: what is open about the next tag given each tag.

    All terms are of one sign. Log Z less the expected score is the same, but the difference of two numbers as large
    as the scores are.
    """
    each = messages.overlap_reversed.reciprocal()[:, None]
    marginals = messages.shared_reversed * each  # [P, K + 1, B] at positions T - 1 to -1
    tiny = torch.finfo(marginals.dtype).tiny
    entropies = torch.zeros_like(messages.log_z)
    for now, after in zip(marginals, messages.backward_reversed[:-1], strict=True):
        steps = messages.weights[:, :, None] * after  # [from, to, B]
        steps = steps / steps.sum(1, keepdim=True).clamp(min=tiny)
        entropies -= (now * torch.xlogy(steps, steps).sum(1)).sum(0)
    rest = messages.rest
    return entropies if rest is None else entropies.index_copy(0, rest.sentences, rest.entropy().to(entropies))


def _marginals(messages: Messages, each: Tensor) -> Tensor:
    """[T, K + 1, B] the token marginals; ``each`` is 1 over the overlap [P, B], times what a sentence counts."""
    marginals = (messages.shared_reversed[:-1] * each[:-1, None]).flip(0)
    rest = messages.rest
    if rest is not None:
        marginals[:, :, rest.sentences] = rest.marginals()[1:-1].to(marginals) * each[0, rest.sentences]
    return marginals
