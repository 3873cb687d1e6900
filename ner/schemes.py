"""Tag schemes: tags <-> spans, conversion, detection, and which tag may follow which.

A tag is ``O`` or a prefix and a label, ``B-PER``; the label is all that follows the first hyphen, and ``_`` stands
for it where a file has bare prefixes (as in seqeval). Seven schemes are known:

====== ========================================= =============================
scheme one token, two tokens, two adjacent spans notes
====== ========================================= =============================
IOB1   ``I``, ``I I``, ``I B``                   B only between touching spans
IOB2   ``B``, ``B I``, ``B B``                   also called BIO
IOE1   ``I``, ``I I``, ``E I``                   E only between touching spans
IOE2   ``E``, ``I E``, ``E E``
IOBES  ``S``, ``B E``, ``S S``                   also called BIOES
BILOU  ``U``, ``B L``, ``U U``                   also called BILUO
BMES   ``S``, ``B E``, ``S S``                   M inside; common for Chinese
====== ========================================= =============================

The letters never contradict each other, so one reader serves all schemes: `to_spans` follows conlleval (Tjong Kim
Sang & Buchholz 2000), in which an orphan ``I-X`` opens a span.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

OUTSIDE = "O"
UNKNOWN = "?"
BARE = "_"
SCHEMES = ("IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU", "BMES")
SYNONYMS = {"BIO": "IOB2", "BIOES": "IOBES", "BILUO": "BILOU"}

# Every scheme writes one of the four roles a token can have in a span with letters of its own.
_BEGIN, _INSIDE, _END, _SINGLE = "B", "I", "E", "S"
_ROLE = {"B": _BEGIN, "I": _INSIDE, "M": _INSIDE, "E": _END, "L": _END, "S": _SINGLE, "U": _SINGLE}
_LETTERS = {  # begin, inside, end, single
    "IOB2": ("B", "I", "I", "B"),
    "IOE2": ("I", "I", "E", "E"),
    "IOBES": ("B", "I", "E", "S"),
    "BILOU": ("B", "I", "L", "U"),
    "BMES": ("B", "M", "E", "S"),
    "IOB1": ("I", "I", "I", "I"),
    "IOE1": ("I", "I", "I", "I"),
}
_ALPHABET = {name: frozenset(letters) for name, letters in _LETTERS.items()}
_ALPHABET["IOB1"] = frozenset("IB")
_ALPHABET["IOE1"] = frozenset("IE")


class Span(NamedTuple):
    """An entity over tokens ``start`` up to, not including, ``end``."""

    label: str
    start: int
    end: int


@lru_cache(maxsize=65536)
def split_tag(tag: str) -> tuple[str, str]:
    """Split ``B-PER`` into ``("B", "PER")``; ``O`` has the label ``""``, a bare ``B`` the label ``_``.

    Raises:
        ValueError: the text is no tag of any scheme.
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, hyphen, label = tag.partition("-")
    if prefix not in _ROLE or (hyphen and not label):
        raise ValueError(f"{tag!r} is no tag: expected O, or one of B I E S L U M, a hyphen and a label")
    return prefix, label or BARE


def join_tag(prefix: str, label: str) -> str:
    """The tag of a prefix and a label: the inverse of `split_tag`."""
    return OUTSIDE if prefix == OUTSIDE else prefix if label == BARE else f"{prefix}-{label}"


def named(scheme: str) -> str:
    """The scheme's name here: ``IOB2`` for ``BIO`` and ``iob2``; any other text as it is."""
    name = SYNONYMS.get(scheme.upper(), scheme.upper())
    return name if name in SCHEMES else scheme


def to_spans(tags: Sequence[str]) -> list[Span]:
    """The spans of a tag sequence in any scheme, in order, read as conlleval reads them.

    Raises:
        ValueError: a text that is no tag.
    """
    spans: list[Span] = []
    start, before = -1, OUTSIDE
    for position, tag in enumerate(tags):
        if not goes_on(before, tag):
            if start >= 0:
                spans.append(Span(split_tag(before)[1], start, position))
            start = -1 if tag == OUTSIDE else position
        before = tag
    if start >= 0:
        spans.append(Span(split_tag(before)[1], start, len(tags)))
    return spans


@lru_cache(maxsize=65536)
def goes_on(before: str, after: str) -> bool:
    """Whether a tag belongs to the same span as the tag before it; ``O`` belongs to none.

    Raises:
        ValueError: a text that is no tag.
    """
    (prefix, label), (next_prefix, next_label) = split_tag(before), split_tag(after)
    if OUTSIDE in (prefix, next_prefix):
        return False
    return label == next_label and _ROLE[prefix] in (_BEGIN, _INSIDE) and _ROLE[next_prefix] in (_INSIDE, _END)


