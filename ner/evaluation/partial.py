"""Scoring on partly annotated data: what nobody looked at counts neither for nor against."""

from __future__ import annotations

from collections.abc import Sequence

from ner.schemes import OUTSIDE, UNKNOWN, to_spans, to_tags

Corpus = list[list[str]]


def settle(gold: Sequence[list[str]], predicted: Sequence[list[str]], scheme: str) -> tuple[Corpus, Corpus]:
    """Gold and predicted tags that can be compared.

    Where the gold tag of a token is open (`open_places`), it is taken for ``O``, and predicted entities that reach
    such a token are left out. Sentences that are annotated in full stay as they are.

    Args:
        gold, predicted: the tags of each sentence, in one scheme.
        scheme: of the tags.
    """
    settled_gold, settled_predicted = [], []
    for known, found in zip(gold, predicted, strict=True):
        places = open_places(known)
        if places:
            known = [OUTSIDE if place in places else tag for place, tag in enumerate(known)]
            kept = [span for span in to_spans(found) if places.isdisjoint(range(span.start, span.end))]
            found = to_tags(kept, len(found), scheme)
        settled_gold.append(known)
        settled_predicted.append(found)
    return settled_gold, settled_predicted


def open_places(gold: Sequence[str]) -> set[int]:
    """The tokens of a sentence of which the annotation leaves open what they are.

    Those whose tag is ``?`` or one of several, and those of an entity that may go on into such a token: of
    ``B-PER ?`` nobody said where the person ends.
    """
    places = {place for place, tag in enumerate(gold) if tag == UNKNOWN or "|" in tag}
    if places:
        for _, start, end in to_spans([OUTSIDE if place in places else tag for place, tag in enumerate(gold)]):
            may_begin_before = start - 1 in places and gold[start][0] not in "BSU"
            may_end_behind = end in places and gold[end - 1][0] not in "ESLU"
            if may_begin_before or may_end_behind:
                places.update(range(start, end))
    return places
