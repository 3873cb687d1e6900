import json
import warnings

import pytest
import seqeval.metrics
import seqeval.scheme
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import sequence_labeling

from ner.errors import DataError
from ner.evaluation.scores import Score, Scores, score
from ner.schemes import convert, to_spans

from .conlleval import conlleval
from .strategies import free_pairs, legal_pairs, patient, schemes

GOLD = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-ORG"]]
PREDICTED = [["B-PER", "I-PER", "O", "B-ORG"], ["I-ORG", "I-ORG"]]


def rates(correct, predicted, gold):
    precision, recall = correct / predicted if predicted else 0.0, correct / gold if gold else 0.0
    return precision, recall, 2 * correct / (predicted + gold) if predicted + gold else 0.0


def close(found, expected):
    return found == pytest.approx(expected, abs=1e-12)


@patient
@given(free_pairs())
def test_agrees_with_conlleval_on_any_tags(case):
    gold, predicted, scheme = case
    scores = score(gold, predicted, scheme)
    correct, guessed, true, right = conlleval(gold, predicted)
    tokens = sum(map(len, gold))
    assert (scores.correct, scores.predicted, scores.gold) == (correct.total(), guessed.total(), true.total())
    assert scores.accuracy == (right / tokens if tokens else 0)
    assert list(scores.types) == sorted(scores.types)
    assert {name for name, row in scores.types.items()} >= set(guessed) | set(true)
    micro = scores.micro
    assert close((micro.precision, micro.recall, micro.f1), rates(correct.total(), guessed.total(), true.total()))
    assert micro.support == true.total()
    each = {name: rates(correct[name], guessed[name], true[name]) for name in scores.types}
    for name, row in scores.types.items():
        assert close((row.precision, row.recall, row.f1), each[name])
        assert row.support == true[name]
    if each:
        means = [sum(column) / len(each) for column in zip(*each.values(), strict=True)]
        assert close([scores.macro.precision, scores.macro.recall, scores.macro.f1], means)


@patient
@given(free_pairs().filter(lambda case: case[2] not in ("BILOU", "BMES")))
def test_micro_is_what_seqeval_says_of_the_tags_as_they_are(case):
    gold, predicted, scheme = case
    micro = score(gold, predicted, scheme).micro
    if gold:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = sequence_labeling.precision_recall_fscore_support(gold, predicted, average="micro")
        assert (micro.precision, micro.recall, micro.f1, micro.support) == expected


@patient
@given(legal_pairs())
def test_strict_is_the_same_where_all_is_legal(case):
    scores = score(*case)
    assert scores.illegal_transitions == 0
    assert close(
        [scores.strict.precision, scores.strict.recall, scores.strict.f1, scores.strict.support],
        [scores.micro.precision, scores.micro.recall, scores.micro.f1, scores.micro.support],
    )
    assert scores.strict_types == {name: pytest.approx(row) for name, row in scores.types.items()}


@patient
@given(free_pairs().filter(lambda case: case[2] not in ("BMES", "IOE1") and "C-" not in str(case)))
def test_strict_is_seqevals_strict_on_any_tags(case):
    gold, predicted, scheme = case
    found = score(gold, predicted, scheme).strict
    if gold:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            strict = {"mode": "strict", "scheme": getattr(seqeval.scheme, scheme)}
            assert found.precision == seqeval.metrics.precision_score(gold, predicted, **strict)
            assert found.recall == seqeval.metrics.recall_score(gold, predicted, **strict)
            assert found.f1 == seqeval.metrics.f1_score(gold, predicted, **strict)


@patient
@given(legal_pairs(), schemes)
def test_scores_do_not_depend_on_the_scheme(case, other):
    gold, predicted, scheme = case
    first = score(gold, predicted, scheme)
    second = score([convert(tags, other) for tags in gold], [convert(tags, other) for tags in predicted], other)
    assert (first.micro, first.types, first.strict) == (second.micro, second.types, second.strict)


def test_by_hand():
    scores = score(GOLD, PREDICTED, "IOB2")
    # Predicted: PER 0-2, ORG 3-4, and an orphan I-ORG that opens ORG 0-2. Of three gold entities one is found.
    assert scores.micro == Score(1 / 3, 1 / 3, 1 / 3, 3)
    assert scores.types == {"LOC": Score(support=1), "ORG": Score(support=1), "PER": Score(1.0, 1.0, 1.0, 1)}
    assert scores.macro == Score(1 / 3, 1 / 3, 1 / 3, 3)
    # Strictly, the orphan is no entity: two are predicted.
    assert scores.strict == Score(1 / 2, 1 / 3, 0.4, 3)
    assert scores.illegal_transitions == 1
    assert scores.accuracy == 3 / 6


def test_bilou_is_not_scored_as_seqeval_would():
    gold = [["B-X", "L-X", "O", "U-X", "U-X"]]
    assert score(gold, gold, "BILOU").micro == Score(1.0, 1.0, 1.0, 3)
    with pytest.warns(UserWarning, match="not to be NE tag"):
        assert len(sequence_labeling.get_entities(gold)) != 3