def to_tags(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """The tags of ``length`` tokens that bear the given spans.

    Args:
        spans: in any order, none overlapping another, each within ``0..length``.
        length: number of tokens.
        scheme: one of `SCHEMES`, or a synonym of it.

    Raises:
        ValueError: an empty, overlapping or outlying span, or an unknown scheme.
    """
    scheme = named(scheme)
    begin, inside, end, single = _letters(scheme)
    tags = [OUTSIDE] * length
    before = Span("", 0, 0)
    for span in sorted(spans, key=lambda span: span.start):
        label, first, stop = span
        if not before.end <= first < stop <= length:
            raise ValueError(f"{span} is empty, outside of {length} tokens, or overlaps {before}")
        touches = before.end == first and before.label == label and before.end > 0
        last = stop - 1
        if first == last:
            tags[first] = join_tag(single, label)
        else:
            tags[first] = join_tag(begin, label)
            tags[first + 1 : last] = [join_tag(inside, label)] * (last - first - 1)
            tags[last] = join_tag(end, label)
        if touches and scheme == "IOB1":
            tags[first] = join_tag("B", label)
        if touches and scheme == "IOE1":
            tags[first - 1] = join_tag("E", label)
        before = span
    return tags


def convert(tags: Sequence[str], scheme: str) -> list[str]:
    """The same spans written in another scheme.

    Raises:
        ValueError: a text that is no tag, or an unknown scheme.
    """
    return to_tags(to_spans(tags), len(tags), scheme)


def illegal(tags: Sequence[str], scheme: str) -> list[int]:
    """Positions whose tag the scheme would not have written there, given the spans that conlleval reads.

    A tag that cannot stand after its predecessor, a span that is not closed as the scheme asks, a letter that the
    scheme does not have: whatever `to_tags` would write differently.
    """
    return [
        position for position, pair in enumerate(zip(tags, convert(tags, scheme), strict=True)) if len(set(pair)) > 1
    ]


def detect(sequences: Iterable[Sequence[str]]) -> str:
    """The scheme in which a corpus is written: of those whose letters it keeps to, the one it breaks least.

    Ties go to the scheme that stands first in IOB2, IOBES, BILOU, BMES, IOB1, IOE2, IOE1; so a corpus without any
    entity is IOB2. Unknown (``?``) and alternative (``B-PER|O``) tags are passed over.

    Raises:
        ValueError: a text that is no tag.
    """
    candidates = ("IOB2", "IOBES", "BILOU", "BMES", "IOB1", "IOE2", "IOE1")
    faults = dict.fromkeys(candidates, 0)
    seen: dict[tuple[str, ...], None] = {}
    for tags in sequences:
        pattern = tuple(OUTSIDE if tag == UNKNOWN or "|" in tag else tag for tag in tags)
        if any(tag != OUTSIDE for tag in pattern):
            seen[pattern] = None
    for pattern in seen:
        spans = to_spans(pattern)
        for scheme in candidates:
            written = to_tags(spans, len(pattern), scheme)
            faults[scheme] += sum(a != b for a, b in zip(pattern, written, strict=True))
    return min(candidates, key=lambda scheme: faults[scheme])


def inventory(labels: Iterable[str], scheme: str) -> list[str]:
    """Every tag that the scheme can write for the labels: ``O`` first, then label by label."""
    scheme = named(scheme)
    _letters(scheme)
    order = [letter for letter in "BIMELSU" if letter in _ALPHABET[scheme]]
    return [OUTSIDE, *(join_tag(letter, label) for label in sorted(set(labels)) for letter in order)]


class Legality(NamedTuple):
    """Which tags may begin a sentence, follow one another and end it; rows and columns in the order of the tags."""

    start: list[bool]
    transitions: list[list[bool]]  # [from][to]
    end: list[bool]


def legality(tags: Sequence[str], scheme: str) -> Legality:
    """The first-order constraints of a scheme over an inventory of tags.

    Every sequence that `to_tags` writes passes, and every sequence that passes reads as spans without a repair. In
    IOB1 and IOE1, where ``B`` and ``E`` mark touching spans only, they must touch one.

    Raises:
        ValueError: an unknown scheme, or a tag that the scheme does not have.
    """
    scheme = named(scheme)
    letters = _ALPHABET[scheme] if scheme in _ALPHABET else frozenset(_letters(scheme))
    parts = [split_tag(tag) for tag in tags]
    for tag, (prefix, _) in zip(tags, parts, strict=True):
        if prefix != OUTSIDE and prefix not in letters:
            raise ValueError(f"{tag!r} is not in scheme {scheme}, whose prefixes are {' '.join(sorted(letters))}")
    nothing = (OUTSIDE, "")
    return Legality(
        [_may_follow(nothing, tag, scheme) for tag in parts],
        [[_may_follow(before, after, scheme) for after in parts] for before in parts],
        [_may_follow(tag, nothing, scheme) for tag in parts],
    )


def _may_follow(before: tuple[str, str], after: tuple[str, str], scheme: str) -> bool:
    (prefix, label), (next_prefix, next_label) = before, after
    same = label == next_label
    if scheme == "IOB1":
        return next_prefix != "B" or same
    if scheme == "IOE1":
        return prefix != "E" or same
    if scheme == "IOB2":
        return next_prefix != "I" or same
    if scheme == "IOE2":
        return prefix != "I" or same
    role, next_role = _ROLE.get(prefix, OUTSIDE), _ROLE.get(next_prefix, OUTSIDE)
    is_open, continues = role in (_BEGIN, _INSIDE), next_role in (_INSIDE, _END)
    return is_open == continues and (same or not is_open)


def _letters(scheme: str) -> tuple[str, str, str, str]:
    if scheme not in _LETTERS:
        raise ValueError(f"unknown scheme {scheme!r}: expected one of {', '.join(SCHEMES)}")
    return _LETTERS[scheme]
