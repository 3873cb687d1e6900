"""The picture of a sentence. What it needs of torch is imported when it is asked for: exported models do without."""

from __future__ import annotations

import json

from ner.errors import NerError
from ner.serving.jobs import Answer, InspectJob
from ner.serving.pictures import as_json
from ner.tagger import Tagger


def is_inspectable(tagger: Tagger) -> bool:
    """Whether there are gates to look at: an exported model and an ensemble have none."""
    if tagger.description.runtime == "onnx":
        return False
    from ner.inspection.network import single_network

    try:
        single_network(tagger)
    except NerError:
        return False
    return True


def look(tagger: Tagger, job: InspectJob) -> Answer:
    """The gates, memory and dependence of a sentence.

    Raises:
        NerError: it is no single sentence, or too long for a picture; or the model has no gates.
    """
    if tagger.description.runtime == "onnx":
        raise NerError("an exported model cannot be looked into: serve the one that it was exported from.")
    from ner.inspection.picture import MOST_COLUMNS
    from ner.inspection.sentence import inspect_sentence
    from ner.inspection.trace import sentence_tokens

    tokens = sentence_tokens(tagger, job.sentence)
    if len(tokens) > MOST_COLUMNS:
        raise NerError(f"{len(tokens)} tokens are too many to be read in a picture, it takes up to {MOST_COLUMNS}.")
    return Answer(json.dumps(as_json(inspect_sentence(tagger, tokens).picture())).encode())
