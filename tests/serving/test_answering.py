"""Jobs done together have the answers that each has alone, and that the tagger gives without a server."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("fastapi")

from hypothesis import given, settings
from hypothesis import strategies as st

from ner.ensemble import Ensemble
from ner.errors import NerError
from ner.serving.answering import BATCH_SIZE, answer, size_of
from ner.serving.jobs import InspectJob, TagJob
from ner.serving.looking import is_inspectable
from ner.tagger import Tagger
from ner.tagging import TagOptions, tag_file
from tests.inspection.taggers import SENTENCES, make_tagger

TEXT = "Ada Lovelace met Kofi Annan in New York. The old market in London opens at 9. 😀 Ada left."
WORDS = st.lists(st.sampled_from([*SENTENCES[0], *SENTENCES[1], "x", "😀"]), max_size=6)
OPTIONS = st.builds(
    TagOptions,
    min_score=st.sampled_from([0.0, 0.5]),
    threshold=st.sampled_from([None, 0.3]),
    probabilities=st.booleans(),
    n_best=st.sampled_from([0, 2]),
)
TEXTS = st.builds(TagJob, OPTIONS, texts=st.lists(st.builds(" ".join, WORDS), max_size=3))
TOKENS = st.builds(
    lambda options, sentences, together: TagJob(
        options, sentences=sentences, documents=[0] * len(sentences) if together else None
    ),
    OPTIONS,
    st.lists(WORDS, max_size=3),
    st.booleans(),
)
CONTEXT = make_tagger(context=3)


def near(one: Any, other: Any) -> bool:
    """Equal, but for the last digits of numbers, which hang on the size of the batch."""
    if isinstance(one, float):
        return abs(one - other) < 1e-5
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(near, one, other))
    return one == other


def records(body: bytes) -> list[dict]:
    return json.loads(body)["documents"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(TEXTS, TOKENS), max_size=4))
def test_together_as_alone(jobs: list[TagJob]) -> None:
    alone = [answer(CONTEXT, [job])[0] for job in jobs]
    for one, other in zip(answer(CONTEXT, jobs), alone, strict=True):
        assert near(records(one.body), records(other.body))
        assert (one.documents, one.tokens, one.entities) == (other.documents, other.tokens, other.entities)


@pytest.mark.parametrize(
    "options",
    [TagOptions(), TagOptions(min_score=0.9), TagOptions(threshold=0.2), TagOptions(probabilities=True, n_best=3)],
)
def test_a_document_is_a_line_of_ner_tag(tiny_tagger: Tagger, options: TagOptions) -> None:
    lines = io.StringIO()
    tag_file(tiny_tagger, io.BytesIO(TEXT.encode()), lines, read="text", write="jsonl", options=options)
    (found,) = answer(tiny_tagger, [TagJob(options, [TEXT])])
    assert records(found.body) == [json.loads(lines.getvalue())]
    assert found.documents == 1 and found.tokens == len(records(found.body)[0]["tokens"])


def test_tokens_and_their_documents(tiny_tagger: Tagger) -> None:
    for tagger in (tiny_tagger, CONTEXT):
        for documents in (None, [5, 5, 1]):
            job = TagJob(TagOptions(), sentences=SENTENCES, documents=documents)
            expected = [one.to_dict() for one in tagger.tag_tokens(SENTENCES, documents)]
            assert near(records(answer(tagger, [job, job])[1].body), expected)


def test_half_a_pair_of_surrogates_is_told_in_utf_8(tiny_tagger: Tagger) -> None:
    (found,) = answer(tiny_tagger, [TagJob(TagOptions(), ["Ada \ud83d left."])])
    assert records(found.body)[0]["text"] == "Ada \ud83d left."


def test_entities_are_counted_as_they_are_told(tiny_tagger: Tagger) -> None:
    (found,) = answer(tiny_tagger, [TagJob(TagOptions(), ["Ada lives in London ."])])
    assert found.entities == {"PER": 1, "LOC": 1}
    (fewer,) = answer(tiny_tagger, [TagJob(TagOptions(min_score=1.0), ["Ada lives in London ."])])
    assert not fewer.entities and records(fewer.body)[0]["entities"] == []


def test_a_picture(tiny_tagger: Tagger) -> None:
    tokens = ["Ada", "lives", "in", "London", "."]
    by_tokens, by_text = answer(tiny_tagger, [InspectJob(tokens), InspectJob("Ada lives in London.")])
    assert by_tokens.body == by_text.body
    picture = json.loads(by_tokens.body)
    assert picture["columns"] == tokens
    assert [entity["label"] for entity in picture["entities"]] == ["PER", "LOC"]
    assert picture["maps"][0]["title"] == "Gates"
    for one in picture["maps"]:
        assert all(len(row["cells"]) == len(tokens) for row in one["rows"])
    assert "NaN" not in by_tokens.body.decode()


@pytest.mark.parametrize("sentence", [[], "", "One. Two.", ["a"] * 121])
def test_no_picture(tiny_tagger: Tagger, sentence: str | list[str]) -> None:
    with pytest.raises(NerError):
        answer(tiny_tagger, [InspectJob(sentence)])


def test_exported_models_and_ensembles_have_no_picture(tiny_tagger: Tagger) -> None:
    exported = tiny_tagger.description.model_copy(update={"runtime": "onnx"})
    tagger = Tagger(tiny_tagger.predictor, exported, tiny_tagger.path)
    with pytest.raises(NerError, match="exported model"):
        answer(tagger, [InspectJob("Ada left.")])
    assert is_inspectable(tiny_tagger)
    assert not is_inspectable(tagger)
    assert not is_inspectable(Ensemble([tiny_tagger.path]))


def test_the_server_needs_no_torch_of_its_own() -> None:
    code = "import sys, ner.serving; assert not {'torch', 'datasets'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_columns_that_the_model_reads() -> None:
    tagger = make_tagger(features={"columns": ["pos"]}, columns=[[["X"] * len(tokens)] for tokens in SENTENCES])
    tokens = ["Ada", "left"]
    with pytest.raises(NerError, match="pos"):
        answer(tagger, [TagJob(TagOptions(), sentences=[tokens])])
    with pytest.raises(NerError, match="pos"):
        answer(tagger, [TagJob(TagOptions(), ["Ada left"])])
    job = TagJob(TagOptions(), sentences=[tokens], columns=[[["NNP", "VBD"]]])
    expected = tagger.tag_tokens([tokens], columns=[[["NNP", "VBD"]]])[0].to_dict()
    assert records(answer(tagger, [job])[0].body) == [expected]


def test_sizes() -> None:
    assert size_of(TagJob(TagOptions(), ["ab", "c"])) == 3
    assert size_of(TagJob(TagOptions(), sentences=[["ab", "c"], []])) == 5
    assert size_of(InspectJob("Ada")) == BATCH_SIZE
