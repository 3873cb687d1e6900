"""The long-lag tasks of the memory experiment: what is asked, of whom, and one training.

Both tasks put T tokens that mean nothing between what has to be kept and the moment when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from ner.modules.recurrent import Recurrent

SYMBOLS, DISTRACTORS, PREFIX = 8, 8, 10
HIDDEN, BATCH, TESTS = 32, 32, 512
TOLERANCE = 0.04  # an answer this near to the sum is right (Hochreiter & Schmidhuber 1997, section 5.4)


@dataclass(frozen=True)
class Encoder:
    """A member of the family, as it takes part: kind and forget bias, and for the RNN how U starts."""

    kind: str
    forget_bias: float = 1.0
    uniform: bool = False


ENCODERS = {
    "RNN, U uniform": Encoder("rnn", uniform=True),
    "RNN, U orthogonal": Encoder("rnn"),
    "LSTM, forget bias 0": Encoder("lstm", forget_bias=0.0),
    "LSTM, forget bias 1": Encoder("lstm", forget_bias=1.0),
    "LSTM, forget bias 4": Encoder("lstm", forget_bias=4.0),
    "peephole, forget bias 1": Encoder("peephole", forget_bias=1.0),
    "GRU": Encoder("gru"),
}


@dataclass(frozen=True)
class Batch:
    """Sequences ``x`` [B, T, D], ``lengths`` and answers ``y`` [B], and which token of each is to be ``kept`` [B]."""

    x: Tensor
    lengths: Tensor
    y: Tensor
    kept: Tensor


def remember(distances: Tensor, generator: Generator) -> Batch:
    """A symbol, as many distractors as ``distances`` [B] says, a cue: which symbol was it?"""
    rows = torch.arange(len(distances))
    y = torch.randint(SYMBOLS, (len(distances),), generator=generator)
    tokens = SYMBOLS + torch.randint(DISTRACTORS, (len(distances), int(distances.max()) + 2), generator=generator)
    tokens[:, 0] = y
    tokens[rows, distances + 1] = SYMBOLS + DISTRACTORS
    x = functional.one_hot(tokens, SYMBOLS + DISTRACTORS + 1).float()
    return Batch(x, distances + 2, y, torch.zeros_like(distances))


def add(distances: Tensor, generator: Generator) -> Batch:
    """Numbers of [0, 1], two of them marked, as many between these as ``distances`` [B] says: what is their sum?

    The adding problem with the second marked number at the end and the first after up to nine others, so that its
    distance is known and its place is not.
    """
    rows = torch.arange(len(distances))
    first = torch.randint(PREFIX, (len(distances),), generator=generator)
    second = first + distances + 1
    x = torch.zeros(len(distances), int(second.max()) + 1, 2)
    x[:, :, 0] = torch.rand(x.shape[:2], generator=generator)
    x[rows, first, 1] = x[rows, second, 1] = 1
    return Batch(x, second + 1, x[rows, first, 0] + x[rows, second, 0], first)


@dataclass(frozen=True)
class Task:
    """What is asked: how sequences are made, how many numbers they have a token, how many the answer has."""

    make: Callable[[Tensor, Generator], Batch]
    inputs: int
    outputs: int

    def loss(self, answers: Tensor, y: Tensor) -> Tensor:
        """Cross entropy of symbols, mean square of numbers."""
        if self.outputs > 1:
            return functional.cross_entropy(answers, y)
        return functional.mse_loss(answers[:, 0], y)

    def right(self, answers: Tensor, y: Tensor) -> float:
        """The share of right answers."""
        right = answers.argmax(1) == y if self.outputs > 1 else (answers[:, 0] - y).abs() < TOLERANCE
        return float(right.float().mean())


TASKS = {"remember": Task(remember, SYMBOLS + DISTRACTORS + 1, SYMBOLS), "add": Task(add, 2, 1)}


class Network(nn.Module):
    """One direction of one layer, and the answer from the last state."""

    def __init__(self, encoder: Encoder, task: Task) -> None:
        super().__init__()
        self.encoder = Recurrent(
            encoder.kind, task.inputs, HIDDEN, bidirectional=False, forget_bias=encoder.forget_bias
        )
        self.answer = nn.Linear(HIDDEN, task.outputs)
        if encoder.uniform:  # torch's own initial values, with eigenvalues up to about 1 / sqrt(3)
            (weights,) = [p for name, p in self.encoder.named_parameters() if "weight_hh" in name]
            nn.init.uniform_(weights, -(HIDDEN**-0.5), HIDDEN**-0.5)

    def forward(self, batch: Batch) -> Tensor:
        """``[B, outputs]``."""
        states = self.encoder(batch.x, batch.lengths)
        answers: Tensor = self.answer(states[torch.arange(len(states)), batch.lengths - 1])
        return answers


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes:
        distances: the least and the most distance of a training sequence, drawn uniformly.
        tested: the distances at which it is tested.
        steps: the most steps; a training ends before when 99.5 % of the last 50 batches were answered rightly.
        momentum: SGD with this momentum; None for Adam.
        rate: the learning rate.
        clip: the length to which a longer gradient is cut; infinity for no clipping.
    """

    distances: tuple[int, int]
    tested: tuple[int, ...]
    steps: int = 2000
    momentum: float | None = None
    rate: float = 0.005
    clip: float = 1.0

    def optimizer(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimiser of these settings."""
        if self.momentum is None:
            return torch.optim.Adam(parameters, self.rate)
        return torch.optim.SGD(parameters, self.rate, self.momentum)


@dataclass(frozen=True)
class Outcome:
    """What became of one training.

    Attributes:
        accuracy: share of right answers by distance, on fresh sequences.
        slope_before: how much the answer moves with the token to keep, by distance, before training: the mean length
            of the gradient of the first answer with respect to that token.
        slope_after: the same after training.
        largest_norm: the longest gradient of a step, before clipping, over all weights.
        steps: steps taken.
        parameters: weights that were trained.
    """

    accuracy: dict[int, float]
    slope_before: dict[int, float]
    slope_after: dict[int, float]
    largest_norm: float
    steps: int
    parameters: int


def run(encoder: Encoder, task: Task, training: Training, seed: int) -> Outcome:
    """Train a network and test it. The seed sets weights, training sequences and their order."""
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    network = Network(encoder, task)
    parameters = [p for p in network.parameters() if p.requires_grad]
    before = {distance: slope(network, task, distance) for distance in training.tested}
    optimizer = training.optimizer(parameters)
    least, most = training.distances
    right: list[float] = []
    largest_norm = 0.0
    while len(right) < training.steps and not (len(right) >= 50 and sum(right[-50:]) >= 0.995 * 50):
        batch = task.make(torch.randint(least, most + 1, (BATCH,), generator=generator), generator)
        answers = network(batch)
        loss = task.loss(answers, batch.y)
        optimizer.zero_grad()
        loss.backward()
        largest_norm = max(largest_norm, float(nn.utils.clip_grad_norm_(parameters, training.clip)))
        optimizer.step()
        right.append(task.right(answers, batch.y))
    return Outcome(
        accuracy={distance: accuracy(network, task, distance) for distance in training.tested},
        slope_before=before,
        slope_after={distance: slope(network, task, distance) for distance in training.tested},
        largest_norm=largest_norm,
        steps=len(right),
        parameters=sum(p.numel() for p in parameters),
    )


def accuracy(network: Network, task: Task, distance: int) -> float:
    """The share of right answers at one distance, on sequences that no training has seen."""
    batch = task.make(torch.full((TESTS,), distance), Generator().manual_seed(10**6 + distance))
    with torch.no_grad():
        return task.right(network(batch), batch.y)


def slope(network: Network, task: Task, distance: int) -> float:
    """See :class:`Outcome`."""
    batch = task.make(torch.full((TESTS,), distance), Generator().manual_seed(10**6 + distance))
    batch.x.requires_grad_()
    (grad,) = torch.autograd.grad(network(batch)[:, 0].sum(), batch.x)
    return float(grad[torch.arange(TESTS), batch.kept].norm(dim=1).mean())
