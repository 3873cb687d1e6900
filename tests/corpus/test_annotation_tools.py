"""Finished work of doccano and Label Studio, in and out."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.checking import check
from ner.config import DataConfig
from ner.corpus.convert import convert_file
from ner.corpus.doccano import read_doccano, write_doccano
from ner.corpus.formats import format_of
from ner.corpus.label_studio import read_label_studio, write_label_studio
from ner.corpus.read import load, read
from ner.corpus.sentence import Sentence
from ner.errors import DataError
from ner.schemes import to_spans
from tests.corpus.strategies import corpora, patient

WRITERS = {"doccano": write_doccano, "label-studio": write_label_studio}
wide_words = st.text("abcXYZ019.,'-é😀👩", min_size=1, max_size=6)

EXPORT = (  # of doccano: offsets in units of UTF-16, metadata beside them
    '{"id": 3, "text": "Ada 😀 met Otto.", "by": "x", "label": [[0, 3, "PER"], [11, 15, "PER"]], "Comments": []}\n'
    '{"id": 4, "text": "It rained.", "label": [], "Comments": ["why?"]}\n'
)
RELATIONS = (
    '{"id": 1, "text": "Ada met Otto.", "entities": [{"label": "PER", "start_offset": 8, "end_offset": 12}], '
    '"relations": [], "Comments": []}\n'
)


def region(start, end, label, text=None, **more):
    value = {"start": start, "end": end, "labels": [label], **({} if text is None else {"text": text})}
    return {"id": "a1", "from_name": "label", "to_name": "text", "type": "labels", "value": value, **more}


def task(text, *annotations, **more):
    return {"id": 1, "annotations": list(annotations), "data": {"text": text}, "predictions": [], **more}


def tasks(*values):
    return json.dumps(values, indent=1).encode()


def found(sentences):
    return [(label, " ".join(one.tokens[a:b])) for one in sentences for label, a, b in to_spans(one.tags)]


def of_studio(*values, **options):
    return found(read_label_studio(io.BytesIO(tasks(*values)), DataConfig(**options)))


@pytest.mark.parametrize(("content", "expected"), [(EXPORT, ["Ada", "Otto"]), (RELATIONS, ["Otto"])])
def test_exports_of_doccano(tmp_path, content, expected):
    (tmp_path / "all.jsonl").write_text(content)
    assert format_of(tmp_path / "all.jsonl") == "doccano"
    assert found(read(tmp_path / "all.jsonl")) == [("PER", name) for name in expected]


def test_doccano_without_its_signs_is_told():
    plain = b'{"body": "\\ud83d\\ude00 Ada", "label": [[3, 6, "PER"]]}'
    assert found(read_doccano(io.BytesIO(plain), DataConfig(text="body"))) == [("PER", "Ada")]
    within = b'{"text": "\\ud83d\\ude00 Ada", "label": [[1, 6, "PER"]]}'
    with pytest.raises(DataError, match=r"<stream>:1: a span begins or ends at 1, within a character"):
        list(read_doccano(io.BytesIO(within)))


@pytest.mark.parametrize("tool", WRITERS)
@patient
@given(sentences=corpora(word=wide_words))
def test_entities_come_back(tmp_path_factory, tool, sentences):
    target = tmp_path_factory.getbasetemp() / f"{tool}.json"
    WRITERS[tool](sentences, target)
    back = list(read(target, DataConfig(format=tool, tokenizer="whitespace")))

    def by_document(corpus):
        entities = {number: [] for number in range(5)}
        for one in corpus:
            entities[one.document] += [(label, one.tokens[a:b]) for label, a, b in to_spans(one.tags)]
        return entities, {n: [t for one in corpus if one.document == n for t in one.tokens] for n in range(5)}

    assert by_document(back) == by_document(sentences)


@pytest.mark.parametrize("tool", WRITERS)
def test_converted_from_a_text_and_back_every_offset_stays(tmp_path, tool):
    record = {"text": "😀 Ada   met\nBob. Then she left.", "label": [[2, 5, "PER"], [12, 15, "PER"]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    convert_file(tmp_path / "a.jsonl", tmp_path / "b.json", format=tool)
    if tool == "label-studio":
        assert format_of(tmp_path / "b.json") == tool
    convert_file(tmp_path / "b.json", tmp_path / "c.jsonl", data=DataConfig(format=tool), format="spans")
    (back,) = map(json.loads, (tmp_path / "c.jsonl").read_text().splitlines())
    assert [[one["start"], one["end"], one["label"]] for one in back["entities"]] == record["label"]
    assert back["text"].split() == record["text"].split()


def test_what_counts_of_a_task(caplog):
    wrong, right = region(0, 3, "LOC"), region(0, 3, "PER", "Ada")
    assert of_studio(task("Ada left.", {"result": [wrong]}, {"result": [right]})) == [("PER", "Ada")]
    truth = {"result": [right], "ground_truth": True}
    assert of_studio(task("Ada left.", truth, {"result": [wrong]})) == [("PER", "Ada")]
    skipped = {"result": [wrong], "was_cancelled": True}
    assert of_studio(task("Ada left.", {"result": [right]}, skipped)) == [("PER", "Ada")]
    predicted = task("Otto left.", predictions=[{"result": [region(0, 4, "PER")]}])
    with caplog.at_level(logging.WARNING):
        assert of_studio(predicted, task("So.", skipped), task("Ada left.", {"result": [right]})) == [("PER", "Ada")]
    assert "<stream>: 2 of 3 tasks left out: 1 not annotated, 1 skipped" in caplog.text
    everything = read_label_studio(io.BytesIO(tasks(predicted, task("So.", skipped))), tagged=False)
    assert [one.tokens[0] for one in everything] == ["Otto", "So"]
    assert of_studio(task("It rained.", {"result": []})) == []
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    choice = {"type": "choices", "value": {"choices": ["x"]}}
    empty = region(0, 3, "PER") | {"value": {"start": 0, "end": 3, "labels": []}}
    assert of_studio(task("Ada left.", {"result": [relation, choice, right, empty]})) == [("PER", "Ada")]
    assert of_studio({"completions": [{"result": [right]}], "data": {"text": "Ada left."}}) == [("PER", "Ada")]


def test_other_exports_and_other_keys():
    flat = {"id": 1, "review": "Ada left.", "label": [{"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}]}
    assert of_studio(flat, text="review") == [("PER", "Ada")]
    assert of_studio({"annotations": [{"result": [region(0, 3, "PER")]}], "data": {"body": "Ada"}}, text="body")


def test_offsets_of_old_versions_count_units(tmp_path):
    assert of_studio(task("😀 Ada left.", {"result": [region(2, 5, "PER", "Ada")]})) == [("PER", "Ada")]
    assert of_studio(task("😀 Ada left.", {"result": [region(3, 6, "PER", "Ada")]})) == [("PER", "Ada")]
    assert of_studio(task("New\nYork", {"result": [region(0, 8, "LOC", "New\\nYork")]})) == [("LOC", "New York")]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (
            [task("Ada", {"result": [region(0, 3, "PER", "Bob")]})],
            r"a.json:2: the PER region 0-3 is 'Ada', but should",
        ),
        ([task("Ada", {"result": [region("/p[1]", 3, "PER")]})], r"a.json:2: .* has no offsets in characters"),
        (
            [{"id": 1, "annotations": [{"result": []}], "data": {"image": "x"}}],
            r"a.json:2: the task has no text 'text'",
        ),
        ([{"annotations": [{"result": []}], "data": 1}], r"a.json:2: the task has no text 'text', but no data"),
        (
            [task("Ada"), task("Otto")],
            r"a.json: no task is annotated: 2 not annotated. Predictions are no annotations",
        ),
        ([task("Ada left", {"result": [region(0, 5, "PER")]})], r"a.json:2: the PER span .* cuts the token 'left'"),
        (
            [task("Ada left", {"result": [region(0, 3, "PER"), region(0, 8, "ORG")]})],
            r"a.json:2: the ORG span .* overlaps the PER span",
        ),
        (
            [
                task(
                    "Ada", {"result": [region(0, 3, "PER") | {"value": {"start": 0, "end": 3, "labels": ["A", "B"]}}]}
                )
            ],
            r"a.json:2: .* has 2 labels",
        ),
    ],
)
def test_what_is_refused(tmp_path, value, fault):
    (tmp_path / "a.json").write_bytes(tasks(*value))
    with pytest.raises(DataError, match=fault):
        list(read(tmp_path / "a.json", DataConfig(format="label-studio")))


def test_cut_spans_go_as_the_user_chose():
    cut = task("Ada left", {"result": [region(0, 5, "PER")]})
    assert of_studio(cut, cut_spans="widen") == [("PER", "Ada left")]
    assert of_studio(cut, cut_spans="drop") == []


@pytest.mark.parametrize("tool", WRITERS)
def test_training_and_check_take_them(tmp_path, tool):
    convert = [Sentence(["Ada", "left", "."], ["B-PER", "O", "O"], 0, number) for number in range(3)]
    WRITERS[tool](convert, tmp_path / "train.json")
    data = DataConfig(train=str(tmp_path / "train.json"), format=tool)
    assert load(data)["train"]["tags"][:] == [["B-PER", "O", "O"]] * 3
    assert check(data).splits["train"].labels["PER"] == 3


def test_no_sentences_are_no_tasks(tmp_path):
    write_label_studio([], tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", tasks(task("Ada", {"result": []})), "label-studio"),
        ("a.json", tasks({"text": "Ada", "label": [{"start": 0, "end": 3, "labels": ["PER"]}]}), "label-studio"),
        ("a.jsonl", json.dumps(task("Ada", {"result": []})).encode(), "label-studio"),
        ("a.jsonl", b'{"text": "he said \\"annotations\\": [ and \\"data\\": {", "label": []}', "jsonl"),
        ("a.jsonl", b'{"tokens": ["a"], "tags": ["O"], "annotations": []}', "jsonl"),
        ("a.json", b'[{"text": "Ada", "label": [[0, 3, "PER"]]}]', "jsonl"),
    ],
)
def test_formats_by_look(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert format_of(tmp_path / name) == expected
