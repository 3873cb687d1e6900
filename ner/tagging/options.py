"""What is to be decided and written, beside the entities."""

from __future__ import annotations

from dataclasses import dataclass

from ner.errors import ConfigError
from ner.schemes import SCHEMES, named


@dataclass(frozen=True, slots=True)
class TagOptions:
    """One object for all that `ner.tag_file` can be told.

    Attributes:
        scheme: of the tags in column files and tables; None for IOB2.
        min_score: entities of a lower probability are left out.
        threshold: decode for the score: take the entities that do not overlap and whose probabilities exceed this the
            most. Lower finds more, higher errs less. None leaves it at what the model is set to.
        probabilities: write how sure the model is: of every tag of a token and of the whole sentence in JSONL, of the
            token's tag as one more column in column files.
        n_best: so many readings, of every sentence in JSONL, of every text in tasks for Label Studio, where each is a
            prediction; 0 for none.

    Raises:
        ConfigError: a value that is not allowed.
    """

    scheme: str | None = None
    min_score: float = 0.0
    threshold: float | None = None
    probabilities: bool = False
    n_best: int = 0

    def __post_init__(self) -> None:
        if named(self.tag_scheme) not in SCHEMES:
            raise ConfigError(f"--scheme {self.scheme}: expected one of {', '.join(SCHEMES)}")
        for name, value in (("--min-score", self.min_score), ("--threshold", self.threshold)):
            if value is not None and not 0 <= value <= 1:
                raise ConfigError(f"{name} {value}: expected a probability, from 0 to 1")
        if self.n_best < 0:
            raise ConfigError(f"--n-best {self.n_best}: expected a number of readings")

    def check_output(self, write: str) -> None:
        """Raise a `ConfigError` if what is asked for has no place in the format of the output."""
        if self.n_best and write not in ("jsonl", "label-studio"):
            raise ConfigError(f"--n-best has no place in {write}: write --to jsonl or --to label-studio")
        if self.probabilities and write not in ("jsonl", "conll"):
            raise ConfigError(f"--probabilities has no place in {write}: write --to jsonl or --to conll")
        if self.scheme is not None and write not in ("conll", "parquet", "dataset"):
            raise ConfigError(f"--scheme has no place in {write}, which holds no tags: write --to conll")

    @property
    def tag_scheme(self) -> str:
        """The scheme of the tags that are written."""
        return self.scheme or "IOB2"

    def wants_scores(self, write: str) -> bool:
        """Whether the entities' probabilities are needed."""
        return write not in ("text", "conll") or self.min_score > 0

    @property
    def wants_explanations(self) -> bool:
        """Whether more than the entities is needed."""
        return self.probabilities or self.n_best > 0
