from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import ModelError
from ner.features.characters import PADDING, UNKNOWN, CharacterVocabulary
from ner.features.word_lists import write_words

WORDS = st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=12), max_size=8)


def one_by_one(characters: list[str], words: list[str], max_length: int) -> list[list[int]]:
    """The definition, a character at a time."""
    numbers = {character: number for number, character in enumerate(characters, 2)}
    rows = []
    for word in words:
        if len(word) > max_length:
            half = max_length // 2
            word = word[: max_length - half] + word[len(word) - half :]
        rows.append([numbers.get(character, 1) for character in word])
    width = max([1, *map(len, rows)])
    return [row + [0] * (width - len(row)) for row in rows]


@given(WORDS, WORDS, st.integers(1, 9))
def test_encode_is_its_definition(training, words, max_length):
    vocabulary = CharacterVocabulary.build(training)
    encoded = vocabulary.encode(words, max_length)
    assert encoded.tolist() == one_by_one(sorted(set("".join(training))), words, max_length)
    assert encoded.dtype == np.int64
    assert encoded.shape[0] == len(words)
    assert 1 <= encoded.shape[1] <= max_length


def test_padding_and_unknown_characters():
    vocabulary = CharacterVocabulary.build(["ab"])
    assert len(vocabulary) == 4
    assert vocabulary.encode(["ba", "c", "\U0010ffff"], 10).tolist() == [
        [3, 2],
        [UNKNOWN, PADDING],
        [UNKNOWN, PADDING],
    ]


def test_a_long_word_keeps_its_two_ends():
    vocabulary = CharacterVocabulary.build(["abcdefghij"])
    numbers = vocabulary.encode(["abcdefghij"], 5)[0]
    assert [vocabulary.characters[number - 2] for number in numbers] == list("abcij")


def test_a_word_of_a_hundred_thousand_characters_makes_no_wide_table():
    assert CharacterVocabulary.build(["x"]).encode(["x" * 100_000, "y"], 48).shape == (2, 48)


def test_a_vocabulary_without_characters():
    assert CharacterVocabulary.build([]).encode(["ab", "\0"], 4).tolist() == [[1, 1], [1, 0]]


@given(WORDS)
def test_save_and_load(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("characters") / "characters.txt"
    vocabulary = CharacterVocabulary.build(words)
    vocabulary.save(path)
    loaded = CharacterVocabulary.load(path)
    assert loaded.characters == vocabulary.characters
    assert (loaded.encode(words, 12) == vocabulary.encode(words, 12)).all()


@pytest.mark.parametrize("characters", [["a", "a"], ["ab"], [""]])
def test_what_is_no_list_of_characters_is_refused(tmp_path, characters):
    write_words(tmp_path / "characters.txt", characters)
    with pytest.raises(ModelError, match=r"characters\.txt.*single and distinct"):
        CharacterVocabulary.load(tmp_path / "characters.txt")
