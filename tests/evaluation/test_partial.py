"""What nobody looked at counts neither for nor against."""

from __future__ import annotations

from ner.evaluation.partial import settle


def test_full_annotation_is_left_alone() -> None:
    gold, predicted = [["B-A", "O"], ["O"]], [["O", "I-A"], ["B-A"]]
    assert settle(gold, predicted, "IOB2") == (gold, predicted)


def test_open_tokens_take_what_reaches_them_out_of_the_comparison() -> None:
    gold = [["B-A", "?", "O", "B-A|O", "B-B"]]
    predicted = [["B-A", "I-A", "B-B", "B-A", "B-B"]]
    assert settle(gold, predicted, "IOB2") == (
        [["B-A", "O", "O", "O", "B-B"]],
        [["O", "O", "B-B", "O", "B-B"]],
    )
