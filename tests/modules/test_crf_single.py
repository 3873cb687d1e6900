"""One sentence at a time against all paths by enumeration, and against the batched CRF."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ner.modules.crf_single import SingleCRF
from ner.schemes import SCHEMES

from .crf_by_enumeration import INVENTORIES, Enumeration, constraints_of, make_crf, random_batch, reading_of


def setting(scheme, temperature=1.0, **options):
    tags = INVENTORIES[scheme]
    crf, reading = make_crf(len(tags), constraints_of(tags, scheme), dtype=torch.float32, **options), reading_of(tags)
    return tags, crf, reading, SingleCRF(crf.edges().numpy(), reading, temperature)


def spans_up_to(T, labels, longest):
    return np.array(
        [
            (start, stop, label)
            for start in range(T)
            for stop in range(start + 1, min(T, start + longest) + 1)
            for label in range(labels)
        ]
    )


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_best_path_is_that_of_the_batch_to_the_last_tie(scheme, tied):
    tags, crf, _, single = setting(scheme)
    if tied:
        with torch.no_grad():
            for parameter in crf.parameters():
                parameter.copy_(parameter.round())
        single = SingleCRF(crf.edges().numpy(), reading_of(tags), 1.0)
    for seed in range(20):
        emissions, lengths = random_batch([seed % 5 * 4 + 1], len(tags), seed=seed, dtype=torch.float32, tied=tied)
        expected = crf.decode(emissions, lengths)[0]
        assert single.best_path(emissions[0].numpy()).tolist() == expected.tolist()


@pytest.mark.parametrize("temperature", [1.0, 1.7])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_span_probabilities_are_sums_over_all_paths_that_read_so(scheme, temperature):
    tags, crf, _, single = setting(scheme, temperature)
    labels = sorted({tag[2:] for tag in tags if tag != "O"})
    for T in (1, 2, 4):
        emissions, _ = random_batch([T], len(tags), seed=T, dtype=torch.float32)
        book = Enumeration(crf, emissions[0], temperature=temperature).span_probabilities(tags)
        spans = spans_up_to(T, len(labels), T)
        expected = [book.get((labels[label], start, stop), 0.0) for start, stop, label in spans.tolist()]
        assert T == 1 or max(expected) > 0.05
        np.testing.assert_allclose(single.span_probabilities(emissions[0].numpy(), spans), expected, atol=1e-6)


@pytest.mark.parametrize("T", [1, 7, 8, 9, 40, 300])
def test_long_sentences_are_weighed_as_in_a_batch(T):
    tags, crf, reading, single = setting("IOBES", 1.3)
    emissions, lengths = random_batch([T], len(tags), seed=T, dtype=torch.float32, spread=6.0)
    spans = spans_up_to(T, reading.num_labels, 5)
    batched = torch.from_numpy(np.insert(spans, 0, 0, axis=1))
    exact = crf.double().span_probability(emissions.double(), lengths, batched, reading, 1.3).numpy()
    assert T == 1 or exact.max() > 0.3
    np.testing.assert_allclose(single.span_probabilities(emissions[0].numpy(), spans), exact, atol=1e-9)
    every = single.all_span_probabilities(emissions[0].numpy(), 5)
    assert every.shape == (T, 5, reading.num_labels)
    start, stop, label = spans.T
    np.testing.assert_allclose(every[start, stop - start - 1, label], exact, atol=1e-9)
    every[start, stop - start - 1, label] = 0.0
    assert not every.any()


def test_a_span_of_any_length_has_its_probability():
    tags, crf, reading, _ = setting("IOBES")
    begin, inside, end = (tags.index(f"{role}-LOC") for role in "BIE")
    with torch.no_grad():
        crf.transitions[begin, end] = 4.0  # beside which every other step of a span is a small one
    single = SingleCRF(crf.edges().numpy(), reading, 1.0)
    for T in (50, 200, 1000):
        emissions = torch.zeros(1, T, len(tags))
        emissions[0, :, inside], emissions[0, 0, begin], emissions[0, -1, end] = 9.0, 12.0, 12.0
        span = [0, T, reading.arrays(len(crf.edges()))[0][begin].item()]
        exact = crf.span_probability(emissions.double(), torch.tensor([T]), torch.tensor([[0, *span]]), reading)
        assert exact > 0.8
        np.testing.assert_allclose(
            single.span_probabilities(emissions[0].numpy(), np.array([span])), exact, rtol=1e-5
        )


@pytest.mark.parametrize("score", [10.0, 60.0, 67.0, 70.0])
def test_a_likely_span_of_unlikely_steps(score):
    tags, crf, reading, _ = setting("IOBES")
    begin, inside, end, outside = (tags.index(tag) for tag in ("B-LOC", "I-LOC", "E-LOC", "O"))
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.zero_()
        crf.transitions[begin, end] = 4.0
        crf.transitions[[begin, inside, inside], [inside, inside, end]] = -score
    emissions = torch.full((1, 40, len(tags)), -1e4)
    emissions[0, :, outside] = 0.0
    emissions[0, 10:20] = -1e4
    emissions[0, 10, begin] = emissions[0, 19, end] = 0.0
    emissions[0, 11:19, inside] = 0.0
    found = SingleCRF(crf.edges().numpy(), reading, 1.0).all_span_probabilities(emissions[0].numpy(), 10)
    exact = crf.all_span_probabilities(emissions.double(), torch.tensor([40]), reading, 10)[0].numpy()
    assert exact[10, 9].max() > 0.99
    np.testing.assert_allclose(found, exact, atol=1e-6)


def test_ends_of_great_scores_are_left_to_the_batch_without_a_warning():
    tags, crf, reading, _ = setting("IOBES")
    with torch.no_grad():
        crf.end_transitions.fill_(2000.0)
    single = SingleCRF(crf.edges().numpy(), reading, 1.0)
    assert single.span_probabilities(np.zeros((3, len(tags)), np.float32), np.array([[0, 1, 0]])) is None


def test_no_spans_have_no_probabilities():
    tags, _, _, single = setting("IOB2")
    emissions, _ = random_batch([3], len(tags), dtype=torch.float32)
    assert single.span_probabilities(emissions[0].numpy(), np.zeros((0, 3), np.int64)).shape == (0,)


def test_what_scaled_sums_cannot_hold_is_left_to_the_batch():
    tags, _, _, single = setting("IOBES")
    inside, outside = tags.index("I-LOC"), tags.index("O")
    emissions = np.zeros((6, len(tags)), np.float32)
    emissions[::2, inside], emissions[1::2, outside] = 900.0, 900.0  # which the constraints do not let follow
    assert single.span_probabilities(emissions, np.array([[0, 1, 0]])) is None
    assert single.all_span_probabilities(emissions, 3) is None
    emissions[2] = np.nan
    assert single.span_probabilities(emissions, np.array([[0, 1, 0]])) is None
    with pytest.raises(ValueError, match="path of finite score"):
        single.best_path(emissions)
