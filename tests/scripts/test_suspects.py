"""The corruption of annotations, and how it is counted among the suspects."""

from __future__ import annotations

import random
from collections import Counter

from ner.evaluation.suspects import Suspect
from ner.schemes import Span, to_tags
from tests.scripts.loading import script

suspects = script("suspects")

TOKENS = [f"w{number}" for number in range(9)]
GOLD = [[Span("A", 0, 2), Span("B", 3, 4), Span("A", 6, 9)] for _ in range(200)]


def suspect(sentence: int, annotated: Span | None, rival: Span | None) -> Suspect:
    return Suspect(sentence, "a:1", TOKENS, annotated, rival, 0.1, 0.8)


def test_what_is_corrupted_is_another_legal_annotation() -> None:
    changed, marks = suspects.corrupt(GOLD, [9] * 200, 0.1, random.Random(1))
    assert len(marks) == 60 and set(Counter(how for *_, how in marks)) == {"type", "boundary", "removed"}
    differing = 0
    for gold, spans in zip(GOLD, changed, strict=True):
        to_tags(spans, 9, "IOB2")  # raises where they overlap or lie outside
        differing += len(set(gold) - set(spans))
    assert differing == 60
    for number, span, how in marks:
        assert (span in changed[number]) == (how != "removed")
        if how == "type":
            assert span not in GOLD[number] and any(span[1:] == one[1:] for one in GOLD[number])
        if how == "boundary":
            assert not any(span[1:] == one[1:] for one in GOLD[number])
        if how == "removed":
            assert span in GOLD[number]
    assert suspects.corrupt(GOLD, [9] * 200, 0.1, random.Random(1)) == (changed, marks)


def test_hits() -> None:
    moved, gone = Span("A", 0, 1), Span("B", 3, 4)
    marks = [(5, moved, "boundary"), (5, gone, "removed"), (6, Span("B", 0, 2), "type")]
    assert suspects.hits([suspect(5, moved, Span("A", 0, 2)), suspect(5, moved, None)], marks) == {"boundary": 1}
    assert suspects.hits([suspect(5, None, Span("A", 2, 4))], marks) == {"removed": 1}
    assert not suspects.hits([suspect(5, None, Span("A", 7, 8)), suspect(4, moved, None)], marks)
    assert not suspects.hits([suspect(5, Span("A", 6, 9), gone)], marks)
