"""Several processes that train one model together, as ``torchrun`` or ``accelerate launch`` starts them.

All of them go the same way: what depends on a clock, on a file that the first one has or on the last bits of a sum is
found out once, and told to all. Who waits in vain for another ends with an error, so that none is left for ever.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import Tensor, nn

from ner.errors import NerError, TrainingError

if TYPE_CHECKING:
    from accelerate import Accelerator

T = TypeVar("T")
R = TypeVar("R")


def launched_together() -> int:
    """How many processes a launcher has started, this one among them; 1 without a launcher.

    Raises:
        TrainingError: ``WORLD_SIZE``, where launchers say it, is no number.
    """
    found = os.environ.get("WORLD_SIZE") or "1"
    if not found.isdecimal():
        raise TrainingError(f"WORLD_SIZE={found}: expected how many processes train together; unset it for one")
    return max(1, int(found))


def join(timeout: float = 1800.0) -> Accelerator:
    """Device and processes of this training.

    Args:
        timeout: seconds that this process waits for another before it takes it for lost; the first call decides.

    Raises:
        TrainingError: the others cannot be reached, or nobody has said where they are.
    """
    from accelerate import Accelerator
    from accelerate.utils import InitProcessGroupKwargs

    if launched_together() == 1:
        return Accelerator()
    waiting = InitProcessGroupKwargs(timeout=timedelta(seconds=timeout))
    try:
        with _company():
            return Accelerator(cpu=_without_gpu(), kwargs_handlers=[waiting])
    except ValueError as error:  # of accelerate and torch, where variables are missing
        raise TrainingError(
            f"WORLD_SIZE is set, as for several processes, but they cannot meet: {error}. "
            "Start them with torchrun or accelerate launch, or unset it."
        ) from None


def is_main_process() -> bool:
    """Whether this process writes and speaks, of several that train together."""
    return join().is_main_process


def meet(accelerator: Accelerator) -> None:
    """Wait until all processes have come this far.

    Raises:
        TrainingError: one of them has gone.
    """
    with _company():
        accelerator.wait_for_everyone()


def decided(accelerator: Accelerator, work: Callable[[], T]) -> T:
    """What the first process finds, in all of them.

    Raises:
        NerError: what the work raises, in the first; a `TrainingError` in the others, and where one has gone.
    """
    if accelerator.num_processes == 1:
        return work()
    from accelerate.utils import broadcast_object_list

    found: Any = None
    fault: NerError | None = None
    if accelerator.is_main_process:
        try:
            found = work()
        except NerError as error:
            fault = error
    with _company():
        found, failed = broadcast_object_list([found, fault is not None])
    if fault is not None:
        raise fault
    if failed:
        raise TrainingError("the first of the processes that train together has stopped; it says why")
    return cast(T, found)


def shared_out(accelerator: Accelerator, items: Sequence[T], work: Callable[[Sequence[T]], Sequence[R]]) -> list[R]:
    """The results of all items in order, in all processes, each of which does its share of them.

    Raises:
        TrainingError: a process has gone.
    """
    if accelerator.num_processes == 1:
        return list(work(items))
    processes = accelerator.num_processes
    shares: list[Sequence[R]] = _gathered(work(items[accelerator.process_index :: processes]))
    return [shares[number % processes][number // processes] for number in range(len(items))]


def agree(accelerator: Accelerator, values: Mapping[str, Any]) -> None:
    """See that all processes have the same: else they would train apart, or wait for each other in vain.

    Raises:
        TrainingError: they do not, which all of them say; or one has gone.
    """
    if accelerator.num_processes == 1:
        return
    first, *others = _gathered(dict(values))
    if found := [key for key in first if any(other.get(key) != first[key] for other in others)]:
        raise TrainingError(
            f"the processes that train together do not have the same {', '.join(found)}: "
            "start all of them with the same configuration and the same files"
        )


def begin_alike(accelerator: Accelerator, model: nn.Module) -> None:
    """Give all processes the first one's weights, in place: those of another machine may have other last bits.

    Raises:
        TrainingError: a process has gone.
    """
    if accelerator.num_processes == 1:
        return
    from accelerate.utils import broadcast

    with _company(), torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.copy_(broadcast(tensor.detach().clone()))


def summed(accelerator: Accelerator, tensor: Tensor) -> Tensor:
    """The sum of the processes' tensors of one shape, in all of them. No gradient flows through it.

    Raises:
        TrainingError: a process has gone.
    """
    if accelerator.num_processes == 1:
        return tensor
    with _company():
        return cast(Tensor, accelerator.reduce(tensor, reduction="sum"))


def summed_in_training(accelerator: Accelerator, tensor: Tensor) -> Tensor:
    """As `summed`, of tensors that need a gradient: each gets the sum of the gradients in all processes."""
    return tensor if accelerator.num_processes == 1 else cast(Tensor, _Sum.apply(tensor, accelerator))


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, accelerator: Accelerator) -> Tensor:
        ctx.accelerator = accelerator
        return summed(accelerator, tensor.detach())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return summed(ctx.accelerator, gradient.contiguous()), None


def _gathered(mine: T) -> list[T]:
    from accelerate.utils import gather_object

    with _company():
        return cast(list[T], gather_object([mine]))


@contextmanager
def _company() -> Iterator[None]:
    """What the backends raise where another process is gone, as an error of ours."""
    try:
        yield
    except RuntimeError as error:  # of gloo; torch's own errors of this kind derive from it
        raise TrainingError(
            f"another of the processes that train together has ended or does not answer ({_in_short(error)}). "
            "See what it said last, and start them all again with --resume: the last checkpoint is kept."
        ) from None


def _in_short(error: RuntimeError) -> str:
    """The first sentence of a backend's message, without the place in its source."""
    said = str(error).strip() or type(error).__name__
    return re.sub(r"^\[\S+:\d+\] ", "", said.splitlines()[0]).partition(". ")[0]


def _without_gpu() -> bool:
    """Whether there is no GPU: accelerate joins such processes only if told to."""
    if hasattr(torch, "accelerator"):  # from torch 2.6 on
        return not torch.accelerator.is_available()
    return not torch.cuda.is_available()
