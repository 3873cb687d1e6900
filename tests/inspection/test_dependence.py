from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest
import torch

from ner import schemes
from ner.inspection import dependence as module
from ner.inspection.dependence import tag_dependence
from ner.inspection.trace import SentenceInputs
from tests.inspection.taggers import KINDS, SENTENCES, make_tagger

SHORT = SENTENCES[2]


@cache
def legal_paths(tags, scheme, length):
    """All of them, ``[N, T]``."""
    paths = product(range(len(tags)), repeat=length)
    return np.array([path for path in paths if not schemes.illegal([tags[tag] for tag in path], scheme)])


def margins_by_enumeration(tagger, emissions):
    """Best path less best path with another tag at t, over every legal path: [T]; with the tags of both."""
    crf, tags = tagger.predictor.model.crf, tagger.tagset.tags
    start, steps, end = (
        each.detach().numpy() for each in (crf.start_transitions, crf.transitions, crf.end_transitions)
    )
    paths = legal_paths(tuple(tags), tagger.tagset.scheme, len(emissions))
    scores = start[paths[:, 0]] + end[paths[:, -1]] + steps[paths[:, :-1], paths[:, 1:]].sum(1)
    scores = scores + emissions[np.arange(len(emissions)), paths].sum(1)
    best = paths[scores.argmax()]
    rivals = [np.where(paths[:, t] != best[t], scores, -np.inf).argmax() for t in range(len(emissions))]
    return (
        scores.max() - scores[rivals],
        [tags[tag] for tag in best],
        [tags[paths[rival, t]] for t, rival in enumerate(rivals)],
    )


def emissions_of(tagger, sentence, vectors=None):
    inputs = SentenceInputs.of(tagger, sentence)
    with torch.no_grad():
        return inputs.emissions(tagger, inputs.vectors[None] if vectors is None else vectors[None])[0].numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_margins_are_those_of_enumerated_paths(kind):
    tagger = make_tagger(kind)
    margins, tags, rivals = margins_by_enumeration(tagger, emissions_of(tagger, SHORT))
    found = tag_dependence(tagger, SHORT)
    np.testing.assert_allclose(found.margins, margins, atol=1e-5)
    assert (list(found.tags), list(found.rivals)) == (tags, rivals)
    assert list(found.tags) == list(tagger.trace(SHORT).tags)


@pytest.mark.parametrize("options", [{}, {"layers": 2, "residual": True, "layer_norm": True}])
@pytest.mark.parametrize("kind", KINDS)
def test_shares_are_those_of_finite_differences(kind, options):
    tagger = make_tagger(kind, **options)
    tagger.predictor.model.double()
    found = tag_dependence(tagger, SHORT)
    vectors = SentenceInputs.of(tagger, SHORT).vectors
    T, D = vectors.shape
    gradient = np.empty((T, T, D))
    step = 1e-6
    for s, d in product(range(T), range(D)):
        ends = []
        for sign in (1, -1):
            moved = vectors.clone()
            moved[s, d] += sign * step
            ends.append(margins_by_enumeration(tagger, emissions_of(tagger, SHORT, moved))[0])
        gradient[:, s, d] = (ends[0] - ends[1]) / (2 * step)
    norm = np.linalg.norm(gradient, axis=2)
    np.testing.assert_allclose(found.shares, norm / norm.sum(1, keepdims=True), atol=1e-6)


def test_batches_do_not_matter(monkeypatch):
    tagger = make_tagger()
    whole = tag_dependence(tagger, SENTENCES[0])
    monkeypatch.setattr(module, "_BATCH_TOKENS", 2 * len(SENTENCES[0]) + 1)
    parts = tag_dependence(tagger, SENTENCES[0])
    np.testing.assert_allclose(whole.shares, parts.shares, atol=1e-6)
    np.testing.assert_allclose(whole.margins, parts.margins, atol=1e-5)


def test_a_model_of_one_tag_depends_on_nothing():
    found = tag_dependence(make_tagger(labels=()), SHORT)
    assert not found.shares.any() and not found.margins.any() and found.rivals == found.tags


def test_strongest_leaves_out_the_token_itself_and_what_is_weak():
    tagger = make_tagger()
    found = tag_dependence(tagger, SENTENCES[0])
    for token in range(len(SENTENCES[0])):
        chosen = found.strongest(token, 3)
        shares = [found.shares[token, other] for other in chosen]
        others = np.delete(found.shares[token], token)
        assert token not in chosen
        assert shares == sorted(others[others >= 0.05], reverse=True)[:3]


def test_no_gradient_is_left_in_the_weights():
    tagger = make_tagger()
    tag_dependence(tagger, SHORT)
    assert all(parameter.grad is None for parameter in tagger.predictor.model.parameters())


def test_works_where_gradients_are_switched_off():
    with torch.no_grad():
        assert tag_dependence(make_tagger(), SHORT).shares.sum() == pytest.approx(len(SHORT))
