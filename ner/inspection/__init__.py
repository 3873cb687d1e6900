"""Looking inside a trained model: gates, memory, dependence, transitions, filters, word vectors; tables and pictures.

`inspect_sentence`, `crf_transitions`, `char_filters` and `nearest_neighbours` take a `ner.Tagger` and give an object
with ``table()`` for people and ``to_json()`` for programs; all but the last have a ``picture()`` to ``write(path)``.
"""

from __future__ import annotations

from ner.inspection.dependence import Dependence, tag_dependence
from ner.inspection.filters import CharFilter, CharFilters, NGram, char_filters
from ner.inspection.memory import Memory, memories
from ner.inspection.neighbours import Neighbour, Neighbours, nearest_neighbours
from ner.inspection.sentence import SentenceReport, inspect_sentence
from ner.inspection.trace import Reading, Trace, trace_sentence
from ner.inspection.transitions import Transitions, crf_transitions

__all__ = [
    "CharFilter",
    "CharFilters",
    "Dependence",
    "Memory",
    "NGram",
    "Neighbour",
    "Neighbours",
    "Reading",
    "SentenceReport",
    "Trace",
    "Transitions",
    "char_filters",
    "crf_transitions",
    "inspect_sentence",
    "memories",
    "nearest_neighbours",
    "tag_dependence",
    "trace_sentence",
]
