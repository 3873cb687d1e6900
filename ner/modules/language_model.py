"""A language model on the encoder, for training alone: each direction foretells the word that it reads next."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.modules.crf_chain import full_precision


class LanguageModelHead(nn.Module):
    """Foretells the neighbours of every token from what one direction of the encoder has read (Rei 2017).

    The word is chosen among the distinct words of the batch, each known by its own representation, as a sampled
    softmax does (Jean et al. 2015). So no table of words is needed, and rare words are foretold by their characters
    and clusters. It follows that a sentence's loss depends on its batch, and that processes that share a batch out
    choose among the words of their shares.

    Args:
        hidden: units of each direction, H.
        directions: of the encoder, 1 or 2, the forward one first.
        word: size of a word's representation, D.
        dim: of the space in which a prediction and the words meet.
        weight: of the loss.
    """

    def __init__(self, hidden: int, directions: int, word: int, dim: int, weight: float) -> None:
        super().__init__()
        self.predict = nn.ModuleList(nn.Linear(hidden, dim) for _ in range(directions))
        self.words = nn.ModuleList(nn.Linear(word, dim) for _ in range(directions))
        self.weight = weight

    def forward(self, hidden: Tensor, table: Tensor, index: Tensor, lengths: Tensor) -> Tensor:
        """The weighted negative log-likelihood of each token's neighbours, summed over each sentence, [B].

        Args:
            hidden: what the encoder makes of the tokens, [B, T, H times directions].
            table: representations of the batch's distinct words, [W, D].
            index: the word of each token, int64 [B, T]; whatever at padding.
            lengths: tokens of each sentence, int64 [B].
        """
        inside = torch.arange(1, max(hidden.shape[1], 1), device=index.device) < lengths.to(index.device)[:, None]
        parts = hidden.chunk(len(self.predict), dim=2)
        neighbours = ((parts[0][:, :-1], index[:, 1:]), (parts[-1][:, 1:], index[:, :-1]))  # next, previous
        losses = hidden.new_zeros(len(lengths), dtype=torch.promote_types(hidden.dtype, torch.float32))
        for predict, words, (seen, asked) in zip(self.predict, self.words, neighbours, strict=False):
            scores = torch.tanh(predict(seen)) @ words(table).T
            with full_precision(scores.device):
                asked = asked.masked_fill(~inside, -1)
                scores = scores.flatten(0, 1).to(losses.dtype)
                found = functional.cross_entropy(scores, asked.flatten(), ignore_index=-1, reduction="none")
            losses = losses + found.view(asked.shape).sum(1)
        return self.weight * losses
