"""The threshold of span decoding that gives the best F1 on held-out data, beside what the best paths give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ner.corpus.beside import ALONE, Beside
from ner.emission import Emitted
from ner.evaluation.spans import SpanCounts
from ner.features.tags import is_partial
from ner.modules.crf_decoding import best_spans
from ner.schemes import Span, to_spans
from ner.torch_prediction import TorchPredictor

GRID = tuple(np.round(np.arange(0.04, 0.62, 0.02), 2).tolist())
"""The thresholds that are tried."""


def fit_threshold(
    predictor: TorchPredictor, sentences: Sequence[list[str]], gold: Sequence[Sequence[str]], beside: Beside = ALONE
) -> tuple[float, SpanCounts]:
    """The threshold of `GRID` with the best F1, and what it finds.

    Args:
        predictor: with its temperature fitted.
        sentences: held-out tokens.
        gold: their tags, in any scheme; sentences that are annotated in part are passed over.
        beside: the sentences' documents and columns.
    """
    known = {number: set(to_spans(tags)) for number, tags in enumerate(gold) if not is_partial(tags)}
    found = {threshold: SpanCounts(gold=sum(map(len, known.values()))) for threshold in GRID}
    labels = predictor.tagset.labels

    def count(batch: Emitted) -> dict[float, tuple[int, int]]:
        """Spans that are predicted at each threshold, and how many of them are right."""
        chances = predictor.span_probabilities(batch)
        counted = {}
        for threshold in GRID:
            rows = best_spans(chances, threshold)[0].tolist()
            spans = [(batch.sentences[row], Span(labels[label], start, end)) for row, start, end, label in rows]
            right = [span in known[number] for number, span in spans if number in known]
            counted[threshold] = len(right), sum(right)
        return counted

    for batch in predictor.emitter.start(sentences, count, beside):
        for threshold, (predicted, correct) in batch.items():
            found[threshold].predicted += predicted
            found[threshold].correct += correct
    best = max(GRID, key=lambda threshold: found[threshold].f1)
    return best, found[best]
