from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread, main_thread

import numpy as np
import pytest
import torch

import ner
from ner.errors import NerError
from ner.inspection import char_filters, inspect_sentence, nearest_neighbours, tag_dependence
from ner.inspection.trace import SentenceInputs, trace_sentence
from ner.tagger import Tagger, on_torch
from tests.inspection.taggers import KINDS, SENTENCES, make_tagger

STATES = {
    "lstm": {"input", "forget", "candidate", "output", "cell", "hidden"},
    "peephole": {"input", "forget", "candidate", "output", "cell", "hidden"},
    "gru": {"reset", "update", "candidate", "hidden"},
    "rnn": {"hidden"},
}
OPTIONS = [{}, {"layers": 2}, {"layers": 2, "residual": True, "layer_norm": True}, {"bidirectional": False}]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_hidden_is_what_the_model_computes(kind, options):
    tagger = make_tagger(kind, **options)
    model = tagger.predictor.model
    trace = tagger.trace(SENTENCES[0])
    with torch.no_grad():
        x = SentenceInputs.of(tagger, SENTENCES[0]).vectors[None]
        expected = model.encoder(x, torch.tensor([len(SENTENCES[0])]))[0].numpy()
    hidden = [np.hstack([states["hidden"] for states in layer.values()]) for layer in trace.layers]
    found = sum(hidden) if options.get("residual") else hidden[-1]
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_every_layer_and_direction_has_its_states(kind, options):
    trace = make_tagger(kind, **options).trace(SENTENCES[0])
    directions = ["forward"] if options.get("bidirectional") is False else ["forward", "backward"]
    assert [list(layer) for layer in trace.layers] == [directions] * options.get("layers", 1)
    for reading in trace.readings():
        assert reading.states.keys() == STATES[kind]
        assert {array.shape for array in reading.states.values()} == {(len(SENTENCES[0]), 5)}


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_lstm_states_obey_the_equations(direction):
    """From the weights, step by step, as Hochreiter & Schmidhuber and Gers et al. write them."""
    tagger = make_tagger("lstm")
    states = tagger.trace(SENTENCES[0]).layers[0][direction]
    cell = tagger.predictor.model.encoder.layers[0][direction == "backward"]
    W, U, b = (each.detach().numpy() for each in (cell.weight_ih, cell.weight_hh, cell.bias_ih))
    h = c = np.zeros(5)
    x = SentenceInputs.of(tagger, SENTENCES[0]).vectors.numpy()
    order = range(len(x)) if direction == "forward" else reversed(range(len(x)))
    for t in order:
        i, f, g, o = np.split(W @ x[t] + U @ h + b, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        expected = {"input": i, "forget": f, "candidate": g, "output": o, "cell": c, "hidden": h}
        for name, values in expected.items():
            np.testing.assert_allclose(states[name][t], values, atol=1e-5, err_msg=f"{name} at {t}")


def test_tags_and_entities_are_the_taggers():
    tagger = make_tagger()
    for sentence in SENTENCES:
        trace = tagger.trace(sentence)
        assert trace.tokens == tuple(sentence)
        assert list(trace.tags) == tagger.predict([sentence]).tag_lists()[0]
        assert list(trace.entities) == tagger.tag_tokens([sentence])[0].spans[0]


def test_without_encoder_there_are_no_layers():
    trace = make_tagger("none").trace(SENTENCES[0])
    assert trace.layers == () and list(trace.readings()) == []


def test_gazetteer_matches_are_part_of_the_input(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("New York\n", encoding="utf-8")
    tagger = make_tagger(features={"gazetteers": [str(names)]})
    with torch.no_grad():
        for embedding in tagger.predictor.model.gazetteers:
            embedding.weight.zero_()
    without = trace_sentence(tagger, SENTENCES[2]).layers[0]["forward"]["hidden"]
    with torch.no_grad():
        tagger.predictor.model.gazetteers[0].weight[1:] = 5.0
    changed = np.abs(trace_sentence(tagger, SENTENCES[2]).layers[0]["forward"]["hidden"] - without).max(1)
    assert changed[0] > 1e-3


def test_text_is_cut_as_the_tagger_cuts_it(tiny_model):
    tagger = ner.load(tiny_model)
    text = "Ada Lovelace lives in New York."
    trace = tagger.trace(text)
    document = tagger.tag(text)
    assert trace.tokens == tuple(token.text for token in document.tokens)
    assert [list(trace.entities)] == document.spans
    json.dumps(trace.to_json(), allow_nan=False)


@pytest.mark.parametrize(("text", "message"), [("", "no token"), (" \n", "no token"), ([], "no token")])
def test_nothing_to_look_at(text, message):
    with pytest.raises(NerError, match=message):
        make_tagger().trace(text)


def test_several_sentences_are_refused_and_named():
    with pytest.raises(NerError, match=r"has 2 sentences.*'It rained\.'"):
        make_tagger().trace("Ada met Kofi. It rained.")


def test_what_other_threads_tag_meanwhile_is_no_part_of_a_trace():
    tagger = make_tagger()
    expected = tagger.trace(SENTENCES[0])

    def meanwhile(*_):
        if current_thread() is main_thread():
            with ThreadPoolExecutor(1) as pool:
                pool.submit(tagger.predict, SENTENCES).result()

    tagger.predictor.model.encoder.register_forward_pre_hook(meanwhile)
    assert tagger.trace(SENTENCES[0]).to_json() == expected.to_json()


def test_tags_are_those_of_the_best_path_whose_margins_are_shown():
    tagger = make_tagger()
    plain = inspect_sentence(tagger, SENTENCES[0])
    tagger.predictor.threshold = 1.0  # of span decoding, at which nothing is found
    assert tagger.predict([SENTENCES[0]]).span_lists() == [[]]
    found = inspect_sentence(tagger, SENTENCES[0])
    assert found.trace.tags == found.dependence.tags == plain.trace.tags
    assert found.trace.entities == plain.trace.entities != ()


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_can_be_looked_into(kind):
    exact, rounded = make_tagger(kind), make_tagger(kind)
    description, old = rounded.description, rounded.predictor
    predictor = on_torch(old.model, old.encoder, old.tagset, description, precision="bf16")
    rounded = Tagger(predictor, description, rounded.path, precision="bf16")
    found = inspect_sentence(rounded, SENTENCES[0])
    assert json.dumps(found.to_json(), allow_nan=False)
    for one, other in zip(trace_sentence(exact, SENTENCES[0]).readings(), found.trace.readings(), strict=True):
        for name, states in other.states.items():
            assert states.dtype == np.float32
            np.testing.assert_allclose(states, one.states[name], atol=0.05)


def test_an_ensemble_is_refused(tiny_model):
    ensemble = ner.Ensemble([tiny_model, tiny_model])
    looks = (
        lambda: ensemble.trace(SENTENCES[0]),
        lambda: inspect_sentence(ensemble, SENTENCES[0]),
        lambda: tag_dependence(ensemble, SENTENCES[0]),
        lambda: char_filters(ensemble),
        lambda: nearest_neighbours(ensemble, "Ada"),
    )
    for look in looks:
        with pytest.raises(NerError, match="load one of its models"):
            look()
