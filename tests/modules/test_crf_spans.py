from __future__ import annotations

import pytest
import torch

from ner.schemes import SCHEMES

from .crf_by_enumeration import INVENTORIES, Enumeration, constraints_of, make_crf, random_batch, reading_of

LENGTHS = [4, 0, 1, 3, 2]


def all_spans(lengths, num_labels):
    return torch.tensor(
        [
            (row, start, stop, label)
            for row, length in enumerate(lengths)
            for start in range(length)
            for stop in range(start + 1, length + 1)
            for label in range(num_labels)
        ]
    )


@pytest.mark.parametrize("spread", [2.0, 300.0])
@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_span_probability_is_the_sum_over_all_paths_that_read_so(scheme, constrained, spread):
    tags = INVENTORIES[scheme]
    reading = reading_of(tags)
    labels = sorted({tag[2:] for tag in tags if tag != "O"})
    crf = make_crf(len(tags), constraints_of(tags, scheme) if constrained else None)
    emissions, lengths = random_batch(LENGTHS, len(tags), spread=spread)
    spans = all_spans(LENGTHS, len(labels))
    expected = torch.zeros(len(spans), dtype=torch.float64)
    by_sentence = [
        Enumeration(crf, emissions[row, :length]).span_probabilities(tags) for row, length in enumerate(LENGTHS)
    ]
    for place, (row, start, stop, label) in enumerate(spans.tolist()):
        expected[place] = by_sentence[row].get((labels[label], start, stop), 0.0)
    assert expected.max() > 0.1
    torch.testing.assert_close(crf.span_probability(emissions, lengths, spans, reading), expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(
        crf.float().span_probability(emissions.float(), lengths, spans, reading).double(),
        expected,
        rtol=0,
        atol=1e-5 if spread < 10 else 1e-4,
    )


@pytest.mark.parametrize("spread", [2.0, 300.0])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_span_probabilities_are_those_of_the_spans(scheme, spread):
    tags = INVENTORIES[scheme]
    reading = reading_of(tags)
    crf = make_crf(len(tags), constraints_of(tags, scheme))
    emissions, lengths = random_batch(LENGTHS, len(tags), spread=spread)
    spans = all_spans(LENGTHS, reading.num_labels)
    for longest in (1, 3, 6):
        found = crf.all_span_probabilities(emissions, lengths, reading, longest)
        short = spans[spans[:, 2] - spans[:, 1] <= longest]
        expected = torch.zeros_like(found)
        sentence, start, stop, label = short.unbind(1)
        expected[sentence, start, stop - start - 1, label] = crf.span_probability(emissions, lengths, short, reading)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_no_spans_have_no_probabilities():
    tags = INVENTORIES["IOB2"]
    crf, reading = make_crf(len(tags)), reading_of(tags)
    emissions, lengths = random_batch(LENGTHS, len(tags))
    assert crf.span_probability(emissions, lengths, torch.zeros(0, 4, dtype=torch.long), reading).shape == (0,)
    nothing = torch.zeros(2, 0, len(tags)), torch.zeros(2, dtype=torch.long)
    assert crf.all_span_probabilities(*nothing, reading, 3).shape == (2, 0, 3, 2)
    spans, probabilities = crf.decode_spans(*nothing, reading)
    assert spans.shape == (0, 4) and probabilities.shape == (0,)


@pytest.mark.parametrize(
    "span", [(5, 0, 1, 0), (0, -1, 1, 0), (0, 2, 2, 0), (0, 3, 2, 0), (0, 3, 5, 0), (0, 0, 1, 2)]
)
def test_a_span_that_cannot_be_is_refused(span):
    tags = INVENTORIES["IOB2"]
    crf, reading = make_crf(len(tags)), reading_of(tags)
    emissions, lengths = random_batch(LENGTHS, len(tags))
    with pytest.raises(ValueError, match="expected spans of a sentence from 0 to 4, tokens from 0 to 4"):
        crf.span_probability(emissions, lengths, torch.tensor([span]), reading)
    # in the batch, but not in its sentence
    assert crf.span_probability(emissions, lengths, torch.tensor([[2, 1, 2, 0]]), reading).tolist() == [0.0]


def test_what_does_not_fit_is_refused():
    tags = INVENTORIES["IOB2"]
    crf, reading = make_crf(len(tags)), reading_of(tags)
    batch = random_batch(LENGTHS, len(tags))
    with pytest.raises(ValueError, match=r"expected spans \[N, 4\], got \[2, 3\]"):
        crf.span_probability(*batch, torch.zeros(2, 3, dtype=torch.long), reading)
    with pytest.raises(ValueError, match="expected a reading of 5 tags, got one of 2"):
        crf.all_span_probabilities(*batch, reading_of(["O", "B-X"]))
    with pytest.raises(ValueError, match="expected longest of 1 or more, got 0"):
        crf.all_span_probabilities(*batch, reading, 0)
    for threshold in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="expected a threshold from 0 to 1"):
            crf.decode_spans(*batch, reading, threshold)
    assert not len(crf.decode_spans(*batch, reading, 1.0)[0])  # nothing is certain, and both ends are allowed
    assert len(crf.decode_spans(*batch, reading, 0.0)[0])
