from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ner.modules.language_model import LanguageModelHead

LENGTHS = torch.tensor([4, 1, 3, 2])
INDEX = torch.tensor([[0, 1, 2, 1], [3, 0, 0, 0], [4, 4, 0, 0], [2, 3, 0, 0]])


def make(directions: int = 2, weight: float = 0.5) -> tuple[LanguageModelHead, Tensor, Tensor]:
    """A head with what it is given: units 3, words of 6, five of them."""
    torch.manual_seed(3)
    return LanguageModelHead(3, directions, 6, 4, weight), torch.randn(4, 4, 3 * directions), torch.randn(5, 6)


@pytest.mark.parametrize("directions", [1, 2])
def test_every_neighbour_is_foretold_among_the_words_of_the_batch(directions: int) -> None:
    head, hidden, table = make(directions)
    expected = []
    for row, length in enumerate(LENGTHS.tolist()):
        total = torch.zeros(())
        for direction, step in list(enumerate((1, -1)))[:directions]:
            words = head.words[direction](table)
            for place in range(length):
                if 0 <= place + step < length:
                    seen = hidden[row, place, 3 * direction : 3 * direction + 3]
                    scores = words @ torch.tanh(head.predict[direction](seen))
                    total = total - functional.log_softmax(scores, 0)[INDEX[row, place + step]]
        expected.append(0.5 * total)
    torch.testing.assert_close(head(hidden, table, INDEX, LENGTHS), torch.stack(expected))


def test_a_sentence_of_one_word_foretells_nothing_and_padding_counts_nothing() -> None:
    head, hidden, table = make()
    losses = head(hidden, table, INDEX, LENGTHS)
    assert losses[1] == 0
    beyond = torch.arange(4) >= LENGTHS[:, None]
    other = head(hidden.masked_fill(beyond[..., None], 7.0), table, INDEX.masked_fill(beyond, 4), LENGTHS)
    torch.testing.assert_close(losses, other, rtol=0, atol=0)
    assert head(hidden[1:2, :1], table, INDEX[1:2, :1], LENGTHS[1:2]).tolist() == [0]
    assert head(hidden[:0, :0], table, INDEX[:0, :0], LENGTHS[:0]).shape == (0,)


def test_the_loss_is_in_full_precision_under_autocast() -> None:
    head, hidden, table = make()
    with torch.autocast("cpu", torch.bfloat16):
        losses = head(hidden, table, INDEX, LENGTHS)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, head(hidden, table, INDEX, LENGTHS), rtol=0.05, atol=0.05)
