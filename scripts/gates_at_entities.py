"""What the forget gate (of a GRU: the update gate) does at the boundaries of entities of several tokens.

    python scripts/gates_at_entities.py runs/quickstart/model data/sample/dev.conll

Traces the first sentences of a file and prints the mean of the gate over units and entities: at the token before an
entity, at its first, inner and last tokens and at the one behind it; and in what share of the entities the gate is
lower at the token where the reading enters than at the one just read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from statistics import mean
from typing import Annotated

import typer

PLACES = ("elsewhere", "before", "first", "inner", "last", "behind")


def places(start: int, end: int, length: int) -> Iterator[tuple[str, int]]:
    """The tokens at and beside the entity ``start`` to ``end`` of ``length`` tokens, with their place."""
    if start > 0:
        yield "before", start - 1
    yield "first", start
    yield from (("inner", token) for token in range(start + 1, end - 1))
    yield "last", end - 1
    if end < length:
        yield "behind", end


def main(
    model: Annotated[str, typer.Argument()], data: Annotated[str, typer.Argument()], sentences: int = 500
) -> None:
    """Trace the first sentences of the file and print both directions of every layer."""
    import ner
    from ner.corpus.read import read
    from ner.inspection.memory import memories

    tagger = ner.load(model)
    values: dict[tuple[int, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    falls: dict[tuple[int, str], list[bool]] = defaultdict(list)
    gate = ""
    for sentence in islice(read(data, tagged=False), sentences):
        tokens = list(sentence.tokens)
        trace = tagger.trace(tokens)
        entities = [(start, end) for _, start, end, _ in trace.entities if end - start > 1]
        for memory in memories(trace):
            gate, key, open_ = memory.gate, (memory.layer, memory.direction), memory.mean_gate.tolist()
            inside: set[int] = set()
            for start, end in entities:
                found = list(places(start, end, len(tokens)))
                inside.update(token for _, token in found)
                for place, token in found:
                    values[key][place].append(open_[token])
                entered, outside = (start, start - 1) if memory.direction == "forward" else (end - 1, end)
                if 0 <= outside < len(tokens):
                    falls[key].append(open_[entered] < open_[outside])
            values[key]["elsewhere"] += [value for token, value in enumerate(open_) if token not in inside]
    print(f"| {gate} gate | {' | '.join(PLACES)} | falls on entering | entities |\n|---|{'---|' * (len(PLACES) + 2)}")
    for (layer, direction), found in values.items():
        cells = [f"{mean(found[place]):.2f}" if found[place] else "" for place in PLACES]
        entered = falls[layer, direction]
        share = f"{100 * mean(entered):.0f} %" if entered else ""
        print(f"| layer {layer}, {direction} | {' | '.join(cells)} | {share} | {len(found['first'])} |")


if __name__ == "__main__":
    typer.run(main)
