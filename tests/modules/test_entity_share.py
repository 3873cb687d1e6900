"""The expected share of entity tokens against the marginals, and its penalty."""

from __future__ import annotations

import pytest
import torch

from ner import schemes
from ner.modules.crf import CRF, Constraints
from ner.modules.entity_share import expected_share, share_penalty

TAGS = schemes.inventory(["A", "B"], "IOBES")


@pytest.fixture
def crf() -> CRF:
    torch.manual_seed(1)
    crf = CRF(len(TAGS), Constraints(*schemes.legality(TAGS, "IOBES")))
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf


def test_it_is_what_the_marginals_say(crf: CRF) -> None:
    emissions, lengths = torch.randn(6, 9, len(TAGS)) * 2, torch.tensor([9, 4, 0, 1, 9, 6])
    inside = crf.marginals(emissions, lengths)[:, :, 1:].sum()
    assert expected_share(crf, emissions, lengths).item() == pytest.approx((inside / lengths.sum()).item(), abs=1e-3)


def test_its_gradient_moves_the_share(crf: CRF) -> None:
    emissions, lengths = torch.randn(4, 7, len(TAGS), requires_grad=True), torch.tensor([7, 7, 5, 2])
    before = expected_share(crf, emissions, lengths)
    (gradient,) = torch.autograd.grad(before, emissions)
    after = expected_share(crf, emissions - gradient, lengths)
    expected = before - (gradient**2).sum()
    assert after.item() < before.item()
    assert after.item() == pytest.approx(expected.item(), abs=0.3 * (before - expected).item())


def test_the_penalty_is_zero_near_the_share(crf: CRF) -> None:
    emissions, lengths = torch.randn(4, 7, len(TAGS)), torch.tensor([7, 7, 5, 2])
    share = expected_share(crf, emissions, lengths).item()
    assert share_penalty(crf, emissions, lengths, share * 0.9).item() == 0
    assert share_penalty(crf, emissions, lengths, share / 2).item() == pytest.approx(share / 3, abs=1e-4)
