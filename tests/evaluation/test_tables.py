from ner.evaluation.tables import percent, text_table


def test_columns_are_aligned():
    assert text_table(("name", "n"), [("a", "1"), ("long name", "100")]) == (
        "name         n\na            1\nlong name  100"
    )


def test_wide_and_combining_characters_take_their_width():
    lines = text_table(("x", "n"), [("名Ａ", "1"), ("e\u0301", "2"), ("abcd", "3")]).splitlines()
    assert lines == ["x     n", "名Ａ  1", "e\u0301     2", "abcd  3"]


def test_flush_left_and_no_trailing_blanks():
    assert text_table(("a", "b"), [("1", "")], left=2) == "a  b\n1"


def test_percent():
    assert [percent(value) for value in (0, 1, 0.90904)] == ["0.00", "100.00", "90.90"]
