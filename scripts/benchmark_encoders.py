"""Speed of every encoder, in training and in use, relative to the LSTM on torch's fused layer.

    python scripts/benchmark_encoders.py
    python scripts/benchmark_encoders.py --sentences 10 --tokens 15 --threads 2

One run measures all of them in turns, round after round, so that what else the machine does falls on each alike; a
ratio is the median over the rounds of that round's two times. Sentences differ in length by up to a tenth.
`--processor-time` counts what the processor spent on this process instead of what passed on the clock, for a machine
that others use too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from ner.modules.recurrent import KINDS, Recurrent

REFERENCE = "lstm"
OPTIONS: dict[str, dict[str, object]] = {
    **{kind: {"kind": kind} for kind in KINDS if kind != "none"},
    "lstm, recurrent dropout": {"kind": "lstm", "dropout_recurrent": 0.25},
    "lstm, layer norm": {"kind": "lstm", "layer_norm": True},
    "peephole, layer norm": {"kind": "peephole", "layer_norm": True},
    "gru, layer norm": {"kind": "gru", "layer_norm": True},
}


def train(encoder: Recurrent, x: Tensor, lengths: Tensor) -> None:
    """Forward and backward, to the input as well as to the weights."""
    encoder.train().zero_grad()
    encoder(x.detach().requires_grad_(), lengths).sum().backward()


def use(encoder: Recurrent, x: Tensor, lengths: Tensor) -> None:
    """Forward, as when tagging."""
    with torch.inference_mode():
        encoder.eval()(x, lengths)


def measure(
    run: Callable[[Recurrent, Tensor, Tensor], None],
    x: Tensor,
    lengths: Tensor,
    rounds: int,
    clock: Callable[[], float],
) -> None:
    """Print a table of one kind of run."""
    encoders = {name: Recurrent(input_size=x.shape[2], **options) for name, options in OPTIONS.items()}  # type: ignore[arg-type]
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    for encoder in encoders.values():
        run(encoder, x, lengths)
    for _ in range(rounds):
        for name, encoder in encoders.items():
            start = clock()
            run(encoder, x, lengths)
            seconds[name].append(clock() - start)
    tokens = int(lengths.sum())
    print(f"{run.__name__:<28}{'tokens/s':>10}{'relative':>10}{'parameters':>12}")
    for name, times in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(seconds[REFERENCE], times, strict=True))
        size = sum(p.numel() for p in encoders[name].parameters() if p.requires_grad)
        print(f"  {name:<26}{tokens / statistics.median(times):>10,.0f}{ratio:>10.2f}{size:>12,}")


def main() -> None:
    """Measure training, then use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=32, help="sentences a batch (default: %(default)s)")
    parser.add_argument(
        "--tokens", type=int, default=20, help="tokens of the longest sentence (default: %(default)s)"
    )
    parser.add_argument("--input", type=int, default=130, help="numbers a token (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=30, help="measurements of each (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--processor-time", action="store_true", help="count no time in which others ran")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.processor_time else time.perf_counter
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    lengths = torch.randint(max(1, int(0.9 * arguments.tokens)), arguments.tokens + 1, (arguments.sentences,))
    lengths[0] = arguments.tokens
    x = torch.randn(arguments.sentences, arguments.tokens, arguments.input)
    print(f"torch {torch.__version__}, {arguments.threads} threads, {len(x)} sentences, {int(lengths.sum())} tokens")
    for run in (train, use):
        measure(run, x, lengths, arguments.rounds, clock)


if __name__ == "__main__":
    main()
