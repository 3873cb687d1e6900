"""Label smoothing against torch's own."""

from __future__ import annotations

import torch
from torch.nn import functional

from ner.modules.smoothing import uniform_cross_entropy


def test_mixed_with_the_gold_tags_it_is_torch_s_smoothed_cross_entropy() -> None:
    torch.manual_seed(3)
    emissions, lengths = 3 * torch.randn(4, 6, 5), torch.tensor([6, 0, 1, 4])
    tags = torch.randint(5, (4, 6))
    found = uniform_cross_entropy(emissions, lengths)
    for row, size in enumerate(lengths.tolist()):
        own, gold = emissions[row, :size], tags[row, :size]
        expected = functional.cross_entropy(own, gold, reduction="sum", label_smoothing=0.3)
        mixed = 0.7 * functional.cross_entropy(own, gold, reduction="sum") + 0.3 * found[row]
        torch.testing.assert_close(mixed, expected)


def test_it_is_computed_with_all_digits() -> None:
    emissions = torch.randn(2, 3, 4, dtype=torch.bfloat16)
    assert uniform_cross_entropy(emissions, torch.tensor([3, 2])).dtype == torch.float32
