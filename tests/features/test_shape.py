from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.features.shape import SHAPES, encode, shape

EXAMPLES = {
    "other": ["", "\0", "\u200d", "\ue106"],
    "lower": ["dog", "don't", "e-mail", "straße", "i.e."],
    "capital": ["A", "J.", "'S", "É"],
    "upper": ["NATO", "U.S.", "AT&T", "ЕС", "R-CALIF"],
    "title": ["London", "O'neill", "«Москва", "Jean-paul", "St.", "ǅor"],
    "hyphenated title": ["Anglo-Saxon", "Baden-Württemberg", "X-Ray", "Rhône-Alpes-Côte"],
    "camel": ["iPhone", "eBay", "al-Qaeda", "d'Or"],
    "mixed": ["McDonald", "PhD", "O'Neill", "Anglo-saXon", "Anglo--Saxon", "-A-b-C"],
    "caseless": ["東京", "القاهرة", "तेल", "ㅋㅋ"],
    "number": ["1996", "3,000.5", "12:30", "50%", "-1", "٣"],
    "digits and lower": ["1990s", "mp3", "3rd", "5月"],
    "digits and upper": ["F-16", "B2B", "4x4Drive"],
    "punctuation": ["...", "$", ":)", "@", "#", "😀", "–", "½"],
    "mention": ["@name", "@Name_1"],
    "hashtag": ["#topic", "#1", "#東京"],
    "address": ["http://x.org/a?b=1", "https://t.co/X", "www.example.com", "me@example.com", "HTTP://X"],
}


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, words in EXAMPLES.items() for word in words])
def test_examples(name, word):
    assert SHAPES[shape(word)] == name


def test_every_category_has_an_example():
    assert tuple(EXAMPLES) == SHAPES  # and their order, which trained models rely on, stays as it is


@given(st.lists(st.text(st.characters(codec=None, exclude_categories=()))))
def test_any_word_has_a_category(words):
    shapes = encode(words)
    assert shapes.dtype == np.int64
    assert shapes.shape == (len(words),)
    assert all(0 <= number < len(SHAPES) for number in shapes)


@given(st.text(st.characters(categories=["Ll"]), min_size=1))
def test_lower_case_letters_are_lower(word):
    assert SHAPES[shape(word)] == "lower"


def test_a_very_long_word_takes_linear_time():
    start = time.process_time()
    for word in ("a" * 100_000, "a@" + "b." * 50_000 + "@", "-".join(["Ab"] * 30_000), "1" * 100_000 + "x"):
        shape(word)
    assert time.process_time() - start < 3  # 0.05 as it should be, 30 with a pattern that backtracks
