from __future__ import annotations

import itertools

import pytest
import torch

from ner.modules.crf_decoding import best_spans, f1_threshold

from .crf_by_enumeration import INVENTORIES, constraints_of, make_crf, random_batch, reading_of


def every_set(spans):
    """All sets of spans that do not overlap."""
    for size in range(len(spans) + 1):
        for chosen in itertools.combinations(spans, size):
            if all(a[2] <= b[1] for a, b in itertools.pairwise(sorted(chosen, key=lambda span: span[1]))):
                yield chosen


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.5, 0.8])
def test_best_spans_are_the_best_of_all_sets(threshold):
    B, T, L, C = 5, 4, 2, 2
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(B, T, L, C, generator=generator, dtype=torch.float64)
    probabilities[:, T - 1, 1] = 0.0
    probabilities[3] = 0.0
    spans, found = best_spans(probabilities, threshold)
    for row in range(B):
        cells = [
            (row, t, t + extra + 1, label)
            for t, extra, label in itertools.product(range(T), range(L), range(C))
            if t + extra < T
        ]
        value = {cell: float(probabilities[row, cell[1], cell[2] - cell[1] - 1, cell[3]]) for cell in cells}
        best = max(every_set(cells), key=lambda chosen: sum(value[cell] - threshold for cell in chosen))
        ours = [tuple(span) for span in spans.tolist() if span[0] == row]
        expected = {cell for cell in best if value[cell] > 0}
        assert set(ours) == expected and ours == sorted(ours)
        assert [float(p) for p, span in zip(found, spans, strict=True) if span[0] == row] == [value[c] for c in ours]


def test_sure_entities_are_those_of_the_best_path():
    tags = INVENTORIES["IOB2"]
    crf, reading = make_crf(len(tags), constraints_of(tags, "IOB2")), reading_of(tags)
    emissions, lengths = random_batch([8, 0, 3, 8], len(tags), spread=40.0)
    path = crf.decode(emissions, lengths)
    spans, probabilities = crf.decode_spans(emissions, lengths, reading, longest=8)
    sure = spans[probabilities > 0.999]
    assert len(sure) >= 5
    for sentence, start, stop, label in sure.tolist():
        found = [tags[tag] for tag in path[sentence, start:stop]]
        name = ["LOC", "PER"][label]
        assert found == [f"B-{name}"] + [f"I-{name}"] * (stop - start - 1)


def test_f1_threshold_is_the_best_of_all_thresholds():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(60, generator=generator, dtype=torch.float64) ** 3

    def expected_f1(threshold):
        chosen = probabilities[probabilities > threshold]
        return float(2 * chosen.sum() / (len(chosen) + probabilities.sum()))

    found = f1_threshold(probabilities.view(6, 10))
    assert expected_f1(found) >= max(expected_f1(step / 1000) for step in range(1000))
    assert found == pytest.approx(expected_f1(found) / 2)
    assert f1_threshold(torch.zeros(0)) == f1_threshold(torch.zeros(3)) == 0.5
