from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner import schemes
from ner.document import ScoredSpan
from ner.persistence import load_model
from ner.prediction import Prediction
from ner.torch_prediction import TorchPredictor
from ner.word_types import WordTypeCache

WORDS = ["Ada", "Lovelace", "lives", "in", "London", ".", "New", "York", "Acme", "Corp.", "met", "zzz", "", "1843"]
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), max_size=9), max_size=9)

Make = Callable[..., TorchPredictor]


@pytest.fixture(scope="module")
def make(tiny_model: Path) -> Make:
    model, encoder, tagset, _ = load_model(tiny_model)

    def predictor(batch_tokens: int = 4096, **options: float) -> TorchPredictor:
        made = TorchPredictor(model, encoder, tagset, **options)
        made.emitter.batch_tokens = batch_tokens
        return made

    return predictor


@pytest.fixture(scope="module")
def predictor(make: Make) -> TorchPredictor:
    return make()


def assert_same(one: list[list[ScoredSpan]], other: list[list[ScoredSpan]]) -> None:
    assert [[span[:3] for span in spans] for spans in one] == [[span[:3] for span in spans] for spans in other]
    scores, others = ([span.score for spans in lists for span in spans] for lists in (one, other))
    np.testing.assert_allclose(scores, others, atol=1e-5)


def paths_of(predictor: TorchPredictor, sentence: list[str]) -> list[tuple[list[str], float]]:
    """Every legal tag sequence of a sentence with its probability."""
    found = predictor.explain([sentence], n_best=10_000)[0].n_best
    assert len(found) < 10_000 and abs(sum(chance for _, chance in found) - 1) < 1e-4
    return found


@given(SENTENCES)
@settings(max_examples=40, deadline=None)
def test_a_batch_of_n_is_n_batches_of_one(predictor: TorchPredictor, sentences: list[list[str]]) -> None:
    together = predictor.predict(sentences)
    alone = [predictor.predict([sentence]) for sentence in sentences]
    assert together.tag_lists() == [tags for one in alone for tags in one.tag_lists()]
    assert_same(together.span_lists(), [spans for one in alone for spans in one.span_lists()])


@pytest.mark.parametrize("batch_tokens", [1, 2, 7, 33, 100, 10_000])
def test_the_size_of_batches_changes_nothing(make: Make, batch_tokens: int) -> None:
    rng = np.random.default_rng(1)
    sentences = [rng.choice(WORDS, rng.integers(0, 12)).tolist() for _ in range(50)]
    expected, found = make().predict(sentences), make(batch_tokens=batch_tokens).predict(sentences)
    assert found.tag_lists() == expected.tag_lists()
    assert_same(found.span_lists(), expected.span_lists())


def test_one_sentence_may_exceed_the_budget(make: Make) -> None:
    sentence = ["Ada", "met", "Kofi", "Annan", "in", "London"] * 3
    assert make(batch_tokens=5).predict([sentence]).tag_lists() == make().predict([sentence]).tag_lists()


@given(SENTENCES)
@settings(max_examples=40, deadline=None)
def test_tags_are_legal_and_spans_are_those_of_the_tags(
    predictor: TorchPredictor, sentences: list[list[str]]
) -> None:
    found = predictor.predict(sentences)
    tags, spans = found.tag_lists(), found.span_lists()
    assert list(map(len, tags)) == list(map(len, sentences))
    for sequence, own in zip(tags, spans, strict=True):
        assert schemes.illegal(sequence, predictor.tagset.scheme) == []
        assert [schemes.Span(*span[:3]) for span in own] == schemes.to_spans(sequence)
        assert all(0 < span.score <= 1 for span in own)
    assert found.spans[:, 0].tolist() == sorted(found.spans[:, 0].tolist())


def test_the_tiny_model_finds_something(predictor: TorchPredictor) -> None:
    spans = predictor.predict([["Ada", "Lovelace", "lives", "in", "London", "."]]).span_lists()[0]
    assert [span[:3] for span in spans] == [("PER", 0, 2), ("LOC", 4, 5)]


@pytest.mark.parametrize("sentences", [[], [[]], [[], []]])
def test_nothing_in_nothing_out(predictor: TorchPredictor, sentences: list[list[str]]) -> None:
    for found in (predictor.predict(sentences), predictor.predict(sentences, threshold=0.5)):
        assert found.tag_lists() == found.span_lists() == [[] for _ in sentences]
    assert [one.n_best for one in predictor.explain(sentences)] == [[([], 1.0)] for _ in sentences]
    assert predictor.candidates(sentences) == [[] for _ in sentences]


def test_empty_sentences_keep_their_places(predictor: TorchPredictor) -> None:
    found = predictor.predict([[], ["Ada"], [], ["in", "London"], []])
    assert found.starts.tolist() == [0, 0, 1, 1, 3, 3]
    assert [[span[:3] for span in spans] for spans in found.span_lists()] == [
        [],
        [("PER", 0, 1)],
        [],
        [("LOC", 1, 2)],
        [],
    ]


