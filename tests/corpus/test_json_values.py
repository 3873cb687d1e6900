import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus.json_values import objects
from ner.errors import DataError

blanks = st.text(" \t\r\n", max_size=3)


def read(content):
    return list(objects(io.BytesIO(content.encode())))


@given(
    st.lists(st.tuples(st.dictionaries(st.text(max_size=3), st.integers()), blanks, blanks)), st.booleans(), blanks
)
def test_objects_with_their_lines_however_they_are_laid_out(values, is_array, before):
    content, expected = before + ("[" if is_array else ""), []
    for number, (value, left, right) in enumerate(values):
        content += ("," if is_array and number else "") + left
        expected.append((content.count("\n") + 1, value))
        content += json.dumps(value, indent=1) + right
    assert read(content + ("]\n" if is_array else "")) == expected


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('[{"a": 1},\n {"a": }]', r"<stream>:2: is no JSON: Expecting value. Was the file cut short\?"),
        ('[{"a": 1},\n {"a": 1}', r":2: the array does not end where the file does"),
        ('[{"a": 1}] {"b": 1}', r":1: the array does not end where the file does"),
        ('[{"a": 1},\n 17]', r":2: holds '17', no object"),
        ("[" * 100_000, r"is nested too deeply|is no JSON"),
    ],
)
def test_what_is_no_such_json(content, fault):
    with pytest.raises(DataError, match=fault):
        read(content)
