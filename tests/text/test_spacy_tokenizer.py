import pytest
from hypothesis import example, given, settings

from ner.errors import NerError
from ner.text import get_tokenizer, segment, tokenizers

from .strategies import texts
from .test_tokenizers import check_tokens

pytest.importorskip("spacy")


@settings(deadline=None)
@given(text=texts)
@example("👩\u200d🚀 e\u0301\u0301 \ud800\n \xa0a")
def test_every_character_that_is_no_white_space_is_in_exactly_one_token(text):
    for name in ("spacy:de", "spacy:xx", "spacy:zh"):
        tokenizer = get_tokenizer(name)
        tokens = tokenizer.tokenize(text)
        check_tokens(text, tokens)
        assert [token for sentence in segment(text, tokenizer) for token in sentence] == tokens


def test_the_rules_are_those_of_the_language():
    text = "Das ist z.B. gut,  oder?"
    tokenizer = get_tokenizer("spacy:de")
    assert tokenizer.name == "spacy:de"
    assert [text[start:end] for start, end in tokenizer.tokenize(text)] == [
        "Das",
        "ist",
        "z.B.",
        "gut",
        ",",
        "oder",
        "?",
    ]


def test_the_memory_of_spacy_is_bounded(monkeypatch):
    monkeypatch.setattr("ner.text.spacy_tokenizer._MOST_STRINGS", 1_500)
    tokenizer = tokenizers._build.__wrapped__("spacy:xx")
    for number in range(3_000):
        assert tokenizer.tokenize(f"word{number}") == [(0, 4 + len(str(number)))]
        assert len(tokenizer._pipeline.vocab.strings) < 3_000


@pytest.mark.parametrize("language", ["qqq", "../etc", "en.lang", "EN"])
def test_an_unknown_language_is_an_error_of_ours(language):
    with pytest.raises(NerError, match=f"spacy:{language}"):
        get_tokenizer(f"spacy:{language}")
