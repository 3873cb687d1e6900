from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import ModelError
from ner.features.word_lists import read_words, write_words

ANY = st.characters(codec=None, exclude_categories=())  # lone surrogates too


@given(st.lists(st.text(ANY)))
def test_any_words_come_back(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("lists") / "words.txt"
    write_words(path, words)
    assert read_words(path) == words


def test_words_that_break_other_formats(tmp_path):
    words = [
        "",
        "a\nb",
        "\r",
        "\u2028",
        "\x85",
        "\0",
        "\ufeff",
        "\\",
        "\\u0041",
        "\\n",
        "\ud83d",
        "\ude00",
        "\ud83d\ude00",
    ]
    path = tmp_path / "words.txt"
    write_words(path, words)
    assert read_words(path) == words
    assert len(path.read_bytes().decode("utf-8").splitlines()) == len(words)  # a word a line, for any program


def test_ordinary_words_stand_for_themselves(tmp_path):
    path = tmp_path / "words.txt"
    write_words(path, ["naïve", "東京", '"', "'s", "😀"])
    assert path.read_bytes().decode() == "naïve\n東京\n\"\n's\n😀\n"


def test_line_ends_are_the_same_on_every_system(tmp_path):
    path = tmp_path / "words.txt"
    write_words(path, ["a", "b"])
    assert path.read_bytes() == b"a\nb\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"whole\ncut", "cut short"),
        (b"caf\xe9\n", "cannot be read"),
        (b"fine\nfine\nback\\slash\n", r"words.txt:3: expected backslash"),
        (b"\\u00g0\n", r"words.txt:1: expected backslash"),
        (b"\\ud83\n", r"words.txt:1: expected backslash"),
    ],
)
def test_damage_is_reported(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_words(path)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(ModelError, match=r"none\.txt"):
        read_words(tmp_path / "none.txt")
