from __future__ import annotations

import pytest
import torch
from torch import nn

from ner.modules.dropout import VariationalDropout, dropout_mask, make_dropout


def test_variational_dropout_has_one_mask_a_sentence() -> None:
    torch.manual_seed(0)
    out = VariationalDropout(0.4)(torch.ones(7, 11, 50))
    assert torch.equal(out, out[:, :1].expand_as(out))
    assert not torch.equal(out[0], out[1])
    assert out.unique().tolist() == pytest.approx([0, 1 / 0.6])


def test_plain_dropout_drops_every_value_by_itself() -> None:
    torch.manual_seed(0)
    out = make_dropout(0.4, variational=False)(torch.ones(7, 11, 50))
    assert not torch.equal(out[:, 0], out[:, 1])


def test_mask_keeps_the_expectation_and_the_share() -> None:
    torch.manual_seed(0)
    mask = dropout_mask((1000, 100), 0.3, torch.zeros(1, dtype=torch.float64))
    assert mask.dtype == torch.float64
    assert float((mask == 0).double().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(mask.mean()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("variational", [False, True])
def test_nothing_is_dropped_in_evaluation_or_at_zero(variational: bool) -> None:
    x = torch.randn(2, 3, 4)
    assert torch.equal(make_dropout(0.5, variational).eval()(x), x)
    assert torch.equal(make_dropout(0.0, variational)(x), x)


def test_the_helper_chooses() -> None:
    assert isinstance(make_dropout(0.1, variational=True), VariationalDropout)
    assert isinstance(make_dropout(0.1, variational=False), nn.Dropout)


@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_what_is_no_probability_is_refused(p: float, variational: bool) -> None:
    with pytest.raises(ValueError, match="dropout probability"):
        make_dropout(p, variational)
