from __future__ import annotations

import pytest
import torch

from ner.modules.crf_chain import Chain
from ner.modules.crf_logarithms import log_forward_backward
from ner.modules.crf_messages import by_sentence, expected_counts, forward_backward


def random_chain(spread, dtype=torch.float32, B=40, T=30, K=9):
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    lengths = torch.randint(0, T + 1, (B,), generator=generator)
    edges = draw(K + 1, K + 1)
    edges[-1, -1] = 0.0
    return Chain(draw(B, T, K) * spread, edges, lengths)


@pytest.mark.parametrize("spread", [0.0, 1.0, 10.0])
def test_scores_as_networks_give_them_need_no_logarithms(spread):
    assert forward_backward(random_chain(spread)).rest is None


def test_logarithms_are_used_for_the_sentences_that_need_them_and_no_others():
    chain = random_chain(1.0)
    chain.edges[:-1, :-1] = -500.0
    chain.edges[range(9), range(9)] = 0.0
    chain.emissions[3, :10, 1] += 200.0
    chain.emissions[3, 10:, 2] += 200.0
    chain.lengths[3] = 30
    rest = forward_backward(chain).rest
    assert rest.sentences.tolist() == [3]


@pytest.mark.parametrize("spread", [1.0, 40.0, 200.0])
def test_both_ways_agree(spread):
    chain = random_chain(spread, torch.float64)
    inputs = [scores.requires_grad_() for scores in chain[:2]]
    _, _, log_z = log_forward_backward(chain)
    weights = torch.linspace(-1, 2, len(log_z), dtype=torch.float64)
    emissions, edges = torch.autograd.grad((log_z * weights).sum(), inputs)
    with torch.no_grad():
        messages = forward_backward(chain)
        tags, taken = expected_counts(messages, weights)
    torch.testing.assert_close(messages.log_z + messages.offset(), log_z.detach(), rtol=1e-12, atol=1e-10)
    torch.testing.assert_close(by_sentence(tags), emissions, rtol=0, atol=1e-10)
    torch.testing.assert_close(taken, edges, rtol=0, atol=1e-9)


def test_nan_stays_in_its_sentence():
    chain = random_chain(1.0)
    chain.lengths[:] = 30
    chain.emissions[5, 7, 2] = float("nan")
    log_z = forward_backward(chain).log_z
    assert log_z.isnan().nonzero().tolist() == [[5]]
