from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.modules.char_cnn import CharCNN
from ner.modules.words import WordRepresentation, WordTable


def table_of(rows: int, trained: int, dim: int = 3) -> WordTable:
    table = WordTable(rows, trained, dim)
    table.load(torch.arange(1.0, rows * dim + 1).view(rows, dim))
    return table


@given(st.integers(1, 9), st.integers(0, 9), st.lists(st.integers(0, 17), max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_row_is_found_whichever_part_holds_it(trained: int, fixed: int, words: list[int]) -> None:
    table = table_of(trained + fixed, trained)
    numbers = torch.tensor(words, dtype=torch.int64) % (trained + fixed)
    whole = torch.cat([table.weight, table.fixed])
    assert torch.equal(table(numbers), whole[numbers])


def test_the_gradient_is_that_of_one_table_whose_fixed_rows_are_constants() -> None:
    table, words = table_of(5, 3), torch.tensor([0, 2, 4, 2, 3, 4])
    weights = torch.randn(6, 3)
    (table(words) * weights).sum().backward()
    whole = torch.cat([table.weight, table.fixed]).detach().requires_grad_()
    (whole[words] * weights).sum().backward()
    assert whole.grad is not None and table.weight.grad is not None
    assert torch.equal(table.weight.grad, whole.grad[:3])
    assert not table.fixed.requires_grad and [name for name, _ in table.named_parameters()] == ["weight"]


def test_all_rows_are_kept_with_the_weights() -> None:
    table, other = table_of(5, 3), WordTable(5, 3, 3)
    other.load_state_dict(table.state_dict())
    assert torch.equal(other(torch.arange(5)), table(torch.arange(5)))


def test_random_rows_are_those_of_the_paper() -> None:
    weight = WordTable(5000, 5000, 12).weight.detach()
    assert weight.abs().max() <= 0.5 and weight.abs().max() > 0.499  # sqrt(3 / 12)
    assert abs(float(weight.var()) - 1 / 12) < 0.002


def parts(dropout: float = 0.0, shape_dim: int = 2, chars: bool = True) -> WordRepresentation:
    torch.manual_seed(3)
    cnn = CharCNN(9, 4, 5, (3,), dropout=0.0) if chars else None
    return WordRepresentation(table_of(6, 4), cnn, 7, shape_dim, (3, 4), 2, dropout)


def features(size: int = 5) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rng = np.random.default_rng(1)
    chars = torch.from_numpy(rng.integers(1, 9, (size, 4)))
    chars[0, 2:] = 0
    clusters = torch.from_numpy(np.stack([rng.integers(0, 3, size), rng.integers(0, 4, size)], axis=1))
    return torch.arange(size) % 6, chars, torch.arange(size) % 7, clusters


@pytest.mark.parametrize("shape_dim", [0, 2])
@pytest.mark.parametrize("chars", [True, False])
def test_the_parts_lie_side_by_side(shape_dim: int, chars: bool) -> None:
    represent = parts(shape_dim=shape_dim, chars=chars).eval()
    words, letters, shapes, clusters = features()
    found = represent(words, letters, shapes, clusters)
    assert found.shape == (5, represent.output_size) == (5, 3 + 5 * chars + shape_dim + 4)
    expected = [represent.table(words)]
    expected += [] if represent.chars is None else [represent.chars(letters)]
    expected += [] if represent.shapes is None else [represent.shapes.weight[shapes]]
    expected += [represent.clusters[0].weight[clusters[:, 0]], represent.clusters[1].weight[clusters[:, 1]]]
    assert torch.equal(found, torch.cat(expected, dim=1))


def test_nothing_is_dropped_in_use() -> None:
    represent = parts(dropout=0.9).eval()
    assert torch.equal(represent(*features()), represent(*features()))


def test_a_dropped_word_is_the_unknown_one_and_keeps_its_letters() -> None:
    represent = parts(dropout=0.3).train()
    words, letters, shapes, clusters = features(6000)
    words[:] = 5
    found = represent(words, letters, shapes, clusters)
    unknown, known = represent.table.weight[0], represent.table.fixed[1]
    dropped = (found[:, :3] == unknown).all(1)
    assert (dropped | (found[:, :3] == known).all(1)).all()
    assert abs(float(dropped.float().mean()) - 0.3) < 0.03
    represent.eval()
    assert torch.equal(found[:, 3:], represent(words, letters, shapes, clusters)[:, 3:])


def test_rows_may_be_dropped_each_with_its_own_probability() -> None:
    represent = parts(dropout=0.5).train()
    represent.row_dropout = torch.tensor([0.0, 0.0, 1.0, 0.25, 0.0, 1.0])
    words, letters, shapes, clusters = features(6000)
    found = represent(words, letters, shapes, clusters)[:, :3]
    dropped = (found == represent.table.weight[0]).all(1)
    rates = [float(dropped[words == row].float().mean()) for row in range(1, 6)]
    assert rates[0] == rates[3] == 0.0 and rates[1] == rates[4] == 1.0 and abs(rates[2] - 0.25) < 0.06
    assert "row_dropout" not in represent.state_dict()


def test_no_words_at_all() -> None:
    empty = torch.zeros(0, dtype=torch.int64)
    found = parts()(empty, empty.view(0, 1), empty, empty.view(0, 2))
    assert found.shape == (0, 14)
