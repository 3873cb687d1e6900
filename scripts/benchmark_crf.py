"""Speed of the CRF relative to its parent, `torchcrf.CRF`: loss with its gradients, and decoding.

    python scripts/benchmark_crf.py
    python scripts/benchmark_crf.py --threads 1 --rounds 30
    python scripts/benchmark_crf.py --threads 1 --processor-time

One run measures parent and ours in turns, round after round, so that what else the machine does falls on both alike;
a ratio is the median over the rounds of that round's two times. "Constrained" is ours under the constraints of IOB2
(with 37 tags IOBES), in training too, against the parent, which knows none. Sentences differ in length by up to a
tenth. `--processor-time` counts what the processor spent on this process instead of what passed on the clock, for a
machine that others use too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torchcrf
from torch import Tensor

from ner.modules.crf import CRF, Constraints
from ner.schemes import inventory, legality

SIZES = [(10, 15), (32, 20), (128, 20), (256, 50)]
TAGS = {9: (4, "IOB2"), 17: (8, "IOB2"), 37: (9, "IOBES")}


Clock = Callable[[], float]


def compare(
    theirs: Callable[[], object], ours: Callable[[], object], rounds: int, clock: Clock
) -> tuple[float, float]:
    """The median of their time over ours, and the median of our time in seconds."""
    ratios, times = [], []
    for number in range(rounds + 2):
        pair = []
        for work in (theirs, ours):
            start = clock()
            work()
            pair.append(clock() - start)
        if number >= 2:  # the first rounds warm up
            ratios.append(pair[0] / pair[1])
            times.append(pair[1])
    return statistics.median(ratios), statistics.median(times)


def loss_and_gradients(crf: torch.nn.Module, emissions: Tensor, loss: Callable[[Tensor], Tensor]) -> None:
    """One step of training, without the optimiser."""
    crf.zero_grad()
    loss(emissions.detach().requires_grad_()).backward()


def measure(K: int, B: int, T: int, dtype: torch.dtype, constrained: bool, rounds: int, clock: Clock) -> list[float]:
    """Ratio and our microseconds a token of the loss, then of decoding."""
    labels, scheme = TAGS[K]
    rules = Constraints(*legality(inventory([f"L{number}" for number in range(labels)], scheme), scheme))
    parent, crf = torchcrf.CRF(K, batch_first=True), CRF(K, rules if constrained else None, constrained)
    crf.load_state_dict(parent.state_dict())
    generator = torch.Generator().manual_seed(0)
    emissions = torch.randn(B, T, K, generator=generator).to(dtype)
    lengths = torch.randint(T - T // 10, T + 1, (B,), generator=generator)
    lengths[0] = T
    mask = torch.arange(T) < lengths[:, None]
    tags = CRF(K, rules).decode(torch.randn(B, T, K, generator=generator), lengths).clamp(min=0)

    def decode(work: Callable[[], object]) -> Callable[[], object]:
        return torch.inference_mode()(work)

    loss, loss_time = compare(
        lambda: loss_and_gradients(parent, emissions, lambda scores: -parent(scores, tags, mask, reduction="mean")),
        lambda: loss_and_gradients(crf, emissions, lambda scores: crf.loss(scores, tags, lengths)),
        rounds,
        clock,
    )
    decoding, decode_time = compare(
        decode(lambda: parent.decode(emissions, mask)), decode(lambda: crf.decode(emissions, lengths)), rounds, clock
    )
    tokens = int(lengths.sum())
    return [loss, loss_time / tokens * 1e6, decoding, decode_time / tokens * 1e6]


def main() -> None:
    """Prints one row a number of tags, size and variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    parser.add_argument("--rounds", type=int, default=15, help="how often each pair is measured")
    parser.add_argument("--processor-time", action="store_true", help="count no time in which others ran")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.processor_time else time.perf_counter
    torch.set_num_threads(arguments.threads)
    print(
        f"torch {torch.__version__}, {arguments.threads} threads; times faster than torchcrf, microseconds a token\n"
    )
    print("|  K |   B |  T | variant     |  loss | us/token | decoding | us/token |")
    print("|---:|----:|---:|-------------|------:|---------:|---------:|---------:|")
    variants = {
        "float32": (torch.float32, False),
        "bfloat16": (torch.bfloat16, False),
        "constrained": (torch.float32, True),
    }
    for K in TAGS:
        for B, T in SIZES:
            for name, (dtype, constrained) in variants.items():
                loss, loss_time, decoding, decode_time = measure(K, B, T, dtype, constrained, arguments.rounds, clock)
                print(
                    f"| {K:2} | {B:3} | {T:2} | {name:11} | {loss:5.1f} | {loss_time:8.2f} "
                    f"| {decoding:8.1f} | {decode_time:8.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
