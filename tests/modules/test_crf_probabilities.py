from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ner.modules.crf import CRF
from ner.modules.crf_constraints import Constraints
from ner.schemes import SCHEMES

from .crf_by_enumeration import INVENTORIES, Enumeration, constraints_of, make_crf, random_batch

LENGTHS = [4, 0, 1, 3, 2]
CASES = [
    (scheme, tied, spread) for scheme in (None, *SCHEMES) for tied, spread in ((False, 2), (True, 2), (False, 300))
]


def make_case(scheme, tied, spread, temperature=1.0):
    tags = INVENTORIES[scheme or "IOB2"]
    crf = make_crf(len(tags), constraints_of(tags, scheme) if scheme else None)
    if tied:
        for parameter in crf.parameters():
            parameter.data.round_()
    emissions, lengths = random_batch(LENGTHS, len(tags), tied=tied, spread=spread)
    listed = [Enumeration(crf, emissions[row, :n], temperature=temperature) for row, n in enumerate(LENGTHS)]
    return crf, emissions, lengths, listed


@pytest.mark.parametrize("case", CASES, ids=str)
def test_log_partition_entropy_and_log_prob(case):
    for temperature in (1.0, 3.0):
        crf, emissions, lengths, listed = make_case(*case, temperature)
        log_z = torch.tensor([one.log_z for one in listed])
        entropies = torch.tensor([one.entropy() for one in listed], dtype=torch.float64)
        tolerance = {"rtol": 1e-10, "atol": 1e-10}
        torch.testing.assert_close(crf.log_partition(emissions, lengths, temperature), log_z, **tolerance)
        torch.testing.assert_close(crf.entropy(emissions, lengths, temperature), entropies, **tolerance)
        for rank in (0, -1):  # the best path and the worst
            paths, expected = torch.full((len(LENGTHS), 4), -7), []
            for row, one in enumerate(listed):
                path = one.paths[rank]
                paths[row, : len(path)] = torch.from_numpy(path)
                expected.append(one.scores[rank] - one.log_z)
            found = crf.log_prob(emissions, paths, lengths, temperature)
            torch.testing.assert_close(found, torch.tensor(expected), **tolerance)
        small = emissions.float(), lengths, temperature
        crf = crf.float()
        torch.testing.assert_close(crf.log_partition(*small).double(), log_z, rtol=1e-6, atol=1e-5)
        torch.testing.assert_close(
            crf.entropy(*small).double(), entropies, rtol=1e-5, atol=1e-4 if case[2] > 2 else 1e-5
        )


def test_an_illegal_path_has_no_probability():
    tags = INVENTORIES["IOB2"]
    crf = make_crf(len(tags), constraints_of(tags, "IOB2"))
    illegal = torch.tensor([[0, tags.index("I-LOC")]])
    assert crf.log_prob(torch.zeros(1, 2, len(tags)), illegal, torch.tensor([2])).tolist() == [-math.inf]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nbest_is_the_head_of_all_paths_in_order(case):
    crf, emissions, lengths, listed = make_case(*case)
    for n in (1, 3, 40):
        paths, log_probs = crf.nbest(emissions, lengths, n)
        assert paths.shape == (len(LENGTHS), n, 4)
        for row, one in enumerate(listed):
            exist = min(n, len(one.paths))
            expected = np.full(n, -np.inf)
            expected[:exist] = one.scores[:exist] - one.log_z
            np.testing.assert_allclose(log_probs[row].numpy(), expected, rtol=1e-10, atol=1e-10)
            found = [tuple(path[: LENGTHS[row]]) for path in paths[row].tolist()]
            assert len(set(found[:exist])) == exist
            for rank, path in enumerate(found):
                if rank < exist:
                    assert math.isclose(one.score_of(path) - one.log_z, log_probs[row, rank], abs_tol=1e-9)
            assert (paths[row, exist:] == -1).all() and (paths[row, :, LENGTHS[row] :] == -1).all()
    decoded = crf.decode(emissions, lengths)
    if not case[1]:  # where nothing ties
        assert torch.equal(crf.nbest(emissions, lengths, 2)[0][:, 0], decoded)


