from __future__ import annotations

import json
from collections import Counter

import pytest
import torch

from ner.errors import NerError
from ner.inspection import filters as module
from ner.inspection.filters import OUTSIDE, char_filters
from tests.inspection.taggers import make_tagger


def ngrams_of(words, width):
    """Under a filter centred on each character, one more to the right where the width is even."""
    before, after = (width - 1) // 2, width // 2
    counts = Counter()
    for word in words:
        padded = OUTSIDE * before + word + OUTSIDE * after
        counts.update(padded[place : place + width] for place in range(len(word)))
    return counts


def test_ngrams_and_their_counts_are_those_of_the_words():
    tagger = make_tagger()
    found = char_filters(tagger, top=1000, least=1)
    words = tagger.predictor.encoder.vocabulary.words
    assert found.words == len(words)
    assert [(each.width, each.number) for each in found.filters] == [(w, n) for w in (2, 3) for n in (1, 2, 3)]
    for each in found.filters:
        assert {ngram.text: ngram.count for ngram in each.ngrams} == ngrams_of(words, each.width)


def test_the_first_ngram_explains_the_largest_feature_of_any_word():
    """Independent of how n-grams are fed: the maximum over words of the CNN's own output."""
    tagger = make_tagger()
    encoder, cnn = tagger.predictor.encoder, tagger.predictor.model.words.chars
    words = list(encoder.vocabulary.words)
    with torch.no_grad():
        features = cnn(torch.from_numpy(encoder.encode(words).chars))
    for column, each in enumerate(char_filters(tagger, least=1).filters):
        best = int(features[:, column].argmax())
        assert each.ngrams[0].answer == pytest.approx(float(features[best, column]), abs=1e-5)
        assert each.ngrams[0].text in ngrams_of([words[best]], each.width)
        answers = [ngram.answer for ngram in each.ngrams]
        assert answers == sorted(answers, reverse=True)


def test_rare_ngrams_are_passed_over():
    found = char_filters(make_tagger(), top=1000, least=3)
    kept = {ngram.text for each in found.filters for ngram in each.ngrams if each.width == 2}
    counts = ngrams_of(make_tagger().predictor.encoder.vocabulary.words, 2)
    assert kept == {text for text, count in counts.items() if count >= 3}


def test_pieces_do_not_matter(monkeypatch):
    whole = char_filters(make_tagger())
    monkeypatch.setattr(module, "_WORDS", 3)
    monkeypatch.setattr(module, "_NGRAMS", 5)
    parts = char_filters(make_tagger())
    for one, other in zip(whole.filters, parts.filters, strict=True):
        assert [ngram.text for ngram in one.ngrams] == [ngram.text for ngram in other.ngrams]


def test_table_picture_and_json_hold_every_filter():
    found = char_filters(make_tagger(), top=4)
    assert all(found.filters[0].ngrams[0].text in view for view in (found.table(), json.dumps(found.to_json())))
    (heat_map,) = found.picture().maps
    assert len(heat_map.rows) == len(found.filters) == 6
    assert heat_map.texts[0] == tuple(ngram.text for ngram in found.filters[0].ngrams)


def test_a_vocabulary_without_such_ngrams_is_said_and_drawn_empty(tmp_path):
    found = char_filters(make_tagger(), least=10_000)
    assert all(not each.ngrams for each in found.filters)
    found.picture().write(tmp_path / "empty.png")
    found.picture().write(tmp_path / "empty.html")
    assert "at least 10000 times" in found.table()


def test_a_model_without_characters_is_refused():
    with pytest.raises(NerError, match="no character CNN"):
        char_filters(make_tagger(chars=0))
