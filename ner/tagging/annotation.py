"""Writers of what people are to correct in doccano and Label Studio: texts with what the model found in them.

Texts without a character are left out, which doccano refuses; of the others in a text file, ``line`` says where they
stood. Other keys of a record go along.
"""

from __future__ import annotations

import math
from typing import Any

from ner.corpus.doccano import doccano_record
from ner.corpus.label_studio import BETWEEN, regions
from ner.document import Document, ScoredSpan
from ner.schemes import to_spans
from ner.tagging.details import readings
from ner.tagging.options import TagOptions
from ner.tagging.own_keys import set_aside
from ner.tagging.units import Tagged, Unit
from ner.tagging.writers import dump, other_keys

_MODEL = "ner"


def write_doccano(unit: Unit, tagged: Tagged, options: TagOptions) -> str:
    """A line a document: text, ``label``, and the entities' ``scores``, which doccano shows as metadata."""
    others, lines = _beside(unit), []
    for document in unit.documents(tagged.spans):
        if document.text:
            record = doccano_record(document.text, [(one.label, one.start, one.end) for one in document.entities])
            record["scores"] = [round(one.score, 6) for one in document.entities]
            kept = set_aside(others, {**record, "entities": None})  # which doccano would take for its own
            lines.append(f"{dump({**kept, **record}, unit)}\n")
    return "".join(lines)


def write_tasks(unit: Unit, tagged: Tagged, options: TagOptions) -> str:
    """A task a document, with a prediction, or as many as readings are asked for, each with its probability.

    The score of a single prediction is that of its least likely entity: Label Studio can show those tasks first.
    """
    others, tasks, start = _beside(unit), [], 0
    for document in unit.documents(tagged.spans):
        stop = start + len(document.offsets)
        if document.text:
            predictions = [_prediction(document)]
            if options.n_best and tagged.explanations is not None:
                predictions = _predictions(document, readings(tagged.explanations[start:stop], options.n_best))
            own = {"text": document.text}
            tasks.append(dump({"data": {**set_aside(others, own), **own}, "predictions": predictions}, unit))
        start = stop
    return BETWEEN.join(tasks)


def _beside(unit: Unit) -> dict[str, Any]:
    return {"line": unit.line} if unit.origin is None and unit.text is not None else other_keys(unit)


def _prediction(document: Document) -> dict[str, Any]:
    found = document.entities
    result = regions(document.text, ((one.label, one.start, one.end, one.score) for one in found))
    least = {"score": round(min(one.score for one in found), 6)} if found else {}
    return {"model_version": _MODEL, **least, "result": result}


def _predictions(document: Document, best: list[tuple[float, list[list[str]]]]) -> list[dict[str, Any]]:
    known = {one[1:4]: one.score for one in document.entities}
    predictions = []
    for number, (chance, tags) in enumerate(best, start=1):
        spans = [[ScoredSpan(*span, score=math.nan) for span in to_spans(one)] for one in tags]
        found = Document(document.text, document.offsets, spans).entities
        result = regions(document.text, ((one.label, one.start, one.end, known.get(one[1:4])) for one in found))
        version = f"{_MODEL}, reading {number}"
        predictions.append({"model_version": version, "score": round(chance, 6), "result": result})
    return predictions
