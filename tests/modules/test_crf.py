from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torchcrf

from ner.modules.crf import CRF, Constraints
from ner.schemes import SCHEMES

from .crf_by_enumeration import INVENTORIES, Enumeration, constraints_of, make_crf, random_batch

LENGTHS = [4, 0, 1, 3, 2]
SPREADS = [2.0, 300.0]  # the second contradicts itself and the constraints by hundreds


def enumerate_batch(crf, emissions, lengths, **options):
    return [Enumeration(crf, emissions[row, :length], **options) for row, length in enumerate(lengths.tolist())]


def random_tags(lengths, num_tags, seed=0):
    """Tags with padding that is no tag."""
    generator = torch.Generator().manual_seed(seed)
    tags = torch.randint(num_tags, (len(lengths), max(lengths)), generator=generator)
    return tags.masked_fill(torch.arange(max(lengths)) >= torch.tensor(lengths)[:, None], -100)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("tied", [False, True])
def test_loss_is_minus_the_log_of_the_share_of_the_gold_path(tied, spread):
    crf = make_crf(5)
    emissions, lengths = random_batch(LENGTHS, 5, tied=tied, spread=spread)
    tags = random_tags(LENGTHS, 5)
    expected = [
        listed.log_z - listed.score_of(path[:length])
        for listed, path, length in zip(enumerate_batch(crf, emissions, lengths), tags, LENGTHS, strict=True)
    ]
    expected = torch.tensor(expected)
    torch.testing.assert_close(crf.loss(emissions, tags, lengths, reduction="none"), expected, rtol=1e-10, atol=1e-10)
    losses = crf.float().loss(emissions.float(), tags, lengths, reduction="none")
    torch.testing.assert_close(losses.double(), expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_constrained_loss_normalizes_over_the_legal_paths_and_the_gold_one(scheme, spread):
    tags_of_scheme = INVENTORIES[scheme]
    K = len(tags_of_scheme)
    crf = make_crf(K, constraints_of(tags_of_scheme, scheme), constrained_training=True)
    emissions, lengths = random_batch(LENGTHS, K, spread=spread)
    for seed in range(3):
        tags = random_tags(LENGTHS, K, seed)
        expected = []
        for row, length in enumerate(LENGTHS):
            gold = tags[row, :length]
            listed = Enumeration(crf, emissions[row, :length], extra_path=gold)
            expected.append(listed.log_z - listed.score_of(gold))
        losses = crf.loss(emissions, tags, lengths, reduction="none")
        torch.testing.assert_close(losses, torch.tensor(expected), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("scheme", [None, *SCHEMES])
def test_marginals_are_the_sum_over_all_legal_paths(scheme, spread):
    tags = INVENTORIES[scheme or "IOB2"]
    crf = make_crf(len(tags), constraints_of(tags, scheme) if scheme else None)
    emissions, lengths = random_batch(LENGTHS, len(tags), spread=spread)
    for temperature in (1.0, 2.5):
        found = crf.marginals(emissions, lengths, temperature=temperature)
        for row, listed in enumerate(enumerate_batch(crf, emissions, lengths, temperature=temperature)):
            torch.testing.assert_close(
                found[row, : LENGTHS[row]], torch.from_numpy(listed.marginals()), rtol=0, atol=1e-10
            )
            assert not found[row, LENGTHS[row] :].any()


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("scheme", [None, *SCHEMES])
def test_decode_finds_the_best_legal_path(scheme, tied, spread):
    tags = INVENTORIES[scheme or "IOB2"]
    crf = make_crf(len(tags), constraints_of(tags, scheme) if scheme else None)
    if tied:
        with torch.no_grad():
            for parameter in crf.parameters():
                parameter.round_()
    emissions, lengths = random_batch(LENGTHS, len(tags), tied=tied, spread=spread)
    found = crf.decode(emissions, lengths)
    for row, listed in enumerate(enumerate_batch(crf, emissions, lengths)):
        assert found[row].tolist() == [*listed.paths[0], *[-1] * (4 - LENGTHS[row])]


def beside_parent(K, dtype):
    """Ours and torchcrf's with the same parameters, emissions, tags, lengths and mask."""
    crf, parent = make_crf(K, dtype=torch.float32), torchcrf.CRF(K, batch_first=True)
    parent.load_state_dict(crf.state_dict())
    generator = torch.Generator().manual_seed(K)
    lengths = torch.randint(1, 13, (64,), generator=generator)
    emissions = torch.randn(64, 12, K, generator=generator).to(dtype)
    tags = torch.randint(K, (64, 12), generator=generator)
    return crf, parent, emissions, tags, lengths, torch.arange(12) < lengths[:, None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("K", [1, 2, 9, 17])
def test_loss_is_that_of_torchcrf(K, dtype):
    crf, parent, emissions, tags, lengths, mask = beside_parent(K, dtype)
    for reduction in ("none", "sum", "mean", "token_mean"):
        torch.testing.assert_close(
            crf.loss(emissions, tags, lengths, reduction=reduction),
            -parent(emissions.float(), tags, mask, reduction=reduction),
            rtol=1e-5,
            atol=1e-5 * (len(lengths) if reduction == "sum" else 1),
        )


@pytest.mark.parametrize("scale, offset", [(1.0, 0.0), (0.01, 4096.0), (100.0, 0.0)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("K", [1, 2, 9, 17])
def test_decode_finds_the_paths_of_torchcrf(K, dtype, scale, offset):
    crf, parent, emissions, _, lengths, mask = beside_parent(K, dtype)
    emissions = emissions * scale
    for parameter in (*crf.parameters(), *parent.parameters()):
        parameter.data *= scale
    if scale > 1:  # many paths tie
        emissions = (emissions / 50).round()
        for parameter in (*crf.parameters(), *parent.parameters()):
            parameter.data = (parameter / 50).round()
    emissions += offset  # so many paths tie by rounding that it must be the same rounding
    theirs = parent.decode(emissions, mask)
    assert [path[path >= 0].tolist() for path in crf.decode(emissions, lengths)] == theirs


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("spread", [1.0, 300.0])
def test_gradients_agree_with_finite_differences(spread, constrained):
    tags_of_scheme = INVENTORIES["IOBES"]
    K = len(tags_of_scheme)
    crf = make_crf(K, constraints_of(tags_of_scheme, "IOBES"), constrained_training=constrained)
    generator = torch.Generator().manual_seed(0)
    emissions = torch.randn(5, 4, K, generator=generator, dtype=torch.float64) * spread
    lengths, tags = torch.tensor(LENGTHS), random_tags(LENGTHS, K)
    weights = torch.tensor([1.0, 2.0, 0.5, 1.5, 0.0])

    def loss(emissions, start, transitions, end):
        parameters = dict(start_transitions=start, transitions=transitions, end_transitions=end)
        return torch.func.functional_call(crf, parameters, (emissions, tags, lengths, weights, "none"))

    inputs = (emissions, crf.start_transitions, crf.transitions, crf.end_transitions)
    assert torch.autograd.gradcheck(loss, [value.detach().clone().requires_grad_() for value in inputs])


def test_integers_of_any_size_are_numbers():
    crf, _, emissions, tags, lengths, _ = beside_parent(9, torch.float32)
    expected = crf.loss(emissions, tags, lengths)
    for dtype in (torch.int32, torch.uint8):
        assert torch.equal(crf.loss(emissions, tags.to(dtype), lengths.to(dtype)), expected)
        assert torch.equal(crf.decode(emissions, lengths.to(dtype)), crf.decode(emissions, lengths))


def test_the_layout_of_the_emissions_does_not_matter():
    crf, _, emissions, tags, lengths, _ = beside_parent(9, torch.float32)
    strided = torch.randn(12, 18, 64)[:, ::2].permute(2, 0, 1).copy_(emissions)
    assert not strided.is_contiguous()
    for call in (
        lambda u: crf.loss(u, tags, lengths),
        lambda u: crf.distillation_loss(u, emissions.softmax(2), lengths),
        lambda u: crf.marginals(u, lengths),
        lambda u: crf.decode(u, lengths),
        lambda u: crf.nbest(u, lengths, 2)[1],
        lambda u: crf.entropy(u, lengths),
    ):
        assert torch.equal(call(strided), call(emissions))


def test_what_a_loss_has_seen_may_change_before_its_backward_pass():
    crf, _, emissions, tags, lengths, _ = beside_parent(9, torch.float32)
    for scale in (1.0, 300.0):  # also where sentences are summed in logarithms
        inputs = (emissions * scale).requires_grad_()
        loss = crf.loss(inputs, tags, lengths)
        (once,) = torch.autograd.grad(loss, inputs, retain_graph=True)
        with torch.no_grad():
            crf.transitions.add_(1.0)
            inputs.mul_(2.0)
        assert torch.equal(torch.autograd.grad(loss, inputs)[0], once)


def test_only_what_is_trained_gets_a_gradient():
    crf, _, emissions, tags, lengths, _ = beside_parent(9, torch.float32)
    crf.loss(emissions, tags, lengths).backward()
    assert emissions.grad is None and crf.transitions.grad is not None
    crf.zero_grad()
    crf.requires_grad_(False)
    inputs = emissions.clone().requires_grad_()
    crf.loss(inputs, tags, lengths).backward()
    assert inputs.grad is not None and crf.transitions.grad is None
    with torch.inference_mode():
        assert not crf.loss(inputs, tags, lengths).requires_grad
        seen = inputs * 1.0  # a tensor of inference mode, used outside of it
    crf.requires_grad_(True)
    crf.loss(seen, tags, lengths).backward()
    assert crf.transitions.grad is not None


def test_state_dict_is_that_of_torchcrf():
    constraints = constraints_of(INVENTORIES["IOB2"], "IOB2")
    assert list(CRF(5, constraints).state_dict()) == list(torchcrf.CRF(5).state_dict())


def test_constraints_that_leave_no_path_are_refused():
    with pytest.raises(ValueError, match="none for length 2"):
        CRF(2, Constraints([True, False], [[False, True], [True, True]], [True, False]))
    with pytest.raises(ValueError, match="shapes"):
        CRF(3, Constraints([True], [[True]], [True]))


def test_what_does_not_fit_is_refused():
    crf = make_crf(3, dtype=torch.float32)
    emissions, tags, lengths = torch.zeros(2, 4, 3), torch.zeros(2, 4, dtype=torch.long), torch.tensor([4, 2])
    for shape in ((2, 4, 5), (2, 4, 2), (2, 4), (2, 4, 3, 3)):
        with pytest.raises(ValueError, match="expected emissions"):
            crf.decode(torch.zeros(shape), lengths)
    with pytest.raises(ValueError, match="expected lengths from 0 to 4, got 2 to 5"):
        crf.decode(emissions, torch.tensor([5, 2]))
    with pytest.raises(ValueError, match=r"expected lengths \[2\]"):
        crf.marginals(emissions, torch.tensor([4]))
    with pytest.raises(ValueError, match=r"expected tags \[2, 4\]"):
        crf.loss(emissions, tags[:, :3], lengths)
    with pytest.raises(ValueError, match="expected tags from 0 to 2, got 0 to 3"):
        crf.loss(emissions, tags.index_fill(1, torch.tensor([1]), 3), lengths)
    with pytest.raises(ValueError, match=r"expected tags \[2, 4\] long, got \[2, 4\] float32"):
        crf.loss(emissions, tags.float(), lengths)
    with pytest.raises(ValueError, match=r"expected lengths \[2\] long, got \[2\] float32"):
        crf.decode(emissions, lengths.float())
    for weights in (torch.ones(2, 1), torch.ones(3), torch.tensor(2.0)):  # [B, 1] would give a loss [B, B]
        with pytest.raises(ValueError, match=r"expected weights \[2\], got"):
            crf.loss(emissions, tags, lengths, weights, "none")
    for temperature in (0.0, -1.0, math.nan, math.inf):
        for answer in (crf.marginals, crf.entropy, crf.log_partition):
            with pytest.raises(ValueError, match="expected a temperature above 0"):
                answer(emissions, lengths, temperature)
        with pytest.raises(ValueError, match="expected a temperature above 0"):
            crf.distillation_loss(emissions, emissions, lengths, temperature=temperature)
    with pytest.raises(ValueError, match="reduction"):
        crf.loss(emissions, tags, lengths, reduction="average")
    with pytest.raises(ValueError, match="NaN"):
        crf.decode(emissions.index_fill(1, torch.tensor([1]), float("nan")), lengths)


@pytest.mark.parametrize("constrained_training", [False, True])
@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (3, 4), (0, 0)])
def test_empty_sentences_and_batches_are_answered(shape, constrained_training):
    constraints = constraints_of(["O", "B-X", "I-X"], "IOB2")
    crf = make_crf(3, constraints, dtype=torch.float32, constrained_training=constrained_training)
    B, T = shape
    emissions, lengths = torch.zeros(B, T, 3, requires_grad=True), torch.zeros(B, dtype=torch.long)
    tags = torch.zeros(shape, dtype=torch.long)
    losses = {
        "loss": tags,
        "partial_loss": torch.zeros(B, T, 3, dtype=torch.bool),
        "distillation_loss": torch.zeros(B, T, 3),
    }
    for name, target in losses.items():
        found = getattr(crf, name)(emissions, target, lengths, reduction="none")
        assert found.tolist() == [0.0] * B, name
        found.sum().backward()
        assert emissions.grad is None or not emissions.grad.any()
        assert all(parameter.grad is None or not parameter.grad.any() for parameter in crf.parameters())
        assert getattr(crf, name)(emissions, target, lengths, reduction="token_mean") == 0
    assert crf.log_partition(emissions, lengths).tolist() == [0.0] * B
    assert crf.log_prob(emissions, tags, lengths).tolist() == [0.0] * B
    assert crf.entropy(emissions, lengths).tolist() == [0.0] * B
    assert crf.decode(emissions, lengths).tolist() == [[-1] * T] * B
    paths, log_probs = crf.nbest(emissions, lengths, 2)
    assert paths.tolist() == [[[-1] * T] * 2] * B
    assert log_probs.tolist() == [[0.0, -math.inf]] * B
    assert crf.marginals(emissions, lengths).shape == (B, T, 3)
    assert not crf.marginals(emissions, lengths).any()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_emissions_lead_to_an_illegal_path(scheme):
    tags = INVENTORIES[scheme]
    K = len(tags)
    constraints = constraints_of(tags, scheme)
    may_start, may_follow, may_end = (np.asarray(mask) for mask in constraints)
    crf = make_crf(K, constraints, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    for spread in (0.0, 1.0, 30.0, 1e4):
        lengths = torch.randint(1, 9, (4000,), generator=generator)
        emissions = torch.randn(4000, 8, K, generator=generator) * spread
        paths = crf.decode(emissions, lengths).numpy()
        rows, ends = np.arange(4000), lengths.numpy() - 1
        assert may_start[paths[:, 0]].all() and may_end[paths[rows, ends]].all()
        inside = np.arange(1, 8) <= ends[:, None]
        assert may_follow[paths[:, :-1], paths[:, 1:]][inside].all()


def test_loss_of_a_path_with_all_the_mass_is_not_negative():
    crf = make_crf(5, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    tags = torch.randint(5, (1000, 30), generator=generator)
    emissions = torch.randn(1000, 30, 5, generator=generator)
    emissions.scatter_add_(2, tags[:, :, None], torch.full((1000, 30, 1), 30.0))
    losses = crf.loss(emissions, tags, torch.full((1000,), 30), reduction="none")
    assert losses.max() < 1e-4 and losses.min() >= 0


def test_loss_is_finite_and_never_negative_in_low_precision():
    crf = make_crf(5, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    for dtype in (torch.float16, torch.bfloat16):
        emissions = (torch.randn(50, 30, 5, generator=generator) * 100).to(dtype).requires_grad_()
        lengths = torch.full((50,), 30)
        with torch.autocast("cpu", torch.bfloat16):
            best = crf.decode(emissions, lengths)
            losses = crf.loss(emissions, best, lengths, reduction="none")
        assert losses.dtype == torch.float32 and losses.isfinite().all() and (losses >= 0).all()
        losses.sum().backward()
        assert emissions.grad.dtype == dtype and emissions.grad.isfinite().all()


def test_autocast_changes_nothing():
    crf = make_crf(9, dtype=torch.float32)
    emissions = torch.randn(20, 12, 9, generator=torch.Generator().manual_seed(0))
    lengths, tags = torch.full((20,), 12), torch.zeros(20, 12, dtype=torch.long)
    gradients = []
    for enabled in (False, True):
        inputs = emissions.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            crf.loss(inputs, tags, lengths).backward()
        gradients.append(torch.cat([value.grad.flatten() for value in (inputs, *crf.parameters())]))
        crf.zero_grad()
    assert torch.equal(*gradients)


def test_a_sentence_among_others_is_as_it_is_alone():
    crf = make_crf(5, constraints_of(INVENTORIES["IOB2"], "IOB2"))
    emissions, lengths = random_batch([6, 3, 0, 5, 1, 6], 5, spread=20.0)
    together = crf.decode(emissions, lengths), crf.marginals(emissions, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = emissions[row : row + 1, :length], lengths[row : row + 1]
        assert together[0][row, :length].tolist() == crf.decode(*alone)[0].tolist()
        torch.testing.assert_close(together[1][row, :length], crf.marginals(*alone)[0], rtol=0, atol=1e-14)
