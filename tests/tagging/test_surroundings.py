"""Where a stream may be cut, and what is read beside a window."""

from __future__ import annotations

import numpy as np

from ner.features.stretches import stretches
from ner.tagging.surroundings import Surroundings
from ner.tagging.units import Unit


def unit(size: int, document: int, closed: bool = False) -> Unit:
    return Unit([["x"] * size] if size else [], document_of=[document] * bool(size), is_closed=closed)


def test_units_wait_for_what_follows_them() -> None:
    surroundings = Surroundings(5)
    assert surroundings.ready([]) == 0
    assert surroundings.ready([unit(9, 0)]) == 0
    assert surroundings.ready([unit(0, 0), unit(0, 0)]) == 2  # nothing in them waits
    assert surroundings.ready([unit(9, 0), unit(4, 0)]) == 0
    assert surroundings.ready([unit(9, 0), unit(4, 0), unit(0, 0), unit(1, 0)]) == 1
    assert surroundings.ready([unit(9, 0), unit(9, 0), unit(1, 1)]) == 2  # their document is complete
    assert surroundings.ready([unit(9, 0), unit(1, 1, closed=True)]) == 2
    assert Surroundings(0).ready([unit(9, 0)]) == 1


def test_however_a_stream_is_cut_all_that_is_in_reach_is_read() -> None:
    chance = np.random.default_rng(4)
    for reach in (1, 4, 30):
        sizes = chance.integers(0, 7, 200)
        documents = np.cumsum(chance.random(200) < 0.1).tolist()
        stream = [unit(size, document) for size, document in zip(sizes.tolist(), documents, strict=True)]
        full = [one for one in stream if one.sentences]
        everything = stretches(
            np.array([len(one.sentences[0]) for one in full]), [one.document_of[0] for one in full], reach
        )
        surroundings, ahead, found = Surroundings(reach), [], []
        for number, one in enumerate(stream, 1):
            ahead.append(one)
            ready = len(ahead) if number == len(stream) else surroundings.ready(ahead)
            if ready and (chance.random() < 0.3 or number == len(stream)):
                units, ahead = ahead[:ready], ahead[ready:]
                before, after = surroundings.of(units, ahead)
                assert sum(len(s) for u in before for s in u.sentences) <= reach + 6
                around = [u for u in (*before, *units, *after) if u.sentences]
                read = stretches(
                    np.array([len(u.sentences[0]) for u in around]), [u.document_of[0] for u in around], reach
                )
                first = sum(len(u.sentences) for u in before)
                stop = first + sum(len(u.sentences) for u in units)
                found += read.sizes[first:stop].tolist()
        assert found == everything.sizes.tolist()
