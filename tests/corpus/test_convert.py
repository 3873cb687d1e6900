import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.convert import convert_file
from ner.corpus.read import read
from ner.corpus.write import write_columns
from ner.errors import DataError
from ner.schemes import SCHEMES, Span, detect, illegal, to_spans
from tests.corpus.strategies import content, corpora, patient, plain_words

TOUCHING = (
    "Ada\tNNP\tI-PER\nBob\tNNP\tB-PER\nsaw\tVBD\tO\n"
    "New\tNNP\tI-LOC\nYork\tNNP\tI-LOC\n\n-DOCSTART-\tO\tO\n\nHi\tUH\tO\n\n"
)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["there.conll", "there.jsonl"])
def test_adjacent_entities_documents_and_columns_survive(tmp_path, scheme, name):
    source, there, back = tmp_path / "a.conll", tmp_path / name, tmp_path / "back.conll"
    source.write_text(TOUCHING)
    convert_file(source, there, scheme=scheme)
    (first, second) = read(there)
    assert to_spans(first.tags) == [Span("PER", 0, 1), Span("PER", 1, 2), Span("LOC", 3, 5)]
    assert illegal(first.tags, scheme) == []
    assert (first.columns, second.document) == ({"1": ["NNP", "NNP", "VBD", "NNP", "NNP"]}, 1)
    convert_file(there, back, scheme="IOB1")
    assert back.read_text() == TOUCHING


@patient
@given(
    corpora(word=plain_words, columns=("1", "2")),
    st.sampled_from(SCHEMES),
    st.sampled_from(["there.conll", "there.jsonl", "there.conll.gz"]),
)
def test_there_and_back(tmp_path_factory, sentences, scheme, name):
    folder = tmp_path_factory.getbasetemp()
    source, there, back = folder / "source.conll", folder / name, folder / "back.conll"
    write_columns(sentences, source)
    options = DataConfig(word_column=0)
    own = detect(one.tags for one in sentences)
    expected = [(one.tokens, to_spans(one.tags), one.document, one.columns) for one in sentences]
    convert_file(source, there, data=options, scheme=scheme)
    convert_file(there, back, data=options, scheme=own)
    found = [(one.tokens, to_spans(one.tags), one.document, one.columns) for one in read(back, options)]
    assert found == expected


@patient
@given(corpora(word=plain_words))
def test_without_a_scheme_the_tags_stay_as_they_are(tmp_path_factory, sentences):
    folder = tmp_path_factory.getbasetemp()
    write_columns(sentences, folder / "source.conll")
    convert_file(folder / "source.conll", folder / "there.jsonl")
    assert content(read(folder / "there.jsonl")) == content(sentences)


def test_partial_tags_pass_but_take_no_other_scheme(tmp_path):
    source, target = tmp_path / "a.conll", tmp_path / "b.conll"
    source.write_text("Ada\tB-PER|O\nleft\t?\n\n")
    convert_file(source, target)
    assert target.read_text() == source.read_text()
    with pytest.raises(DataError, match=r"a.conll:1: .*partial"):
        convert_file(source, target, scheme="IOBES")
    with pytest.raises(DataError, match="cannot be written with character offsets"):
        convert_file(source, target, format="spans")
    assert target.read_text() == source.read_text()


def test_the_columns_of_the_source_keep_their_places(tmp_path):
    source, target = tmp_path / "a.conll", tmp_path / "b.conll"
    source.write_text("O x Ada\nB-X y Bob\n\n")
    convert_file(source, target, data=DataConfig(word_column=2, tag_column=0))
    assert target.read_text() == "O\tx\tAda\nB-X\ty\tBob\n\n"


def test_text_keeps_its_offsets_on_the_way_through_brat(tmp_path):
    source = tmp_path / "a.jsonl"
    record = {"text": "Ada   met\nBob. Then she left.", "label": [[0, 3, "PER"], [10, 13, "PER"]]}
    source.write_text(json.dumps(record))
    convert_file(source, tmp_path / "brat", format="brat")
    convert_file(tmp_path / "brat", tmp_path / "b.jsonl", format="spans")
    found = json.loads((tmp_path / "b.jsonl").read_text())
    assert [[one["start"], one["end"], one["label"]] for one in found["entities"]] == record["label"]


@pytest.mark.parametrize(("format", "scheme"), [("parquet", None), ("xml", None), (None, "IOB3")])
def test_unknown_formats_and_schemes(tmp_path, format, scheme):
    (tmp_path / "a.conll").write_text("a O\n")
    with pytest.raises(DataError, match=r"The (formats|schemes) are"):
        convert_file(tmp_path / "a.conll", tmp_path / "b", format=format, scheme=scheme)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("target", ["train.txt", "train.ann", "./train.ann"])
def test_neither_file_of_a_pair_takes_the_place_of_the_input(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "train.txt"
    source.write_text("Ada B-PER\n")
    with pytest.raises(DataError, match=r"train.txt: is the input, too, and would be lost"):
        convert_file(source, target, format="brat")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("train.txt", "Ada B-PER\n")]
