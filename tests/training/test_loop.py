from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ner.config import load_config
from ner.errors import TrainingError
from ner.features.batches import bucketed
from ner.model import SequenceTagger
from ner.training.listener import Listener
from ner.training.loop import Trainer
from ner.training.preparation import Prepared, prepare
from ner.training.seeds import seed_epoch

ALONE = SimpleNamespace(device=torch.device("cpu"), process_index=0, num_processes=1)
NO_DROPOUT = {
    "words": {"dim": 6, "dropout": 0.0, "rare_dropout": 0.0},
    "chars": {"dim": 3, "filters": 4, "dropout": 0.0},
    "encoder": {"hidden": 5, "dropout": 0.0},
}


def prepared(tiny_config: dict[str, Any], model: dict[str, Any] = NO_DROPOUT, **training: Any) -> Prepared:
    options = {**tiny_config["training"], **training}
    return prepare(load_config({**tiny_config, "model": model, "training": options}), None, Listener())


def trainer_of(what: Prepared, accelerator: Any = ALONE) -> Trainer:
    return Trainer(what.network(), what.encoded(), what.config.training, accelerator)


def weights(model: SequenceTagger) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def by_hand(what: Prepared, epochs: int, decay: float) -> tuple[dict[str, Tensor], dict[str, Tensor], list[float]]:
    """The textbook's loop with torch's own parts: weights, their average, and the mean loss of each epoch."""
    config, model, corpus = what.config.training, what.network().train(), what.encoded()
    named = dict(model.named_parameters())
    optimizer = torch.optim.SGD([p for p in named.values() if p.requires_grad], lr=1.0, momentum=0.9)
    average = {name: parameter.detach().clone() for name, parameter in named.items()}
    losses, steps = [], 0
    for epoch in range(epochs):
        batches = list(bucketed(corpus.lengths, config.batch_size, seed_epoch(config.seed, epoch)))
        total = 0.0
        for number, chosen in enumerate(batches):
            share = (epoch + number / len(batches)) / config.epochs
            for group in optimizer.param_groups:
                group["lr"] = config.optimizer.lr * (1 - share)
            optimizer.zero_grad()
            one_by_one = [model.loss(corpus.batch(np.array([sentence]))) for sentence in chosen]
            loss = torch.cat(one_by_one).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.optimizer.clip)
            optimizer.step()
            held = min(decay, (1 + steps) / (10 + steps))
            average = {name: held * average[name] + (1 - held) * named[name].detach() for name in named}
            total += loss.item() * len(chosen)
            steps += 1
        losses.append(total / len(corpus))
    return weights(model), average, losses


def test_it_is_the_loop_of_the_textbook(tiny_config: dict[str, Any]) -> None:
    what = prepared(
        tiny_config, epochs=3, ema=0.8, optimizer={"name": "sgd", "lr": 0.1, "clip": 2.0, "schedule": "linear"}
    )
    trainer = trainer_of(what)
    losses = []
    for _ in range(2):
        steps = list(trainer.run_epoch())
        losses.append(trainer.loss)
    expected, average, expected_losses = by_hand(what, 2, 0.8)
    assert losses == pytest.approx(expected_losses, rel=1e-4) and losses[1] < losses[0]
    found = weights(trainer.model)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=2e-5, rtol=1e-4, msg=name)
    with trainer.average.applied():
        for name, parameter in trainer.model.named_parameters():
            torch.testing.assert_close(parameter.detach(), average[name], atol=2e-5, rtol=1e-4, msg=name)
    tokens = int(trainer.corpus.lengths.sum())
    assert trainer.epoch == 2 and trainer.tokens_per_second > 0
    assert [step.tokens for step in steps] == sorted({step.tokens for step in steps}) and steps[-1].tokens == tokens
    assert all(step.total == tokens and step.seconds > 0 for step in steps)


class Together:
    """What `accelerate` gives to one of several processes, here threads that wait for each other."""

    device = torch.device("cpu")

    def __init__(self, process: int, meeting: list[Tensor | None], barrier: Barrier) -> None:
        self.process_index, self.num_processes = process, len(meeting)
        self._meeting, self._barrier = meeting, barrier

    def reduce(self, tensor: Tensor, reduction: str) -> Tensor:
        assert reduction == "sum"
        self._meeting[self.process_index] = tensor
        self._barrier.wait(30)
        total = torch.stack([one for one in self._meeting if one is not None]).sum(0)
        self._barrier.wait(30)
        return total


def alone_and_together(what: Prepared, processes: int, epochs: int = 1) -> tuple[Trainer, list[Trainer]]:
    """Trainers after so many epochs: one alone, and several that share its batches."""
    one, barrier = trainer_of(what), Barrier(processes)
    meeting: list[Tensor | None] = [None] * processes
    trainers = [trainer_of(what, Together(process, meeting, barrier)) for process in range(processes)]

    def train(trainer: Trainer) -> None:
        for _ in range(epochs):
            list(trainer.run_epoch())

    train(one)
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(train, trainers))
    return one, trainers


