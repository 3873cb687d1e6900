"""The character CNN: what the spelling of a word says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.modules.crf_chain import full_precision
from ner.modules.dropout import Dropout

ACTIVATIONS = ("tanh", "identity")


class CharCNN(nn.Module):
    """Convolution over the characters of a word and the maximum over its positions (Ma & Hovy 2016, section 2.1).

    With e_p the embedding of the character at position p, e_p = 0 outside the word, and w a filter of width k that is
    centred on p (one more to the right where k is even)::

        a_p = w . [e_{p-(k-1)/2}, ..., e_{p+k/2}]          for every position p of the word
        feature = activation(max_p a_p + b)

    The maximum runs over the positions of the word alone: how far its neighbours are padded cannot matter. As tanh
    and the addition of b keep the order of values, applying them after the maximum is the same as before, and
    cheaper. Initial values: embeddings U(-sqrt(3/dim), sqrt(3/dim)), filters Xavier-uniform, b = 0.

    No time is spent on padding: the words are laid end to end, with zeros between them, and only windows around
    characters are multiplied by the filters. Without a gradient, what a character adds at a place of a filter is
    looked up in a table instead. Once tables are kept (:meth:`tabulate`), the features of a word are the same bits
    whichever words they are computed with; a product of matrices rounds by their sizes.

    Args:
        num_chars: size of the character vocabulary, with 0 for padding.
        dim: size of a character embedding.
        filters: filters of each width.
        widths: widths of the filters, in characters.
        dropout: on the embeddings, the CNN's input.
        activation: "tanh" as in the authors' program, or "identity".

    Attributes:
        output_size: ``filters * len(widths)``.

    Raises:
        ValueError: a size below 1, no width, an unknown activation, a dropout outside [0, 1).
    """

    def __init__(
        self,
        num_chars: int,
        dim: int = 30,
        filters: int = 30,
        widths: Sequence[int] = (3,),
        dropout: float = 0.5,
        activation: str = "tanh",
    ) -> None:
        super().__init__()
        if min(num_chars, dim, filters, *widths, len(widths)) < 1:
            raise ValueError(
                "expected num_chars, dim, filters and at least one width, each 1 or more, "
                f"got {num_chars}, {dim}, {filters} and {tuple(widths)}"
            )
        if activation not in ACTIVATIONS:
            raise ValueError(f"expected an activation out of {', '.join(ACTIVATIONS)}, got {activation!r}")
        self.widths, self.activation = tuple(widths), activation
        self.output_size = filters * len(self.widths)
        self.embedding = nn.Embedding(num_chars, dim, padding_idx=0)
        nn.init.uniform_(self.embedding.weight, -((3 / dim) ** 0.5), (3 / dim) ** 0.5)
        self.embedding.weight.data[0] = 0
        self.weights = nn.ParameterList(torch.empty(width * dim, filters) for width in self.widths)
        for weight in self.weights:
            nn.init.xavier_uniform_(weight)
        self.bias = nn.Parameter(torch.zeros(self.output_size))
        self.dropout = Dropout(dropout)
        self._tables: list[Tensor] = []
        self._tabulated: list[tuple[int, int]] = []

    def forward(self, chars: Tensor) -> Tensor:
        """Features of words.

        Args:
            chars: character numbers ``[W, C]`` int64, each word followed by 0 up to C.

        Returns:
            ``[W, output_size]``; of a word without characters activation(b).

        Raises:
            ValueError: ``chars`` is not two-dimensional.
        """
        if chars.dim() != 2:
            raise ValueError(f"expected chars of shape [W, C], got {list(chars.shape)}")
        if not chars.numel():
            return self._activate(self.bias.expand(len(chars), -1))
        lengths = (chars != 0).sum(1)
        row, real = self._lay_out(chars)
        # the table is a constant only while nothing is learnt, and pays if it has fewer rows than are looked up
        constant = not self.training and not torch.is_grad_enabled()
        tables = self._kept() if constant else []
        if constant and not tables and len(real) > self.embedding.num_embeddings:
            tables = self._make_tables()
        scores = self._look_up(row, real, tables) if tables else self._convolve(row, real)
        best = torch.segment_reduce(scores, "max", lengths=lengths)
        return self._activate(best.masked_fill((lengths == 0).unsqueeze(1), 0) + self.bias)

    def tabulate(self) -> None:
        """Keep the tables for inference, until the next training or another change of the weights."""
        with torch.no_grad(), full_precision(self.bias.device):
            self._tables = [] if self.training else self._make_tables()
        self._tabulated = self._weights_now()

    def train(self, mode: bool = True) -> CharCNN:
        """Training or inference; tables that were kept are let go."""
        if mode:
            self._tables = []
        return super().train(mode)

    def __getstate__(self) -> dict[str, Any]:
        """Copies have weights, but no tables."""
        return {**super().__getstate__(), "_tables": []}

    def activations(self, chars: Tensor) -> Tensor:
        """What each filter answers at each position, before the maximum: for looking inside.

        Args:
            chars: as for :meth:`forward`.

        Returns:
            ``[W, C, output_size]``, minus infinity at padding, so that the maximum over C is :meth:`forward` in
            evaluation mode (but for words without characters). The filters of the first width stand first.
        """
        embedded = self.embedding(chars)
        scores = []
        for width, weight in zip(self.widths, self.weights, strict=True):
            padded = functional.pad(embedded, (0, 0, (width - 1) // 2, width // 2))
            windows = padded.unfold(1, width, 1).transpose(2, 3).flatten(2)  # [W, C, width * dim]
            scores.append(windows @ weight)
        answers = self._activate(torch.cat(scores, 2) + self.bias)
        return answers.masked_fill((chars == 0).unsqueeze(2), -torch.inf)

    def _lay_out(self, chars: Tensor) -> tuple[Tensor, Tensor]:
        """The words end to end, with as many zeros around each as a filter can look past its border.

        Returns:
            the characters of this row ``[L]``, and where the words' own stand in it ``[N]``.
        """
        gap = max(self.widths) // 2
        spaced = functional.pad(chars, (gap, 0))
        keep = spaced != 0
        keep[:, :gap] = True
        row = functional.pad(spaced[keep], (0, gap))
        return row, row.nonzero().squeeze(1)

    def _seen(self, real: Tensor, width: int) -> Tensor:
        """Where in the row the characters stand that a filter of this width sees, ``[N, width]``."""
        return real.unsqueeze(1) + torch.arange(-((width - 1) // 2), width // 2 + 1, device=real.device)

    def _convolve(self, row: Tensor, real: Tensor) -> Tensor:
        """The filters' answers ``[N, output_size]`` without bias, as products of windows and filters."""
        embedded = self.dropout(self.embedding(row))  # [L, dim]
        answers = []
        for width, weight in zip(self.widths, self.weights, strict=True):
            windows = embedded.index_select(0, self._seen(real, width).flatten())
            answers.append(windows.view(len(real), len(weight)) @ weight)
        return torch.cat(answers, 1)

    def _look_up(self, row: Tensor, real: Tensor, tables: Sequence[Tensor]) -> Tensor:
        """The same without dropout, of what each character adds at each place of a filter."""
        size = self.embedding.num_embeddings
        answers = []
        for width, table in zip(self.widths, tables, strict=True):
            entries = row[self._seen(real, width)] + torch.arange(0, width * size, size, device=row.device)
            answers.append(functional.embedding_bag(entries, table, mode="sum"))
        return torch.cat(answers, 1)

    def _make_tables(self) -> list[Tensor]:
        """What each character adds at each place of the filters of a width, ``[width * num_chars, filters]`` each."""
        places = [
            weight.view(width, -1, weight.shape[1]) for width, weight in zip(self.widths, self.weights, strict=True)
        ]
        return [(self.embedding.weight @ place).flatten(0, 1) for place in places]

    def _kept(self) -> list[Tensor]:
        """The tables that are kept, if they are of the weights as these are now."""
        return self._tables if self._tables and self._tabulated == self._weights_now() else []

    def _weights_now(self) -> list[tuple[int, int]]:
        weights = [self.embedding.weight, *self.weights]
        # Tensors of inference mode count no changes.
        return [(weight.data_ptr(), -1 if weight.is_inference() else weight._version) for weight in weights]

    def _activate(self, scores: Tensor) -> Tensor:
        return scores.tanh() if self.activation == "tanh" else scores
