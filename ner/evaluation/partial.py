"""Scoring on partly annotated data: what nobody looked at counts neither for nor against."""

from __future__ import annotations

from collections.abc import Sequence

from ner.schemes import OUTSIDE, UNKNOWN, to_spans, to_tags

Corpus = list[list[str]]


def settle(gold: Sequence[list[str]], predicted: Sequence[list[str]], scheme: str) -> tuple[Corpus, Corpus]:
    """Gold and predicted tags that can be compared.

    Where the gold tag of a token is ``?`` or one of several, it is taken for ``O``, and predicted entities that reach
    such a token are left out. Sentences that are annotated in full stay as they are.

    Args:
        gold, predicted: the tags of each sentence, in one scheme.
        scheme: of the tags.
    """
    settled_gold, settled_predicted = [], []
    for known, found in zip(gold, predicted, strict=True):
        open_places = {place for place, tag in enumerate(known) if tag == UNKNOWN or "|" in tag}
        if open_places:
            known = [OUTSIDE if place in open_places else tag for place, tag in enumerate(known)]
            kept = [span for span in to_spans(found) if open_places.isdisjoint(range(span.start, span.end))]
            found = to_tags(kept, len(found), scheme)
        settled_gold.append(known)
        settled_predicted.append(found)
    return settled_gold, settled_predicted
