"""Every quantity of the CRF over all paths of six tokens and up to seven tags, in double and in single precision."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ner.modules.crf_decoding import best_spans
from ner.schemes import SCHEMES, inventory

from .crf_by_enumeration import Enumeration, constraints_of, make_crf, random_batch, reading_of

LENGTHS = [6, 0, 5, 1, 0, 3]
TAGS = {
    scheme: inventory(["LOC", "ORG", "PER"][: 3 if len(inventory("X", scheme)) <= 3 else 1], scheme)
    for scheme in SCHEMES
}
TOLERANCE = {torch.float64: {"rtol": 1e-10, "atol": 1e-10}, torch.float32: {"rtol": 1e-6, "atol": 1e-5}}
CASES = [(scheme, tied) for scheme in (None, *SCHEMES) for tied in (False, True)]


class Case:
    """A CRF, a batch, and the list of all paths of each sentence."""

    def __init__(self, scheme, tied):
        self.tags = TAGS[scheme or "IOB2"]
        K = len(self.tags)
        constraints = constraints_of(self.tags, scheme) if scheme else None
        self.crf = make_crf(K, constraints, dtype=torch.float32, constrained_training=True)
        if tied:
            for parameter in self.crf.parameters():
                parameter.data.round_()
        # Numbers that are the same in both precisions: it is the sums that are tested.
        emissions, self.lengths = random_batch(LENGTHS, K, tied=tied, dtype=torch.float32)
        self.emissions = emissions
        self.listed = [Enumeration(self.crf, emissions[row, :n]) for row, n in enumerate(LENGTHS)]

    def check(self, compute, expected):
        """Hold a function of the CRF and the emissions against what is expected, in both precisions."""
        for dtype, tolerance in TOLERANCE.items():
            found = compute(self.crf.to(dtype), self.emissions.to(dtype))
            assert found.dtype == dtype
            torch.testing.assert_close(
                found.double(), torch.from_numpy(np.asarray(expected, dtype=np.float64)), **tolerance
            )


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{'tied' if case[1] else 'random'}")
def case(request):
    return Case(*request.param)


def padded(rows, fill=0.0):
    """[B, 6, K] of what each sentence has."""
    K = max(row.shape[1] for row in rows)
    return np.stack([np.pad(row, ((0, 6 - len(row)), (0, K - row.shape[1])), constant_values=fill) for row in rows])


def log_sum(scores):
    return np.logaddexp.reduce(scores, initial=-np.inf)


def test_sums(case):
    case.check(lambda crf, u: crf.log_partition(u, case.lengths).detach(), [one.log_z for one in case.listed])
    case.check(lambda crf, u: crf.entropy(u, case.lengths), [one.entropy() for one in case.listed])
    case.check(lambda crf, u: crf.marginals(u, case.lengths), padded([one.marginals() for one in case.listed]))


@pytest.mark.parametrize("rank", [0, 1, -1])
def test_loss_and_probability_of_a_legal_path(case, rank):
    paths, log_probs = torch.full((len(LENGTHS), 6), -100), []
    for row, one in enumerate(case.listed):
        place = min(rank, len(one.paths) - 1)
        paths[row, : LENGTHS[row]] = torch.from_numpy(one.paths[place])
        log_probs.append(one.scores[place] - one.log_z)
    log_probs = np.array(log_probs)
    case.check(lambda crf, u: crf.log_prob(u, paths, case.lengths), log_probs)
    case.check(lambda crf, u: crf.loss(u, paths, case.lengths, reduction="none").detach(), -log_probs)


def test_best_path_and_n_best_in_order(case):
    for dtype in TOLERANCE:
        crf, emissions = case.crf.to(dtype), case.emissions.to(dtype)
        decoded = crf.decode(emissions, case.lengths).numpy()
        for n in (1, 5, 30):
            paths, log_probs = crf.nbest(emissions, case.lengths, n)
            for row, (one, length) in enumerate(zip(case.listed, LENGTHS, strict=True)):
                exist = min(n, len(one.paths))
                expected = np.full((n, 6), -1)
                expected[:exist, :length] = one.paths[:exist]
                assert (paths[row].numpy() == expected).all(), "an order, a duplicate or an illegal path"
                assert (decoded[row] == expected[0]).all()
                assert np.isneginf(log_probs[row, exist:].numpy()).all()
                torch.testing.assert_close(
                    log_probs[row, :exist].double(),
                    torch.from_numpy(one.scores[:exist] - one.log_z),
                    **TOLERANCE[dtype],
                )


def test_spans(case):
    reading = reading_of(case.tags)
    expected = np.zeros((len(LENGTHS), 6, 6, reading.num_labels))
    labels = sorted({tag[2:] for tag in case.tags if tag != "O"})
    for row, one in enumerate(case.listed):
        if (
            len(one.paths) > 20_000
        ):  # reading each of them takes long; the likeliest carry all of the mass that counts
            continue
        for (label, start, stop), probability in one.span_probabilities(case.tags).items():
            expected[row, start, stop - start - 1, labels.index(label)] = probability
    known = np.array([len(one.paths) <= 20_000 for one in case.listed])
    assert known.sum() >= 5

    def all_spans(crf, u):
        return crf.all_span_probabilities(u, case.lengths, reading, 6)[known]

    case.check(all_spans, expected[known])
    places = torch.tensor([place for place in np.argwhere(np.ones_like(expected)).tolist() if known[place[0]]])
    sentence, start, extra, label = places.unbind(1)
    inside = start + extra < case.lengths[sentence]
    spans = torch.stack((sentence, start, start + extra + 1, label), 1)[inside]
    chances = expected[tuple(places[inside].t().numpy())]
    case.check(lambda crf, u: crf.span_probability(u, case.lengths, spans, reading), chances)

    found, probabilities = case.crf.double().decode_spans(case.emissions.double(), case.lengths, reading, 0.3, 6)
    wanted, worth = best_spans(torch.from_numpy(expected), 0.3)
    chosen = torch.from_numpy(known)[found[:, 0]]
    assert found[chosen].tolist() == wanted.tolist()
    torch.testing.assert_close(probabilities[chosen], worth, rtol=0, atol=1e-10)


def test_partial_and_soft_labels(case):
    K = len(case.tags)
    generator = torch.Generator().manual_seed(1)
    allowed = torch.rand(len(LENGTHS), 6, K, generator=generator) < 0.4
    targets, partial, soft = np.full((len(LENGTHS), 6, K), np.nan), [], []
    for row, (one, length) in enumerate(zip(case.listed, LENGTHS, strict=True)):
        chosen = one.paths[len(one.paths) // 2]  # some legal path keeps to the allowed tags
        allowed[row, range(length), chosen] = True
        kept = allowed[row].numpy()[np.arange(length), one.paths].all(1)
        partial.append(one.log_z - log_sum(one.scores[kept]))
        student = one.marginals()
        teacher = np.where(student > 0, student[::-1] + 0.1, 0.0)
        teacher /= teacher.sum(1, keepdims=True)
        targets[row, :length] = teacher
        possible = student > 0
        soft.append(
            (teacher[possible] * np.log(np.maximum(teacher, 1e-300) / np.maximum(student, 1e-300))[possible]).sum()
        )
    case.check(lambda crf, u: crf.partial_loss(u, allowed, case.lengths, reduction="none").detach(), partial)
    soft_targets = torch.from_numpy(targets)
    case.check(lambda crf, u: crf.distillation_loss(u, soft_targets, case.lengths, reduction="none").detach(), soft)


@pytest.mark.parametrize("scheme", [None, "IOB2", "IOBES"])
def test_gradients_of_all_losses(scheme):
    case = Case(scheme, tied=False)
    crf, K = case.crf.double(), len(case.tags)
    generator = torch.Generator().manual_seed(2)
    lengths = torch.tensor([6, 0, 3])
    emissions = torch.randn(3, 6, K, generator=generator, dtype=torch.float64).requires_grad_()
    tags = torch.randint(K, (3, 6), generator=generator)  # illegal ones too: a gold path is never forbidden
    targets = torch.rand(3, 6, K, generator=generator, dtype=torch.float64).softmax(2)
    allowed = torch.rand(3, 6, K, generator=generator) < 0.5
    allowed.scatter_(2, tags[:, :, None], True)

    def losses(emissions, *_):
        return torch.stack(
            (
                crf.loss(emissions, tags, lengths, reduction="none"),
                crf.partial_loss(emissions, allowed, lengths, reduction="none"),
                crf.distillation_loss(emissions, targets, lengths, reduction="none"),
            )
        )

    # The parameters are changed in place by the finite differences, and are those of the CRF.
    assert torch.autograd.gradcheck(losses, (emissions, *crf.parameters()))


def test_not_a_number_is_refused_and_named():
    crf = make_crf(3, dtype=torch.float32)
    lengths, reading = torch.tensor([4, 0, 3]), reading_of(["O", "B-X", "I-X"])
    tags = torch.zeros(3, 4, dtype=torch.long)
    for value in (math.nan, math.inf, -math.inf):
        emissions = torch.zeros(3, 4, 3)
        emissions[:, 3] = math.nan  # of the last sentence padding
        emissions[0, 3] = 0.0
        assert crf.decode(emissions, lengths).shape == (3, 4)
        emissions[2, 1] = value
        for answer in (
            lambda u: crf.decode(u, lengths),
            lambda u: crf.nbest(u, lengths, 2),
            lambda u: crf.log_prob(u, tags, lengths),
            lambda u: crf.marginals(u, lengths),
            lambda u: crf.entropy(u, lengths),
            lambda u: crf.decode_spans(u, lengths, reading),
            lambda u: crf.span_probability(u, lengths, torch.tensor([[0, 0, 1, 0]]), reading),
        ):
            with pytest.raises(ValueError, match=r"NaN or infinity.* in sentence 2 of the batch"):
                answer(emissions)
        losses = crf.loss(emissions, tags, lengths, reduction="none")
        assert losses.isfinite().tolist() == [True, True, False]