@pytest.mark.parametrize("scheme, tags, count", [
    ("IOBES", ["B-X", "O"], 1),
    ("IOBES", ["I-X", "I-X"], 2),
    ("IOBES", ["B-X", "E-Y", "B-X"], 2),
    ("BILOU", ["L-X"], 1),
    ("BMES", ["S-X", "M-X", "E-X"], 1),
    ("IOB2", ["O", "I-X", "I-Y"], 2),
    ("IOE2", ["I-X"], 1),
    ("IOB1", ["O", "B-X"], 1),
    ("IOB1", ["I-X", "B-X"], 0),
])  # fmt: skip
def test_illegal_transitions_are_counted_and_not_repaired(scheme, tags, count):
    gold = [["O"] * len(tags)]
    scores = score(gold, [tags], scheme)
    assert scores.illegal_transitions == count
    assert scores.predicted == len(to_spans(tags))
    assert score([tags], gold, scheme).illegal_transitions == 0


@pytest.mark.parametrize("gold, predicted", [([], []), ([[]], [[]]), ([["O"]], [["O"]]), ([["O"], []], [["O"], []])])
def test_without_entities_all_is_zero(gold, predicted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(gold, predicted, "IOBES")
    assert scores.micro == scores.macro == scores.strict == Score()
    assert scores.types == scores.strict_types == {}
    assert scores.tokens == sum(map(len, gold))
    assert scores.accuracy == (1.0 if scores.tokens else 0.0)
    assert "micro" in scores.table()


def test_only_illegal_entities_are_none_in_the_strict_reading():
    scores = score([["I-X"]], [["I-X"]], "IOBES")
    assert (scores.micro, scores.strict, scores.strict_types) == (Score(1.0, 1.0, 1.0, 1), Score(), {})


def test_a_label_on_one_side_only_is_missed_or_spurious():
    scores = score([["B-NEW", "O"]], [["O", "B-OLD"]], "IOB2")
    assert scores.types == {"NEW": Score(support=1), "OLD": Score()}
    assert scores.micro == Score(support=1)


@pytest.mark.parametrize("gold, predicted, message", [
    ([["O"]], [], "1 gold and 0 predicted sentences"),
    ([["O"], ["O", "O"]], [["O"], ["O"]], "sentence 2 has 2 gold and 1 predicted tags"),
    ([["E-X"]], [["O"]], "'E-X' is not in scheme IOB2"),
    ([["O"]], [["?"]], "'[?]' is no tag"),
])  # fmt: skip
def test_input_that_cannot_be_scored(gold, predicted, message):
    with pytest.raises(ValueError, match=message):
        score(gold, predicted, "IOB2")


def test_unknown_scheme():
    with pytest.raises(ValueError, match="unknown scheme 'IOB3'"):
        score([["O"]], [["O"]], "IOB3")
    assert score([["B-A"]], [["B-A"]], "BIO").to_json() == score([["B-A"]], [["B-A"]], "IOB2").to_json()


@patient
@given(free_pairs())
def test_json_round_trip(case):
    scores = score(*case)
    written = json.dumps(scores.to_json())
    assert Scores.from_json(json.loads(written)) == scores
    assert set(scores.to_json()["micro"]) == {"precision", "recall", "f1", "support"}


def test_json_that_is_none_of_ours():
    data = score(GOLD, PREDICTED, "IOB2").to_json()
    for key in data:
        with pytest.raises(DataError, match=key):
            Scores.from_json({name: value for name, value in data.items() if name != key})
    with pytest.raises(DataError):
        Scores.from_json({**data, "micro": {"f2": 1.0}})
    with pytest.raises(DataError):
        Scores.from_json({**data, "types": [1]})


def test_more_than_ten_labels_keep_their_order():
    labels = [f"L{number:02}" for number in range(12)]
    scores = score([[f"B-{label}" for label in labels]], [[f"B-{label}" for label in [*labels[:11], "X"]]], "IOB2")
    assert {name: row.f1 for name, row in scores.types.items()} == dict.fromkeys(labels[:11], 1.0) | {
        "L11": 0,
        "X": 0,
    }
    assert list(scores.types) == list(scores.strict_types) == [*labels, "X"]


def test_table():
    assert score(GOLD, PREDICTED, "IOB2").table() == (
        "6 tokens in 2 sentences; entities: 3 gold, 3 predicted, 1 correct\n"
        "accuracy 50.00; illegal transitions 1\n"
        "\n"
        "type    precision  recall      F1  support\n"
        "LOC          0.00    0.00    0.00        1\n"
        "ORG          0.00    0.00    0.00        1\n"
        "PER        100.00  100.00  100.00        1\n"
        "micro       33.33   33.33   33.33        3\n"
        "macro       33.33   33.33   33.33        3\n"
        "strict      50.00   33.33   40.00        3"
    )


@patient
@given(st.lists(st.text(alphabet="abé名-", min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
def test_any_label_keeps_its_name(labels):
    tags = [[f"B-{label}" for label in labels]]
    scores = score(tags, tags, "IOB2")
    assert list(scores.types) == list(scores.strict_types) == sorted(labels)
