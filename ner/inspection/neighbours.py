"""Nearest neighbours of a word in the trained word vectors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ner.errors import NerError
from ner.evaluation.tables import text_table
from ner.features.vocabulary import UNKNOWN
from ner.inspection.network import single_network
from ner.inspection.picture import readable

if TYPE_CHECKING:
    from ner.tagger import Tagger


class Neighbour(NamedTuple):
    """A word and the cosine of the angle between its vector and another, in [-1, 1]."""

    word: str
    cosine: float


@dataclass(frozen=True)
class Neighbours:
    """The nearest of a word.

    Attributes:
        word: that was asked for.
        found: the spelling under which the model has a vector for it.
        neighbours: nearest first, without itself.
    """

    word: str
    found: str
    neighbours: tuple[Neighbour, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts."""
        return {**asdict(self), "neighbours": [each._asdict() for each in self.neighbours]}

    def table(self) -> str:
        """A line a neighbour."""
        rows = [(readable(word, 40), f"{cosine:.3f}") for word, cosine in self.neighbours]
        spelt = "" if self.found == self.word else f" (under {readable(self.found, 40)})"
        return f"Nearest to {readable(self.word, 40)}{spelt} in the trained vectors:\n\n" + text_table(
            ("word", "cosine"), rows
        )


def nearest_neighbours(tagger: Tagger, word: str, top: int = 10) -> Neighbours:
    """The words whose trained vectors point most nearly the same way: the cosine of the angle between them.

    The vectors are the word embeddings alone, as training left them, without characters and shape.

    Args:
        tagger: the trained model.
        word: is looked up as the model does it, with fallback to lower case and to digits as 0.
        top: how many.

    Raises:
        NerError: the model has no vector of the word, or the tagger is an ensemble.
    """
    vocabulary, table = tagger.predictor.encoder.vocabulary, single_network(tagger).words.table
    row = vocabulary.lookup(word)
    if row == UNKNOWN:
        raise NerError(f"{tagger.path}: the model has no vector of {word!r}; it sees it as the unknown word.")
    with torch.no_grad():
        vector = table(torch.tensor([row], device=table.weight.device))[0]
        # the two parts of the table one by one: side by side they would take as much memory again
        cosines = torch.cat([_cosines(table.weight, vector), _cosines(table.fixed, vector)]).cpu().numpy()
    cosines[[UNKNOWN, row]] = -np.inf
    best = np.argsort(-cosines, kind="stable")[: min(top, len(cosines) - 2)]
    return Neighbours(
        word=word,
        found=vocabulary.words[row - 1],
        neighbours=tuple(Neighbour(vocabulary.words[other - 1], float(cosines[other])) for other in best.tolist()),
    )


def _cosines(vectors: Tensor, vector: Tensor) -> Tensor:
    """Of each row of ``[V, D]`` with ``[D]``; 0 for a row of zeros."""
    return (vectors @ functional.normalize(vector, dim=0)) / vectors.norm(dim=1).clamp(min=1e-12)
