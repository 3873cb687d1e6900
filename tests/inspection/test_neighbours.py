from __future__ import annotations

import numpy as np
import pytest
import torch

from ner.errors import NerError
from ner.inspection.neighbours import nearest_neighbours
from tests.inspection.taggers import make_tagger


def test_neighbours_are_ordered_by_the_cosine():
    tagger = make_tagger()
    words = tagger.predictor.encoder.vocabulary.words
    vectors = tagger.predictor.model.words.table.weight.detach().double().numpy()[1:]
    of = dict(zip(words, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True))
    expected = sorted(((float(of["London"] @ of[word]), word) for word in words if word != "London"), reverse=True)
    found = nearest_neighbours(tagger, "London", top=5)
    assert found.found == "London"
    assert [each.word for each in found.neighbours] == [word for _, word in expected[:5]]
    assert [each.cosine for each in found.neighbours] == pytest.approx([value for value, _ in expected[:5]], abs=1e-5)


def test_words_whose_vectors_stayed_fixed_count_too():
    tagger = make_tagger()
    table = tagger.predictor.model.words.table
    expected = nearest_neighbours(tagger, "London")
    whole = table.weight.data
    table.weight, table.fixed = torch.nn.Parameter(whole[:4].clone()), whole[4:].clone()
    found = nearest_neighbours(tagger, "London")
    assert [each.word for each in found.neighbours] == [each.word for each in expected.neighbours]


def test_no_more_than_there_are():
    tagger = make_tagger()
    words = tagger.predictor.encoder.vocabulary.words
    found = nearest_neighbours(tagger, "London", top=10_000)
    assert sorted(each.word for each in found.neighbours) == sorted(set(words) - {"London"})


def test_the_unknown_word_is_no_neighbour():
    tagger = make_tagger()
    expected = nearest_neighbours(tagger, "London")
    weight = tagger.predictor.model.words.table.weight.data
    weight[0] = weight[tagger.predictor.encoder.vocabulary.lookup("London")]
    assert nearest_neighbours(tagger, "London") == expected


def test_a_vector_of_zeros_is_near_nothing():
    tagger = make_tagger()
    row = tagger.predictor.encoder.vocabulary.lookup("York")
    tagger.predictor.model.words.table.weight.data[row] = 0
    found = {each.word: each.cosine for each in nearest_neighbours(tagger, "London", top=100).neighbours}
    assert found["York"] == 0 and all(np.isfinite(value) for value in found.values())


def test_the_spelling_that_was_found_is_said():
    found = nearest_neighbours(make_tagger(), "THE")
    assert (found.word, found.found) == ("THE", "the")
    assert "THE (under the)" in found.table()
    assert found.to_json()["neighbours"][0].keys() == {"word", "cosine"}


def test_an_unknown_word_has_none():
    with pytest.raises(NerError, match="no vector of 'Xyzzy'"):
        nearest_neighbours(make_tagger(), "Xyzzy")
