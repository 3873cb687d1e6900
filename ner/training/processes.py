"""Several processes that train one model together, as ``torchrun`` or ``accelerate launch`` starts them.

All of them go the same way: what depends on a clock or on the last bits of a sum is found out once, and told to all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

import torch

if TYPE_CHECKING:
    from accelerate import Accelerator

T = TypeVar("T")
R = TypeVar("R")


def join() -> Accelerator:
    """Device and processes of this training."""
    from accelerate import Accelerator

    return Accelerator(cpu=_several_on_cpus())


def is_main_process() -> bool:
    """Whether this process writes and speaks, of several that train together."""
    from accelerate import PartialState

    return bool(PartialState(cpu=_several_on_cpus()).is_main_process)


def decided(accelerator: Accelerator, work: Callable[[], T]) -> T:
    """What the first process finds, in all of them."""
    if accelerator.num_processes == 1:
        return work()
    from accelerate.utils import broadcast_object_list

    found = [work() if accelerator.is_main_process else None]
    return cast(T, broadcast_object_list(found)[0])


def shared_out(accelerator: Accelerator, items: Sequence[T], work: Callable[[Sequence[T]], Sequence[R]]) -> list[R]:
    """The results of all items in order, in all processes, each of which does its share of them."""
    if accelerator.num_processes == 1:
        return list(work(items))
    from accelerate.utils import gather_object

    processes = accelerator.num_processes
    shares: list[Sequence[R]] = gather_object([work(items[accelerator.process_index :: processes])])
    return [shares[number % processes][number // processes] for number in range(len(items))]


def _several_on_cpus() -> bool:
    """Whether there are others and no GPU: accelerate joins such processes only if told to."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return False
    if hasattr(torch, "accelerator"):  # from torch 2.6 on
        return not torch.accelerator.is_available()
    return not torch.cuda.is_available()
