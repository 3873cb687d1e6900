"""Probabilities of entities: that exactly these tokens, boundaries included, are one span of this label.

A span is no path but a set of paths: within it each tag continues the span of the tag before, its first tag does not
continue the span of the token before it, and the token after it does not continue the span. Which tag continues which
is all that is needed of a tag scheme (`SpanReading`), so that every scheme, and every path that a CRF without
constraints allows, is summed as it would be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_messages import Messages, Rest


class SpanReading(NamedTuple):
    """How tag paths are read as spans, in the order of the tags.

    Args:
        labels: number of the label of each tag, from 0; -1 for a tag outside of any span.
        continues: ``[from][to]``: a token with the second tag belongs to the same span as the token before it, which
            has the first.
    """

    labels: Sequence[int]
    continues: Sequence[Sequence[bool]]


def span_probabilities(messages: Messages, spans: Tensor, reading: SpanReading) -> Tensor:
    """The exact probability of each span, given the messages of the sentences.

    Args:
        messages: of `forward_backward`.
        spans: [N, 4] long: sentence, first token, token after the last, label.
        reading: how tags are read as spans.

    Returns:
        [N] probabilities.
    """
    weights = messages.weights
    device = weights.device
    spans = spans.to(device)
    continues = torch.as_tensor(reading.continues, dtype=torch.bool, device=device)
    of_label = torch.as_tensor(reading.labels, device=device)
    sentence, start, stop, label = spans.unbind(1)
    size = len(messages.outside)
    inner, border = weights * continues, weights * ~continues

    # [N, K] all beginnings up to the first token of the span, where it must be opened
    mass = torch.where(
        (start > 0)[:, None], messages.forward[(start - 1).clamp(min=0), sentence] @ border, messages.entry
    )
    mass = mass * (of_label == label[:, None]) * _factor(messages, start, sentence)
    for offset in range(1, int((stop - start).amax()) if len(spans) else 0):
        t = (start + offset).clamp(max=size - 1)
        longer = (mass @ inner) * _factor(messages, t, sentence)
        mass = torch.where((start + offset < stop)[:, None], longer, mass)
    # [N, K] all endings after the last token of the span, where it must be closed
    all_leaving = messages.leaving_reversed[size - stop, sentence]
    after = stop.clamp(max=size - 1)
    at_end = (stop == size) | messages.outside[after, sentence]
    followed = messages.backward_reversed[size - 1 - after, sentence] @ border.t()
    leaving = torch.where(at_end[:, None], all_leaving, followed)
    overlap = (messages.forward[stop - 1, sentence] * all_leaving).sum(1)
    found = (mass * leaving).sum(1) / overlap
    if messages.rest is not None:
        found = _replace_rest(found, messages.rest, spans, continues, of_label)
    return found.clamp(0.0, 1.0)


def _factor(messages: Messages, t: Tensor, sentence: Tensor) -> Tensor:
    """What forward messages are multiplied by at a token, beyond the transitions, [N, K]."""
    return messages.emitted[t, sentence] / messages.scale[t, sentence][:, None]


def _replace_rest(found: Tensor, rest: Rest, spans: Tensor, continues: Tensor, of_label: Tensor) -> Tensor:
    """The same sums in logarithms for the spans of the sentences that need them."""
    place = (spans[:, :1] == rest.sentences).to(torch.uint8)  # [N, b]
    chosen = place.any(1).nonzero()[:, 0]
    _, start, stop, label = spans[chosen].cpu().unbind(1)
    sentence = place[chosen].argmax(1).cpu()
    emissions, first, transitions, _, lengths = rest.chain
    never = emissions.new_tensor(float("-inf"))
    continues, of_label = continues.cpu(), of_label.cpu()
    inner, border = torch.where(continues, transitions, never), torch.where(continues, never, transitions)
    size = emissions.shape[1]
    mass = torch.where(
        (start > 0)[:, None],
        torch.logsumexp(rest.alpha[(start - 1).clamp(min=0), sentence][:, :, None] + border, 1),
        first,
    )
    mass = torch.where(of_label == label[:, None], mass + emissions[sentence, start], never)
    for offset in range(1, int((stop - start).amax()) if len(chosen) else 0):
        t = (start + offset).clamp(max=size - 1)
        longer = torch.logsumexp(mass[:, :, None] + inner, 1) + emissions[sentence, t]
        mass = torch.where((start + offset < stop)[:, None], longer, mass)
    after = stop.clamp(max=size - 1)
    leaving = torch.where(
        (stop >= lengths[sentence])[:, None],
        rest.beta[stop - 1, sentence],
        torch.logsumexp(border + (emissions[sentence, after] + rest.beta[after, sentence])[:, None, :], 2),
    )
    exact = (torch.logsumexp(mass + leaving, 1) - rest.log_z[sentence]).exp()
    return found.index_copy(0, chosen, exact.to(found))