def test_nbest_needs_one_path_at_least():
    with pytest.raises(ValueError, match="n of 1 or more, got 0"):
        make_crf(3).nbest(torch.zeros(1, 2, 3), torch.tensor([2]), 0)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32_probabilities(case):
    crf, emissions, lengths, listed = make_case(*case)
    crf = crf.float()
    found = crf.marginals(emissions.float(), lengths).double()
    _, log_probs = crf.nbest(emissions.float(), lengths, 2)
    tolerance = 1e-5 if case[2] == 2 else 2e-4  # rounding the emissions alone is worth more there
    for row, one in enumerate(listed):
        torch.testing.assert_close(
            found[row, : LENGTHS[row]], torch.from_numpy(one.marginals()), rtol=0, atol=tolerance
        )
        assert math.isclose(log_probs[row, 0], one.scores[0] - one.log_z, abs_tol=tolerance)


def test_a_long_confident_sentence_keeps_its_digits():
    K, T = 9, 3000
    crf = CRF(K).requires_grad_(False)
    emissions = torch.zeros(1, T, K)
    emissions[..., 0] = 9.0
    tags, lengths = torch.zeros(1, T, dtype=torch.long), torch.tensor([T])
    double = CRF(K).double().requires_grad_(False)
    double.load_state_dict(crf.state_dict())
    exact = double.loss(emissions.double(), tags, lengths)
    # The score of the path is about 27,000, where neighbouring floats are 0.002 apart.
    assert math.isclose(crf.loss(emissions, tags, lengths), exact, abs_tol=1e-3)
    assert math.isclose(crf.log_prob(emissions, tags, lengths), -exact, abs_tol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_mass_that_vanishes_on_the_way_is_found_again(dtype):
    # Tag 1 is out of the question for half of the sentence, and then the only one, but no tag can be left.
    constraints = Constraints([True, True], [[True, False], [False, True]], [True, True])
    crf = CRF(2, constraints).to(dtype)
    for parameter in crf.parameters():
        parameter.data.zero_()
    T, gap = 20, 120.0
    emissions = torch.zeros(3, T, 2, dtype=dtype)
    emissions[:, : T // 2, 0] = gap
    emissions[0, T // 2 :, 1] = gap
    emissions[1, T // 2 :, 1] = gap + 0.1
    emissions[2, T // 2 :, 1] = gap * 0.9
    lengths = torch.tensor([T, T, T])
    advantage = torch.tensor([0.0, 0.1, -0.1 * gap], dtype=torch.float64) * (T // 2)
    found = crf.marginals(emissions, lengths)[:, :, 1].double()
    torch.testing.assert_close(found, advantage.sigmoid()[:, None].expand(3, T), rtol=0, atol=1e-4)
    log_z = T // 2 * gap + torch.nn.functional.softplus(advantage)
    torch.testing.assert_close(crf.log_partition(emissions, lengths).double(), log_z, rtol=1e-6, atol=0)


@pytest.mark.parametrize("scale", [1e4, 1e10, 1e28, 1e37])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_scores_of_any_size_that_a_float_can_hold(scale, dtype):
    """Emissions that contradict the constraints by more than any network gives: one path has all the mass."""
    tags = INVENTORIES["IOBES"]
    crf = make_crf(len(tags), constraints_of(tags, "IOBES"), dtype=torch.float32).to(dtype)
    emissions, lengths = random_batch([6] * 40, len(tags), dtype=torch.float32)
    batch = emissions.to(dtype) * scale, lengths
    best = crf.decode(*batch)
    certain = torch.nn.functional.one_hot(best, len(tags)).to(dtype)
    torch.testing.assert_close(crf.marginals(*batch), certain, rtol=0, atol=1e-5)
    assert crf.entropy(*batch).max() < 1e-5
    assert crf.log_prob(batch[0], best, lengths).min() > -1e-5 * scale  # rounding of scores of this size
