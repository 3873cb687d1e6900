"""Label Studio: a JSON array of tasks with finished ``annotations``, or with a model's ``predictions``.

The project labels a text: ``<Labels name="label" toName="text">`` and ``<Text name="text" value="$text"/>``.

Of the exports, JSON and JSON-MIN are read. A task that was skipped, or that nobody annotated, is left out, and their
number is said; of several annotations the one marked as ground truth counts, or else the last. Only labelled
stretches of text are read. Offsets count characters; where the text that goes with a label shows that they count
units of UTF-16, as old versions did, they are taken so. `ner.corpus.standoff` tells what becomes of spans that cut a
token.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ner.config import DataConfig
from ner.corpus.atomic import replacing
from ner.corpus.json_values import objects
from ner.corpus.jsonl import DOCUMENT, TEXT, RecordReader
from ner.corpus.rebuild import texts
from ner.corpus.sentence import Sentence
from ner.corpus.source import Source, name_of
from ner.corpus.utf16 import Utf16
from ner.corpus.write import Target, to_json
from ner.errors import DataError

logger = logging.getLogger(__name__)
_DEFAULT = DataConfig()

HEAD, BETWEEN, FOOT = "[\n", ",\n", "\n]\n"
"""What stands before, between and behind the tasks of a file."""

_FROM, _TO = "label", "text"  # names of the tags in the project's configuration


def read_label_studio(source: Source, data: DataConfig = _DEFAULT, *, tagged: bool = True) -> Iterator[Sentence]:
    """Read the sentences of the annotated tasks of an export.

    Args:
        source: a path, ``-`` for standard input, or a binary stream; gzip is unpacked.
        data: name of the key of the text among a task's values, what cuts it, and what becomes of a span that cuts a
            token.
        tagged: False to read all texts, annotated or not.

    Yields:
        Sentences; each task is a document, and ``line`` is where it begins.

    Raises:
        DataError: no JSON of tasks, no annotated task, or a label that does not fit its text.
    """
    name, key = name_of(source), data.text or TEXT
    reader = RecordReader(name, data.model_copy(update={"tokens": None, "tags": None, "text": None}), tagged=tagged)
    left_out: Counter[str] = Counter()
    read = 0
    for line, task in objects(source):
        values = task.get("data", task)
        content = values.get(key) if isinstance(values, dict) else None
        if not isinstance(content, str):
            raise DataError(
                f"the task has no text {key!r}, but {', '.join(values) if isinstance(values, dict) else 'no data'}.",
                name,
                line,
                "Set data.text to the key of the text that was annotated.",
            )
        results = _results(task, left_out) if tagged else []
        if results is not None:
            spans = [span for one in results for span in _spans(one, content, name, line)]
            record = {TEXT: content, "entities": spans}
            yield from reader.sentences(
                {**record, DOCUMENT: values[DOCUMENT]} if DOCUMENT in values else record, line
            )
            read += 1
    if left_out:
        counts = ", ".join(f"{count} {why}" for why, count in sorted(left_out.items()))
        if not read:
            raise DataError(
                f"no task is annotated: {counts}.",
                name,
                remedy="Predictions are no annotations: submit the tasks in Label Studio, and export them again.",
            )
        logger.warning("%s: %d of %d tasks left out: %s", name, left_out.total(), left_out.total() + read, counts)


def write_label_studio(sentences: Iterable[Sentence], target: Target) -> None:
    """Write the texts that sentences make up as finished tasks.

    Words are kept as text only: read again, they are as the tokenizer cuts them.

    Raises:
        DataError: partial tags, or an unwritable file; the target is then as it was.
    """
    with replacing(target) as stream:
        between = HEAD
        for text in texts(sentences, target, whole_documents=False):
            found = regions(text.text, ((*entity, None) for entity in text.entities or ()))
            task = {"data": {TEXT: text.text, DOCUMENT: text.document}, "annotations": [{"result": found}]}
            stream.write(between + to_json(task))
            between = BETWEEN
        stream.write(FOOT if between == BETWEEN else HEAD + FOOT.lstrip())


def regions(text: str, entities: Iterable[tuple[str, int, int, float | None]]) -> list[dict[str, Any]]:
    """Labelled stretches of a text, from label, start, end and score, as annotations and predictions hold them."""
    return [
        {
            "id": str(number),
            "from_name": _FROM,
            "to_name": _TO,
            "type": "labels",
            "value": {"start": start, "end": end, "text": text[start:end], "labels": [label]},
            **({} if score is None else {"score": round(score, 6)}),
        }
        for number, (label, start, end, score) in enumerate(entities, start=1)
    ]


def _results(task: Mapping[str, Any], left_out: Counter[str]) -> Sequence[Any] | None:
    """What the annotation that counts holds; None, and why, if there is none."""
    if "data" not in task:  # JSON-MIN: an annotation, its regions under the name of their tag
        lists = [value for value in task.values() if isinstance(value, list)]
        return [{"value": one} for value in lists for one in value if isinstance(one, dict) and "labels" in one]
    made = task.get("annotations", task.get("completions"))
    given = [one for one in made or () if isinstance(one, dict)]
    done = [one for one in given if not one.get("was_cancelled")]
    if not done:
        left_out["skipped" if given else "not annotated"] += 1
        return None
    found = ([one for one in done if one.get("ground_truth")] or done)[-1].get("result")
    return found if isinstance(found, list) else []


def _spans(result: Any, text: str, name: str, line: int) -> Iterator[dict[str, Any]]:
    """The entity that a result is, if it is a labelled stretch of text."""
    value = result.get("value") if isinstance(result, dict) else None
    if not isinstance(value, dict) or not isinstance(value.get("labels"), list) or not value["labels"]:
        return
    start, end, labels = value.get("start"), value.get("end"), value["labels"]
    shown = json.dumps(value, ensure_ascii=False)
    if type(start) is not int or type(end) is not int:
        remedy = "The project has to label a <Text>: places in HTML, sound or pictures are none in a text."
        raise DataError(f"{shown:.100} has no offsets in characters.", name, line, remedy)
    if len(labels) > 1 or not isinstance(labels[0], str):
        remedy = "A token can be in one entity only: keep one of the labels."
        raise DataError(f"{shown:.100} has {len(labels)} labels.", name, line, remedy)
    places = _placed(text, start, end, value.get("text"))
    if places is None:
        raise DataError(
            f"the {labels[0]} region {start}-{end} is {text[start:end]!r:.80}, but should be {value['text']!r:.80}.",
            name,
            line,
            "Was the text changed after it was annotated?",
        )
    yield {"start": places[0], "end": places[1], "label": labels[0]}


def _placed(text: str, start: int, end: int, covered: Any) -> tuple[int, int] | None:
    """Start and end in characters, so that they cover what they should; None if nothing does."""
    if not isinstance(covered, str) or _same(text[start:end], covered):
        return start, end
    utf16 = Utf16(text)
    first, stop = utf16.character(start), utf16.character(end)
    if first is not None and stop is not None and _same(text[first:stop], covered):
        return first, stop
    return None


def _same(text: str, covered: str) -> bool:
    """Whether they are the same but for white space, which may be written ``\\\\n``."""
    return text.split() == covered.replace("\\n", "\n").split()
