from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import ModelConfig
from ner.features.batches import Batch, EncodedCorpus, bucketed
from ner.features.encoder import FeatureEncoder
from ner.features.gazetteers import Gazetteers, Names
from ner.features.tags import TagSet

TAGS = TagSet.of([["B-PER", "I-PER", "O", "B-LOC"]], "IOBES")
WORDS = ["Ada", "of", "London", "x", "3rd", "Überlingen", "a" * 60]
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), max_size=6), min_size=1, max_size=8)


def encoder_of(sentences: list[list[str]], names: bool = True) -> FeatureEncoder:
    encoder = FeatureEncoder.build(ModelConfig(), sentences, [])
    if names:
        encoder.gazetteers = Gazetteers([Names("places", ["london"], ["ada of london"]), Names("x", [], ["x"])])
    return encoder


def tags_of(sentences: list[list[str]]) -> list[list[str]]:
    return [["B-PER" if word[0] in "AL" else "O" for word in sentence] for sentence in sentences]


@given(SENTENCES, st.data())
@settings(max_examples=60, deadline=None)
def test_a_batch_is_what_its_sentences_are_one_by_one(sentences: list[list[str]], data: st.DataObject) -> None:
    encoder, gold = encoder_of(sentences), tags_of(sentences)
    corpus = EncodedCorpus(encoder, sentences, TAGS, gold, "IOB2")
    chosen = data.draw(st.lists(st.integers(0, len(sentences) - 1), max_size=5))
    batch = corpus.batch(np.array(chosen, dtype=np.int64))
    longest = max((len(sentences[number]) for number in chosen), default=0)
    assert batch.lengths.tolist() == [len(sentences[number]) for number in chosen]
    assert batch.index.shape == (len(chosen), longest)
    assert len(batch.words) == len(batch.chars) == len(batch.shapes) == len(batch.clusters)
    assert len(set(batch.words.tolist())) <= len(batch.words) <= len({w for n in chosen for w in sentences[n]}) + 1
    assert batch.gazetteers is not None and batch.tags is not None and batch.allowed is None
    for row, number in enumerate(chosen):
        sentence = sentences[number]
        places = encoder.gazetteers.encode(sentence) if encoder.gazetteers else None
        assert places is not None
        assert batch.gazetteers[row, : len(sentence)].tolist() == places.tolist()
        assert batch.tags[row].tolist() == TAGS.encode(gold[number]) + [0] * (longest - len(sentence))
        assert batch.index[row, len(sentence) :].tolist() == [0] * (longest - len(sentence))
        for column, word in enumerate(sentence):
            alone = encoder.encode([word])
            kind = int(batch.index[row, column])
            assert batch.words[kind] == alone.words[0]
            assert batch.shapes[kind] == alone.shapes[0]
            size = int(alone.lengths[0])
            assert batch.chars[kind, :size].tolist() == alone.chars[0, :size].tolist()
            assert not batch.chars[kind, size:].any()


def test_characters_are_cut_to_the_longest_word_of_the_batch() -> None:
    corpus = EncodedCorpus(encoder_of([["a" * 30], ["bb"]]), [["a" * 30], ["bb"]])
    assert corpus.batch(np.array([0])).chars.shape == (1, 30)
    assert corpus.batch(np.array([1])).chars.shape == (1, 2)


def test_a_batch_of_nothing_has_every_dimension() -> None:
    corpus = EncodedCorpus(encoder_of([["a", "b"]]), [["a", "b"], []], TAGS, [["O", "O"], []], "IOB2")
    for chosen in ([], [1]):
        batch = corpus.batch(np.array(chosen, dtype=np.int64))
        assert batch.index.shape == (len(chosen), 0)
        assert batch.chars.dim() == 2 and batch.words.shape == (0,)