def test_scores_only_where_asked_for(predictor: TorchPredictor) -> None:
    sentences = [["Ada", "lives", "in", "London"], ["it"]]
    found = predictor.predict(sentences, scores=False)
    assert np.isnan(found.scores).all() and len(found.scores) == len(found.spans) > 0
    assert found.tag_lists() == predictor.predict(sentences).tag_lists()


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_scores_are_sums_over_tag_sequences(make: Make, temperature: float) -> None:
    predictor, sentence = make(temperature=temperature), ["Ada", "London", "York"]
    paths = paths_of(predictor, sentence)
    spans = predictor.predict([sentence]).span_lists()[0]
    assert spans
    for span in spans:
        assert abs(span.score - chance_of(paths, span)) < 1e-4
    for span in predictor.candidates([sentence], least=0.001)[0]:
        assert abs(span.score - chance_of(paths, span)) < 1e-4


def chance_of(paths: list[tuple[list[str], float]], span: ScoredSpan) -> float:
    return sum(chance for tags, chance in paths if schemes.Span(*span[:3]) in schemes.to_spans(tags))


def test_candidates_leave_out_no_likely_span(predictor: TorchPredictor) -> None:
    sentence = ["Ada", "London", "York"]
    paths = paths_of(predictor, sentence)
    every = {span for tags, _ in paths for span in schemes.to_spans(tags)}
    likely = {span for span in every if chance_of(paths, ScoredSpan(*span, 0.0)) > 0.021}
    found = {schemes.Span(*span[:3]) for span in predictor.candidates([sentence], least=0.02)[0]}
    assert likely <= found and len(found) < len(every)


def test_explanations_are_sums_over_tag_sequences(predictor: TorchPredictor) -> None:
    sentence = ["Ada", "London", "York"]
    paths = paths_of(predictor, sentence)
    explained = predictor.explain([["in"], sentence], n_best=4)[1]
    assert repr(explained).startswith(
        f"<Explanation of {len(sentence)} tokens, probability {explained.probability:.3f}"
    )
    assert [tags for tags, _ in explained.n_best] == [tags for tags, _ in paths[:4]]
    assert explained.n_best[0][0] == predictor.predict([sentence]).tag_lists()[0]
    assert explained.probability == explained.n_best[0][1]
    assert abs(explained.entropy + sum(p * math.log(p) for _, p in paths if p > 0)) < 1e-3
    for position, row in enumerate(explained.marginals):
        for tag, chance in zip(predictor.tagset.tags, row.tolist(), strict=True):
            assert abs(chance - sum(p for tags, p in paths if tags[position] == tag)) < 1e-4


def test_explanations_do_not_depend_on_neighbours(predictor: TorchPredictor) -> None:
    sentences = [["Ada"], ["London", "is", "in", "New", "York"], [], ["met", "Ada"]]
    for sentence, found in zip(sentences, predictor.explain(sentences, n_best=3), strict=True):
        alone = predictor.explain([sentence], n_best=3)[0]
        np.testing.assert_allclose(found.marginals, alone.marginals, atol=1e-5)
        assert found.marginals.shape == (len(sentence), len(predictor.tagset))
        assert [tags for tags, _ in found.n_best] == [tags for tags, _ in alone.n_best]


def test_a_threshold_decides_by_score(
    predictor: TorchPredictor, tiny_corpus: dict[str, dict[str, list[list[str]]]]
) -> None:
    sentences = tiny_corpus["test"]["tokens"][:]
    counts = []
    for threshold in (0.05, 0.5, 0.95):
        found = predictor.predict(sentences, threshold=threshold)
        exact = {(n, *span[:3]): span.score for n, c in enumerate(predictor.candidates(sentences)) for span in c}
        for number, (tags, spans) in enumerate(zip(found.tag_lists(), found.span_lists(), strict=True)):
            assert [schemes.Span(*span[:3]) for span in spans] == schemes.to_spans(tags)
            for span in spans:
                assert span.score >= threshold
                assert abs(span.score - exact[(number, *span[:3])]) < 1e-5
        counts.append(len(found.spans))
    assert counts[0] > counts[2] > 0


@pytest.mark.parametrize(("limit", "characters"), [(0, 4_000_000), (3, 4_000_000), (100_000, 10)])
def test_a_full_cache_starts_anew_with_the_same_answers(
    make: Make, tiny_corpus: dict[str, dict[str, list[list[str]]]], limit: int, characters: int
) -> None:
    sentences = tiny_corpus["train"]["tokens"][:]
    small, large = make(), make()
    small.emitter._cache = WordTypeCache(small.model, small.encoder, limit, characters)
    expected = large.predict(sentences)
    for start in range(0, len(sentences), 5):
        part = sentences[start : start + 5]
        found = small.predict(part)
        assert found.tag_lists() == expected.tag_lists()[start : start + 5]
        assert_same(found.span_lists(), expected.span_lists()[start : start + 5])
    table, _ = small.emitter._cache.look_up([])
    assert len(table) <= 40 < len(large.emitter._cache.look_up([])[0])


