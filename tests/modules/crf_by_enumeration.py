"""Every quantity of a CRF by the book: list all paths of one sentence, score each, add up. In numpy and float64."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch

from ner.modules.crf import CRF, Constraints
from ner.modules.crf_spans import SpanReading
from ner.schemes import SCHEMES, inventory, legality, to_spans

# Each scheme with as many labels as K <= 7 leaves room for.
INVENTORIES = {
    scheme: inventory(["LOC", "PER"] if len(inventory("X", scheme)) <= 4 else ["LOC"], scheme) for scheme in SCHEMES
}


def reading_of(tags):
    """The span reading of tags, from `to_spans` of every pair."""
    labels = sorted({tag.partition("-")[2] for tag in tags if tag != "O"})
    numbers = [-1 if tag == "O" else labels.index(tag.partition("-")[2]) for tag in tags]
    joined = [[a != "O" and b != "O" and len(to_spans([a, b])) == 1 for b in tags] for a in tags]
    return SpanReading(numbers, joined)


def make_crf(num_tags, constraints=None, seed=0, dtype=torch.float64, **options):
    """A CRF with transition scores as a trained one has them, between about -3 and 3."""
    crf = CRF(num_tags, None if constraints is None else Constraints(*constraints), **options).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=dtype) * 1.5)
    return crf


def random_batch(lengths, num_tags, seed=0, dtype=torch.float64, tied=False, spread=2.0):
    """Emissions [B, T, K] and lengths; NaN at padding, which must not matter."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths, default=0), num_tags)
    emissions = torch.randn(shape, generator=generator, dtype=dtype) * spread
    if tied:
        emissions = emissions.round()
    for row, length in enumerate(lengths):
        emissions[row, length:] = float("nan")
    return emissions, torch.tensor(lengths)


class Enumeration:
    """All paths of one sentence, emissions [n, K], with their probabilities, best first."""

    def __init__(self, crf, emissions, constrained=True, temperature=1.0, extra_path=None):
        emissions = emissions.double().numpy() / temperature
        n, K = emissions.shape
        start, transitions, end = (
            p.detach().double().numpy() / temperature
            for p in (crf.start_transitions, crf.transitions, crf.end_transitions)
        )
        self.num_tags = K
        self.paths = np.indices((K,) * n).reshape(n, K**n).T
        legal = np.ones(len(self.paths), dtype=bool)
        self.scores = np.zeros(len(self.paths))
        if n:
            self.scores += start[self.paths[:, 0]] + end[self.paths[:, -1]]
            self.scores += emissions[np.arange(n), self.paths].sum(1)
            self.scores += transitions[self.paths[:, :-1], self.paths[:, 1:]].sum(1)
        if n and constrained:
            may = ~crf.forbidden.numpy()
            may_start, may_follow, may_end = may[-1, :-1], may[:-1, :-1], may[:-1, -1]
            legal = may_start[self.paths[:, 0]] & may_end[self.paths[:, -1]]
            legal &= may_follow[self.paths[:, :-1], self.paths[:, 1:]].all(1)
        if extra_path is not None:
            legal |= (self.paths == np.asarray(extra_path)).all(1)
        self.paths, self.scores = self.paths[legal], self.scores[legal]
        # Of paths that tie, the one with the lowest last tag first, then the lowest last but one, ...
        order = np.lexsort((*self.paths.T, -self.scores))
        self.paths, self.scores = self.paths[order], self.scores[order]
        peak = self.scores.max()
        self.log_z = peak + np.log(np.exp(self.scores - peak).sum())
        self.probabilities = np.exp(self.scores - self.log_z)

    def score_of(self, path):
        """The score of one path."""
        (place,) = np.flatnonzero((self.paths == np.asarray(path)).all(1))
        return self.scores[place]

    def marginals(self):
        """[n, K]."""
        n = self.paths.shape[1]
        marginals = np.zeros((n, self.num_tags))
        for t in range(n):
            np.add.at(marginals[t], self.paths[:, t], self.probabilities)
        return marginals

    def entropy(self):
        """In nats."""
        return float(self.probabilities @ (self.log_z - self.scores))

    def span_probabilities(self, tags):
        """The probability of every span that any path is read as: {(label, start, end): probability}."""
        found = defaultdict(float)
        for path, probability in zip(self.paths, self.probabilities, strict=True):
            for span in to_spans([tags[k] for k in path]):
                found[tuple(span)] += probability
        return found


def constraints_of(tags, scheme):
    """The constraints of a scheme over an inventory."""
    return Constraints(*legality(tags, scheme))
