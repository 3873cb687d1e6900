"""Probabilities of entities: that exactly these tokens, boundaries included, are one span of this label.

A span is no path but a set of paths: within it each tag continues the span of the tag before, its first tag does not
continue the span of the token before it, and the token after it does not continue the span. Which tag continues which
is all that is needed of a tag scheme (`SpanReading`), so that every scheme, and every path that a CRF without
constraints allows, is summed as it would be read.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ner.modules.crf_logarithms import LogMessages
from ner.modules.crf_messages import Messages
from ner.modules.crf_reading import SpanReading


def span_probabilities(messages: Messages, spans: Tensor, reading: SpanReading) -> Tensor:
    """The exact probability of each span, given the messages of the sentences.

    Args:
        messages: of `forward_backward`.
        spans: [N, 4] long: sentence, first token, token after the last, label.
        reading: how tags are read as spans.

    Returns:
        [N] probabilities; 0 beyond the end of a sentence.

    Raises:
        ValueError: spans that cannot be; checked on the CPU.
    """
    weights = messages.weights
    _check(spans, messages, reading)
    spans = spans.to(weights.device)
    labels, continues = _tensors(reading, weights)
    sentence, start, stop, label = spans.unbind(1)
    T = len(messages.outside) - 2
    inner, border = weights * continues, weights * ~continues

    # [N, K + 1] all beginnings up to the first token of the span, where it must be opened
    mass = messages.forward[start, :, sentence] @ border  # states begin with position -1
    mass = mass * (labels == label[:, None]) * _factor(messages, start, sentence)
    for offset in range(1, _longest(spans)):
        t = (start + offset).clamp(max=T)
        longer = (mass @ inner) * _factor(messages, t, sentence)
        mass = torch.where((start + offset < stop)[:, None], longer, mass)
    # [N, K + 1] all endings after the last token of the span, where it must be closed
    leaving = messages.backward_reversed[T - stop, :, sentence] @ border.t()
    found = (mass * leaving).sum(1) / messages.overlap_reversed[T - stop, sentence]
    if messages.rest is not None:
        place = spans[:, :1] == messages.rest.sentences  # [N, b]
        chosen = place.any(1).nonzero()[:, 0]
        few = spans[chosen].index_copy(1, sentence.new_zeros(1), place[chosen].byte().argmax(1, keepdim=True))
        found[chosen] = _log_span_probabilities(messages.rest, few.cpu(), reading).to(found)
    return found.clamp(0.0, 1.0)


def all_span_probabilities(messages: Messages, reading: SpanReading, longest: int) -> Tensor:
    """The exact probability of every span of up to ``longest`` tokens.

    Args:
        messages: of `forward_backward`.
        reading: how tags are read as spans, with C labels.
        longest: in tokens, L.

    Returns:
        [B, T, L, C]: sentence, first token, number of tokens less 1, label; 0 beyond the end of the sentence.

    Raises:
        ValueError: L below 1.
    """
    if longest < 1:
        raise ValueError(f"expected longest of 1 or more, got {longest}")
    weights = messages.weights
    labels, continues = _tensors(reading, weights)
    P, _, B = messages.forward_reversed.shape
    T, C = P - 1, reading.num_labels
    found = weights.new_zeros(B, T, longest, C)
    if not found.numel():
        return found
    inner, border = (weights * continues).t(), weights * ~continues
    of_label = (labels == torch.arange(C, device=labels.device)[:, None]).to(weights)  # [C, K + 1]

    # All [T, K + 1, B], in the scale of the messages, over their overlap at the last token.
    opened = border.t() @ messages.forward[:T]
    factor = messages.factors[1:-1] / messages.scale[:T, None]
    closed = border @ messages.backward_reversed[:T].flip(0) / messages.overlap_reversed[:T].flip(0)[:, None]
    mass = opened * factor
    for length in range(min(longest, T)):
        if length:
            mass = (inner @ mass[:-1]) * factor[length:]
        spans = of_label @ (mass * closed[length:])  # [T - length, C, B]
        found[:, : T - length, length] = spans.permute(2, 0, 1)
    if messages.rest is not None:
        sizes = [min(longest, T), C]
        lengths = messages.rest.chain.lengths
        grid = torch.cartesian_prod(*(torch.arange(size) for size in (len(lengths), T, *sizes)))
        sentence, start, extra, label = grid[grid[:, 1] + grid[:, 2] < lengths[grid[:, 0]]].unbind(1)
        few = torch.stack((sentence, start, start + extra + 1, label), 1)
        exact = _log_span_probabilities(messages.rest, few, reading).to(found)
        found[messages.rest.sentences] = 0.0
        places = messages.rest.sentences[sentence.to(weights.device)]
        found[places, start.to(weights.device), extra.to(weights.device), label.to(weights.device)] = exact
    return found.clamp_(0.0, 1.0)


def _tensors(reading: SpanReading, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The arrays of a reading on the device of the weights of the edges, [K + 1, K + 1]."""
    labels, continues = reading.arrays(len(weights))
    return torch.from_numpy(labels).to(weights.device), torch.from_numpy(continues).to(weights.device)


def _factor(messages: Messages, t: Tensor, sentence: Tensor) -> Tensor:
    """What forward messages are multiplied by at a token, beyond the transitions, [N, K]."""
    return messages.factors[t + 1, :, sentence] / messages.scale[t, sentence][:, None]


def _check(spans: Tensor, messages: Messages, reading: SpanReading) -> None:
    if spans.dim() != 2 or spans.shape[1] != 4:
        raise ValueError(f"expected spans [N, 4], got {list(spans.shape)}")
    if not len(spans) or spans.device.type != "cpu":
        return
    B, T = messages.outside.shape[1], len(messages.outside) - 2
    sentence, start, stop, label = spans.unbind(1)
    right = (sentence >= 0) & (sentence < B) & (start >= 0) & (start < stop) & (stop <= T)
    right &= (label >= 0) & (label < reading.num_labels)
    if not bool(right.all()):
        raise ValueError(
            f"expected spans of a sentence from 0 to {B - 1}, tokens from 0 to {T} in order, and a label from 0 to "
            f"{reading.num_labels - 1}, got {spans[~right][0].tolist()}"
        )


def _longest(spans: Tensor) -> int:
    return int((spans[:, 2] - spans[:, 1]).amax()) if len(spans) else 0


def _log_span_probabilities(messages: LogMessages, spans: Tensor, reading: SpanReading) -> Tensor:
    """`span_probabilities` of sentences, counted among those of the messages, that were summed in logarithms."""
    sentence, start, stop, label = spans.unbind(1)
    emissions, edges = messages.emissions(), messages.chain.edges
    labels, continues = _tensors(reading, edges)
    never = edges.new_tensor(float("-inf"))
    inner, border = torch.where(continues, edges, never), torch.where(continues, never, edges)
    T = len(emissions) - 2
    mass = torch.logsumexp(messages.alpha[start, :, sentence][:, :, None] + border, 1)
    mass = torch.where(labels == label[:, None], mass + emissions[start + 1, :, sentence], never)
    for offset in range(1, _longest(spans)):
        t = (start + offset).clamp(max=T)
        longer = torch.logsumexp(mass[:, :, None] + inner, 1) + emissions[t + 1, :, sentence]
        mass = torch.where((start + offset < stop)[:, None], longer, mass)
    after = emissions[stop + 1, :, sentence] + messages.beta[stop + 1, :, sentence]
    leaving = torch.logsumexp(border + after[:, None, :], 2)
    return (torch.logsumexp(mass + leaving, 1) - messages.log_z[sentence]).exp()