@torch.inference_mode()
def test_rows_that_were_handed_out_stay_as_they_are(predictor: TorchPredictor) -> None:
    cache = WordTypeCache(predictor.model, predictor.encoder)
    table, rows = cache.look_up(["Ada", "met", "Ada"])
    assert rows.tolist() == [0, 1, 0] and len(table) == 2
    kept = table.clone()
    for number in range(40):
        cache.look_up([f"word{number}-{place}" for place in range(7)])
    assert torch.equal(table, kept)
    again, rows = cache.look_up(["met", "word0-0"])
    assert torch.equal(again[rows[0]], kept[1])
    alone, _ = WordTypeCache(predictor.model, predictor.encoder).look_up(["word0-0"])
    torch.testing.assert_close(again[rows[1]], alone[0])


@torch.inference_mode()
def test_an_interrupted_look_up_spoils_none_that_follow(
    predictor: TorchPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["Ada", "London", "York"]
    expected, _ = WordTypeCache(predictor.model, predictor.encoder).look_up(words)
    cache = WordTypeCache(predictor.model, predictor.encoder)
    cache.look_up(words[:1])

    def interrupt(words: list[str]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(predictor.encoder, "encode", interrupt)
        cache.look_up(words[1:2])
    table, rows = cache.look_up(words)
    torch.testing.assert_close(table[rows], expected)


def test_threads_share_a_predictor(make: Make, tiny_corpus: dict[str, dict[str, list[list[str]]]]) -> None:
    sentences = [[*tokens, f"word{n % 20}"] for n, tokens in enumerate(tiny_corpus["train"]["tokens"][:] * 5)]
    expected = [make().predict([sentence]) for sentence in sentences]
    shared = make()
    shared.emitter._cache = WordTypeCache(shared.model, shared.encoder, limit=15)
    with ThreadPoolExecutor(8) as pool:
        found: list[Prediction] = list(pool.map(lambda sentence: shared.predict([sentence]), sentences))
    assert [one.tag_lists() for one in found] == [one.tag_lists() for one in expected]


def test_a_word_of_a_hundred_thousand_characters(predictor: TorchPredictor) -> None:
    sentence = ["Ada", "met", "x" * 100_000, "\ud83d", "in", "London"]
    found = predictor.predict([sentence, ["Ada"]])
    assert found.tag_lists()[0][0] == "S-PER" and len(found.tag_lists()[0]) == 6
    assert found.tag_lists()[1] == ["S-PER"]


def test_a_sentence_of_thousands_of_tokens(predictor: TorchPredictor) -> None:
    unit = ["it", "rained", ".", "Ada", "Lovelace", "lives", "in", "New", "York", "."]
    found = predictor.predict([unit * 500, unit])
    long, short = found.span_lists()
    assert len(found.tag_lists()[0]) == 5000
    assert schemes.illegal(found.tag_lists()[0], predictor.tagset.scheme) == []
    # What stands far away has no say: the middle repeats itself.
    middle = [(span.label, span.start % 10, span.end % 10) for span in long if 2000 <= span.start < 3000]
    assert set(middle) == set(middle[: len(middle) // 100]) and len(middle) >= 100
    assert short and all(0 < span.score <= 1 for span in long)


def test_a_model_stays_in_evaluation_mode(make: Make) -> None:
    predictor = make()
    predictor.model.train()
    assert not make().model.training  # a new one sets it back


@torch.inference_mode()
def test_a_token_that_is_no_string_spoils_no_call_that_follows(predictor: TorchPredictor) -> None:
    words = ["Ada", "London", "York"]
    expected, _ = WordTypeCache(predictor.model, predictor.encoder).look_up(words)
    cache = WordTypeCache(predictor.model, predictor.encoder)
    for wrong in (None, 7, b"Ada"):
        cache.look_up(words[:1])
        with pytest.raises(TypeError):
            cache.look_up(["met", wrong, "London"])  # type: ignore[list-item]
        table, rows = cache.look_up(words)
        torch.testing.assert_close(table[rows], expected)


def test_an_answer_may_be_asked_for_twice(make: Make) -> None:
    finish = make().start([["Ada", "lives", "in", "London"]])
    first, second = finish(), finish()
    assert first.span_lists() == second.span_lists() != [[]]


def test_eight_threads_share_the_pool_and_a_cache_that_starts_anew(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.threads.available_cores", lambda: 3)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        shared = make(batch_tokens=64)
        shared.emitter._cache = WordTypeCache(shared.model, shared.encoder, limit=30)
        rng = np.random.default_rng(0)
        corpora = [
            [[*rng.choice(WORDS, rng.integers(0, 12)).tolist(), f"w{rng.integers(90)}"] for _ in range(60)]
            for _ in range(16)
        ]
        expected = [shared.predict(corpus) for corpus in corpora]
        with ThreadPoolExecutor(8) as pool:
            for found, alone in zip(pool.map(shared.predict, corpora), expected, strict=True):
                assert found.tag_lists() == alone.tag_lists()
                assert_same(found.span_lists(), alone.span_lists())
    finally:
        torch.set_num_threads(before)
