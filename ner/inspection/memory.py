"""How long a memory cell holds what a token wrote into it.

The state that a gated cell carries from token to token is a sum. With k the gate that keeps (forget gate f of the
LSTM, update gate z of the GRU) and w what a token writes (i * c~ of the LSTM, (1 - z) * n of the GRU),

    c_s = k_s * c_{s-1} + w_s = sum over t <= s of  w_t * k_{t+1} * ... * k_s,

so the product of the gates after t says exactly what is left of token t's writing at token s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.inspection.trace import Reading, States, Trace

KEEPING_GATE = {"lstm": "forget", "peephole": "forget", "gru": "update"}
"""The gate that decides how much of the state stays, by kind of encoder; the others have none."""


@dataclass(frozen=True)
class Memory:
    """How one layer remembers the T tokens of a sentence in one direction.

    Attributes:
        layer: counted from 1.
        direction: ``forward`` or ``backward``.
        gate: the name of the gate that keeps.
        mean_gate: its mean over the units at each token, in [0, 1], ``[T]``.
        held: how much of what token t wrote is left at token s, in [0, 1], ``[T, T]``: the sum over units of
            \\|w_t * k_{t+1} * ... * k_s\\|, over that of \\|w_t\\|. 1 at s = t, 0 where s is read before t.
        half_life: after how many further tokens half of that is left, ``[T]``; between two tokens, as if it decayed
            at a constant rate. Infinite where the sentence ends before.
        read_after: how many tokens are read after each, ``[T]``: what an infinite half-life is known to exceed.
    """

    layer: int
    direction: str
    gate: str
    mean_gate: NDArray[np.float64]
    held: NDArray[np.float64]
    half_life: NDArray[np.float64]
    read_after: NDArray[np.int64]

    def half_life_texts(self, places: int = 1) -> list[str]:
        """``2.4``, or ``>5`` where the sentence ends after 5 further tokens with more than half left."""
        return [
            f"{value:.{places}f}" if np.isfinite(value) else f">{after}"
            for value, after in zip(self.half_life.tolist(), self.read_after.tolist(), strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts; None for an infinite half-life."""
        return {
            "layer": self.layer,
            "direction": self.direction,
            "gate": self.gate,
            "mean_gate": self.mean_gate.tolist(),
            "held": self.held.tolist(),
            "half_life": [value if np.isfinite(value) else None for value in self.half_life.tolist()],
            "read_after": self.read_after.tolist(),
        }


def memories(trace: Trace) -> list[Memory]:
    """The memory of every layer and direction; none for an encoder without a gate that keeps."""
    gate = KEEPING_GATE.get(trace.kind)
    return [] if gate is None else [_memory(reading, gate) for reading in trace.readings()]


def _memory(reading: Reading, gate: str) -> Memory:
    step = reading.step
    keep, written = keep_and_written(reading.states, gate)
    held = _held(keep[::step], written[::step])
    return Memory(
        layer=reading.layer,
        direction=reading.direction,
        gate=gate,
        mean_gate=keep.mean(1),
        held=held[::step, ::step],
        half_life=np.array([_half_life(row[t:]) for t, row in enumerate(held)])[::step],
        read_after=np.arange(len(keep))[::-step],
    )


def keep_and_written(states: States, gate: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gate that keeps and what every token writes, both ``[T, H]``."""
    keep, candidate = states[gate].astype(np.float64), states["candidate"].astype(np.float64)
    return keep, candidate * (states["input"] if gate == "forget" else 1 - keep)


def _held(keep: NDArray[np.float64], written: NDArray[np.float64]) -> NDArray[np.float64]:
    """See `Memory.held`, in the order of reading."""
    held = np.eye(len(keep))
    size = np.abs(written) + np.finfo(np.float64).tiny  # a token that wrote nothing counts every unit alike
    for t, weights in enumerate(size / size.sum(1, keepdims=True)):
        held[t, t + 1 :] = np.cumprod(keep[t + 1 :], axis=0) @ weights
    return held


def _half_life(left: NDArray[np.float64]) -> float:
    """Where a row that starts at 1 and never rises crosses one half, counted in its steps."""
    below = np.flatnonzero(left <= 0.5)
    if not len(below):
        return np.inf
    k = below[0]
    if left[k] == 0:
        return float(k)
    return float(k - 1 + np.log(left[k - 1] / 0.5) / np.log(left[k - 1] / left[k]))
