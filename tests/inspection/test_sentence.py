from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ner.inspection import inspect_sentence
from tests.inspection.taggers import KINDS, SENTENCES, make_tagger

GATES = {
    "lstm": ["input gate", "forget gate", "output gate"],
    "peephole": ["input gate", "forget gate", "output gate"],
    "gru": ["reset gate", "update gate"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_table_has_a_line_a_token_with_the_numbers_of_the_report(kind):
    report = inspect_sentence(make_tagger(kind), SENTENCES[0])
    blocks = report.table().split("\n\n")
    header, *lines = blocks[1].splitlines()
    assert len(lines) == len(SENTENCES[0])
    for number, line in enumerate(lines):
        assert line.split()[:2] == [SENTENCES[0][number], report.trace.tags[number]]
        assert f"{report.dependence.shares[number, number]:.0%}" in line
        ends = [f"{memory.mean_gate[number]:.2f} {memory.half_life_texts()[number]}" for memory in report.memories]
        assert " ".join(line.split()).endswith(" ".join(ends))
    gate = {"gru": "update", "lstm": "forget", "peephole": "forget"}.get(kind)
    assert (f"{gate} →" in header and "half-life ←" in header) == (gate is not None)


def test_others_are_named_with_their_distance_and_share():
    report = inspect_sentence(make_tagger(), SENTENCES[0])
    for token in range(len(SENTENCES[0])):
        for other in report.dependence.strongest(token, 3):
            share = report.dependence.shares[token, other]
            assert f"{SENTENCES[0][other]} ({other - token:+d}) {share:.0%}" in report.table()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_picture_holds_the_means_of_the_trace(kind, bidirectional):
    report = inspect_sentence(make_tagger(kind, layers=2, bidirectional=bidirectional), SENTENCES[0])
    picture = report.picture()
    assert picture.columns == report.trace.tokens and picture.entities == report.trace.entities
    maps = {heat_map.title: heat_map for heat_map in picture.maps}
    assert len(maps) == {"none": 1, "rnn": 2}.get(kind, 4)
    arrows = "→←" if bidirectional else "→"
    places = [f"{layer}{arrow}" for layer in (1, 2) for arrow in arrows]
    if kind in GATES:
        gates = maps["Gates"]
        assert gates.rows == tuple(f"{gate} {place}" for place in places for gate in GATES[kind])
        means = [
            reading.states[gate.split()[0]].mean(1) for reading in report.trace.readings() for gate in GATES[kind]
        ]
        np.testing.assert_allclose(gates.values, means, atol=1e-6)
        assert gates.scale.low <= gates.values.min() and gates.values.max() <= gates.scale.high
    if kind != "none":
        sizes = maps["Size of what the cells hold"]
        row = sizes.rows.index(f"output h {places[-1]}")
        hidden = list(report.trace.readings())[-1].states["hidden"]
        np.testing.assert_allclose(sizes.values[row], np.sqrt((hidden**2).mean(1)), atol=1e-6)
    np.testing.assert_allclose(picture.maps[-1].values, 100 * report.dependence.shares)


def test_a_half_life_beyond_the_sentence_is_blank_and_says_so():
    report = inspect_sentence(make_tagger(), SENTENCES[0])
    (heat_map,) = (each for each in report.picture().maps if each.title.startswith("How long"))
    assert np.isnan(heat_map.values[0, -1]) and heat_map.texts[0][-1] == ">0"
    assert np.isnan(heat_map.values[1, 0]) and heat_map.texts[1][0] == ">0"


@pytest.mark.parametrize("kind", KINDS)
def test_caption_explains_what_is_shown_and_nothing_else(kind):
    caption = inspect_sentence(make_tagger(kind), SENTENCES[0]).picture().caption
    assert ("forget gate" in caption) == (kind in ("lstm", "peephole"))
    assert ("update gate" in caption) == (kind == "gru")
    assert ("Half-life" in caption) == (kind in GATES)
    assert ("→" in caption) == (kind != "none")


def test_caption_speaks_of_entities_where_there_are_some():
    report = inspect_sentence(make_tagger(), SENTENCES[0])
    assert report.trace.entities and "entity begins" in report.picture().caption
    without = replace(report, trace=replace(report.trace, entities=()))
    assert "entity begins" not in without.picture().caption


def test_the_colours_of_shares_and_sizes_begin_at_zero_and_end_where_they_can():
    for heat_map in inspect_sentence(make_tagger(), ["Ada"]).picture().maps[1:]:
        assert heat_map.scale.low == 0
    assert heat_map.values.tolist() == [[pytest.approx(100)]] and heat_map.scale.high == 100


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_strict(kind):
    report = inspect_sentence(make_tagger(kind), SENTENCES[0])
    tree = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert tree["trace"]["tokens"] == SENTENCES[0] and len(tree["memories"]) == len(report.memories)
    if kind != "none":
        found = np.array(tree["trace"]["layers"][0]["backward"]["hidden"])
        np.testing.assert_allclose(found, report.trace.layers[0]["backward"]["hidden"])


def test_any_tokens_are_taken():
    tokens = ["\ud800", "\x00", "\u202eabc", "", "x" * 1000, "$"]
    inspect_sentence(make_tagger(), tokens).table().encode("utf-8")
