from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.inspection.memory import KEEPING_GATE, keep_and_written, memories
from ner.inspection.trace import Trace
from tests.inspection.taggers import SENTENCES, make_tagger

REMEMBERED = {"lstm": "cell", "peephole": "cell", "gru": "hidden"}


def lstm_trace(forget, written, direction="forward"):
    """A trace with the given gates and writings, [T, H]; what else a trace holds does not matter here."""
    forget = np.array(forget, np.float32)
    states = {"forget": forget, "input": np.ones_like(forget), "candidate": np.array(written, np.float32)}
    T = len(forget)
    return Trace(("x",) * T, ("O",) * T, (), "lstm", ({direction: states},))


@pytest.mark.parametrize("options", [{}, {"layers": 2, "layer_norm": True}])
@pytest.mark.parametrize("kind", KEEPING_GATE)
def test_what_is_left_of_all_writings_adds_up_to_the_memory(kind, options):
    trace = make_tagger(kind, **options).trace(SENTENCES[0])
    for reading in trace.readings():
        keep, written = (array[:: reading.step] for array in keep_and_written(reading.states, KEEPING_GATE[kind]))
        memory = reading.states[REMEMBERED[kind]][:: reading.step]
        for s in range(len(keep)):
            total = sum(written[t] * np.prod(keep[t + 1 : s + 1], axis=0) for t in range(s + 1))
            np.testing.assert_allclose(total, memory[s], atol=1e-5)


@pytest.mark.parametrize("kind", KEEPING_GATE)
def test_held_is_the_share_of_what_was_written(kind):
    trace = make_tagger(kind).trace(SENTENCES[0])
    T = len(SENTENCES[0])
    for reading, memory in zip(trace.readings(), memories(trace), strict=True):
        keep, written = keep_and_written(reading.states, KEEPING_GATE[kind])
        for t in range(T):
            for s in range(T):
                between = range(t + 1, s + 1) if reading.direction == "forward" else range(s, t)
                left = np.abs(written[t]) * np.prod([keep[u] for u in between], axis=0)
                read = s >= t if reading.direction == "forward" else s <= t
                expected = left.sum() / np.abs(written[t]).sum() if read else 0.0
                assert memory.held[t, s] == pytest.approx(expected, abs=1e-12)
        np.testing.assert_allclose(memory.mean_gate, keep.mean(1))


@given(st.floats(0.05, 0.97), st.integers(2, 40), st.sampled_from(["forward", "backward"]))
def test_constant_gate_gives_the_textbook_half_life(gate, length, direction):
    (memory,) = memories(lstm_trace([[gate] * 3] * length, [[1.0, -2.0, 0.5]] * length, direction))
    expected = math.log(0.5) / math.log(np.float32(gate))
    remaining = np.arange(length)[::-1] if direction == "forward" else np.arange(length)
    assert memory.read_after.tolist() == remaining.tolist()
    for found, after in zip(memory.half_life, remaining, strict=True):
        if abs(expected - after) < 1e-6:
            continue  # decided by rounding
        assert found == pytest.approx(expected, rel=1e-5) if expected < after else found == math.inf


def test_only_the_units_that_were_written_count():
    (memory,) = memories(lstm_trace([[0, 0], [1.0, 0.25], [1.0, 0.25]], [[0.0, 1.0]] * 3))
    assert memory.half_life[0] == pytest.approx(0.5)
    (memory,) = memories(lstm_trace([[0, 0], [1.0, 0.25], [1.0, 0.25]], [[1.0, 0.0]] * 3))
    assert memory.half_life_texts() == [">2", ">1", ">0"]


def test_shut_gates_and_empty_writings_have_a_half_life_too():
    (memory,) = memories(lstm_trace([[0.0], [0.0]], [[1.0], [1.0]]))
    assert memory.half_life_texts() == ["1.0", ">0"]
    (memory,) = memories(lstm_trace([[0.5, 0.5]] * 2, [[0.0, 0.0]] * 2))
    assert memory.half_life_texts() == ["1.0", ">0"]


@pytest.mark.parametrize("kind", ["rnn", "none"])
def test_an_encoder_without_a_keeping_gate_has_no_memory(kind):
    assert memories(make_tagger(kind).trace(SENTENCES[0])) == []


def test_json_has_none_for_infinite():
    (memory,) = memories(lstm_trace([[1.0]] * 2, [[1.0]] * 2))
    assert memory.to_json()["half_life"] == [None, None]
