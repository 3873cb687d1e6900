"""From the features of a word type to its vector: what Ma & Hovy 2016 (figure 3) feed to the BiLSTM, and more."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.modules.char_cnn import CharCNN


class WordTable(nn.Module):
    """Word embeddings of which the first rows are trained and the others stay as they were read.

    The rows of words that no training sentence holds never get a gradient; kept out of the parameters they cost
    nothing in the optimizer, in averages and in checkpoints, and still serve words that occur only in use.

    Args:
        rows: number of words, V.
        trained: how many of them, from the first on, are parameters.
        dim: size of an embedding, D.
    """

    def __init__(self, rows: int, trained: int, dim: int) -> None:
        super().__init__()
        bound = math.sqrt(3 / dim)
        self.weight = nn.Parameter(torch.empty(trained, dim).uniform_(-bound, bound))
        self.fixed: Tensor
        self.register_buffer("fixed", torch.zeros(rows - trained, dim))

    def load(self, matrix: Tensor) -> None:
        """Take over initial vectors, [V, D]."""
        with torch.no_grad():
            self.weight.copy_(matrix[: len(self.weight)])
            self.fixed.copy_(matrix[len(self.weight) :])

    def forward(self, words: Tensor) -> Tensor:
        """Rows of the given numbers: int64 [W] -> [W, D]."""
        trained = len(self.weight)
        if not len(self.fixed):
            return functional.embedding(words, self.weight)
        moving = functional.embedding(words.clamp(max=trained - 1), self.weight)
        fixed = functional.embedding((words - trained).clamp(min=0), self.fixed)
        return torch.where((words < trained)[:, None], moving, fixed)


class WordRepresentation(nn.Module):
    """Concatenates a word's embedding, its char-CNN, its shape and its clusters.

    Args:
        table: the word embeddings.
        chars: the character CNN, or None.
        shapes, shape_dim: number of shapes and size of their embedding; 0 leaves them out.
        clusters, cluster_dim: number of clusters for each prefix length, and size of their embeddings.
        dropout: probability that a word's row is replaced by the unknown word's in training.

    Attributes:
        groups: sizes of the kinds of features that lie side by side in a word's vector.
    """

    def __init__(
        self,
        table: WordTable,
        chars: CharCNN | None,
        shapes: int,
        shape_dim: int,
        clusters: tuple[int, ...],
        cluster_dim: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.table = table
        self.chars = chars
        self.shapes = nn.Embedding(shapes, shape_dim) if shape_dim else None
        self.clusters = nn.ModuleList(nn.Embedding(count, cluster_dim) for count in clusters)
        self.dropout = dropout
        self.row_dropout: Tensor | None
        self.register_buffer("row_dropout", None, persistent=False)
        sizes = (
            table.weight.shape[1],
            0 if chars is None else chars.output_size,
            shape_dim,
            len(clusters) * cluster_dim,
        )
        self.groups = tuple(size for size in sizes if size)
        self.output_size = sum(sizes)

    def load(self, matrix: Tensor, clusters: Sequence[Tensor] = ()) -> None:
        """Take over initial vectors of words, [V, D], and of clusters, one matrix for each prefix length."""
        self.table.load(matrix)
        for embedding, means in zip(self.clusters, clusters, strict=False):
            embedding.load_state_dict({"weight": means})

    def forward(self, words: Tensor, chars: Tensor, shapes: Tensor, clusters: Tensor) -> Tensor:
        """Features of W word types -> their vectors.

        Args:
            words: int64 [W].
            chars: int64 [W, C], padded with 0.
            shapes: int64 [W].
            clusters: int64 [W, P].

        Returns:
            float [W, output_size].
        """
        if self.training:
            probability = self.dropout if self.row_dropout is None else self.row_dropout[words]
            words = words.masked_fill(torch.rand(words.shape, device=words.device) < probability, 0)
        parts = [self.table(words)]
        if self.chars is not None:
            parts.append(self.chars(chars))
        if self.shapes is not None:
            parts.append(self.shapes(shapes))
        parts += [embedding(clusters[:, column]) for column, embedding in enumerate(self.clusters)]
        return torch.cat(parts, dim=1)
