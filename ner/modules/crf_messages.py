r"""Forward-backward over a linear chain: the sums over all tag paths from which every probability follows.

A path :math:`y` of a sentence of :math:`n` tokens has the score

.. math:: s(y) = a_{y_1} + \sum_{t=1}^n u_t(y_t) + \sum_{t=2}^n A_{y_{t-1} y_t} + b_{y_n}

with start scores :math:`a`, emissions :math:`u`, transitions :math:`A` and end scores :math:`b`. Two ways to sum
:math:`\exp s(y)` over all paths stand here:

- `forward_backward` multiplies probabilities, rescaled at every token (Rabiner 1989, section V.A), both directions in
  one loop over time of three operations a step. It knows for which sentences floating point could have lost mass that
  matters (see there), and hands those to the second way.
- ``log_forward_backward`` adds logarithms.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_chain import Chain
from ner.modules.crf_logarithms import LogMessages


class Messages(NamedTuple):
    """What forward-backward knows of a batch. Every message is scaled by a factor of its own.

    Time comes first, and in what is named ``_reversed`` runs from the last token, T - 1, to the first.
    """

    log_z: Tensor  # [B] log of the sum over all paths, less `offset`
    outside: Tensor  # [T, B] bool: token t is padding of sentence b
    emission_peak: Tensor  # [B, T] the highest emission of each token; anything at padding
    chain_peak: Tensor  # [] the highest of all start, transition and end scores
    entry: Tensor  # [K] exp of the start scores less `chain_peak`
    weights: Tensor  # [K, K] the same of the transitions
    exit: Tensor  # [K] the same of the end scores
    factors: Tensor  # [T, 2, B, K + 1] what each state is multiplied by, see `forward_backward`
    products: Tensor  # [T, 2, B, K + 2] each state before that and before it is rescaled, and what it is divided by
    states: Tensor  # [T, 2, B, K + 1]
    rest: LogMessages | None  # of the sentences for which the scaled messages are not good enough

    @property
    def emitted(self) -> Tensor:
        """[T, B, K] exp of the emissions less their peak."""
        return self.factors[:, 0, :, :-1]

    @property
    def scale(self) -> Tensor:
        """[T, B] what the forward message was divided by at t."""
        return self.products[:, 0, :, -1]

    @property
    def forward(self) -> Tensor:
        """[T, B, K] mass of all beginnings up to and with the tag at t."""
        return self.states[:, 0, :, :-1]

    @property
    def backward_reversed(self) -> Tensor:
        """[T, B, K] mass of all endings from and with the tag at t; 0 at padding."""
        return self.states[:, 1, :, :-1]

    @property
    def leaving_reversed(self) -> Tensor:
        """[T, B, K] mass of all endings after the tag at t, in the scale of ``backward`` at t + 1."""
        return self.products[:, 1, :, :-2]

    def offset(self) -> Tensor:
        """[B] what was taken out of the score of every path before it was exponentiated."""
        inside = ~self.outside.t()
        lengths = inside.sum(1)
        offset = torch.where(inside, self.emission_peak, 0.0).sum(1) + (lengths + 1) * self.chain_peak
        return offset.masked_fill(lengths == 0, 0.0)

    def relative(self, chain: Chain) -> Chain:
        """The chain with paths that score less by `offset`."""
        lower = chain.change(lambda scores: scores - self.chain_peak)
        return lower._replace(emissions=chain.emissions - self.emission_peak[:, :, None])


def forward_backward(chain: Chain) -> Messages:
    """Messages of both directions, and log Z, for sentences of any length from 0 to T.

    Both directions run in one loop, the second on the tokens in reverse. To let sentences end anywhere without a
    mask in the loop, the state has an entry besides those of the tags: a source, from which the tags are entered by
    the start (in reverse: end) scores and which waits through the padding. The matrix product of a step brings along
    the sum of the state, by which it is rescaled.

    Products below the smallest normal number, ``tiny``, may vanish. All factors being at most 1, what is lost at
    token t is below ``tiny`` in a scale in which the mass of all paths is known from log Z and the scales of the two
    directions. Where that is less than ``tiny / eps**1.5`` for any token, as emissions of hundreds do that contradict
    each other or the constraints, the sentence is computed again by ``log_forward_backward``.
    """
    emissions, start, transitions, end, lengths = chain
    B, T, K = emissions.shape
    outside = chain.outside()  # [T, B]
    outside_reversed = outside.flip(0)
    peak = emissions.amax(2, keepdim=True)  # [B, T, 1]
    factors = emissions.new_zeros(T, 2, B, K + 1)
    emitted = factors[:, 0, :, :K]
    torch.sub(emissions.transpose(0, 1), peak.transpose(0, 1), out=emitted)
    emitted.masked_fill_(outside[:, :, None], 0.0).exp_()
    factors[:, 1, :, :K] = emitted.flip(0).masked_fill_(outside_reversed[:, :, None], 0.0)
    factors[:, 1, :, K] = outside_reversed

    entering = torch.cat((transitions, start[None])), torch.cat((transitions.t(), end[None]))
    weights = torch.stack(entering)  # [2, K + 1, K]
    chain_peak = weights.amax()
    weights.sub_(chain_peak).exp_()
    source = weights.new_zeros(2, K + 1, 1)
    source[:, K] = 1.0
    step = torch.cat((weights, source, weights.sum(2, keepdim=True) + source), 2)  # [2, K + 1, K + 2]

    states, products = torch.empty_like(factors), factors.new_empty(T, 2, B, K + 2)
    over_time = (products, products[..., : K + 1], products[..., K + 1 :], factors, states)
    state = factors.new_zeros(2, B, K + 1)
    state[:, :, K] = 1.0
    for product, raw, total, factor, after in zip(*(tensor.unbind(0) for tensor in over_time), strict=True):
        torch.bmm(state, step, out=product)
        state = torch.div(raw, total, out=after).mul_(factor)

    log_scales = products[..., K + 1].log()  # [T, 2, B]
    # The states at the end of the loop are those of the first token in the reverse direction.
    log_z = log_scales[:, 1].sum(0) + (state[1, :, :K] @ weights[0, K]).log()
    messages = Messages(
        log_z=log_z.masked_fill(lengths == 0, 0.0),
        outside=outside,
        emission_peak=peak[:, :, 0],
        chain_peak=chain_peak,
        entry=weights[0, K],
        weights=weights[0, :K],
        exit=weights[1, K],
        factors=factors,
        products=products,
        states=states,
        rest=None,
    )
    limits = torch.finfo(emissions.dtype)
    before = log_scales.cumsum(0).sub_(log_scales)
    least = log_z - math.log(limits.tiny / limits.eps**1.5)
    # Written so that NaN counts as unsafe.
    safe = (before[:, 0] + before[:, 1].flip(0) <= least).logical_or_(outside)
    return messages if bool(safe.all()) else _with_rest(messages, chain, (~safe.all(0)).nonzero()[:, 0])


def _with_rest(messages: Messages, chain: Chain, sentences: Tensor) -> Messages:
    """The messages with some sentences computed in logarithms, and their scaled ones at numbers that do no harm."""
    rest = LogMessages.of(chain, sentences)
    log_z = rest.log_z.to(messages.log_z) - messages.offset()[sentences]
    messages.products.index_fill_(2, sentences, 1.0)
    messages.states.index_fill_(2, sentences, 1.0)
    return messages._replace(log_z=messages.log_z.index_copy(0, sentences, log_z), rest=rest)


def token_marginals(messages: Messages) -> Tensor:
    """The probability of every tag at every token, [B, T, K]; 0 at padding."""
    _, shared, overlap = _overlap(messages)
    return _tags(messages, shared, 1.0 / overlap, None)


def expected_counts(messages: Messages, factor: Tensor) -> tuple[Tensor, Tensor]:
    """The tags and transitions to expect of paths drawn from the distribution: the gradient of log Z.

    Args:
        messages: of `forward_backward`.
        factor: [B] what each sentence counts.

    Returns:
        `token_marginals` times the factor, [B, T, K]; and how often each tag follows each, [K, K], times the factor
        and summed over the sentences.
    """
    K = messages.weights.shape[0]
    forward, shared, overlap = _overlap(messages)
    rest, share = messages.rest, factor
    if rest is not None:
        share = factor.index_fill(0, rest.sentences, 0.0)
    each = share / overlap  # [T, B]
    # The overlap between t - 1 and t is that at t - 1. Backward is 0 at padding: no sentence has a pair too many.
    before = (forward * each[:, :, None]).masked_fill_(messages.outside.flip(0)[:, :, None], 0.0)[1:]
    pairs = before.reshape(-1, K).t() @ messages.backward_reversed[:-1].reshape(-1, K)
    expected = messages.weights * pairs
    if rest is not None:
        counts = rest.transitions()  # [b, K, K]
        expected += torch.einsum("b,bij->ij", factor[rest.sentences].to(counts), counts).to(expected)
    return _tags(messages, shared, each, factor), expected


def entropy(messages: Messages) -> Tensor:
    """The entropy of the distribution over paths, in nats, [B]: log Z less the expected score."""
    forward, shared, overlap = _overlap(messages)
    outside_reversed = messages.outside.flip(0)
    marginals = (shared / overlap[:, :, None]).masked_fill_(outside_reversed[:, :, None], 0.0)  # reversed
    weighted = forward @ torch.xlogy(messages.weights, messages.weights)  # [T, B, K] as are the following
    between = weighted[1:] * messages.backward_reversed[:-1] / overlap[1:, :, None]
    between = between.masked_fill_(outside_reversed[:-1, :, None], 0.0)
    score = between.sum((0, 2)) + torch.xlogy(marginals, messages.emitted.flip(0)).sum((0, 2))
    if len(marginals):
        lengths = (~messages.outside).sum(0)
        last = marginals[-lengths.clamp(min=1), torch.arange(len(lengths), device=lengths.device)]
        score += torch.xlogy(marginals[-1], messages.entry).sum(1) + torch.xlogy(last, messages.exit).sum(1)
    entropies = messages.log_z - score
    rest = messages.rest
    if rest is not None:
        entropies = entropies.index_copy(0, rest.sentences, rest.entropy().to(entropies))
    return entropies.clamp(min=0.0)


def _overlap(messages: Messages) -> tuple[Tensor, Tensor, Tensor]:
    """In reversed time: forward, [T, B, K]; forward times leaving, [T, B, K]; and its sum over the tags, [T, B]."""
    forward = messages.forward.flip(0)
    shared = forward * messages.leaving_reversed
    return forward, shared, shared.sum(2)


def _tags(messages: Messages, shared: Tensor, each: Tensor, factor: Tensor | None) -> Tensor:
    """[B, T, K] from `_overlap` and its inverse, 0 at padding, with the exact ones of the rest."""
    outside = messages.outside
    tags = shared.mul_(each[:, :, None]).flip(0).masked_fill_(outside[:, :, None], 0.0).transpose(0, 1)
    rest = messages.rest
    if rest is not None:
        exact = rest.marginals().transpose(0, 1).to(tags)
        tags[rest.sentences] = exact if factor is None else exact * factor[rest.sentences][:, None, None]
    return tags
