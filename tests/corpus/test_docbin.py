"""Files of spaCy: read as spaCy means them, written so that spaCy reads the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.corpus.convert import convert_file
from ner.corpus.docbin import read_docbin, write_docbin
from ner.corpus.read import read
from ner.corpus.sentence import Sentence
from ner.errors import DataError, MissingExtraError
from ner.schemes import to_spans


def test_without_spacy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    for fails in (lambda: list(read(tmp_path / "a.spacy")), lambda: write_docbin([], tmp_path / "a.spacy")):
        with pytest.raises(MissingExtraError, match=r"a\.spacy needs an extra: .*bilstm-crf-ner\[spacy\]"):
            fails()


spacy = pytest.importorskip("spacy")
from spacy.tokens import Doc, DocBin  # noqa: E402 - there may be no spaCy

VOCABULARY = spacy.blank("xx").vocab


def doc(text: str, *entities: tuple[int, int, str]) -> Doc:
    made = spacy.blank("en")(text)
    made.set_ents([made.char_span(start, end, label=label) for start, end, label in entities])
    return made


def test_read(tmp_path: Path) -> None:
    docs = [doc("Ada  Lovelace left. Otto stays.", (0, 13, "PER"), (20, 24, "PER")), doc("It rained.")]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    found = list(read(tmp_path / "train.spacy"))
    assert [(one.tokens, one.tags, one.document, one.line) for one in found] == [
        (["Ada", "Lovelace", "left", "."], ["B-PER", "I-PER", "O", "O"], 0, 1),
        (["Otto", "stays", "."], ["B-PER", "O", "O"], 0, 1),
        (["It", "rained", "."], ["O", "O", "O"], 1, 2),
    ]
    assert [one.tags for one in read_docbin(tmp_path / "train.spacy", tagged=False)] == [None] * 3


def test_own_sentences_are_kept(tmp_path: Path) -> None:
    made = Doc(
        VOCABULARY, words=["Ada", "left", "Oslo"], sent_starts=[True, False, True], ents=["B-PER", "O", "B-LOC"]
    )
    DocBin(docs=[made]).to_disk(tmp_path / "a.spacy")
    assert [one.tokens for one in read(tmp_path / "a.spacy")] == [["Ada", "left"], ["Oslo"]]


def test_what_nobody_annotated(tmp_path: Path) -> None:
    made = Doc(VOCABULARY, words=["Ada", "left", "Oslo"], ents=["B-PER", "O", ""])
    assert not made[2].ent_iob
    DocBin(docs=[made]).to_disk(tmp_path / "a.spacy")
    assert [one.tags for one in read(tmp_path / "a.spacy")] == [["B-PER", "O", "?"]]
    with pytest.raises(DataError, match=r"Partial tags .* need columns or JSONL"):
        convert_file(tmp_path / "a.spacy", tmp_path / "b.spacy")
    assert not (tmp_path / "b.spacy").exists()


def test_converted_there_and_back(tiny_files: Path, tmp_path: Path) -> None:
    convert_file(tiny_files / "test.conll", tmp_path / "test.spacy")
    docs = list(DocBin().from_disk(tmp_path / "test.spacy").get_docs(VOCABULARY))
    before = list(read(tiny_files / "test.conll"))
    assert [len(list(one.sents)) for one in docs] == [len(before)]
    after = list(read(tmp_path / "test.spacy"))
    assert [(one.tokens, one.tags) for one in after] == [(one.tokens, one.tags) for one in before]


words = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=4)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.tuples(words, st.sampled_from(["O", "B-X", "I-X", "B-Y z"])), min_size=1), min_size=1))
def test_any_sentences(tmp_path_factory: pytest.TempPathFactory, rows: list[list[tuple[str, str]]]) -> None:
    path = tmp_path_factory.mktemp("any") / "a.spacy"
    given = [Sentence([word for word, _ in row], [tag for _, tag in row]) for row in rows]
    write_docbin(given, path)
    after = list(read_docbin(path))
    assert [one.tokens for one in after] == [one.tokens for one in given]
    assert [to_spans(one.tags or []) for one in after] == [to_spans(one.tags or []) for one in given]


def test_texts_stay_as_they_were(tmp_path: Path) -> None:
    text = "  Ada\tLovelace   left.\nOtto stays."
    (tmp_path / "a.jsonl").write_text(
        '{"text": "  Ada\\tLovelace   left.\\nOtto stays.", "entities": [[2, 14, "PER"], [23, 27, "PER"]]}\n'
    )
    convert_file(tmp_path / "a.jsonl", tmp_path / "a.spacy")
    (made,) = DocBin().from_disk(tmp_path / "a.spacy").get_docs(VOCABULARY)
    assert [made.text[one.start_char : one.end_char].split() for one in made.ents] == [["Ada", "Lovelace"], ["Otto"]]
    assert len(made.text) == len(text)
    assert made.text.split() == text.split()


@pytest.mark.parametrize("content", [b"", b"word O\n", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_another_kind_of_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.spacy").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.spacy: cannot be read as a file of spaCy: .* DocBin\.to_disk"):
        list(read(tmp_path / "a.spacy"))
    with pytest.raises(DataError, match="no such file"):
        list(read(tmp_path / "none.spacy"))
