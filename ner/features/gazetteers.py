"""Lists of names (gazetteers) as features: which tokens of a sentence are a name of a list (Ratinov & Roth 2009).

Names and tokens are compared piece by piece, a run of letters and digits or a single sign, so that it does not matter
how a corpus splits ``Yahoo!`` or ``O'Neill``; a match begins and ends where tokens do. Case is ignored, save that a
name of one word that is listed with a capital matches no word without one: ``Reading`` is not found in ``reading``.
From left to right the longest match counts, and matches of one list do not overlap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner.errors import DataError, ModelError
from ner.features.compressed import read_lines

OUTSIDE, BEGIN, INSIDE, END, SINGLE = range(5)
_PIECE = re.compile(r"\w+|[^\w\s]")
_LONGEST = 64  # characters of a token worth remembering


class Names:
    """One list of names.

    Args:
        title: what the list is called.
        capitalized: names that need a capital where they match; each as its pieces in lower case, joined by blanks.
        others: names that match in any case, in the same form.
    """

    def __init__(self, title: str, capitalized: Iterable[str], others: Iterable[str]) -> None:
        self.title = title
        self.needs_capital = dict.fromkeys(capitalized, True) | dict.fromkeys(others, False)
        lengths: dict[str, set[int]] = {}
        for name in self.needs_capital:
            lengths.setdefault(name.partition(" ")[0], set()).add(name.count(" ") + 1)
        self._lengths = {first: sorted(counts, reverse=True) for first, counts in lengths.items()}

    @classmethod
    def read(cls, path: str | Path) -> Names:
        """Read a file of names, a name a line, plain or compressed; empty lines are passed over.

        Raises:
            DataError: the file cannot be read, is not UTF-8, or has no name.
        """
        capitalized: set[str] = set()
        others: set[str] = set()
        for line in filter(str.strip, read_lines(path)):
            one_word = len(line.split()) == 1
            (capitalized if one_word and _has_capital(line) else others).add(" ".join(_pieces(line)))
        if not capitalized and not others:
            raise DataError("the file holds no names.", path, remedy="A list has a name a line.")
        return cls(Path(path).name, capitalized, others)

    def match(self, sentence: _Sentence, token: int) -> int:
        """The token behind the longest name that begins with a token; 0 if none does."""
        start = sentence.starts[token]
        for length in self._lengths.get(sentence.pieces[start], ()):
            stop = sentence.tokens_up_to.get(start + length, 0)
            if stop:
                needs_capital = self.needs_capital.get(" ".join(sentence.pieces[start : start + length]))
                if needs_capital is False or (needs_capital and any(map(_has_capital, sentence.tokens[token:stop]))):
                    return stop
        return 0


class Gazetteers:
    """G lists of names, each of which is a feature of a token.

    Args:
        lists: of names.
    """

    def __init__(self, lists: Sequence[Names]) -> None:
        self.lists = lists

    @classmethod
    def build(cls, paths: Iterable[str | Path]) -> Gazetteers:
        """Read files of names; see `Names.read` for their form and the errors."""
        return cls([Names.read(path) for path in paths])

    @classmethod
    def load(cls, path: Path) -> Gazetteers:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing, cut short or holds no lists of names.
        """
        try:
            lists = json.loads(path.read_bytes())
            if not isinstance(lists, list):
                raise ValueError("expected a list")
            return cls([_checked(names) for names in lists])
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{path}: cannot be read as lists of names: {error}. Copy the model again.") from None

    def save(self, path: Path) -> None:
        """Write JSON: for each list ``title``, ``capitalized`` and ``others``, as in `Names`."""
        lists = [
            {
                "title": names.title,
                "capitalized": sorted(name for name, needed in names.needs_capital.items() if needed),
                "others": sorted(name for name, needed in names.needs_capital.items() if not needed),
            }
            for names in self.lists
        ]
        path.write_bytes(json.dumps(lists, ensure_ascii=False, indent=0).encode(errors="surrogatepass"))

    def __len__(self) -> int:
        """G, the number of lists."""
        return len(self.lists)

    def encode(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """For each token and list, [T, G], what the token is in a match of the list.

        ``OUTSIDE`` (0) of any, ``BEGIN`` (1), ``INSIDE`` (2), ``END`` (3), or the ``SINGLE`` token (4) of one.
        """
        matches = np.full((len(tokens), len(self.lists)), OUTSIDE, np.int64)
        sentence = _Sentence(tokens)
        for column, names in enumerate(self.lists):
            free = 0
            for token in sentence.starts:
                stop = names.match(sentence, token) if token >= free else 0
                if stop == token + 1:
                    matches[token, column] = SINGLE
                elif stop:
                    matches[token, column], matches[stop - 1, column] = BEGIN, END
                    matches[token + 1 : stop - 1, column] = INSIDE
                free = stop or free
        return matches


class _Sentence:
    """A sentence by pieces.

    Attributes:
        pieces: in lower case.
        starts: the first piece of each token that has any.
        tokens_up_to: for each number of pieces after which a token ends, the number of tokens up to there.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.pieces: list[str] = []
        self.starts: dict[int, int] = {}
        self.tokens_up_to: dict[int, int] = {}
        for number, token in enumerate(tokens):
            pieces = _remembered_pieces(token) if len(token) <= _LONGEST else _pieces(token)
            if pieces:
                self.starts[number] = len(self.pieces)
                self.pieces += pieces
                self.tokens_up_to[len(self.pieces)] = number + 1


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(piece.lower() for piece in _PIECE.findall(text))


_remembered_pieces = lru_cache(maxsize=1 << 16)(_pieces)


def _has_capital(text: str) -> bool:
    return text != text.lower()


def _checked(names: object) -> Names:
    """A saved list, if its parts are of the types that they should be."""
    match names:
        case {"title": str(title), "capitalized": list(capitalized), "others": list(others)}:
            if {str}.issuperset(map(type, capitalized + others)):
                return Names(title, capitalized, others)
    raise ValueError("expected a title and two lists of names")
