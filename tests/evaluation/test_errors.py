import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation.errors import ABSENT, NEW, NONE, RETYPED, SEEN, WORDS_SEEN, TrainingNames, analyse
from ner.evaluation.matching import ERRORS
from ner.schemes import Span

from .strategies import patient, spans

TOKENS = [
    ["Anna", "Lee", "met", "Bob", "in", "New", "York"],
    ["He", "saw", "Bob", "in", "Paris"],
    ["Bob", "left"],
    ["Nothing", "here"],
]
GOLD = [
    [Span("PER", 0, 2), Span("PER", 3, 4), Span("LOC", 5, 7)],
    [Span("PER", 2, 3), Span("LOC", 4, 5)],
    [Span("PER", 0, 1)],
    [],
]
PREDICTED = [
    [Span("PER", 0, 2), Span("ORG", 3, 4), Span("LOC", 6, 7)],
    [Span("ORG", 2, 3)],
    [Span("ORG", 0, 2)],
    [Span("LOC", 0, 1)],
]
TRAINING = TrainingNames.of(
    [["Anna", "Lee", "wrote"], ["Bob", "'s", "shop"], ["the", "New", "York", "Times", "here"]],
    [[Span("PER", 0, 2)], [Span("ORG", 0, 3), Span("ORG", 0, 1)], [Span("ORG", 1, 4)]],
)
REPORT = analyse(TOKENS, GOLD, PREDICTED, places=["line 1", "line 9", "line 15", "line 18"], training=TRAINING)

corpora = st.lists(st.integers(0, 8).flatmap(lambda n: st.tuples(st.just(n), spans(n), spans(n))), max_size=6)


def test_counts_by_hand():
    assert REPORT.counts() == {"correct": 1, "type": 2, "boundary": 1, "both": 1, "missed": 1, "spurious": 1}
    assert REPORT.by_type() == {
        "LOC": {"boundary": 1, "missed": 1, "spurious": 1},
        "PER": {"correct": 1, "type": 2, "both": 1},
    }
    assert REPORT.by_length() == {
        "1": {"type": 2, "both": 1, "missed": 1, "spurious": 1},
        "2": {"correct": 1, "boundary": 1},
    }


def test_it_shows_itself_in_a_line():
    told = "type 2, correct 1, boundary 1, missed 1, both 1, spurious 1"
    assert repr(REPORT) == f"<ErrorReport of 4 sentences, {told}>"
    assert repr(analyse([], [], [])) == "<ErrorReport of 0 sentences, no entities>"


def test_novelty_by_hand():
    assert list(REPORT.by_novelty().items()) == [
        (SEEN, {"correct": 1}),  # Anna Lee
        (RETYPED, {"type": 2, "both": 1}),  # Bob, an organization in training
        (WORDS_SEEN, {"boundary": 1}),  # New York
        (NEW, {"missed": 1, "spurious": 1}),  # Paris, Nothing
    ]
    assert analyse(TOKENS, GOLD, PREDICTED).by_novelty() == {}


def test_confusion_by_hand():
    assert REPORT.confusion() == {
        "LOC": {"LOC": 1, "ORG": 0, "PER": 0, NONE: 1},
        "ORG": {"LOC": 0, "ORG": 0, "PER": 0, NONE: 0},
        "PER": {"LOC": 0, "ORG": 3, "PER": 1, NONE: 0},
        NONE: {"LOC": 1, "ORG": 0, "PER": 0, NONE: 0},
    }


def test_the_most_frequent_come_first_with_their_contexts():
    first, *others = REPORT.frequent()
    assert (first.kind, first.gold, first.predicted, first.count) == ("type", ("Bob", "PER"), ("Bob", "ORG"), 2)
    assert first.examples == ((0, "Anna Lee met «Bob» in New York"), (1, "He saw «Bob» in Paris"))
    assert [error.count for error in others] == [1, 1, 1, 1]
    assert others[0].examples == ((0, "Anna Lee met Bob in «New York»"),)
    assert len(REPORT.frequent(2)) == 2


def test_context_is_cut_to_six_words_on_either_side():
    words = [str(number) for number in range(20)]
    report = analyse([words], [[Span("X", 9, 10)]], [[]])
    assert report.frequent()[0].examples[0][1] == "3 4 5 6 7 8 «9» 10 11 12 13 14 15"


