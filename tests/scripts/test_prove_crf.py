"""The script that prints how exact the CRF is finds what is wrong with one."""

from __future__ import annotations

from collections import defaultdict

import pytest
import torch

from ner.modules.crf import CRF

from .loading import script

prove_crf = script("prove_crf")


def test_a_right_crf_is_exact():
    largest = defaultdict(float)
    prove_crf.prove("IOBES", False, 0, largest)
    assert len(largest) == 2 * 8 + 4
    for (name, dtype), apart in largest.items():
        assert apart < (1e-8 if "gradient" in name else 1e-10 if dtype == torch.float64 else 1e-5), name
    assert prove_crf.count_illegal("IOBES", 40) == (0, 0)


def test_a_wrong_one_is_not(monkeypatch: pytest.MonkeyPatch):
    right = CRF.entropy
    monkeypatch.setattr(CRF, "entropy", lambda *arguments: right(*arguments) * 1.01)
    largest = defaultdict(float)
    prove_crf.prove("IOB2", True, 1, largest)
    assert largest["entropy", torch.float64] > 1e-3 > largest["log Z", torch.float64]
    monkeypatch.setattr(CRF, "decode", lambda self, emissions, lengths: torch.zeros(emissions.shape[:2]).long() + 1)
    with pytest.raises(AssertionError, match="another best path"):
        prove_crf.prove("IOB2", False, 0, largest)
    assert prove_crf.count_illegal("IOBES", 40)[0] > 0
