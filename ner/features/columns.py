"""Further columns of a corpus as features: part of speech, chunk, or whatever a file has beside words and tags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from ner.errors import DataError, ModelError


class ColumnValues:
    """Numbers the values of some columns; 0 is what training did not see.

    Args:
        names: of the columns, as `ner.corpus.sentence.Sentence` has them.
        values: of each column, without repetition.

    Raises:
        ValueError: not a list of values for each name.
    """

    def __init__(self, names: Sequence[str], values: Sequence[Sequence[str]]) -> None:
        if len(names) != len(values):
            raise ValueError(f"expected values of {len(names)} columns, got {len(values)}")
        self.names = list(names)
        self.values = [list(one) for one in values]
        self._numbers = [{value: number for number, value in enumerate(one, 1)} for one in self.values]

    @classmethod
    def build(cls, names: Sequence[str], columns: Sequence[Sequence[Sequence[str]]]) -> ColumnValues:
        """The values that occur in the training sentences, given as for `encode`."""
        found = [sorted(set(chain.from_iterable(rows[place] for rows in columns))) for place in range(len(names))]
        return cls(names, found)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers each column knows."""
        return tuple(len(values) + 1 for values in self.values)

    def encode(
        self, sentences: Sequence[Sequence[str]], columns: Sequence[Sequence[Sequence[str]]] | None
    ) -> np.ndarray:
        """The numbers of the values of all N tokens, int64 [N, columns].

        Args:
            sentences: their tokens.
            columns: for each sentence a list of values a column.

        Raises:
            DataError: there are none, or not one a token.
        """
        if columns is None:
            raise DataError(
                f"the model reads {' and '.join(f'column {name}' for name in self.names)} beside the words, "
                "and there are words alone.",
                remedy="Give it column files or JSONL that have them (ner tag --from conll, --from jsonl), in Python "
                "tag_tokens(sentences, columns=...); or train without model.features.columns.",
            )
        if len(columns) != len(sentences):
            raise DataError(
                f"there are columns of {len(columns)} sentences, and {len(sentences)} sentences.",
                remedy="Give each sentence its columns, an empty one too.",
            )
        for number, (tokens, rows) in enumerate(zip(sentences, columns, strict=True)):
            if len(rows) != len(self.names) or any(len(row) != len(tokens) for row in rows):
                raise DataError(
                    f"sentence {number + 1} has {len(tokens)} tokens, and columns with "
                    f"{', '.join(str(len(row)) for row in rows) or 'no'} values.",
                    remedy=f"Give a list for each of the columns {', '.join(self.names)}, with a value a token.",
                )
        size = sum(map(len, sentences))
        found = np.zeros((size, len(self.names)), dtype=np.int64)
        for place, numbers in enumerate(self._numbers):
            stream = chain.from_iterable(rows[place] for rows in columns)
            found[:, place] = np.fromiter((numbers.get(value, 0) for value in stream), dtype=np.int64, count=size)
        return found

    def save(self, path: Path) -> None:
        """Write JSON: a list of pairs of name and values."""
        pairs = list(zip(self.names, self.values, strict=True))
        path.write_bytes(json.dumps(pairs, ensure_ascii=False, indent=0).encode(errors="surrogatepass"))

    @classmethod
    def load(cls, path: Path) -> ColumnValues:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing or is not what it should be.
        """
        try:
            pairs = json.loads(path.read_bytes().decode(errors="surrogatepass"))
            if not isinstance(pairs, list) or not all(map(_is_column, pairs)):
                raise ValueError("expected names and lists of values")
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{path}: cannot be read as columns: {error}. Copy the model again.") from None
        return cls([name for name, _ in pairs], [values for _, values in pairs])


def _is_column(pair: object) -> bool:
    match pair:
        case [str(), list(values)]:
            return {str}.issuperset(map(type, values)) and len(set(values)) == len(values)
    return False
