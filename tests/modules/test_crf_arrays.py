"""The CRF in numpy against the sum over all paths, and against the one in torch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ner.modules import crf_arrays
from ner.modules.crf_arrays import ArrayCRF
from ner.modules.crf_choice import chosen_spans

from .crf_by_enumeration import INVENTORIES, Enumeration, constraints_of, make_crf, random_batch, reading_of

LENGTHS = [4, 0, 1, 3, 4]
SCHEMES = ["IOB2", "IOBES", "IOE1"]


def both(scheme, constrained=True):
    """Tags, a CRF in torch, how its tags are read, and the same CRF in numpy."""
    tags = INVENTORIES[scheme]
    crf = make_crf(len(tags), constraints_of(tags, scheme) if constrained else None, dtype=torch.float32)
    return tags, crf, reading_of(tags), ArrayCRF(crf.edges().numpy(), reading_of(tags))


def batch(lengths, num_tags, spread=2.0):
    """Emissions and lengths in float32, as a network gives them."""
    return random_batch(lengths, num_tags, dtype=torch.float32, spread=spread)


@pytest.fixture(params=["plain", "logarithms"])
def arithmetic(request, monkeypatch):
    """Both ways to sum, whatever the scores."""
    if request.param == "logarithms":
        monkeypatch.setattr(crf_arrays, "_LEAST", math.inf)
    return request.param


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("spread", [0.0, 1.0, 30.0])
def test_the_best_paths_are_those_of_torch_bit_for_bit(scheme, spread):
    _, crf, _, arrays = both(scheme)
    emissions, lengths = batch([9, 0, 1, 17, 9, 3], crf.num_tags, spread=spread)
    found = arrays.best_paths(emissions.numpy(), lengths.numpy())
    assert found.tolist() == crf.decode(emissions, lengths).tolist()
    assert arrays.best_paths(np.zeros((0, 3, crf.num_tags), np.float32), np.zeros(0, np.int64)).shape == (0, 3)
    assert arrays.best_paths(np.zeros((2, 0, crf.num_tags), np.float32), np.zeros(2, np.int64)).shape == (2, 0)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_probabilities_are_sums_over_all_paths(scheme, temperature, arithmetic):
    tags, crf, _, arrays = both(scheme)
    emissions, lengths = batch(LENGTHS, len(tags), spread=2.0)
    given = emissions.numpy(), lengths.numpy()
    marginals, entropy = arrays.marginals(*given, temperature), arrays.entropy(*given, temperature)
    every = arrays.all_span_probabilities(*given, 4, temperature)
    paths, log_probabilities = arrays.n_best(*given, 6, temperature)
    labels = sorted({tag[2:] for tag in tags} - {""})
    for row, length in enumerate(LENGTHS):
        one = Enumeration(crf, emissions[row, :length], temperature=temperature)
        np.testing.assert_allclose(marginals[row, :length], one.marginals(), atol=1e-6)
        assert not marginals[row, length:].any()
        assert entropy[row] == pytest.approx(one.entropy(), abs=1e-5)
        known = min(6, len(one.paths))
        assert paths[row, :known, :length].tolist() == one.paths[:known].tolist()
        assert (paths[row, :known, length:] == -1).all() and (paths[row, known:] == -1).all()
        np.testing.assert_allclose(np.exp(log_probabilities[row, :known]), one.probabilities[:known], atol=1e-6)
        assert np.isneginf(log_probabilities[row, known:]).all()
        spans = one.span_probabilities(tags)
        found = {
            (labels[label], start, start + extra + 1): every[row, start, extra, label]
            for start, extra, label in np.argwhere(every[row] > 1e-9)
        }
        assert found.keys() <= spans.keys()
        for span, chance in spans.items():
            assert found.get(span, 0.0) == pytest.approx(float(chance), abs=1e-6)
        rows = [(row, start, stop, labels.index(label)) for label, start, stop in spans]
        asked = np.array(rows, dtype=np.int64).reshape(-1, 4)
        chances = arrays.span_probabilities(*given, asked, temperature)
        np.testing.assert_allclose(chances, [float(chance) for chance in spans.values()], atol=1e-6)


@pytest.mark.parametrize("constrained", [True, False])
def test_long_sentences_of_large_scores_are_as_in_torch(constrained, arithmetic):
    _, crf, reading, arrays = both("IOBES", constrained)
    emissions, lengths = batch([60, 1, 33, 60], crf.num_tags, spread=6.0)
    exact, given = emissions.double(), (emissions.numpy(), lengths.numpy())
    np.testing.assert_allclose(arrays.marginals(*given), crf.marginals(exact, lengths).numpy(), atol=1e-9)
    np.testing.assert_allclose(arrays.entropy(*given), crf.entropy(exact, lengths).numpy(), atol=1e-8)
    every = crf.all_span_probabilities(exact, lengths, reading, 10).numpy()
    np.testing.assert_allclose(arrays.all_span_probabilities(*given, 10), every, atol=1e-9)
    paths, log_probabilities = arrays.n_best(*given, 4)
    expected_paths, expected = crf.nbest(exact, lengths, 4)
    assert paths.tolist() == expected_paths.tolist()
    np.testing.assert_allclose(log_probabilities, expected.numpy(), atol=1e-7)


def test_what_vanishes_in_plain_numbers_is_summed_in_logarithms():
    _, crf, reading, arrays = both("IOBES")
    emissions, lengths = batch([12, 12, 12], crf.num_tags, spread=1.0)
    emissions[1] *= 3000.0  # contradicts the constraints by thousands
    given = emissions.numpy(), lengths.numpy()
    kinds = [(type(one.arithmetic).__name__, one.sentences.tolist()) for one in arrays._messages(*given, 1.0)]
    assert kinds == [("_Logarithms", [1]), ("_Plain", [0, 2])]
    exact = emissions.double()
    np.testing.assert_allclose(arrays.marginals(*given), crf.marginals(exact, lengths).numpy(), atol=1e-9)
    every = crf.all_span_probabilities(exact, lengths, reading, 5).numpy()
    np.testing.assert_allclose(arrays.all_span_probabilities(*given, 5), every, atol=1e-9)
    spans = np.argwhere(every > 0.01)
    asked = np.stack([spans[:, 0], spans[:, 1], spans[:, 1] + spans[:, 2] + 1, spans[:, 3]], 1)
    np.testing.assert_allclose(arrays.span_probabilities(*given, asked), every[tuple(spans.T)], atol=1e-9)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_scores_without_an_answer_are_refused(value):
    _, crf, _, arrays = both("IOB2")
    emissions, lengths = batch([3, 3], crf.num_tags)
    emissions[1, 1] = value
    given = emissions.numpy(), lengths.numpy()
    for ask in (arrays.best_paths, arrays.marginals, arrays.entropy, lambda *both: arrays.n_best(*both, 1)):
        with pytest.raises(ValueError, match=r"a path of finite score.*sentence 1"):
            ask(*given)


def test_spans_are_chosen_as_in_torch():
    generator = torch.Generator().manual_seed(4)
    chances = torch.rand(3, 8, 3, 2, generator=generator).numpy()
    spans, found = chosen_spans(chances.max(3), chances.argmax(3), 0.4)
    assert len(spans) > 4 and (found > 0.4).all()
    taken = [(row, place) for row, start, stop, _ in spans.tolist() for place in range(start, stop)]
    assert len(taken) == len(set(taken))
    nothing = np.zeros((2, 0, 3))
    assert chosen_spans(nothing, nothing.astype(np.int64), 0.5)[0].shape == (0, 4)
