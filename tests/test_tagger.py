"""A trained model in use: offsets that fit, answers that do not depend on the neighbours, order, wrong arguments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ner
from ner import ConfigError, Document, ModelError, Tagger
from tests.text.strategies import texts

WORDS = st.sampled_from(
    ["Ada", "Lovelace", "lives", "in", "London", "New", "York", ".", "Acme", "zzz", "\ud800", "", "a b"]
)


def plain(documents: list[Document]) -> list[list[tuple[str, str, int, int]]]:
    """Entities without their scores, which may differ in the last digits between batches."""
    return [[entity[:4] for entity in document.entities] for document in documents]


@given(texts)
@settings(max_examples=150, deadline=None)
def test_offsets_fit_any_text(tiny_tagger: Tagger, text: str) -> None:
    document = tiny_tagger.tag(text)
    assert document.text == text
    covered = [place for token in document.tokens for place in range(token.start, token.end)]
    assert covered == [place for place, char in enumerate(text) if not char.isspace()]
    bounds = {token.start for token in document.tokens} | {token.end for token in document.tokens}
    for piece in [*document.tokens, *document.entities]:
        assert text[piece.start : piece.end] == piece.text != ""
    for entity in document.entities:
        assert {entity.start, entity.end} <= bounds
        assert entity.label in tiny_tagger.labels and 0 < entity.score <= 1
    assert [len(tags) for tags in document.tags()] == [len(sentence) for sentence in document.sentences]


@given(st.lists(st.lists(WORDS, max_size=7), max_size=6))
@settings(max_examples=100, deadline=None)
def test_tokens_become_documents_joined_by_blanks(tiny_tagger: Tagger, sentences: list[list[str]]) -> None:
    documents = tiny_tagger.tag_tokens(sentences)
    assert [document.text for document in documents] == [" ".join(tokens) for tokens in sentences]
    assert [[token.text for token in document.tokens] for document in documents] == sentences
    for document in documents:
        assert all(document.text[one.start : one.end] == one.text for one in [*document.tokens, *document.entities])


@given(st.lists(st.lists(WORDS, min_size=1, max_size=9), min_size=1, max_size=6), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_alone_or_beside_longer_ones(tiny_tagger: Tagger, sentences: list[list[str]], length: int) -> None:
    long = ["Ada", "met", "Otto", "in", "New", "York", ","] * (length // 7 + 1)
    together = tiny_tagger.tag_tokens([long, *sentences, long])
    alone = [tiny_tagger.tag_tokens([tokens])[0] for tokens in sentences]
    assert [one.tags("IOBES") for one in together[1:-1]] == [one.tags("IOBES") for one in alone]


def test_the_same_from_a_file(tiny_tagger: Tagger, tiny_files: Path, tmp_path: Path) -> None:
    source, target = tiny_files / "test.conll", tmp_path / "out.conll"
    ner.tag_file(tiny_tagger, source, target)
    blocks = [block.split("\n") for block in target.read_text().strip().split("\n\n")]
    for rows in blocks:
        (document,) = tiny_tagger.tag_tokens([[row.split(" ")[0] for row in rows]])
        assert [row.split(" ")[2] for row in rows] == document.tags()[0]


def test_text_is_cut_as_the_model_says(tiny_tagger: Tagger) -> None:
    document = tiny_tagger.tag("Ada can't go. Otto lives in New York.")
    assert [[token.text for token in sentence] for sentence in document.sentences] == [
        ["Ada", "ca", "n't", "go", "."],
        ["Otto", "lives", "in", "New", "York", "."],
    ]
    tokens = [[token.text for token in sentence] for sentence in document.sentences]
    assert document.tags() == [one.tags()[0] for one in tiny_tagger.tag_tokens(tokens)]


def test_streams_keep_their_order_and_are_not_read_ahead_of_the_window(tiny_tagger: Tagger) -> None:
    taken: list[int] = []

    def endless() -> Iterator[str]:
        while True:
            taken.append(len(taken))
            yield f"Ada met number {taken[-1]} in London ." + " Otto" * (taken[-1] % 5)

    stream = tiny_tagger.stream(endless(), window=8)
    for number in range(30):
        document = next(stream)
        assert f"number {number} in" in document.text
        assert len(taken) <= number // 8 * 8 + 8
    assert plain([document]) == plain([tiny_tagger.tag(document.text)])


def test_long_texts_fill_the_window_sooner(tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ner.tagger._CHARACTERS_AHEAD", 20)
    taken: list[str] = []
    stream = tiny_tagger.stream(taken.append(text) or text for text in ["x" * 30, "y", "z"])  # type: ignore[func-returns-value]
    assert next(stream).text == "x" * 30 and len(taken) == 1
    assert [document.text for document in stream] == ["y", "z"]


def test_empty_things(tiny_tagger: Tagger) -> None:
    assert tiny_tagger.tag("") == Document("", [], [])
    assert tiny_tagger.tag(" \n").entities == []
    assert tiny_tagger.tag_tokens([]) == []
    (document,) = tiny_tagger.tag_tokens([[]])
    assert (document.text, document.tokens, document.entities, document.tags()) == ("", [], [], [[]])
    assert list(tiny_tagger.stream([])) == []


def test_one_where_many_are_expected_is_an_error(tiny_tagger: Tagger) -> None:
    for wrong, name in ((None, "NoneType"), (["Ada"], "list")):
        with pytest.raises(TypeError, match=f"tag takes a text, got {name}; for several texts, use stream"):
            tiny_tagger.tag(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="for a single one, use tag"):
        list(tiny_tagger.stream("Ada lives in London."))
    for wrong in ("Ada lives", ["Ada", "lives"], [["Ada"], "lives"]):
        with pytest.raises(TypeError, match="sentences, each a list of tokens"):
            tiny_tagger.tag_tokens(wrong)  # type: ignore[arg-type]
    for token, name in ((None, "NoneType"), (1843, "int"), (b"Ada", "bytes")):
        with pytest.raises(TypeError, match=f"tokens that are strings, got {name}"):
            tiny_tagger.tag_tokens([["Ada"], ["in", token]])  # type: ignore[list-item]
    assert tiny_tagger.tag_tokens([["Ada"]])[0].text == "Ada"
    assert len(tiny_tagger.tag_tokens(iter([["Ada"], ["Oslo"]]))) == 2  # type: ignore[arg-type]


def test_documents_show_themselves(tiny_tagger: Tagger) -> None:
    document = tiny_tagger.tag("Ada Lovelace lives in <London>.")
    assert "&lt;" in document._repr_html_() and document._repr_html_().startswith("<div")
    assert document.to_dict()["text"] == document.text


def test_a_tagger_says_what_it_is(tiny_tagger: Tagger) -> None:
    assert repr(tiny_tagger) == f"<Tagger {tiny_tagger.path}, labels: {', '.join(tiny_tagger.labels)}, on cpu, fp32>"


def test_load_takes_the_model_or_its_run(tiny_model: Path) -> None:
    by_run, by_model = ner.load(tiny_model.parent), ner.load(str(tiny_model))
    assert by_run.identity()["sha256"] == by_model.identity()["sha256"]
    assert by_model.labels == ["LOC", "ORG", "PER"]
    assert by_model.identity()["version"] == ner.__version__


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_devices_that_are_not_there(tiny_model: Path, device: str) -> None:
    with pytest.raises(ConfigError, match=f"device {device}: cannot be used here: .*; cpu always can"):
        ner.load(tiny_model, device=device)


def test_what_is_no_device_is_told_in_short(tiny_model: Path) -> None:
    with pytest.raises(ConfigError, match=r"^device gpu: cannot be used here: expected cpu, cuda, or cuda:1"):
        ner.load(tiny_model, device="gpu")


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        ner.load(tmp_path / "nothing")
    with pytest.raises(ModelError, match="not a model folder"):
        ner.load(tmp_path)


def test_the_public_names() -> None:
    assert sorted(ner.__all__) == dir(ner)
    for name in ner.__all__:
        assert getattr(ner, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = ner.lod


def test_import_waits_for_nothing_heavy() -> None:
    heavy = ("torch", "datasets", "numpy", "pydantic", "accelerate", "seqeval")
    code = f"import sys, ner, ner.cli; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_is_no_model_is_told_before_torch_is_there(tmp_path: Path) -> None:
    code = (
        "import sys, ner\n"
        "try:\n    ner.load(sys.argv[1])\n"
        "except ner.ModelError as error:\n    print(error, 'torch' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "none")], capture_output=True, text=True, check=True
    )
    assert run.stdout == f"{tmp_path / 'none'}: no such folder; a training writes its model into OUTPUT/model False\n"
