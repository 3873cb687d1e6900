import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation.spread import Spread

from .strategies import patient

scores = st.lists(st.floats(0, 1), min_size=1, max_size=9)


@patient
@given(scores)
def test_against_numpy(values):
    found = Spread(tuple(values))
    assert found.mean == pytest.approx(np.mean(values))
    if len(values) > 1:
        assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-9)
        assert found.error == pytest.approx(np.std(values, ddof=1) / np.sqrt(len(values)), abs=1e-9)
    assert (found.minimum, found.maximum) == (np.min(values), np.max(values))
    assert json.loads(json.dumps(found.to_json()))["values"] == values


def test_the_spread_of_one_value_is_not_known():
    found = Spread((0.5,))
    assert (found.deviation, found.error) == (None, None)
    assert found.cells() == ("50.00", "-", "50.00", "50.00")


def test_by_hand():
    assert str(Spread((0.2, 0.4, 0.9))) == "50.00 +- 36.06 (20.00 40.00 90.00)"
    assert Spread((0.2, 0.4, 0.9)).to_json() == {
        "mean": pytest.approx(0.5),
        "deviation": pytest.approx(0.13**0.5),
        "minimum": 0.2,
        "maximum": 0.9,
        "values": [0.2, 0.4, 0.9],
    }
