"""fp32 that is fp32 on a GPU, too, where cuDNN takes TF32 for an LSTM, ten bits of 23, unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

import torch

_lock = RLock()  # the setting is the process's: whoever comes second must not take the first one's for the user's


@contextmanager
def without_tf32(device: torch.device) -> Iterator[None]:
    """Products of fp32 as they are on a CPU, where the device is a GPU; one thread at a time."""
    if device.type != "cuda":
        yield
        return
    where, name, exact = _setting()
    with _lock:
        before = getattr(where, name)
        setattr(where, name, exact)
        try:
            yield
        finally:
            setattr(where, name, before)


def _setting() -> tuple[Any, str, Any]:
    """Where torch keeps it: newer versions for each kind of operation, and they do not want both ways mixed."""
    layers = getattr(torch.backends.cudnn, "rnn", None)
    if hasattr(layers, "fp32_precision"):
        return layers, "fp32_precision", "ieee"
    return torch.backends.cudnn, "allow_tf32", False
