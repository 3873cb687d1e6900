"""The ranking of suspects: what is held against what, and by how much."""

from __future__ import annotations

import pytest

from ner.evaluation.suspects import Belief, Suspects, rank
from ner.schemes import Span

TOKENS = ["Ada", "of", "New", "York", "sings"]
ADA, OF_ADA = Span("PER", 0, 1), Span("PER", 0, 2)
YORK, NEW_YORK, FIRM = Span("LOC", 3, 4), Span("LOC", 2, 4), Span("ORG", 2, 4)


def ranked(belief: Belief) -> list[tuple[str, Span | None, Span | None, float]]:
    found = rank([(TOKENS, lambda word: f"a.conll:{7 + word}", belief)])
    return [(one.kind, one.annotated, one.rival, round(one.p_rival - one.p_annotated, 6)) for one in found]


@pytest.mark.parametrize("rivals, nothing, expected", [
    ({FIRM: 0.7, YORK: 0.1, NEW_YORK: 0.1}, 0.1, ("type", NEW_YORK, FIRM, 0.6)),
    ({YORK: 0.8, FIRM: 0.1}, 0.0, ("boundary", NEW_YORK, YORK, 0.7)),
    ({Span("ORG", 1, 4): 0.6}, 0.3, ("type and boundary", NEW_YORK, Span("ORG", 1, 4), 0.5)),
    ({YORK: 0.2}, 0.7, ("no entity", NEW_YORK, None, 0.6)),
])  # fmt: skip
def test_an_annotated_entity_and_its_likeliest_rival(
    rivals: dict[Span, float], nothing: float, expected: tuple[str, Span, Span | None, float]
) -> None:
    assert ranked(Belief({NEW_YORK: 0.1}, rivals, {NEW_YORK: nothing})) == [expected]


def test_what_the_model_believes_is_no_suspect() -> None:
    assert ranked(Belief({NEW_YORK: 0.5}, {NEW_YORK: 0.5, FIRM: 0.4}, {NEW_YORK: 0.1})) == []


def test_missing_entities_are_held_against_nothing_and_named_once() -> None:
    belief = Belief({NEW_YORK: 0.9}, {ADA: 0.6, OF_ADA: 0.3, NEW_YORK: 0.9}, {NEW_YORK: 0.1, ADA: 0.15, OF_ADA: 0.1})
    assert ranked(belief) == [("missing", None, ADA, 0.45)]


def test_order_place_and_table() -> None:
    sentences = [
        (TOKENS, lambda word: f"a.conll:{1 + word}", Belief({NEW_YORK: 0.05}, {FIRM: 0.9}, {NEW_YORK: 0.05})),
        (TOKENS, lambda word: f"a.conll:{9 + word}", Belief({NEW_YORK: 0.001}, {FIRM: 0.5}, {NEW_YORK: 0.1})),
    ]
    found = Suspects(tuple(rank(sentences)), 2, 4)
    assert [(one.sentence, one.place) for one in found.ranked] == [(1, "a.conll:11"), (0, "a.conll:3")]
    lines = found.table().splitlines()
    assert lines[0].startswith("2 suspects in 2 sentences with 4 entities")
    assert lines[3].split() == [
        "1", "a.conll:11", "type", "New", "York", "(LOC)", "New", "York", "(ORG)", "0.001", "0.500",
        "Ada", "of", "«New", "York»", "sings",
    ]  # fmt: skip
    assert len(found.table(1).splitlines()) == 4 and found.table(0).count("\n") == 0
    assert found.to_json()["suspects"][0]["annotated"] == {"text": "New York", "label": "LOC", "start": 2, "end": 4}


def test_models_that_know_too_little_are_no_judges() -> None:
    doubts = (TOKENS, str, Belief({NEW_YORK: 0.05}, {FIRM: 0.9}, {NEW_YORK: 0.05}))
    missing = (TOKENS, str, Belief({NEW_YORK: 0.9}, {ADA: 0.6, NEW_YORK: 0.9}, {NEW_YORK: 0.1, ADA: 0.15}))
    half = Suspects(tuple(rank([doubts, missing])), 2, 2)  # what is missing says nothing of what is annotated
    assert len(half.ranked) == 2 and half.doubted == 1 and not half.judgement
    most = Suspects(tuple(rank([doubts, doubts, missing])), 3, 3)
    assert most.doubted == 2 and most.table().splitlines()[1] == most.judgement
    assert most.judgement.startswith("The models doubt 2 of the 3 annotated entities, more than half")
