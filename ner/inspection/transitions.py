"""What the CRF has learnt about which tag follows which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ner.errors import NerError
from ner.evaluation.tables import text_table
from ner.inspection.picture import ORANGE_TO_PURPLE, HeatMap, Picture, Scale, limits, numbers

if TYPE_CHECKING:
    from ner.tagger import Tagger

START, END = "(start)", "(end)"


@dataclass(frozen=True)
class Transitions:
    """The scores that a path gets for going from tag to tag, in nats: exp(score) is a factor of its probability.

    Attributes:
        tags: the K tags.
        scheme: that they are written in.
        scores: ``[K + 1, K + 1]``; rows are what comes before, the start of the sentence and the tags; columns what
            comes after, the tags and the end. NaN where the scheme forbids the step, and from start to end.
    """

    tags: tuple[str, ...]
    scheme: str
    scores: NDArray[np.float64]

    @property
    def before(self) -> tuple[str, ...]:
        """The names of the rows."""
        return (START, *self.tags)

    @property
    def after(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*self.tags, END)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts; None for what is forbidden."""
        scores = [[None if np.isnan(value) else value for value in row] for row in self.scores.tolist()]
        return {"scheme": self.scheme, "before": list(self.before), "after": list(self.after), "scores": scores}

    def table(self) -> str:
        """For each tag the three steps it favours and the one it disfavours most."""
        rows = []
        for name, scores in zip(self.before, self.scores, strict=True):
            order = [int(column) for column in np.argsort(-scores) if not np.isnan(scores[column])]
            steps = [f"{self.after[column]} {scores[column]:+.2f}" for column in order]
            rows.append((name, ", ".join(steps[:3]), steps[-1] if len(steps) > 3 else ""))
        table = text_table(("before", "favoured next", "disfavoured most"), rows, left=3)
        return f"{table}\n\nScores in nats that a path gets for the step, steps that {self.scheme} forbids left out."

    def picture(self) -> Picture:
        """All of them as one heat-map."""
        bound = max(map(abs, limits(self.scores, step=0.5)))
        scale = Scale(ORANGE_TO_PURPLE, -bound, bound, f"nats; grey: {self.scheme} forbids it", "+.1f")
        return Picture(
            title="Which tag follows which",
            caption="Row: the tag before; column: the tag after. The number is added to the score of every path that "
            "takes this step, on top of what the words say: orange makes the step rarer, purple more frequent, white "
            "leaves it to the words.",
            columns=self.after,
            maps=(
                HeatMap(
                    "CRF transition scores, from the tag before (rows) to the tag after (columns)",
                    self.before,
                    self.scores,
                    numbers(self.scores, "+.1f"),
                    scale,
                ),
            ),
        )


def crf_transitions(tagger: Tagger) -> Transitions:
    """The transition scores of a model.

    Raises:
        NerError: its head is a softmax, which has none.
    """
    if tagger.description.model.head != "crf":
        raise NerError(
            f"{tagger.path}: the model has head softmax, which learns no transitions; train one with a CRF."
        )
    crf = tagger.predictor.model.crf
    parts = (crf.start_transitions, crf.transitions, crf.end_transitions)
    start, steps, end = (part.detach().cpu().numpy().astype(np.float64) for part in parts)
    for scores, legal in zip((start, steps, end), tagger.tagset.legality, strict=True):
        scores[~np.array(legal)] = np.nan
    last = np.append(np.nan, end)[:, None]
    return Transitions(
        tags=tuple(tagger.tagset.tags),
        scheme=tagger.tagset.scheme,
        scores=np.hstack([np.vstack([start, steps]), last]),
    )
