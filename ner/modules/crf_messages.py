r"""Forward-backward over a linear chain: the sums over all tag paths from which every probability follows.

A path :math:`y` of a sentence of :math:`n` tokens has the score

.. math:: s(y) = a_{y_1} + \sum_{t=1}^n u_t(y_t) + \sum_{t=2}^n A_{y_{t-1} y_t} + b_{y_n}

with start scores :math:`a`, emissions :math:`u`, transitions :math:`A` and end scores :math:`b`. Two ways to sum
:math:`\exp s(y)` over all paths stand here:

- `forward_backward` multiplies probabilities, rescaled at every token (Rabiner 1989, section V.A), both directions in
  one loop over time of three operations a step. It knows for which sentences floating point could have lost mass that
  matters (see there), and hands those to the second way.
- `log_forward_backward` adds logarithms: slower, exact whatever the scores, and differentiable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# Stands for minus infinity where a subtraction of two of them would be NaN: its exponential is exactly 0.
_NEVER = -1e30


class Chain(NamedTuple):
    """The scores of a batch of sentences, all of one floating dtype and device. Forbidden ones are ``-inf``."""

    emissions: Tensor  # [B, T, K]
    start: Tensor  # [K]
    transitions: Tensor  # [K, K], from row to column
    end: Tensor  # [K]
    lengths: Tensor  # [B], long, on the device of the scores

    def change(self, of_scores: Callable[[Tensor], Tensor]) -> Chain:
        """The chain with all of its scores changed in the same way."""
        emissions, start, transitions, end, lengths = self
        return Chain(of_scores(emissions), of_scores(start), of_scores(transitions), of_scores(end), lengths)


class Rest(NamedTuple):
    """Messages of the few sentences that need logarithms, in double precision on the CPU."""

    sentences: Tensor  # [b] their places in the batch
    chain: Chain
    alpha: Tensor  # [T, b, K] log of the sum over all beginnings that end in tag k at t, its emission included
    beta: Tensor  # [T, b, K] log of the sum over all endings after tag k at t
    log_z: Tensor  # [b]


class Messages(NamedTuple):
    """What forward-backward knows of a batch. Time comes first; every message is scaled by a factor of its own."""

    log_z: Tensor  # [B] log of the sum over all paths, less `Messages.offset`
    valid: Tensor  # [T, B] bool: token t is inside of sentence b
    peak: Tensor  # [B, T] the highest emission of each token, 0 at padding
    border_peak: Tensor  # [] the highest start score plus the highest end score
    transition_peak: Tensor  # [] the highest transition score
    weights: Tensor  # [K, K] exp of the transitions less `transition_peak`
    emitted: Tensor  # [T, B, K] exp of the emissions less `peak`
    forward: Tensor  # [T, B, K] mass of all beginnings up to and with the tag at t
    arriving: Tensor  # [T, B, K] the same without the emission at t, times `scale`
    scale: Tensor  # [T, B] forward = arriving * emitted / scale
    backward: Tensor  # [T, B, K] mass of all endings from and with the tag at t
    leaving: Tensor  # [T, B, K] mass of all endings after the tag at t
    overlap: Tensor  # [T, B] sum over k of forward * leaving: the mass of all paths, in the scale of the two
    rest: Rest | None

    def offset(self) -> Tensor:
        """[B] what was taken out of the score of every path before it was exponentiated."""
        lengths = self.valid.sum(0)
        offset = self.peak.sum(1) + (lengths - 1) * self.transition_peak + self.border_peak
        return offset.masked_fill(lengths == 0, 0.0)


def forward_backward(chain: Chain) -> Messages:
    """Messages of both directions, and log Z, for sentences of any length from 0 to T.

    Both directions run in one loop, the second on the tokens in reverse. To let sentences end anywhere without a
    mask in the loop, the state has K + 2 entries: the tags; a source, from which the tags are entered by the start
    (in reverse: end) scores and which waits through the padding; and the sum of the state, which the matrix product
    brings along for free and by which the state is rescaled.

    Products below the smallest normal number, ``tiny``, may vanish. All factors being at most 1, what is lost at
    token t is below ``tiny`` in the scale in which all paths together weigh ``overlap * scale``. Where that weighs
    less than ``tiny / eps**1.5`` for any token, as emissions of hundreds do that contradict each other or the
    constraints, the sentence is computed again by `log_forward_backward`.
    """
    emissions, start, transitions, end, lengths = chain
    B, T, K = emissions.shape
    outside = torch.arange(T, device=lengths.device)[:, None] >= lengths  # [T, B]
    valid = ~outside
    peak = emissions.amax(2, keepdim=True)  # [B, T, 1]
    emitted = (emissions - peak).transpose(0, 1).masked_fill(outside[:, :, None], 0.0).exp_()  # [T, B, K]
    transition_peak, start_peak, end_peak = transitions.amax(), start.amax(), end.amax()
    weights = (transitions - transition_peak).exp()
    entry = (start - start_peak).exp()

    factors = emissions.new_zeros(T, 2, B, K + 2)
    factors[:, 0, :, :K] = emitted
    factors[:, 1, :, :K] = (emitted * valid[:, :, None]).flip(0)
    factors[:, 1, :, K] = outside.flip(0)
    step = emissions.new_zeros(2, K + 2, K + 2)
    step[0, :K, :K] = weights
    step[1, :K, :K] = weights.t()
    step[0, K, :K] = entry
    step[1, K, :K] = (end - end_peak).exp()
    step[:, K, K] = 1.0
    step[:, :, K + 1] = step.sum(2)
    states = emissions.new_zeros(T + 1, 2, B, K + 2)
    states[0, :, :, K] = 1.0
    products = torch.empty_like(factors)

    state, *following = states.unbind(0)
    sums = products[..., K + 1 :].unbind(0)
    for product, total, factor, after in zip(products.unbind(0), sums, factors.unbind(0), following, strict=True):
        torch.bmm(state, step, out=product)  # [2, B, K + 2]
        state = torch.div(product, total, out=after).mul_(factor)

    forward, arriving, scale = states[1:, 0, :, :K], products[:, 0, :, :K], products[:, 0, :, K + 1]
    backward, leaving = states[1:, 1, :, :K].flip(0), products[:, 1, :, :K].flip(0)  # [T, B, K]
    overlap = (forward * leaving).sum(2)  # [T, B]
    log_z = products[:, 1, :, K + 1].log().sum(0)
    if T:
        log_z = log_z + (backward[0] @ entry).log()
    messages = Messages(
        log_z=log_z.masked_fill(lengths == 0, 0.0),
        valid=valid,
        peak=peak[:, :, 0].masked_fill(outside.t(), 0.0),
        border_peak=start_peak + end_peak,
        transition_peak=transition_peak,
        weights=weights,
        emitted=emitted,
        forward=forward,
        arriving=arriving,
        scale=scale,
        backward=backward,
        leaving=leaving,
        overlap=overlap,
        rest=None,
    )
    limits = torch.finfo(emissions.dtype)
    # Written so that NaN counts as unsafe.
    safe = overlap * scale >= limits.tiny / limits.eps**1.5
    unsafe = ~(safe | outside).all(0)
    if not bool(unsafe.any()):
        return messages
    return _with_rest(messages, chain, unsafe.nonzero()[:, 0])


def _with_rest(messages: Messages, chain: Chain, sentences: Tensor) -> Messages:
    """The messages with those of some sentences recomputed in logarithms, and their scaled ones made harmless."""
    few = chain._replace(emissions=chain.emissions[sentences], lengths=chain.lengths[sentences].cpu())
    precise = few.change(lambda scores: scores.double().cpu())
    rest = Rest(sentences, precise, *log_forward_backward(precise))
    log_z = rest.log_z.to(messages.log_z) - messages.offset()[sentences]
    harmless = {
        name: getattr(messages, name).index_fill(1, sentences, 0.0)
        for name in ("forward", "arriving", "backward", "leaving")
    }
    ones = {name: getattr(messages, name).index_fill(1, sentences, 1.0) for name in ("scale", "overlap")}
    return messages._replace(log_z=messages.log_z.index_copy(0, sentences, log_z), rest=rest, **harmless, **ones)


def log_forward_backward(chain: Chain) -> tuple[Tensor, Tensor, Tensor]:
    """Alpha [T, B, K], beta [T, B, K] and log Z [B], all logarithms; see `Rest` for what they mean.

    Made of differentiable operations. Needs T > 0; log Z of an empty sentence is 0.
    """
    emissions, start, transitions, end, lengths = chain.change(lambda scores: scores.clamp(min=_NEVER))
    T = emissions.shape[1]
    tokens = emissions.unbind(1)
    alpha = [start + tokens[0]]
    for t in range(1, T):
        arriving = torch.logsumexp(alpha[-1][:, :, None] + transitions, dim=1)
        alpha.append(torch.where((lengths > t)[:, None], arriving + tokens[t], alpha[-1]))
    beta = [end.expand_as(tokens[0])]
    for t in range(T - 1, 0, -1):
        leaving = torch.logsumexp(transitions + (tokens[t] + beta[-1])[:, None, :], dim=2)
        beta.append(torch.where((lengths > t)[:, None], leaving, end))
    log_z = torch.logsumexp(alpha[-1] + end, dim=1).masked_fill(lengths == 0, 0.0)
    return torch.stack(alpha), torch.stack(beta[::-1]), log_z


def token_marginals(messages: Messages) -> Tensor:
    """The probability of every tag at every token, [B, T, K]; 0 at padding."""
    T, B, K = messages.forward.shape
    marginals = messages.forward.new_empty(B, T, K)
    torch.mul(messages.forward.transpose(0, 1), messages.leaving.transpose(0, 1), out=marginals)
    marginals.mul_((messages.valid / messages.overlap).t()[:, :, None])
    rest = messages.rest
    if rest is not None:
        exact = (rest.alpha + rest.beta - rest.log_z[:, None]).exp()
        inside = messages.valid[:, rest.sentences, None]
        marginals[rest.sentences] = torch.where(inside, exact.to(marginals), 0.0).transpose(0, 1)
    return marginals


def expected_transitions(messages: Messages, factor: Tensor) -> Tensor:
    """How often each tag follows each in expectation, [K, K], summed over the sentences times ``factor`` [B]."""
    K = messages.weights.shape[0]
    inside = messages.valid[1:]  # [T - 1, B]
    backward = messages.backward[1:]
    # The mass of all paths in the scale of forward[t - 1] and backward[t].
    mass = (messages.arriving[1:] * backward).sum(2)
    each = torch.where(inside & (mass > 0), factor / mass, 0.0)
    pairs = messages.forward[:-1].reshape(-1, K).t() @ (backward * each[:, :, None]).reshape(-1, K)
    expected = messages.weights * pairs
    rest = messages.rest
    if rest is not None:
        by_sentence = rest_transitions(rest)  # [b, K, K]
        share = factor[rest.sentences].to(by_sentence)
        expected = expected + torch.einsum("b,bij->ij", share, by_sentence).to(expected)
    return expected


def rest_transitions(rest: Rest) -> Tensor:
    """Expected transition counts of every sentence computed in logarithms, [b, K, K]."""
    emissions, _, transitions, _, lengths = rest.chain
    ending = emissions.transpose(0, 1) + rest.beta - rest.log_z[:, None]  # [T, b, K]
    counts = emissions.new_zeros(len(lengths), *transitions.shape)
    for t in range(1, len(ending)):
        log_pairs = rest.alpha[t - 1][:, :, None] + transitions + ending[t][:, None, :]
        counts += torch.where((lengths > t)[:, None, None], log_pairs.exp(), 0.0)
    return counts
