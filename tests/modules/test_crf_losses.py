from __future__ import annotations

import copy
import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from ner.modules.crf_loss import PathTargets
from ner.schemes import SCHEMES

from .crf_by_enumeration import INVENTORIES, Enumeration, constraints_of, make_crf, random_batch

LENGTHS = [4, 0, 1, 3, 2]


def random_allowed(num_tags, seed, share=0.5):
    """Some tags of each token, at least one; none at padding."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(LENGTHS), max(LENGTHS), num_tags)
    allowed = torch.rand(shape, generator=generator) < share
    allowed.scatter_(2, torch.randint(num_tags, (*shape[:2], 1), generator=generator), True)
    return allowed & (torch.arange(shape[1]) < torch.tensor(LENGTHS)[:, None])[:, :, None]


def keeps_to(listed, allowed):
    """Which of the paths of one sentence have allowed tags only."""
    allowed = allowed.numpy()
    return allowed[np.arange(len(allowed)), listed.paths].all(1)


def log_sum(scores):
    return np.logaddexp.reduce(scores, initial=-np.inf)


@pytest.mark.parametrize("spread", [2.0, 300.0])
def test_partial_loss_sums_over_the_allowed_paths(spread):
    crf = make_crf(5)
    emissions, lengths = random_batch(LENGTHS, 5, spread=spread)
    for seed in range(4):
        allowed = random_allowed(5, seed)
        expected = []
        for row, length in enumerate(LENGTHS):
            listed = Enumeration(crf, emissions[row, :length])
            expected.append(listed.log_z - log_sum(listed.scores[keeps_to(listed, allowed[row, :length])]))
        found = crf.partial_loss(emissions, allowed, lengths, reduction="none")
        torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-10, atol=1e-10)
        small = copy.deepcopy(crf).float().partial_loss(emissions.float(), allowed, lengths, reduction="none")
        torch.testing.assert_close(small.double(), torch.tensor(expected), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("spread", [2.0, 300.0])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_partial_loss_over_legal_paths(scheme, spread):
    tags = INVENTORIES[scheme]
    K = len(tags)
    crf = make_crf(K, constraints_of(tags, scheme), constrained_training=True)
    emissions, lengths = random_batch(LENGTHS, K, spread=spread)
    impossible = 0
    for seed in range(4):
        allowed = random_allowed(K, seed, share=0.1)
        expected = []
        for row, length in enumerate(LENGTHS):
            legal = Enumeration(crf, emissions[row, :length])
            kept = legal.scores[keeps_to(legal, allowed[row, :length])]
            if len(kept):
                expected.append(legal.log_z - log_sum(kept))
            else:
                impossible += 1
                free = Enumeration(crf, emissions[row, :length], constrained=False)
                gold = log_sum(free.scores[keeps_to(free, allowed[row, :length])])
                expected.append(np.logaddexp(legal.log_z, gold) - gold)
        found = crf.partial_loss(emissions, allowed, lengths, reduction="none")
        torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-10, atol=1e-10)
    assert impossible


def test_partial_loss_of_one_tag_a_token_is_the_loss_and_of_all_tags_nothing():
    crf = make_crf(5)
    emissions, lengths = random_batch([6, 5, 0, 6], 5)
    tags = torch.randint(5, (4, 6), generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([1.0, 0.5, 3.0, 2.0])
    one = torch.nn.functional.one_hot(tags, 5).bool()
    for reduction in ("none", "sum", "mean", "token_mean"):
        torch.testing.assert_close(
            crf.partial_loss(emissions, one, lengths, weights, reduction),
            crf.loss(emissions, tags, lengths, weights, reduction),
        )
    assert crf.partial_loss(emissions, torch.ones_like(one), lengths) == 0


def test_partial_loss_refuses_a_token_without_a_tag():
    crf = make_crf(3)
    allowed = torch.ones(1, 2, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match="without any"):
        crf.partial_loss(torch.zeros(1, 2, 3), allowed & torch.tensor([True, False])[:, None], torch.tensor([2]))
    for wrong in (allowed[:, :1], torch.cat([allowed, allowed], 1), allowed.long()):
        with pytest.raises(ValueError, match=r"expected allowed tags \[1, 2, 3\] bool, got"):
            crf.partial_loss(torch.zeros(1, 2, 3), wrong, torch.tensor([2]))


@pytest.mark.parametrize("spread", [2.0, 300.0])
@pytest.mark.parametrize("scheme", [None, *SCHEMES])
def test_distillation_loss_is_the_divergence_of_the_marginals(scheme, spread):
    tags = INVENTORIES[scheme or "IOB2"]
    K = len(tags)
    crf = make_crf(K, constraints_of(tags, scheme) if scheme else None, constrained_training=True)
    emissions, lengths = random_batch(LENGTHS, K, spread=spread)
    for temperature in (1.0, 2.0):
        expected, targets = [], torch.full((len(LENGTHS), 4, K), float("nan"), dtype=torch.float64)
        for row, length in enumerate(LENGTHS):
            student = Enumeration(crf, emissions[row, :length], temperature=temperature)
            teacher = Enumeration(crf, emissions[row, :length].flip(0) / 2, temperature=temperature).marginals()
            targets[row, :length] = torch.from_numpy(teacher)
            # Logarithms of marginals that are themselves too small for a float.
            log_marginals = np.array(
                [[log_sum(student.scores[student.paths[:, t] == k]) for k in range(K)] for t in range(length)]
            ).reshape(length, K)
            shares = np.where(np.isfinite(log_marginals), teacher, 0.0)
            ratios = np.where(shares > 0, np.log(np.maximum(teacher, 1e-320)) - log_marginals + student.log_z, 0.0)
            expected.append(max(0.0, (shares * np.nan_to_num(ratios)).sum()) * temperature**2)
        found = crf.distillation_loss(emissions, targets, lengths, reduction="none", temperature=temperature)
        torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("spread", [2.0, 300.0])
@pytest.mark.parametrize("scheme", [None, *SCHEMES])
def test_path_distillation_loss_is_the_divergence_of_the_paths(scheme, spread):
    tags = INVENTORIES[scheme or "IOB2"]
    K = len(tags)
    constraints = constraints_of(tags, scheme) if scheme else None
    student, teacher = make_crf(K, constraints, constrained_training=True), make_crf(K, constraints, seed=1)
    emissions, lengths = random_batch(LENGTHS, K, spread=spread)
    others, _ = random_batch(LENGTHS, K, seed=1)
    for temperature in (1.0, 2.0):
        seen = others, lengths, temperature
        targets = PathTargets(teacher.marginals(*seen), teacher.expected_edges(*seen), teacher.entropy(*seen))
        expected = []
        for row, length in enumerate(LENGTHS):
            taught = Enumeration(teacher, others[row, :length], temperature=temperature)
            own = Enumeration(student, emissions[row, :length], temperature=temperature)
            scores = {tuple(path): score - own.log_z for path, score in zip(own.paths, own.scores, strict=True)}
            known = zip(taught.paths, taught.scores - taught.log_z, strict=True)
            expected.append(sum(math.exp(q) * (q - scores[tuple(path)]) for path, q in known) * temperature**2)
        found = student.path_distillation_loss(emissions, targets, lengths, None, "none", temperature)
        torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-9)
    small = [target.float() for target in targets]
    again = student.float().path_distillation_loss(emissions, PathTargets(*small), lengths, None, "none", temperature)
    torch.testing.assert_close(again.double(), found.double(), rtol=1e-5, atol=1e-5)


def test_a_path_that_the_teacher_is_sure_of_is_learnt_like_a_gold_one():
    student = make_crf(5)
    emissions, lengths = random_batch([6, 5, 0, 6], 5)
    tags = torch.randint(5, (4, 6), generator=torch.Generator().manual_seed(0))
    sure = torch.nn.functional.one_hot(tags, 5) * 1e4
    teacher = make_crf(5)
    targets = PathTargets(
        *(ask(sure, lengths) for ask in (teacher.marginals, teacher.expected_edges, teacher.entropy))
    )
    torch.testing.assert_close(
        student.path_distillation_loss(emissions, targets, lengths), student.loss(emissions, tags, lengths)
    )
    own = PathTargets(
        *(ask(emissions, lengths) for ask in (student.marginals, student.expected_edges, student.entropy))
    )
    assert student.path_distillation_loss(emissions, own, lengths) < 1e-12
    for size in (1, len(lengths) + 1):
        with pytest.raises(ValueError, match="expected targets of shapes"):
            student.path_distillation_loss(emissions, own._replace(entropy=torch.zeros(size)), lengths)


@pytest.mark.parametrize("spread", [2.0, 300.0])
@pytest.mark.parametrize("scheme", [None, *SCHEMES])
def test_expected_edges_are_those_of_all_paths(scheme, spread):
    tags = INVENTORIES[scheme or "IOB2"]
    K = len(tags)
    crf = make_crf(K, constraints_of(tags, scheme) if scheme else None)
    emissions, lengths = random_batch(LENGTHS, K, spread=spread)
    found = crf.expected_edges(emissions, lengths)
    for row, length in enumerate(LENGTHS):
        one = Enumeration(crf, emissions[row, :length])
        expected = np.zeros((K + 1, K + 1))
        for path, probability in zip(one.paths, one.probabilities, strict=True):
            around = [K, *path, *[K] * (5 - length)]  # the outside before and after, four tokens in all
            for step in pairwise(around):
                expected[step] += probability
        np.testing.assert_allclose(found[row].numpy(), expected, rtol=0, atol=1e-10)


def test_distillation_from_oneself_is_over():
    crf = make_crf(5)
    emissions, lengths = random_batch([6, 5, 0, 6], 5)
    emissions = emissions.nan_to_num().requires_grad_()
    loss = crf.distillation_loss(emissions, crf.marginals(emissions, lengths), lengths)
    loss.backward()
    assert abs(loss) < 1e-12 and emissions.grad.abs().max() < 1e-12
    for shape in ((1,), (5, 7, 5)):
        with pytest.raises(ValueError, match="expected targets"):
            crf.distillation_loss(emissions, torch.zeros(shape), lengths)


@pytest.mark.parametrize("spread", [1.0, 300.0])
@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("kind", ["partial_loss", "distillation_loss", "path_distillation_loss", "log_partition"])
def test_gradients_agree_with_finite_differences(kind, constrained, spread):
    tags = INVENTORIES["IOB2"]
    K = len(tags)
    crf = make_crf(K, constraints_of(tags, "IOB2"), constrained_training=constrained)
    generator = torch.Generator().manual_seed(1)
    emissions = torch.randn(5, 4, K, generator=generator, dtype=torch.float64) * spread
    lengths, weights = torch.tensor(LENGTHS), torch.tensor([1.0, 2.0, 0.5, 1.5, 0.0])
    extra = {
        "partial_loss": random_allowed(K, 0, share=0.3),
        "distillation_loss": torch.rand(5, 4, K, generator=generator, dtype=torch.float64).softmax(2),
        "path_distillation_loss": PathTargets(
            torch.rand(5, 4, K, generator=generator, dtype=torch.float64).softmax(2),
            torch.rand(5, K + 1, K + 1, generator=generator, dtype=torch.float64),
            torch.full((5,), -1e4, dtype=torch.float64),  # far from 0, where the loss would be cut off
        ),
    }.get(kind)

    def loss(emissions, start, transitions, end):
        values = {"crf.start_transitions": start, "crf.transitions": transitions, "crf.end_transitions": end}
        arguments = (emissions, lengths) if extra is None else (emissions, extra, lengths, weights, "none")
        return torch.func.functional_call(_Call(crf, kind), values, arguments)

    inputs = (emissions, crf.start_transitions, crf.transitions, crf.end_transitions)
    assert torch.autograd.gradcheck(loss, [value.detach().clone().requires_grad_() for value in inputs])


class _Call(torch.nn.Module):
    def __init__(self, crf, kind):
        super().__init__()
        self.crf, self.kind = crf, kind

    def forward(self, *arguments):
        return getattr(self.crf, self.kind)(*arguments)


def test_a_step_along_the_gradient_of_the_partial_loss_helps_allowed_tags_only():
    crf = make_crf(3, dtype=torch.float32)
    emissions = torch.zeros(1, 3, 3, requires_grad=True)
    allowed = torch.tensor([[[1, 1, 1], [0, 1, 1], [1, 1, 1]]], dtype=torch.bool)
    crf.partial_loss(emissions, allowed, torch.tensor([3])).backward()
    assert emissions.grad[0, 1, 0] > 0 and math.isclose(emissions.grad[0, 1].sum(), 0.0, abs_tol=1e-6)
    assert (emissions.grad[0, 1, 1:] < 0).all()
