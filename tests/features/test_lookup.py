from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ner.features import lookup
from ner.features.lookup import Lookup, find_sorted, spellings

WORDS = st.text(alphabet="aAbB01٣İ-", max_size=5)


def by_the_book(word: str, table: dict[str, int], unknown: int) -> int:
    def zeros(text: str) -> str:
        return re.sub(r"\d", "0", text)

    for spelling in (word, word.lower(), zeros(word), zeros(word.lower())):
        if spelling in table:
            return table[spelling]
    return unknown


def test_the_chain_is_exact_then_lower_then_zeros_then_both():
    assert list(spellings("Boeing747")) == ["Boeing747", "boeing747", "Boeing000", "boeing000"]
    assert list(spellings("747")) == ["747", "000"]
    assert list(spellings("Boeing")) == ["Boeing", "boeing"]
    assert list(spellings("of")) == ["of"]
    assert list(spellings("٣")) == ["٣", "0"]


@given(st.lists(WORDS, unique=True), st.lists(WORDS, max_size=30))
def test_rows_follow_the_chain_whatever_was_asked_before(known, asked):
    table = {word: row for row, word in enumerate(known)}
    rows = Lookup(table.get, -1)
    expected = [by_the_book(word, table, -1) for word in asked]
    assert rows.rows(asked).tolist() == expected
    assert rows.rows(asked[::-1]).tolist() == expected[::-1]
    assert rows.rows(asked).dtype == np.int64


def test_a_remembered_fallback_is_no_word_of_its_own():
    # "foo1" is found as "foo0"; were it then taken for known, "Foo1" would skip "Foo0".
    rows = Lookup({"foo0": 7, "Foo0": 8}.get, 0)
    assert rows["foo1"] == 7
    assert rows["Foo1"] == 8


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(lookup, "_REMEMBERED", 10)
    rows = Lookup({"a": 3}.get, -1)
    asked = [f"{number}" for number in range(100)] + ["a", "A", "x" * 100_000]
    assert rows.rows(asked).tolist() == [-1] * 100 + [3, 3, -1]
    assert len(rows) <= 10
    assert max(map(len, rows)) <= 64


@given(st.lists(st.text(), unique=True).map(sorted), st.text(), st.integers(0, 9), st.integers(0, 9))
def test_find_sorted_is_list_index(words, word, start, stop):
    start, stop = sorted((min(start, len(words)), min(stop, len(words))))
    for asked in [*words, word]:
        expected = words.index(asked, start, stop) if asked in words[start:stop] else None
        assert find_sorted(words, asked, start, stop) == expected
