"""How much is read with a sentence, against a plain search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.features.stretches import stretches

SENTENCES = st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=12)


@given(SENTENCES, st.integers(0, 9))
def test_as_many_tokens_as_there_are_in_the_document(sentences: list[tuple[int, bool]], reach: int) -> None:
    lengths = np.array([size for size, _ in sentences], dtype=np.int64)
    documents = np.cumsum([opens for _, opens in sentences]).tolist()
    tokens = [document for document, size in zip(documents, lengths, strict=True) for _ in range(size)]
    found = stretches(lengths, documents, reach)
    start = 0
    for number, size in enumerate(lengths.tolist()):
        stop = start + size
        before = after = 0
        while before < reach and start - before > 0 and tokens[start - before - 1] == documents[number]:
            before += 1
        while after < reach and stop + after < len(tokens) and tokens[stop + after] == documents[number]:
            after += 1
        if size:
            assert (found.first[number], found.sizes[number]) == (start - before, size + before + after)
        else:
            assert found.sizes[number] == 0
        start = stop


@pytest.mark.parametrize("reach", [2**63 - 1, 10**30])
def test_a_reach_beyond_all_texts_is_the_whole_document(reach: int) -> None:
    found = stretches(np.array([3, 0, 2, 4]), [0, 0, 0, 1], reach)
    assert found.first.tolist() == [0, 0, 0, 5] and found.sizes.tolist() == [5, 0, 5, 4]


def test_without_documents_sentences_are_read_alone() -> None:
    lengths = np.array([3, 0, 2])
    found = stretches(lengths, None, 5)
    assert found.first.tolist() == [0, 3, 3] and found.sizes is lengths
