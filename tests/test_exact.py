"""The setting is made for a while, and put back, wherever torch keeps it: that products follow it, a GPU tells."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from ner.exact import without_tf32

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("layers", "name", "before", "meanwhile"),
    [
        ({"fp32_precision": "tf32"}, "rnn.fp32_precision", "tf32", "ieee"),
        ({}, "allow_tf32", True, False),
    ],
    ids=["2.9 and later", "before"],
)
def test_tf32_is_off_for_a_while(
    monkeypatch: pytest.MonkeyPatch, layers: dict[str, str], name: str, before: object, meanwhile: object
) -> None:
    keeps = SimpleNamespace(rnn=SimpleNamespace(**layers), allow_tf32=True)

    def now() -> object:
        return keeps.rnn.fp32_precision if name.startswith("rnn") else keeps.allow_tf32

    monkeypatch.setattr(torch.backends, "cudnn", keeps)
    with without_tf32(CPU):
        assert now() == before
    with pytest.raises(ZeroDivisionError), without_tf32(GPU), without_tf32(GPU):
        assert now() == meanwhile
        raise ZeroDivisionError
    assert now() == before


def test_this_version_of_torch_has_the_setting() -> None:
    with without_tf32(GPU):
        pass
