import copy
import pickle
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import MissingExtraError, NerError
from ner.text import DEFAULT_TOKENIZER, get_tokenizer, tokenizers

from .strategies import texts

BUILT_IN = ("english", "whitespace", "characters")


def check_tokens(text, tokens):
    """Every character that is no white space in exactly one token, and nothing cut that belongs together."""
    assert all(type(start) is int and type(end) is int for start, end in tokens)
    covered = [index for start, end in tokens for index in range(start, end)]
    assert covered == sorted(set(covered)), "out of order or overlapping"
    assert covered == [index for index, char in enumerate(text) if not char.isspace()]
    assert all(start < end for start, end in tokens)
    for start, _ in tokens:
        if start and not text[start - 1].isspace() and text[start - 1] != "\u200b":
            assert unicodedata.category(text[start])[0] != "M", "a mark begins a token"
            assert text[start] not in "\u200c\u200d\ufe0e\ufe0f\U0001f3fb", "a joiner begins a token"


@pytest.mark.parametrize("name", BUILT_IN)
@given(text=texts)
def test_every_character_that_is_no_white_space_is_in_exactly_one_token(name, text):
    check_tokens(text, get_tokenizer(name).tokenize(text))


@pytest.mark.parametrize("name", BUILT_IN)
@given(before=st.lists(texts, max_size=4), text=texts)
def test_what_was_tokenized_before_changes_nothing(name, before, text):
    fresh, used = copy_without_memory(name), copy_without_memory(name)
    for other in before:
        used.tokenize(other)
    expected = fresh.tokenize(text)
    assert used.tokenize(text) == expected
    assert used.tokenize(text) == expected


def copy_without_memory(name):
    tokenizers._build.cache_clear()
    return get_tokenizer(name)


@given(texts)
def test_a_chunk_is_cut_the_same_way_in_any_text(text):
    tokenizer = get_tokenizer("characters")
    alone = [
        (chunk_start + start, chunk_start + end)
        for chunk_start, chunk_end in get_tokenizer("whitespace").tokenize(text)
        for start, end in tokenizer.tokenize(text[chunk_start:chunk_end])
    ]
    assert tokenizer.tokenize(text) == alone


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(tokenizers, "_REMEMBERED_CHUNKS", 10)
    tokenizer = copy_without_memory("english")
    for number in range(100):
        tokenizer.tokenize(f"word{number} " + "x" * 1000 + str(number))
        assert len(tokenizer._remembered) <= 10
    assert tokenizer.tokenize("word1 word99.") == [(0, 5), (6, 12), (12, 13)]


def test_threads_share_a_tokenizer(monkeypatch):
    monkeypatch.setattr(tokenizers, "_REMEMBERED_CHUNKS", 50)
    tokenizer = get_tokenizer("english")
    documents = [" ".join(f"don't{i % 90}, (U.S.) x{i}." for i in range(start, start + 200)) for start in range(16)]
    serial = [tokenizer.tokenize(document) for document in documents]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tokenizer.tokenize, documents)) == serial


UNITS = "a a. a- a' n't ( ' . ! - _ * 0, -0 @ a@b. a-. http://( #0 &#1 :) 1/ 漢 🇩 ש\""


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("unit", [*UNITS.split(" "), "\u0301", "👩\u200d", "\x00", "\ud800"])
def test_a_token_of_100_000_characters_takes_linear_time(name, unit):
    # Anything that looks at each pair of characters would take minutes here.
    text = unit * (100_000 // len(unit))
    check_tokens(text, get_tokenizer(name).tokenize(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我爱3.5元Apple公司、", ["我", "爱", "3.5", "元", "Apple", "公", "司", "、"]),
        ("「行こう！」カナ々ー", ["「", "行", "こ", "う", "！", "」", "カ", "ナ", "々", "ー"]),
        ("ＡＢＣ１２３ 1,000 a1.b", ["ＡＢＣ１２３", "1,000", "a1", ".", "b"]),
        ("한국어 हिन्दी か\u3099𠮷", ["한국어", "हिन्दी", "か\u3099", "𠮷"]),
        ("don't!", ["don", "'", "t", "!"]),
    ],
)
def test_characters(text, expected):
    assert [text[start:end] for start, end in get_tokenizer("characters").tokenize(text)] == expected


def test_whitespace():
    text = "\tdon't stop...\xa0(now)\r\n"
    assert [text[start:end] for start, end in get_tokenizer("whitespace").tokenize(text)] == [
        "don't",
        "stop...",
        "(now)",
    ]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_tokenizer_is_rebuilt_from_its_name(name):
    tokenizer = get_tokenizer(name)
    assert tokenizer.name == name
    text = "He can't."
    for other in (get_tokenizer(tokenizer.name), copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert other.tokenize(text) == tokenizer.tokenize(text)


def test_the_default_is_english():
    assert get_tokenizer() is get_tokenizer("english")
    assert DEFAULT_TOKENIZER == "english"


@pytest.mark.parametrize("name", ["", "English", "nltk", "spacy", "spacy:", "english:de", " english"])
def test_an_unknown_name_lists_the_valid_ones(name):
    with pytest.raises(NerError, match="english, whitespace, characters, spacy:xx") as caught:
        get_tokenizer(name)
    assert repr(name) in str(caught.value)


def test_spacy_without_the_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingExtraError, match=r"spacy:de.*bilstm-crf-ner\[spacy\]"):
        get_tokenizer("spacy:de")


def test_the_import_is_light():
    command = "import sys, ner.text; sys.exit(any(name in sys.modules for name in ('torch', 'spacy', 'datasets')))"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