@patient
@given(corpora)
def test_every_breakdown_adds_up(corpus):
    tokens = [[f"w{position}" for position in range(length)] for length, _, _ in corpus]
    gold, predicted = [gold for _, gold, _ in corpus], [predicted for _, _, predicted in corpus]
    report = analyse(tokens, gold, predicted, training=TrainingNames.of(tokens[:1], gold[:1]))
    counts = report.counts()
    assert counts.total() - counts["spurious"] == sum(map(len, gold))
    assert counts.total() - counts["missed"] == sum(map(len, predicted))
    assert counts["correct"] == sum(len(set(one) & set(other)) for one, other in zip(gold, predicted, strict=True))
    for breakdown in (report.by_type(), report.by_length(), report.by_novelty()):
        for kind in ("correct", *ERRORS):
            assert sum(each[kind] for each in breakdown.values()) == counts[kind]
    matrix = report.confusion()
    assert sum(sum(row.values()) for row in matrix.values()) == counts.total()
    assert sum(matrix[label][label] for label in matrix) == counts["correct"] + counts["boundary"]
    assert sum(row[NONE] for row in matrix.values()) == counts["missed"]
    assert sum(matrix[NONE].values()) == counts["spurious"]
    assert sum(error.count for error in report.frequent(10**6)) == counts.total() - counts["correct"]
    assert len(report.to_json()["errors"]) == counts.total() - counts["correct"]


def test_long_entities_share_a_row():
    words = ["x"] * 30
    report = analyse([words], [[Span("X", 0, 4), Span("X", 5, 10), Span("X", 11, 30)]], [[]])
    assert report.by_length() == {"4": {"missed": 1}, "5 or more": {"missed": 2}}


def test_json():
    data = json.loads(json.dumps(REPORT.to_json()))
    assert data == REPORT.to_json()
    assert data["types"]["PER"] == {"correct": 1, "type": 2, "boundary": 0, "both": 1, "missed": 0, "spurious": 0}
    assert data["errors"][1] == {
        "sentence": 0,
        "place": "line 1",
        "kind": "boundary",
        "gold": {"text": "New York", "label": "LOC", "start": 5, "end": 7},
        "predicted": {"text": "York", "label": "LOC", "start": 6, "end": 7},
    }
    assert data["frequent"][0]["examples"][1] == {"place": "line 9", "context": "He saw «Bob» in Paris"}
    assert len(REPORT.to_json(limit=1)["frequent"]) == 1


def test_table():
    tables = REPORT.table().split("\n\n")
    assert tables[0].startswith("4 sentences; entities: 6 gold, 6 predicted, 1 correct; F1 16.67. Found: percent")
    assert [table.split()[0] for table in tables[1:]] == ["label", "tokens", "in", "gold", "times"]
    assert tables[1].splitlines()[-1].split() == ["all", "6", "16.67", "2", "1", "1", "1", "1"]
    rows = [" ".join(line.split()) for line in tables[5].splitlines()]
    assert rows[1] == "2 wrong type Bob (PER) Bob (ORG) line 1: Anna Lee met «Bob» in New York"
    assert rows[-1] == "1 spurious - Nothing (LOC) line 18: «Nothing» here"
    without = analyse(TOKENS, GOLD, PREDICTED).table()
    assert "in training" not in without
    assert "sentence 1: Anna Lee met" in without


def test_nothing_to_report():
    report = analyse([], [], [])
    assert report.counts().total() == 0
    assert report.table().splitlines()[3].split() == ["all", "0", ABSENT, "0", "0", "0", "0", "0"]
    assert report.to_json()["errors"] == []


@pytest.mark.parametrize("arguments, message", [
    ((TOKENS, GOLD[:2], PREDICTED), "4 sentences, gold spans of 2 and predicted spans of 4"),
    ((TOKENS, GOLD, PREDICTED, ["line 1"]), "names of 1: expected the same number"),
    (([["a"]], [[]], [[Span("X", 0, 2)]]), "sentence 1, predicted: .* outside of 1 tokens"),
    (([["a"], ["b"]], [[], [Span("X", 0, 1), Span("Y", 0, 1)]], [[], []]), "sentence 2, gold: .*overlaps"),
])  # fmt: skip
def test_what_cannot_be_analysed(arguments, message):
    with pytest.raises(ValueError, match=message):
        analyse(*arguments)