@pytest.mark.parametrize("batch_size", [4, 1])  # of one sentence, the other processes have none
@pytest.mark.parametrize("unlabelled", [False, True])  # the penalty on the share of entities is of a whole batch
def test_several_processes_go_the_way_of_one(tiny_config: dict[str, Any], batch_size: int, unlabelled: bool) -> None:
    if unlabelled:
        tiny_config["data"] |= {"unlabelled": "unknown", "entity_share": 0.1}
    what = prepared(tiny_config, batch_size=batch_size, optimizer={"name": "sgd", "lr": 0.05})
    one, trainers = alone_and_together(what, 3)
    for trainer in trainers:
        assert trainer.loss == pytest.approx(one.loss, rel=1e-4)
        for name, parameter in weights(trainer.model).items():
            torch.testing.assert_close(parameter, weights(one.model)[name], atol=2e-5, rtol=1e-4, msg=name)
    assert all(
        torch.equal(weights(trainers[0].model)[name], tensor) for name, tensor in weights(trainers[2].model).items()
    )


def test_what_is_left_between_them_is_rounding(tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    network = Prepared.network
    monkeypatch.setattr(Prepared, "network", lambda what: network(what).double())
    what = prepared(tiny_config, optimizer={"name": "adamw", "lr": 0.02, "weight_decay": 0.01}, ema=0.9)
    one, (two, _) = alone_and_together(what, 2, epochs=3)
    assert two.loss == pytest.approx(one.loss, rel=1e-12)
    for name, parameter in weights(two.model).items():
        torch.testing.assert_close(parameter, weights(one.model)[name], atol=1e-9, rtol=0, msg=name)


@pytest.mark.parametrize("options", [{"lr": 1e4}, {"lr": 1e20}, {"lr": 1e38}, {"name": "sgd", "lr": 1e30, "clip": 0}])
def test_a_diverging_training_is_stopped_within_the_epoch(
    tiny_config: dict[str, Any], options: dict[str, Any]
) -> None:
    trainer = trainer_of(prepared(tiny_config, optimizer=options))
    with pytest.raises(TrainingError, match=r"diverged in epoch 1.*training\.optimizer\.lr") as caught:
        list(trainer.run_epoch())
    assert str(options["lr"]) in str(caught.value)
    assert trainer.epoch == 0 and math.isnan(trainer.loss)


def test_weights_that_are_no_numbers_are_noticed_though_the_loss_was_one(tiny_config: dict[str, Any]) -> None:
    trainer = trainer_of(prepared(tiny_config))
    steps = trainer.run_epoch()
    with pytest.raises(TrainingError, match="norm of its weights nan"):
        for step in steps:
            if step.tokens == step.total:
                trainer.parameters[0].data[0] = math.nan


def test_a_long_epoch_does_not_run_on_in_vain(tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ner.training.loop._LOOK_EVERY", 3)
    trainer = trainer_of(prepared(tiny_config, batch_size=1))
    seen = 0
    with pytest.raises(TrainingError, match="diverged"):
        for _ in trainer.run_epoch():
            seen += 1
            if seen == 5:
                trainer.parameters[0].data.fill_(math.nan)
    assert seen < 10


def test_bf16_is_for_the_network_and_this_training_alone(tiny_config: dict[str, Any]) -> None:
    half, full = (trainer_of(prepared(tiny_config, precision=precision)) for precision in ("bf16", "fp32"))
    list(half.run_epoch())
    list(full.run_epoch())
    assert half.loss == pytest.approx(full.loss, rel=0.05) and half.loss != full.loss
    assert {parameter.dtype for parameter in half.parameters} == {torch.float32}
    assert not torch.is_autocast_enabled("cpu")


def test_epochs_end_in_another_order_but_with_the_same_sentences(tiny_config: dict[str, Any]) -> None:
    trainer = trainer_of(prepared(tiny_config))
    seen: list[list[int]] = []
    batch = trainer.corpus.batch
    trainer.corpus.batch = lambda chosen: (seen[-1].extend(chosen.tolist()), batch(chosen))[1]  # type: ignore[method-assign]
    for _ in range(2):
        seen.append([])
        list(trainer.run_epoch())
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(len(trainer.corpus))) and seen[0] != seen[1]


def test_unused_parameters_are_no_hindrance(tiny_config: dict[str, Any]) -> None:
    trainer = trainer_of(prepared(tiny_config, {**NO_DROPOUT, "head": "softmax"}))
    list(trainer.run_epoch())
    assert not any(parameter.any() for parameter in trainer.model.crf.parameters())
