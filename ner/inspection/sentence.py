"""A sentence seen from inside the model: gates, memory and dependence, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ner.document import Document
from ner.evaluation.tables import text_table
from ner.inspection.dependence import Dependence, tag_dependence
from ner.inspection.memory import Memory, memories
from ner.inspection.picture import CIVIDIS, VIRIDIS, HeatMap, Picture, Scale, limits, numbers, readable
from ner.inspection.trace import Trace, trace_sentence

if TYPE_CHECKING:
    from ner.tagger import Tagger

_ARROWS = {"forward": "→", "backward": "←"}
_GATES = {name: f"{name} gate" for name in ("input", "forget", "output", "reset", "update")}
_GLOSSES = {
    "input": "the input gate lets the candidate in",
    "forget": "the forget gate keeps what the memory cell holds (1 keeps all of it, 0 erases)",
    "output": "the output gate shows the cell to the rest of the network",
    "reset": "the reset gate lets the old state into the candidate",
    "update": "the update gate keeps the old state (1 keeps all of it, 0 replaces it by the candidate)",
}
_STATES = {"candidate": "candidate", "cell": "memory cell", "hidden": "output h"}
_ZERO = np.zeros(1)  # where the colours of a quantity that is never negative begin
_HALF_LIFE = (
    "after how many further tokens half of what a token wrote into the memory is left, by the product of the "
    "{gate} gates."
)
_DEPENDENCE = (
    "How much a tag depends on a token: the norm of the gradient of the tag's margin with respect to the token's "
    "vector, as a share of all tokens; the margin is the score of the best path less that of the best with another "
    "tag there."
)


@dataclass(frozen=True)
class SentenceReport:
    """What the model did with one sentence.

    Attributes:
        trace: what the encoder computed.
        memories: how long each of its layers and directions holds a token.
        dependence: which tokens the tags hang on.
    """

    trace: Trace
    memories: tuple[Memory, ...]
    dependence: Dependence

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts."""
        return {
            "trace": self.trace.to_json(),
            "memories": [memory.to_json() for memory in self.memories],
            "dependence": self.dependence.to_json(),
        }

    def table(self) -> str:
        """The sentence with its entities, a line a token, and how to read it."""
        trace, T = self.trace, len(self.trace.tokens)
        document = Document.of_tokens([readable(token, 40) for token in trace.tokens], list(trace.entities))
        header = ["token", "tag", "tag depends also on", "itself"]
        shares = self.dependence.shares.diagonal()
        columns = [
            [readable(token, 30) for token in trace.tokens],
            list(trace.tags),
            [self._others(token) for token in range(T)],
            [f"{share:.0%}" for share in shares],
        ]
        for memory in self.memories:
            place = self._place(memory.layer, memory.direction)
            header += [f"{memory.gate} {place}", f"half-life {place}"]
            columns += [[f"{mean:.2f}" for mean in memory.mean_gate], memory.half_life_texts()]
        rows = list(zip(*columns, strict=True))
        return "\n\n".join((str(document), text_table(header, rows, left=3), self._legend()))

    def picture(self) -> Picture:
        """The gates, the size of the states, the half-lives and the dependence, token by token."""
        maps = [heat_map for heat_map in (self._gates(), self._sizes(), self._half_lives()) if heat_map.rows]
        return Picture(
            title="Inside the model, token by token",
            caption=self._caption(),
            columns=self.trace.tokens,
            maps=(*maps, self._dependence()),
            entities=self.trace.entities,
        )

    def _place(self, layer: int, direction: str) -> str:
        """``→`` or ``←``, behind the number of the layer if there are several."""
        return (f"{layer}" if len(self.trace.layers) > 1 else "") + _ARROWS[direction]

    def _others(self, token: int) -> str:
        """``York (+1) 31%, in (-1) 12%``: the strongest three."""
        tokens, shares = self.trace.tokens, self.dependence.shares[token]
        return ", ".join(
            f"{readable(tokens[other], 16)} ({other - token:+d}) {shares[other]:.0%}"
            for other in self.dependence.strongest(token, 3)
        )

    def _rows(self, names: dict[str, str]) -> list[tuple[str, np.ndarray]]:
        """The states of these names, ``[T, H]`` each, of all layers and directions, with the names of their rows."""
        return [
            (f"{name} {self._place(reading.layer, reading.direction)}", reading.states[key].astype(np.float64))
            for reading in self.trace.readings()
            for key, name in names.items()
            if key in reading.states
        ]

    def _gates(self) -> HeatMap:
        rows = self._rows(_GATES)
        values = np.array([states.mean(1) for _, states in rows])
        low, high = limits(values, step=0.1)
        scale = Scale(CIVIDIS, low, high, "how far open, mean over the units: 0 closed, 1 open", ".1f")
        return HeatMap("Gates", tuple(name for name, _ in rows), values, numbers(values, ".2f"), scale)

    def _sizes(self) -> HeatMap:
        rows = self._rows(_STATES)
        values = np.array([np.sqrt((states**2).mean(1)) for _, states in rows])
        scale = Scale(VIRIDIS, 0.0, limits(_ZERO, values, step=0.1)[1], "root mean square over the units", ".1f")
        names = tuple(name for name, _ in rows)
        return HeatMap("Size of what the cells hold", names, values, numbers(values, ".2f"), scale)

    def _half_lives(self) -> HeatMap:
        rows = tuple(f"half-life {self._place(memory.layer, memory.direction)}" for memory in self.memories)
        values = np.array([memory.half_life for memory in self.memories])
        values[~np.isfinite(values)] = np.nan
        texts = tuple(tuple(memory.half_life_texts()) for memory in self.memories)
        scale = Scale(
            VIRIDIS, 0.0, limits(_ZERO, values, step=1.0)[1], "tokens; grey: the sentence ends before", ".0f"
        )
        return HeatMap("How long the memory holds a token", rows, values, texts, scale)

    def _dependence(self) -> HeatMap:
        percent = 100 * self.dependence.shares
        texts = tuple(tuple(f"{value:.0f}" if value >= 2 else "" for value in row) for row in percent.tolist())
        rows = tuple(
            f"{readable(token)}  {tag}" for token, tag in zip(self.trace.tokens, self.trace.tags, strict=True)
        )
        scale = Scale(CIVIDIS, 0.0, limits(_ZERO, percent, step=10.0)[1], "% of the row's gradient", ".0f")
        return HeatMap("Which tokens (across) the tag of each token (down) depends on", rows, percent, texts, scale)

    def _legend(self) -> str:
        """How to read the table."""
        lines = []
        if self.memories:
            gate = self.memories[0].gate
            lines += [
                f"{gate}: {_GLOSSES[gate]}; mean over the units. {self._directions()}",
                f"half-life: {_HALF_LIFE.format(gate=gate)} >n: not within the n tokens still to be read.",
            ]
        return "\n".join((*lines, _DEPENDENCE + " (+1) is the next token, (-1) the one before; from 5% on."))

    def _caption(self) -> str:
        """How to read the picture."""
        gates = [name for name in _GATES if any(name in reading.states for reading in self.trace.readings())]
        lines = "; black lines stand where an entity begins or ends" if self.trace.entities else ""
        parts = [f"Each column is a token{lines}."]
        if self.trace.layers:
            parts.append(self._directions())
        if gates:
            parts.append("; ".join(_GLOSSES[gate] for gate in gates).capitalize() + ".")
        if self.memories:
            parts.append("Half-life: " + _HALF_LIFE.format(gate=self.memories[0].gate))
        return " ".join((*parts, _DEPENDENCE))

    def _directions(self) -> str:
        number = ", behind the number of the layer" if len(self.trace.layers) > 1 else ""
        return f"→ reads from left to right, ← from right to left{number}."


def inspect_sentence(tagger: Tagger, sentence: str | Sequence[str]) -> SentenceReport:
    """Look at everything the model does with one sentence.

    Args:
        tagger: the trained model.
        sentence: a text, or tokens.

    Raises:
        NerError: the text holds no token, or several sentences, which the model reads one by one; or the tagger is an
            ensemble.
    """
    trace = trace_sentence(tagger, sentence)
    return SentenceReport(trace, tuple(memories(trace)), tag_dependence(tagger, trace.tokens))
