import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.jsonl import read_jsonl
from ner.errors import DataError
from ner.schemes import to_spans
from tests.corpus.strategies import patient


def read(*records, tagged=True, **options):
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in records)
    return list(read_jsonl(io.BytesIO(text.encode()), DataConfig(**options), tagged=tagged))


@pytest.mark.parametrize("tokens", ["tokens", "words"])
@pytest.mark.parametrize("tags", ["tags", "ner_tags", "labels", "ner"])
def test_tokens_and_tags_by_their_usual_names(tokens, tags):
    (one,) = read({"id": 3, tokens: ["Ada", "left"], tags: ["B-PER", "O"]})
    assert (one.tokens, one.tags, one.columns) == (["Ada", "left"], ["B-PER", "O"], {})


def test_tokens_and_tags_by_names_of_ones_own():
    record = {"forms": ["Ada"], "tags": ["NNP"], "gold": ["S-PER"], "count": [3], "more": [1, 2]}
    (one,) = read(record, tokens="forms", tags="gold")
    assert (one.tokens, one.tags, one.columns) == (["Ada"], ["S-PER"], {"tags": ["NNP"], "count": ["3"]})


def test_lines_and_documents():
    records = [
        {"tokens": [word], "tags": ["O"], "document": number} for word, number in zip("abcd", "xxyx", strict=True)
    ]
    found = read(records[0], "", records[1], "  ", *records[2:], {"tokens": []})
    assert [(one.tokens[0], one.line, one.document) for one in found] == [
        ("a", 1, 0),
        ("b", 3, 0),
        ("c", 5, 1),
        ("d", 6, 2),
    ]


@pytest.mark.parametrize(
    "entities",
    [
        {"entities": [{"start": 0, "end": 12, "label": "PER"}, {"start": 25, "end": 31, "label": "LOC"}]},
        {
            "spans": [
                {"start": 0, "end": 12, "label": "PER", "token_end": 1},
                {"start": 25, "end": 31, "label": "LOC"},
            ]
        },
        {"label": [[0, 12, "PER"], [25, 31, "LOC"]]},
        {"labels": [[25, 31, "LOC"], [0, 12, "PER"]], "Comments": []},
        {
            "entities": [{"id": 1, "start_offset": 0, "end_offset": 12, "label": "PER"}, [25, 31, "LOC"]],
            "relations": [],
        },
        {
            "entities": [
                {"start": 0, "end": 12, "type": "PER", "text": "Ada Lovelace"},
                {"start": 25, "end": 31, "type": "LOC"},
            ]
        },
    ],
)
def test_texts_with_entities(entities):
    (one,) = read({"text": "Ada Lovelace was born in London.", **entities})
    assert one.tokens == ["Ada", "Lovelace", "was", "born", "in", "London", "."]
    assert one.tags == ["B-PER", "I-PER", "O", "O", "O", "B-LOC", "O"]


def test_each_text_is_a_document_of_sentences():
    found = read(
        {"text": "He left. She stayed.", "label": []}, {"text": "", "label": []}, {"text": "Bye.", "label": []}
    )
    assert [(one.tokens[0], one.line, one.document) for one in found] == [("He", 1, 0), ("She", 1, 0), ("Bye", 3, 2)]


def test_what_tag_to_jsonl_writes_is_read_back():
    from ner.document import Document, ScoredSpan

    text = "Mr. Oak left. Ada  stayed."
    offsets = [[(0, 3), (4, 7), (8, 12), (12, 13)], [(14, 17), (19, 25), (25, 26)]]
    document = Document(text, offsets, [[ScoredSpan("PER", 1, 2, 0.9)], [ScoredSpan("PER", 0, 1, 0.5)]])
    found = read(document.to_dict())
    assert [one.tokens for one in found] == [["Mr.", "Oak", "left", "."], ["Ada", "stayed", "."]]
    assert [one.tags for one in found] == [["O", "B-PER", "O", "O"], ["B-PER", "O", "O"]]


@patient
@given(st.lists(st.text(max_size=5), min_size=1, max_size=6), st.data())
def test_tokens_that_were_tagged_are_read_back(tokens, data):
    from ner.document import Document, ScoredSpan

    first = data.draw(st.integers(0, len(tokens) - 1))
    stop = data.draw(st.integers(first + 1, len(tokens)))
    document = Document.of_tokens(tokens, [ScoredSpan("X", first, stop, 1.0)])
    found = read(document.to_dict())
    assert [token for one in found for token in one.tokens] == tokens
    counted, spans = 0, []
    for one in found:
        spans += [(label, counted + start, counted + end) for label, start, end in to_spans(one.tags)]
        counted += len(one.tokens)
    assert spans == [("X", first, stop)]


def test_untagged():
    assert read({"tokens": ["a"]})[0].tags is None
    assert read({"text": "a"})[0].tags is None
    assert read({"tokens": ["a"], "tags": ["O"]}, tagged=False)[0].columns == {"tags": ["O"]}
    assert read({"text": "a", "label": [["bad"]]}, tagged=False)[0].tags is None


def test_empty_tokens_beside_a_text_that_has_some():
    assert read({"text": "Ada", "tokens": [], "label": [[0, 3, "PER"]]})[0].tags == ["B-PER"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats(allow_nan=True)
    | st.sampled_from(["O", "B-X", "ab c", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "tokens", "tags", "entities", "label", "start", "end", "sentences"]), inner
        )
    ),
    max_leaves=12,
)


@patient
@given(json_values | st.text(max_size=20))
def test_any_json_is_sentences_or_an_error(value):
    try:
        found = read(json.dumps(value))
    except DataError as error:
        assert error.line == 1 and error.remedy
        return
    for one in found:
        assert one.tokens and all(isinstance(token, str) for token in one.tokens)
        assert one.tags is None or len(one.tags) == len(one.tokens)


@patient
@given(st.binary(max_size=40))
def test_any_bytes_are_sentences_or_an_error(blob):
    try:
        list(read_jsonl(io.BytesIO(blob)))
    except DataError as error:
        assert error.remedy


def test_deep_nesting_is_an_error():
    with pytest.raises(DataError, match="is no JSON"):
        read("[" * 100_000)
