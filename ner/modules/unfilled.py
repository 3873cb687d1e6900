"""Networks as shapes alone, to be given weights that were read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_FILLS = {"uniform_", "normal_", "fill_", "zero_"}


@contextmanager
def unfilled() -> Iterator[None]:
    """Modules made here have parameters without memory or values.

    torch's meta device does the first; that it also computes initial values there, in Python, takes longer than
    importing torch.
    """
    with torch.device("meta"), _WithoutFills():
        yield


class _WithoutFills(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _FILLS:
            tensor = kwargs["tensor"] if "tensor" in kwargs else args[0]
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)
