from __future__ import annotations

import pytest
import torch

from ner.modules.dropout import Dropout, GroupDropout, VariationalDropout, dropout_mask, make_dropout


def test_variational_dropout_has_one_mask_a_sentence() -> None:
    torch.manual_seed(0)
    out = VariationalDropout(0.4)(torch.ones(7, 11, 50))
    assert torch.equal(out, out[:, :1].expand_as(out))
    assert not torch.equal(out[0], out[1])
    assert out.unique().tolist() == pytest.approx([0, 1 / 0.6], rel=1e-4)


def test_plain_dropout_drops_every_value_by_itself() -> None:
    torch.manual_seed(0)
    out = make_dropout(0.4, variational=False)(torch.ones(7, 11, 50))
    assert not torch.equal(out[:, 0], out[:, 1])


@pytest.mark.parametrize("p", [0.0, 0.05, 0.3, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_mask_keeps_the_expectation_and_the_share(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    mask = dropout_mask((1000, 3, 101), p, torch.zeros(1, dtype=dtype))
    assert mask.dtype == dtype
    share = float((mask == 0).double().mean())
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / mask.numel()) ** 0.5)
    assert mask[mask != 0].unique().tolist() == pytest.approx(
        [1 / (1 - p)], rel=4e-3 if dtype == torch.bfloat16 else 1e-3
    )


def test_the_four_values_of_a_draw_are_independent() -> None:
    torch.manual_seed(0)
    kept = (dropout_mask((100_000, 4), 0.5, torch.zeros(1)) > 0).float()
    assert float(torch.corrcoef(kept.t()).sub(torch.eye(4)).abs().max()) < 0.02
    assert kept.mean(0).tolist() == pytest.approx([0.5] * 4, abs=0.01)


def test_the_seed_decides_the_mask() -> None:
    masks = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        masks.append(Dropout(0.5)(torch.ones(5, 7)))
    assert torch.equal(masks[0], masks[1]) and not torch.equal(masks[0], masks[2])


def test_gradient_goes_where_the_value_went() -> None:
    x = torch.ones(40, 10, requires_grad=True)
    out = Dropout(0.25)(x)
    out.sum().backward()
    assert x.grad is not None and torch.equal(x.grad, out.detach())


@pytest.mark.parametrize("shape", [(0, 5), (1,), (3, 0, 2), (7,)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    assert Dropout(0.5)(torch.ones(shape)).shape == shape


@pytest.mark.parametrize("variational", [False, True])
def test_nothing_is_dropped_in_evaluation_or_at_zero(variational: bool) -> None:
    x = torch.randn(2, 3, 4)
    assert torch.equal(make_dropout(0.5, variational).eval()(x), x)
    assert torch.equal(make_dropout(0.0, variational)(x), x)


def test_the_helper_chooses() -> None:
    assert isinstance(make_dropout(0.1, variational=True), VariationalDropout)
    assert type(make_dropout(0.1, variational=False)) is Dropout


@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_what_is_no_probability_is_refused(p: float, variational: bool) -> None:
    with pytest.raises(ValueError, match="dropout probability"):
        make_dropout(p, variational)


@pytest.mark.parametrize("variational", [False, True])
def test_groups_are_dropped_whole_and_each_by_itself(variational: bool) -> None:
    torch.manual_seed(0)
    sizes = (3, 1, 4)
    out = GroupDropout(0.4, sizes, variational)(torch.ones(300, 20, 8))
    parts = out.split(sizes, dim=2)
    assert all(torch.equal(part, part[:, :, :1].expand_as(part)) for part in parts)
    kept = torch.stack([part[:, :, 0] for part in parts], dim=2)  # [B, T, groups]
    assert kept.unique().tolist() == pytest.approx([0, 1 / 0.6], rel=1e-4)
    assert torch.equal(kept, kept[:, :1].expand_as(kept)) == variational
    draws = (kept[:, :1] if variational else kept).flatten(0, 1)
    assert float(torch.corrcoef((draws > 0).float().t()).sub(torch.eye(3)).abs().max()) < 0.15
    assert float((draws > 0).float().mean()) == pytest.approx(0.6, abs=0.06)


def test_no_group_is_dropped_in_evaluation() -> None:
    x = torch.randn(2, 3, 4)
    assert torch.equal(GroupDropout(0.4, (1, 3)).eval()(x), x)
    with pytest.raises(ValueError, match="probability of 0 or more and less than 1, got 1"):
        GroupDropout(1.0, (1, 3))
