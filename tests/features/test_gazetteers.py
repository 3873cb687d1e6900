from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import DataError, ModelError
from ner.features.gazetteers import Gazetteers

B, I, E, S = 1, 2, 3, 4  # noqa: E741
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)


def gazetteers(folder, *lists: list[str]) -> Gazetteers:
    paths = []
    for number, names in enumerate(lists):
        paths.append(folder / f"list{number}.txt")
        paths[-1].write_bytes("".join(f"{name}\n" for name in names).encode())
    return Gazetteers.build(paths)


def found(folder, names: list[str], sentence: str) -> list[int]:
    return gazetteers(folder, names).encode(sentence.split(" "))[:, 0].tolist()


def test_the_longest_match_counts(tmp_path):
    names = ["New York", "New York City Council", "York City", "City"]
    assert found(tmp_path, names, "The New York City Council of York City") == [0, B, I, I, E, 0, B, E]
    assert found(tmp_path, names, "New York City") == [B, E, S]
    assert found(tmp_path, names, "New New York Council") == [0, B, E, 0]
    assert found(tmp_path, names, "York New City") == [0, 0, S]


@pytest.mark.parametrize(
    ("name", "sentence", "tags"),
    [
        ("Reading", "reading Reading READING", [0, S, S]),
        ("reading", "reading Reading READING", [S, S, S]),
        ("New York", "new york NEW YORK", [B, E, B, E]),
        ("iPhone", "iphone iPhone", [0, S]),
        ("東京", "東京 東", [S, 0]),
        ("ΟΔΟΣ ΣΑΣ", "οδος σας Οδος Σας", [B, E, B, E]),
    ],
)
def test_case(tmp_path, name, sentence, tags):
    assert found(tmp_path, [name], sentence) == tags


def test_a_name_listed_in_both_cases_matches_in_any(tmp_path):
    assert found(tmp_path, ["Reading", "reading"], "reading") == [S]


@pytest.mark.parametrize(
    ("name", "sentence", "tags"),
    [
        ("Yahoo!", "Yahoo !", [B, E]),
        ("Yahoo!", "yahoo !", [0, 0]),
        ("Yahoo!", "Yahoo!", [S]),
        ("Yahoo !", "Yahoo! Yahoo", [S, 0]),
        ("O'Neill", "O'Neill O 'Neill O ' Neill", [S, B, E, B, I, E]),
        ("Neill", "O'Neill", [0]),
        ("O'", "O'Neill", [0]),
        ("St. John's", "St. John 's", [B, I, E]),
        ("U.S.", "us U.S. US", [0, S, 0]),
    ],
)
def test_tokens_may_be_split_in_another_way(tmp_path, name, sentence, tags):
    assert found(tmp_path, [name], sentence) == tags


def test_tokens_without_a_letter_or_sign_are_no_part_of_a_name(tmp_path):
    lists = gazetteers(tmp_path, ["New York"])
    assert lists.encode(["\u3000", "New", "York", "\u3000"]).tolist() == [[0], [B], [E], [0]]


def test_each_list_is_a_column(tmp_path):
    lists = gazetteers(tmp_path, ["New York"], ["York"], ["Rome"])
    assert len(lists) == 3
    assert lists.encode(["New", "York"]).tolist() == [[B, 0, 0], [E, S, 0]]
    assert lists.encode([]).shape == (0, 3)
    assert lists.encode([]).dtype == np.int64


def slowly(names: list[str], tokens: list[str]) -> list[int]:
    """The rule by trying every span of tokens, the longest first, at every place from left to right."""

    def cut(text: str) -> list[str]:
        return [piece.lower() for piece in re.findall(r"\w+|[^\w\s]", text)]

    tags, place = [0] * len(tokens), 0
    while place < len(tokens):
        for stop in range(len(tokens), place, -1):
            span = tokens[place:stop]
            if not cut(span[0]) or not cut(span[-1]):
                continue
            capital = any(token != token.lower() for token in span)
            same = [name for name in names if cut(name) == [piece for token in span for piece in cut(token)]]
            if any(len(name.split()) > 1 or name == name.lower() or capital for name in same):
                size = stop - place
                tags[place:stop] = [S] if size == 1 else [B, *[I] * (size - 2), E]
                place = stop
                break
        else:
            place += 1
    return tags


NAMES = st.lists(st.text("aAb'. ", min_size=1, max_size=6).filter(str.strip), min_size=1, max_size=6)


@given(NAMES, st.lists(st.text("aAb'.\u3000", max_size=3), max_size=8))
def test_matches_are_those_of_the_rule(tmp_path_factory, names, tokens):
    lists = gazetteers(tmp_path_factory.mktemp("lists"), names)
    assert lists.encode(tokens)[:, 0].tolist() == slowly(names, tokens)


@given(NAMES, NAMES, st.lists(ANY))
def test_save_and_load(tmp_path_factory, first, second, tokens):
    folder = tmp_path_factory.mktemp("lists")
    lists = gazetteers(folder, first, second)
    lists.save(folder / "saved.json")
    loaded = Gazetteers.load(folder / "saved.json")
    assert [names.needs_capital for names in loaded.lists] == [names.needs_capital for names in lists.lists]
    assert [names.title for names in loaded.lists] == ["list0.txt", "list1.txt"]
    tokens = [*tokens, *(word for name in first + second for word in name.split())]
    assert (loaded.encode(tokens) == lists.encode(tokens)).all()


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"list0\.txt: the file holds no names"):
        gazetteers(tmp_path, ["", "  "])
    with pytest.raises(DataError, match=r"none: no such file"):
        Gazetteers.build([tmp_path / "none"])
    (tmp_path / "latin").write_bytes(b"Rome\ncaf\xe9\n")
    with pytest.raises(DataError, match=r"latin:2: the line is not UTF-8"):
        Gazetteers.build([tmp_path / "latin"])


def test_line_ends_and_byte_order_marks(tmp_path):
    (tmp_path / "names").write_bytes("\ufeffRome\r\n\r\nNew York".encode())
    assert Gazetteers.build([tmp_path / "names"]).encode(["Rome", "New", "York"]).tolist() == [[S], [B], [E]]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[1]",
        "[" * 100_000,
        json.dumps([{"title": "a", "capitalized": [], "others": [1]}]),
        json.dumps([{"title": "a", "capitalized": "abc", "others": []}]),
        json.dumps([{"title": 1, "capitalized": [], "others": []}]),
        json.dumps([{"title": "a", "capitalized": []}]),
    ],
)
def test_what_is_no_saved_list_is_refused(tmp_path, content):
    (tmp_path / "saved.json").write_text(content)
    with pytest.raises(ModelError, match=r"saved\.json: cannot be read as lists of names"):
        Gazetteers.load(tmp_path / "saved.json")


def test_a_missing_saved_list(tmp_path):
    with pytest.raises(ModelError, match=r"saved\.json"):
        Gazetteers.load(tmp_path / "saved.json")
