from __future__ import annotations

import numpy as np
import pytest
import torch

from ner.modules.row_groups import GROUP, RowGroups, _rounded


@pytest.mark.parametrize("lengths", [[3], [0, 0], [5, 0, 3], list(range(1, 2 * GROUP + 6)), list(range(70, 0, -2))])
def test_every_token_is_read_in_order_and_put_back(lengths):
    T = max(lengths) + 2
    batch = torch.arange(1.0, len(lengths) * T + 1).view(len(lengths), T, 1)
    groups = RowGroups(np.array(lengths), T, 2)
    forward, backward = groups.to_scans(batch)
    for row, length in enumerate(lengths):
        tokens = batch[row, :length, 0].tolist()
        assert forward[row // GROUP][:length, row % GROUP, 0].tolist() == tokens
        assert backward[row // GROUP][:length, row % GROUP, 0].tolist() == tokens[::-1]
    back = groups.to_tokens([forward, [10 * part for part in backward]])
    inside = torch.arange(T) < torch.tensor(lengths)[:, None]
    expected = torch.cat([batch, 10 * batch], 2) * inside[:, :, None]
    assert torch.equal(back, expected)


def test_groups_are_hardly_longer_than_their_longest_sentence():
    lengths = np.arange(1, 3000)
    rounded = _rounded(lengths)
    assert (rounded >= lengths).all() and (rounded < lengths * 1.125).all()
    assert (np.diff(rounded) >= 0).all() and (rounded[:16] == lengths[:16]).all()
    assert len(set(rounded[:512])) < 80  # shapes that a kernel is kept for
    shapes = [part.shape[:2] for part in RowGroups(np.arange(1, 41), 40, 1).to_scans(torch.zeros(40, 40, 1))[0]]
    assert shapes == [(16, GROUP), (32, GROUP), (40, 8)]


def test_groups_have_as_many_sentences_as_a_power_of_two():
    for size in range(1, 3 * GROUP):
        rows = [part.shape[1] for part in RowGroups(np.full(size, 3), 3, 1).to_scans(torch.zeros(size, 3, 1))[0]]
        assert set(rows) <= {1, 2, 4, 8, 16} and size <= sum(rows) < size + max(rows[-1] / 2, 1)