@pytest.mark.parametrize("unlabelled", [True, False])
def test_partial_tags_become_what_each_token_may_be(unlabelled: bool) -> None:
    sentences, gold = [["a"], ["b", "c", "d"]], [["O"], ["?", "B-PER|O", "O"]]
    corpus = EncodedCorpus(encoder_of(sentences, names=False), sentences, TAGS, gold, "IOB2", unlabelled)
    batch = corpus.batch(np.array([1, 0]))
    assert batch.tags is None and batch.gazetteers is None and batch.allowed is not None
    for row, number in enumerate([1, 0]):
        expected = TAGS.allowed(gold[number], "IOB2", unlabelled)
        assert batch.allowed[row, : len(expected)].tolist() == expected.tolist()
    assert batch.allowed[1, 0].all().item() is unlabelled


def test_moving_to_a_device_moves_everything() -> None:
    corpus = EncodedCorpus(encoder_of([["a", "London"]]), [["a", "London"]], TAGS, [["O", "S-LOC"]], "IOBES")
    batch = corpus.batch(np.array([0]))
    moved = batch.to(torch.device("meta"))
    for field in fields(Batch):
        before, after = getattr(batch, field.name), getattr(moved, field.name)
        assert (after is None) if before is None else (after.device.type == "meta" and after.shape == before.shape)
    assert batch.to(torch.device("cpu")) is batch


def test_the_checksum_is_that_of_everything_that_a_training_sees() -> None:
    sentences, gold = [["Ada", "x"], ["of", "London"]], [["B-PER", "O"], ["O", "B-LOC"]]
    encoder = encoder_of(sentences)
    checksum = EncodedCorpus(encoder, sentences, TAGS, gold, "IOB2").checksum()
    assert EncodedCorpus(encoder_of(sentences), sentences, TAGS, gold, "IOB2").checksum() == checksum
    others = [
        EncodedCorpus(encoder, sentences[::-1], TAGS, gold, "IOB2"),
        EncodedCorpus(encoder, sentences, TAGS, gold[::-1], "IOB2"),
        EncodedCorpus(encoder, sentences, TAGS, gold, "IOB2", unlabelled=True),
        EncodedCorpus(encoder_of(sentences, names=False), sentences, TAGS, gold, "IOB2"),
        EncodedCorpus(encoder_of([["Ada", "y"]]), sentences, TAGS, gold, "IOB2"),
        EncodedCorpus(encoder, [["Ada"], ["x", "of", "London"]], TAGS, [["B-PER"], ["O", "O", "B-LOC"]], "IOB2"),
    ]
    assert len({checksum, *(other.checksum() for other in others)}) == 1 + len(others)


@given(st.lists(st.integers(0, 40), max_size=120), st.integers(1, 20), st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_an_epoch_has_every_sentence_once(lengths: list[int], batch_size: int, seed: int) -> None:
    batches = list(bucketed(np.array(lengths, dtype=np.int64), batch_size, np.random.default_rng(seed)))
    seen = sorted(number for batch in batches for number in batch.tolist())
    assert seen == [number for number, length in enumerate(lengths) if length]  # an empty one teaches nothing
    assert sorted(map(len, batches), reverse=True)[:-1] == [batch_size] * max(0, len(batches) - 1)


def test_batches_are_of_like_length_in_another_order_every_epoch() -> None:
    lengths = np.random.default_rng(1).integers(1, 100, 2000)
    rng = np.random.default_rng(2)
    first, second = list(bucketed(lengths, 20, rng)), list(bucketed(lengths, 20, rng))
    for batches in (first, second):
        padded = sum(lengths[batch].max() * len(batch) for batch in batches)
        assert padded < 1.25 * lengths.sum()  # in random batches it is 1.9 times as much
        longest = [int(lengths[batch].max()) for batch in batches]
        assert longest != sorted(longest) and longest != sorted(longest, reverse=True)
    assert {frozenset(batch.tolist()) for batch in first}.isdisjoint(frozenset(batch.tolist()) for batch in second)


def test_the_same_generator_gives_the_same_batches() -> None:
    lengths = np.arange(1, 200)
    one, other = (list(bucketed(lengths, 8, np.random.default_rng(3))) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
