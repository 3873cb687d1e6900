"""The training loop: a generator of epochs without files or screen, whose state can be saved and put back."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from ner.config import TrainingConfig
from ner.errors import TrainingError
from ner.exact import without_tf32
from ner.features.batches import Batch, EncodedCorpus, bucketed
from ner.model import SequenceTagger
from ner.training.average import MovingAverage
from ner.training.checkpoint import optimizer_tensors, restore_optimizer, trained_parameters
from ner.training.optimizers import build_optimizer, clip_gradients, schedule
from ner.training.processes import summed, summed_in_training
from ner.training.seeds import seed_epoch

if TYPE_CHECKING:
    from accelerate import Accelerator

_DIVERGED = 1000.0  # nats a token; a model that knows nothing has log K
_LOOK_EVERY = 64  # batches; looking waits for the device


class Step(NamedTuple):
    """How far an epoch is: tokens seen, tokens in all, seconds spent."""

    tokens: int
    total: int
    seconds: float


class Trainer:
    """Weights on their way from one epoch to the next.

    Args:
        model: on the accelerator's device.
        corpus: the training sentences with their tags.
        config: the loop's settings.
        accelerator: device and processes.
    """

    def __init__(
        self,
        model: SequenceTagger,
        corpus: EncodedCorpus,
        config: TrainingConfig,
        accelerator: Accelerator,
    ) -> None:
        self.model = model
        self.corpus = corpus
        self.config = config
        self.accelerator = accelerator
        model.completed = partial(summed_in_training, accelerator)
        self.epoch = 0
        self.loss = math.nan
        self.seconds = self.tokens_per_second = math.nan
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = build_optimizer(model, config.optimizer)
        self.average = MovingAverage(self.parameters, config.ema)
        self._rate = schedule(config.optimizer, config.epochs)

    def run_epoch(self) -> Iterator[Step]:
        """One pass over the corpus, a `Step` after every batch. Sets `epoch`, `loss` (mean a sentence) and speed.

        Raises:
            TrainingError: the training has diverged, or one of several processes has gone.
        """
        self.model.train()
        begun = time.perf_counter()
        process, processes = self.accelerator.process_index, self.accelerator.num_processes
        order = seed_epoch(self.config.seed, self.epoch, process)
        batches = list(bucketed(self.corpus.lengths, self.config.batch_size, order))
        total, seen, sentences = int(self.corpus.lengths.sum()), 0, sum(map(len, batches))
        mine = torch.zeros((), device=self.accelerator.device)
        for number, chosen in enumerate(batches):
            self._set_rate(self.epoch + number / len(batches))
            share = self.corpus.batch(chosen[process::processes])
            mine += self._step(share.to(self.accelerator.device), len(chosen))
            seen += int(self.corpus.lengths[chosen].sum())
            if number % _LOOK_EVERY == 0:
                self._check(self._in_all(mine) / seen)
            yield Step(seen, total, time.perf_counter() - begun)
        loss = self._in_all(mine)
        self._check(loss / total)
        self.epoch += 1
        self.loss = loss / sentences
        self.seconds = time.perf_counter() - begun
        self.tokens_per_second = total / self.seconds

    def _in_all(self, mine: Tensor) -> float:
        """The sum over the processes, which so decide alike what follows from it."""
        return summed(self.accelerator, mine).item()

    def _check(self, loss: float) -> None:
        """Stop on a loss a token that no training recovers from, and on weights that are no numbers."""
        norm = torch.stack(torch._foreach_norm([parameter.detach() for parameter in self.parameters])).sum().item()
        if not loss < _DIVERGED or not math.isfinite(norm):
            raise TrainingError(
                f"the training has diverged in epoch {self.epoch + 1}: its loss is {loss:.3g} a token, the norm of "
                f"its weights {norm:.3g}. Lower training.optimizer.lr (now {self.config.optimizer.lr}) or "
                f"training.optimizer.clip (now {self.config.optimizer.clip}). The best model so far and the "
                "checkpoint before are kept."
            )

    def _step(self, batch: Batch, sentences: int) -> Tensor:
        """One update; the sum of the batch's losses."""
        # Accelerate's own setting of the precision holds for the whole process, for other trainings too.
        bf16 = self.config.precision == "bf16"
        device = self.accelerator.device
        with without_tf32(device):
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                loss = self.model.loss(batch).sum()
            self.optimizer.zero_grad(set_to_none=True)
            (loss / sentences).backward()
        self._sum_over_processes()
        clip_gradients(self.parameters, self.config.optimizer.clip)
        self.optimizer.step()
        self.average.update()
        return loss.detach()

    def _sum_over_processes(self) -> None:
        """Every process has the gradient of its share of the batch; all go on with the sum."""
        if self.accelerator.num_processes == 1:
            return
        for parameter in self.parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        flat = torch.cat([parameter.grad.flatten() for parameter in self.parameters if parameter.grad is not None])
        flat = summed(self.accelerator, flat)
        for parameter, part in zip(self.parameters, flat.split([p.numel() for p in self.parameters]), strict=True):
            parameter.grad = part.view_as(parameter)

    def _set_rate(self, done: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(done)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint must hold, by group and name."""
        return {
            "weights": trained_parameters(self.model),
            "optimizer": optimizer_tensors(self.optimizer),
            "average": {str(number): tensor for number, tensor in enumerate(self.average.average)},
        }

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold beside the tensors."""
        return {"epoch": self.epoch, "average_steps": self.average.steps}

    def restore(self, groups: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        weights = groups["weights"]
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if name in weights:
                    parameter.copy_(weights[name])
            for number, tensor in groups.get("average", {}).items():
                self.average.average[int(number)].copy_(tensor)
        restore_optimizer(self.optimizer, groups.get("optimizer", {}))
        self.average.steps = state["average_steps"]
        self.epoch = state["epoch"]
