from hypothesis import given
from hypothesis import strategies as st

from ner.corpus.utf16 import Utf16


@given(st.text(st.sampled_from("aé\u20ac😀👩🏻\U0010ffff"), max_size=12))
def test_offsets_are_those_of_the_encoding(text):
    utf16 = Utf16(text)
    begins = [len(text[:place].encode("utf-16-le")) // 2 for place in range(len(text) + 1)]
    assert [utf16.units(place) for place in range(len(text) + 1)] == begins
    known = {unit: place for place, unit in enumerate(begins)}
    assert [utf16.character(unit) for unit in range(begins[-1] + 1)] == [
        known.get(unit) for unit in range(begins[-1] + 1)
    ]
