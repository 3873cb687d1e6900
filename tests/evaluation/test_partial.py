"""What nobody looked at counts neither for nor against."""

from __future__ import annotations

import pytest

from ner.evaluation.partial import open_places, settle


def test_full_annotation_is_left_alone() -> None:
    gold, predicted = [["B-A", "O"], ["O"]], [["O", "I-A"], ["B-A"]]
    assert settle(gold, predicted, "IOB2") == (gold, predicted)


def test_open_tokens_take_what_reaches_them_out_of_the_comparison() -> None:
    gold = [["B-A", "O", "?", "O", "B-A|O", "B-B"]]
    predicted = [["B-A", "O", "I-A", "B-B", "B-A", "B-B"]]
    assert settle(gold, predicted, "IOB2") == (
        [["B-A", "O", "O", "O", "O", "B-B"]],
        [["B-A", "O", "O", "B-B", "O", "B-B"]],
    )


def test_an_entity_that_may_go_on_into_an_open_token_is_open_itself() -> None:
    assert settle([["B-A", "I-A", "?", "B-B"]], [["B-A", "I-A", "I-A", "B-B"]], "IOB2") == (
        [["O", "O", "O", "B-B"]],
        [["O", "O", "O", "B-B"]],
    )


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        (["B-A", "I-A", "?"], {0, 1, 2}),
        (["B-A", "E-A", "?"], {2}),
        (["S-A", "?", "S-A"], {1}),
        (["?", "I-A", "O"], {0, 1}),
        (["?", "B-A", "O"], {0}),
        (["U-A", "?", "B-A", "L-A"], {1}),
        (["O", "B-A|O", "O"], {1}),
        (["B-A", "I-A"], set()),
        ([], set()),
    ],
)
def test_open_places(gold: list[str], expected: set[int]) -> None:
    assert open_places(gold) == expected
