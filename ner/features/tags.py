"""The model's tags: strings <-> numbers, and which of them a tag of another scheme may mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from ner import schemes

# The roles (begin, inside, end, single) that a letter can stand for, where it does not stand for one alone.
_ROLES = {
    "IOB1": {"I": "BIES", "B": "BS"},
    "IOE1": {"I": "BIES", "E": "ES"},
    "IOB2": {"B": "BS", "I": "IE"},
    "IOE2": {"I": "BI", "E": "ES"},
    "IOBES": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "BILOU": {"B": "B", "I": "I", "L": "E", "U": "S"},
    "BMES": {"B": "B", "M": "I", "E": "E", "S": "S"},
}
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class TagSet:
    """The K tags of a model, ``O`` first.

    Args:
        tags: every tag, as `ner.schemes.inventory` lists them.
        scheme: of these tags.

    Raises:
        ValueError: a tag that the scheme does not have.
    """

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        self.tags = list(tags)
        self.scheme = scheme
        self.legality = schemes.legality(self.tags, scheme)
        self._number = {tag: number for number, tag in enumerate(self.tags)}
        self._compatible: dict[tuple[str, str], np.ndarray] = {}

    @classmethod
    def of(cls, sequences: Iterable[Sequence[str]], scheme: str) -> TagSet:
        """The tags that a scheme needs for all labels of a corpus."""
        distinct = {tag for sequence in sequences for tag in sequence}
        labels = {schemes.split_tag(one)[1] for tag in distinct for one in alternatives(tag)} - {""}
        return cls(schemes.inventory(labels, scheme), scheme)

    def __len__(self) -> int:
        return len(self.tags)

    @cached_property
    def labels(self) -> list[str]:
        """The entity types, in order."""
        return sorted({schemes.split_tag(tag)[1] for tag in self.tags} - {""})

    @property
    def unfit(self) -> list[str]:
        """Labels that no model may have: they end lines, or steer a terminal."""
        return [label for label in self.labels if _UNFIT.search(label)]

    def number(self, tag: str) -> int:
        """The number of one of the tags.

        Raises:
            KeyError: it is none of them.
        """
        return self._number[tag]

    def of_spans(self, spans: np.ndarray, sentences: int, tokens: int) -> np.ndarray:
        """Numbers of the tags that spans are written with, int64 [sentences, tokens]; see `ner.schemes.to_tags`.

        Args:
            spans: int64 [N, 4], sentence, first token, token after the last, label, in order and without overlap.
            sentences, tokens: how many sentences there are, and places in each.
        """
        tags = np.zeros((sentences, tokens), dtype=np.int64)
        if not len(spans):
            return tags
        sentence, start, stop, label = spans.T
        begin, inside, end, single = self._written[label].T
        size = stop - start
        first, flat = sentence * tokens + start, tags.reshape(-1)
        place = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        flat[np.repeat(first, size) + place] = np.repeat(inside, size)
        flat[first] = np.where(size == 1, single, begin)
        last = first + size - 1
        flat[last[size > 1]] = end[size > 1]
        scheme = schemes.named(self.scheme)
        if scheme in ("IOB1", "IOE1"):  # whose B and E are for spans of one label that touch
            touches = (last[:-1] + 1 == first[1:]) & (sentence[:-1] == sentence[1:]) & (label[:-1] == label[1:])
            letter, where = ("B", first[1:]) if scheme == "IOB1" else ("E", last[:-1])
            numbers = np.array([self._number[schemes.join_tag(letter, one)] for one in self.labels])
            flat[where[touches]] = numbers[label[1:][touches]]
        return tags

    @cached_property
    def _written(self) -> np.ndarray:
        """What the first, the inner and the last token of a span bear, and that of one token, by label [C, 4]."""
        rows = []
        for label in self.labels:
            longer = schemes.to_tags([schemes.Span(label, 0, 3)], 3, self.scheme)
            rows.append([*longer, *schemes.to_tags([schemes.Span(label, 0, 1)], 1, self.scheme)])
        return np.array([[self._number[tag] for tag in row] for row in rows], dtype=np.int64).reshape(-1, 4)

    def encode(self, tags: Sequence[str]) -> list[int]:
        """Numbers of the tags of one sentence, given in any scheme and converted through spans.

        Raises:
            KeyError: a label that the model does not have.
        """
        return [self._number[tag] for tag in schemes.convert(tags, self.scheme)]

    def allowed(self, tags: Sequence[str], scheme: str, unlabelled: bool) -> np.ndarray:
        """Which of the model's tags each token of a partly annotated sentence may have.

        Args:
            tags: T tags in ``scheme``; ``?`` stands for any, ``B-PER|O`` for either of the two.
            scheme: of these tags.
            unlabelled: ``O`` means that nobody looked: any tag. The entities that are there have the boundaries
                that they were given.

        Returns:
            bool [T, K].
        """
        if unlabelled and not is_partial(tags):
            gold = np.array(self.encode(tags), dtype=np.int64)
            exact = np.arange(len(self.tags)) == gold[:, None]
            return exact | (gold == self._number[schemes.OUTSIDE])[:, None]
        rows = np.zeros((len(tags), len(self.tags)), dtype=bool)
        for row, tag in zip(rows, tags, strict=True):
            if tag == schemes.UNKNOWN or (unlabelled and tag == schemes.OUTSIDE):
                row[:] = True
            else:
                for one in alternatives(tag):
                    row |= self._meanings(one, scheme)
        return rows

    def _meanings(self, tag: str, scheme: str) -> np.ndarray:
        key = tag, scheme
        if key not in self._compatible:
            self._compatible[key] = np.array([self._agrees(tag, scheme, own) for own in self.tags])
        return self._compatible[key]

    def _agrees(self, tag: str, scheme: str, own: str) -> bool:
        prefix, label = schemes.split_tag(tag)
        own_prefix, own_label = schemes.split_tag(own)
        if label != own_label:
            return False
        if prefix == schemes.OUTSIDE:
            return True
        roles = _ROLES[scheme].get(prefix, "BIES")
        return bool(set(roles) & set(_ROLES[self.scheme][own_prefix]))


def alternatives(tag: str) -> list[str]:
    """The tags that ``B-PER|O`` leaves open; none in particular for ``?``."""
    return [] if tag == schemes.UNKNOWN else tag.split("|")


def is_partial(tags: Iterable[str]) -> bool:
    """Whether any tag leaves something open."""
    return any(tag == schemes.UNKNOWN or "|" in tag for tag in tags)
