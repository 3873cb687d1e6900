from __future__ import annotations

import json

import numpy as np
import pytest

from ner import schemes
from ner.errors import NerError
from ner.inspection.transitions import END, START, crf_transitions
from tests.inspection.taggers import make_tagger


def test_every_score_stands_where_its_tags_are_named():
    tagger = make_tagger()
    crf, tags = tagger.predictor.model.crf, tagger.tagset.tags
    found = crf_transitions(tagger)
    legal = schemes.legality(tags, "IOBES")
    for row, before in enumerate(found.before):
        for column, after in enumerate(found.after):
            if before == START and after == END:
                allowed, score = False, None
            elif before == START:
                number = tags.index(after)
                allowed, score = legal.start[number], crf.start_transitions[number]
            elif after == END:
                number = tags.index(before)
                allowed, score = legal.end[number], crf.end_transitions[number]
            else:
                pair = tags.index(before), tags.index(after)
                allowed, score = legal.transitions[pair[0]][pair[1]], crf.transitions[pair]
            if allowed:
                assert found.scores[row, column] == pytest.approx(score.item())
            else:
                assert np.isnan(found.scores[row, column])


def test_looking_leaves_the_model_as_it_was():
    tagger = make_tagger()
    before = [parameter.clone() for parameter in tagger.predictor.model.crf.parameters()]
    crf_transitions(tagger)
    for old, new in zip(before, tagger.predictor.model.crf.parameters(), strict=True):
        assert old.equal(new)


def test_table_orders_the_steps():
    tagger = make_tagger(labels=("LOC",))
    crf = tagger.predictor.model.crf
    crf.start_transitions.data[:] = 0
    crf.transitions.data[:] = 0
    crf.end_transitions.data[:] = 0
    crf.transitions.data[0, :] = crf.transitions.new_tensor([3.0, 2.0, 9.0, 9.0, 1.0])  # O to O, B, I, E, S
    crf.end_transitions.data[0] = -4
    line = next(line for line in crf_transitions(tagger).table().splitlines() if line.startswith("O "))
    assert line.split() == ["O", "O", "+3.00,", "B-LOC", "+2.00,", "S-LOC", "+1.00", "(end)", "-4.00"]


def test_json_has_none_for_what_is_forbidden():
    found = crf_transitions(make_tagger())
    tree = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert tree["scores"][0][-1] is None and tree["before"][0] == START
    assert np.array(tree["scores"], dtype=float).shape == (len(tree["before"]), len(tree["after"]))


def test_picture_is_symmetric_around_zero():
    (heat_map,) = crf_transitions(make_tagger()).picture().maps
    assert heat_map.scale.low == -heat_map.scale.high < 0
    assert heat_map.scale.colour(0.0) == "#f6f6f7"


def test_softmax_has_none():
    with pytest.raises(NerError, match="softmax"):
        crf_transitions(make_tagger(head="softmax"))
