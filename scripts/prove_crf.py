"""How exact the CRF is: the largest difference of every quantity from the sum over all paths, listed one by one.

    python scripts/prove_crf.py
    python scripts/prove_crf.py --draws 20

Up to six tokens and seven tags, all tag schemes and none, random and tied scores, ragged lengths with zeros;
gradients against central differences. Paths are listed in double precision by the tests
(tests/modules/crf_by_enumeration.py), which hold the same quantities to 1e-10 and 1e-5. Then 100,000 random emission
sequences are decoded in every scheme, and what is illegal is counted.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from ner.modules.crf import CRF
from ner.schemes import SCHEMES, illegal, inventory
from tests.modules.crf_by_enumeration import Enumeration, constraints_of, make_crf, random_batch, reading_of

LENGTHS = [6, 0, 5, 1, 0, 3]
T = max(LENGTHS)
TAGS = {
    scheme: inventory(["LOC", "ORG", "PER"][: 3 if len(inventory("X", scheme)) <= 3 else 1], scheme)
    for scheme in SCHEMES
}
Differences = dict[tuple[str, torch.dtype], float]
"""The largest, by quantity and precision."""


def prove(scheme: str | None, tied: bool, seed: int, largest: Differences) -> None:
    """Hold every quantity of one random CRF and batch against the paths."""
    tags = TAGS[scheme or "IOB2"]
    K, reading = len(tags), reading_of(tags)
    crf = make_crf(
        K, constraints_of(tags, scheme) if scheme else None, seed, torch.float32, constrained_training=True
    )
    if tied:
        for parameter in crf.parameters():
            parameter.data.round_()
    emissions, lengths = random_batch(LENGTHS, K, seed, torch.float32, tied)
    listed = [Enumeration(crf, emissions[row, :n]) for row, n in enumerate(LENGTHS)]
    generator = torch.Generator().manual_seed(seed)
    allowed = torch.rand(len(LENGTHS), T, K, generator=generator) < 0.4
    targets = torch.rand(len(LENGTHS), T, K, generator=generator).softmax(2)
    paths = torch.zeros(len(LENGTHS), T, dtype=torch.long)
    expected = defaultdict(list)
    labels = sorted({tag[2:] for tag in tags if tag != "O"})
    spans, chances = [], []
    for row, (one, n) in enumerate(zip(listed, LENGTHS, strict=True)):
        place = int(torch.randint(len(one.paths), (), generator=generator))
        paths[row, :n] = torch.from_numpy(one.paths[place])
        allowed[row, range(n), one.paths[place]] = True
        expected["log Z"].append(one.log_z)
        expected["loss"].append(one.log_z - one.scores[place])
        expected["entropy"].append(one.entropy())
        kept = allowed[row].numpy()[np.arange(n), one.paths].all(1)
        expected["partial loss"].append(one.log_z - np.logaddexp.reduce(one.scores[kept]))
        marginals = np.zeros((T, K))
        marginals[:n] = one.marginals()
        expected["marginals"].append(marginals)
        possible = marginals[:n] > 0
        shares = np.where(possible, targets[row, :n].double().numpy(), 0.0)
        ratios = np.log(np.where(possible, shares, 1.0)) - np.log(np.where(possible, marginals[:n], 1.0))
        expected["distillation loss"].append(max(0.0, float((shares * ratios).sum())))
        expected["n-best"].append(np.resize(np.append(one.scores[:5] - one.log_z, [-np.inf] * 5), 5))
        if len(one.paths) <= 5_000:
            for (label, start, stop), chance in one.span_probabilities(tags).items():
                spans.append((row, start, stop, labels.index(label)))
                chances.append(chance)
    expected["span probability"] = chances
    computed: dict[str, Callable[[CRF, Tensor], Tensor]] = {
        "log Z": lambda crf, u: crf.log_partition(u, lengths),
        "loss": lambda crf, u: crf.loss(u, paths, lengths, reduction="none"),
        "entropy": lambda crf, u: crf.entropy(u, lengths),
        "partial loss": lambda crf, u: crf.partial_loss(u, allowed, lengths, reduction="none"),
        "marginals": lambda crf, u: crf.marginals(u, lengths),
        "distillation loss": lambda crf, u: crf.distillation_loss(u, targets.to(u), lengths, reduction="none"),
        "n-best": lambda crf, u: crf.nbest(u, lengths, 5)[1],
        "span probability": lambda crf, u: crf.span_probability(u, lengths, torch.tensor(spans), reading),
    }
    for dtype in (torch.float32, torch.float64):
        crf, u = crf.to(dtype), emissions.to(dtype)
        best = [path[path >= 0].tolist() for path in crf.decode(u, lengths)]
        if best != [one.paths[0].tolist() for one in listed]:
            raise AssertionError(f"another best path: {scheme}, seed {seed}")
        for name, compute in computed.items():
            found = compute(crf, u).detach().double().numpy()
            wanted = np.array(expected[name])
            apart = np.abs(np.where(np.isinf(wanted), 0.0, found - np.where(np.isinf(wanted), 0.0, wanted)))
            largest[name, dtype] = max(largest[name, dtype], float(apart.max(initial=0.0)))
    prove_gradients(crf, emissions.double().nan_to_num(), paths, allowed, targets.double(), lengths, largest)


def prove_gradients(
    crf: CRF,
    emissions: Tensor,
    paths: Tensor,
    allowed: Tensor,
    targets: Tensor,
    lengths: Tensor,
    largest: Differences,
) -> None:
    """The gradients of all losses along random directions, against central differences in double precision."""
    losses: dict[str, Callable[[Tensor], Tensor]] = {
        "loss": lambda u: crf.loss(u, paths, lengths),
        "partial loss": lambda u: crf.partial_loss(u, allowed, lengths),
        "distillation loss": lambda u: crf.distillation_loss(u, targets, lengths),
        "log Z": lambda u: crf.log_partition(u, lengths).mean(),
    }
    inputs, step = [emissions.requires_grad_(), *crf.parameters()], 1e-5
    directions = [torch.randn_like(value) for value in inputs]
    for name, loss in losses.items():
        slopes = torch.autograd.grad(loss(emissions), inputs)
        predicted = sum(float((slope * way).sum()) for slope, way in zip(slopes, directions, strict=True))
        moved = []
        for sign in (1, -2, 1):  # forth, back to the other side, and home
            with torch.no_grad():
                for value, way in zip(inputs, directions, strict=True):
                    value += sign * step * way
            moved.append(float(loss(emissions).detach()))
        key = f"gradient of {name}", torch.float64
        largest[key] = max(largest[key], abs((moved[0] - moved[1]) / (2 * step) - predicted))


def count_illegal(scheme: str, sentences: int) -> tuple[int, int]:
    """Of random emissions: how many decoded paths are illegal, and how many random gold paths have no finite loss."""
    tags = inventory(["LOC", "PER"], scheme)
    K = len(tags)
    crf = make_crf(K, constraints_of(tags, scheme), dtype=torch.float32, constrained_training=True)
    generator = torch.Generator().manual_seed(0)
    wrong = forbidden = 0
    for spread in (0.0, 1.0, 30.0, 1e4):
        lengths = torch.randint(0, 13, (sentences // 4,), generator=generator)
        emissions = torch.randn(len(lengths), 12, K, generator=generator) * spread
        paths = crf.decode(emissions, lengths)
        for path in paths:
            names = [tags[number] for number in path[path >= 0].tolist()]
            wrong += bool(illegal(names, scheme))
        gold = torch.randint(K, paths.shape, generator=generator)  # nearly all of them illegal
        with torch.no_grad():
            losses = crf.loss(emissions, gold, lengths, reduction="none")
        forbidden += int((~losses.isfinite()).sum())
    return wrong, forbidden


def main() -> None:
    """Prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=5, help="random batches for each scheme")
    parser.add_argument("--sentences", type=int, default=100_000, help="to decode in each scheme")
    arguments = parser.parse_args()
    largest: Differences = defaultdict(float)
    for scheme in (None, *SCHEMES):
        for tied in (False, True):
            for seed in range(arguments.draws):
                prove(scheme, tied, seed, largest)
    print(f"Largest differences, {arguments.draws} batches for each of {len(SCHEMES) + 1} sets of constraints, "
          "with random and with tied scores; best paths: all the same\n")  # fmt: skip
    print("| quantity | float32 | float64 |\n|---|---|---|")
    for name in dict.fromkeys(name for name, _ in largest):
        single = largest.get((name, torch.float32))
        print(f"| {name} | {'' if single is None else f'{single:.1e}'} | {largest[name, torch.float64]:.1e} |")
    print("\n| scheme | sequences | illegal paths decoded | gold paths that are forbidden |\n|---|---|---|---|")
    for scheme in SCHEMES:
        wrong, forbidden = count_illegal(scheme, arguments.sentences)
        print(f"| {scheme} | {arguments.sentences:,} | {wrong} | {forbidden} |")


if __name__ == "__main__":
    main()
