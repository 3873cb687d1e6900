"""What the filters of the character CNN look for: the n-grams that excite them most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ner.errors import NerError
from ner.evaluation.tables import text_table
from ner.features.characters import PADDING, UNKNOWN, CharacterVocabulary
from ner.inspection.network import single_network
from ner.inspection.picture import CIVIDIS, HeatMap, Picture, Scale, limits, readable

if TYPE_CHECKING:
    from ner.tagger import Tagger

OUTSIDE = "·"
"""How a place before the first or behind the last character of a word is written."""

_WORDS, _NGRAMS = 20_000, 50_000  # at a time


@dataclass(frozen=True)
class NGram:
    """A run of characters under a filter.

    Attributes:
        text: as long as the filter is wide; `OUTSIDE` beyond the word, U+FFFD for characters not in the model.
        answer: of the filter, behind its activation function.
        count: places in the vocabulary's words where it stands.
    """

    text: str
    answer: float
    count: int


@dataclass(frozen=True)
class CharFilter:
    """One filter: its width in characters, its number among those of this width from 1, and what excites it most."""

    width: int
    number: int
    ngrams: tuple[NGram, ...]


@dataclass(frozen=True)
class CharFilters:
    """All filters of a model.

    Attributes:
        words: how many words of the vocabulary were looked at.
        least: n-grams that stand in fewer places were passed over.
        filters: by width and number.
    """

    words: int
    least: int
    filters: tuple[CharFilter, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts."""
        return asdict(self)

    def table(self) -> str:
        """A line a filter."""
        rows = [
            (
                str(each.number),
                str(each.width),
                "  ".join(f"{readable(ngram.text)} {ngram.answer:+.2f}" for ngram in each.ngrams),
            )
            for each in self.filters
        ]
        return f"{text_table(('filter', 'width', 'most exciting n-grams'), rows, left=3)}\n\n{self._explanation()}"

    def picture(self) -> Picture:
        """The n-grams as cells, coloured by the filter's answer."""
        rank = max((len(each.ngrams) for each in self.filters), default=0)
        values = np.full((len(self.filters), rank), np.nan)
        for row, each in zip(values, self.filters, strict=True):
            row[: len(each.ngrams)] = [ngram.answer for ngram in each.ngrams]
        padded = ([*map(_text, each.ngrams), *[""] * (rank - len(each.ngrams))] for each in self.filters)
        scale = Scale(CIVIDIS, *limits(values, step=0.1), "the filter's answer to the n-gram, from -1 to 1", "+.1f")
        names = tuple(f"filter {each.number}, width {each.width}" for each in self.filters)
        return Picture(
            title="What the character filters look for",
            caption=f"A row for each filter, its most exciting n-grams from left to right. {self._explanation()}",
            columns=tuple(map(str, range(1, rank + 1))),
            maps=(HeatMap("Character n-grams by rank", names, values, tuple(map(tuple, padded)), scale),),
        )

    def _explanation(self) -> str:
        return (
            f"{OUTSIDE} stands for the places before and behind the word. N-grams of the {self.words:,} words of the "
            f"vocabulary that stand there at least {self.least} times."
        )


def _text(ngram: NGram) -> str:
    return readable(ngram.text)


def char_filters(tagger: Tagger, top: int = 8, least: int = 2) -> CharFilters:
    """Find the n-grams that excite each filter most, over the words of the model's vocabulary.

    Args:
        tagger: the trained model.
        top: n-grams a filter.
        least: passes over n-grams that stand in fewer places of the vocabulary.

    Raises:
        NerError: the model has no character CNN, or the tagger is an ensemble.
    """
    cnn, encoder = single_network(tagger).words.chars, tagger.predictor.encoder
    if cnn is None:
        raise NerError(f"{tagger.path}: the model has no character CNN (model.chars.dim is 0).")
    device = cnn.bias.device
    per_width = cnn.output_size // len(cnn.widths)
    words = encoder.vocabulary.words
    found = []
    for place, width in enumerate(cnn.widths):
        ngrams, counts = _ngrams(words, encoder.characters, encoder.max_length, width, least)
        answers = np.empty((len(ngrams), per_width), np.float32)
        for start in range(0, len(ngrams), _NGRAMS):
            # an n-gram as a word of its own: at its middle the filter sees all of it and nothing else
            with torch.no_grad():
                activations = cnn.activations(torch.from_numpy(ngrams[start : start + _NGRAMS]).to(device))
            own = activations[:, (width - 1) // 2, place * per_width : (place + 1) * per_width]
            answers[start : start + _NGRAMS] = own.cpu().numpy()
        for number in range(per_width):
            best = np.lexsort((-counts, -answers[:, number]))[:top]
            chosen = tuple(
                NGram(_spell(ngrams[row], encoder.characters), float(answers[row, number]), int(counts[row]))
                for row in best
            )
            found.append(CharFilter(width, number + 1, chosen))
    return CharFilters(len(words), least, tuple(found))


def _ngrams(
    words: Sequence[str], characters: CharacterVocabulary, max_length: int, width: int, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct n-grams under a filter ``[G, width]``, as numbers of characters, and where they stand, ``[G]``."""
    parts = list(_counted(words, characters, max_length, width))
    if not parts:
        return np.zeros((0, width), np.int64), np.zeros(0, np.int64)
    rows, inverse = np.unique(np.concatenate([part for part, _ in parts]), axis=0, return_inverse=True)
    counts = np.bincount(inverse.ravel(), np.concatenate([count for _, count in parts])).astype(np.int64)
    kept = counts >= least
    return rows[kept], counts[kept]


def _counted(
    words: Sequence[str], characters: CharacterVocabulary, max_length: int, width: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for start in range(0, len(words), _WORDS):
        encoded = characters.encode(list(words[start : start + _WORDS]), max_length)
        padded = np.pad(encoded, ((0, 0), ((width - 1) // 2, width // 2)), constant_values=PADDING)
        windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)[encoded != PADDING]
        yield np.unique(windows, axis=0, return_counts=True)


def _spell(ngram: NDArray[np.int64], characters: CharacterVocabulary) -> str:
    names = {PADDING: OUTSIDE, UNKNOWN: "\ufffd"}
    return "".join(names.get(number) or characters.characters[number - 2] for number in ngram.tolist())
