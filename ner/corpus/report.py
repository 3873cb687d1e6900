"""What the check of a corpus found: numbers and problems, as JSON and as a table for the eye."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to look at before training.

    Attributes:
        severity: ``fatal`` stops a training, ``warning`` costs score or trust, ``note`` is good to know.
        message: what was found, and where.
        remedy: what to do about it.
    """

    severity: Literal["fatal", "warning", "note"]
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


@dataclass(slots=True)
class SplitReport:
    """The numbers of one split; rates are fractions.

    Attributes:
        sentences, tokens, entities, documents: how many.
        entity_tokens: tokens that are part of an entity.
        unknown_tokens: tokens whose tag is left open (``?``, ``B-PER|O``).
        empty_tokens: words of nothing, or of nothing but white space.
        labels: entities of each label.
        longest: tokens of the longest sentence, which stands at ``longest_at``.
        illegal: tags that the scheme would not have written; the first few stand in ``illegal_examples``.
        repeated: sentences that stand in the split more than once, counted without their first time.
        in_train: sentences that stand in train too; None for train itself.
        new_tokens, new_entities: share of tokens, and of entities by their words, that train does not have; None for
            train itself.
        vector_tokens, vector_words: share of tokens, and of different words, with a vector; None without vectors.
        sha256: checksum of all tokens and tags; see `ner.corpus.check.identity`.
    """

    sentences: int = 0
    tokens: int = 0
    entities: int = 0
    documents: int = 0
    entity_tokens: int = 0
    unknown_tokens: int = 0
    empty_tokens: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    longest: int = 0
    longest_at: str = ""
    illegal: int = 0
    illegal_examples: list[str] = field(default_factory=list)
    repeated: int = 0
    in_train: int | None = None
    new_tokens: float | None = None
    new_entities: float | None = None
    vector_tokens: float | None = None
    vector_words: float | None = None
    sha256: str = ""


@dataclass(slots=True)
class Report:
    """What was found, split by split.

    Attributes:
        scheme: in which the tags are written.
        splits: by name.
        problems: the worst first.
    """

    scheme: str
    splits: dict[str, SplitReport]
    problems: list[Problem] = field(default_factory=list)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {_count(split.sentences, 'sentence')}" for name, split in self.splits.items())
        severities = Counter(problem.severity for problem in self.problems)
        found = ", ".join(_count(number, severity) for severity, number in severities.items())
        return f"<Report of {sizes or 'nothing'}, in {self.scheme}: {found or 'no problems'}>"

    @property
    def fatal(self) -> list[Problem]:
        """What stops a training."""
        return [problem for problem in self.problems if problem.severity == "fatal"]

    def to_json(self) -> dict[str, Any]:
        """The report as plain numbers and texts."""
        return asdict(self)

    def summary(self) -> str:
        """A line a split and a line a problem that is more than a note."""
        lines = []
        for name, split in self.splits.items():
            hits = "" if split.vector_tokens is None else f", {split.vector_tokens:.1%} of the tokens have a vector"
            lines.append(
                f"{name}: {split.sentences:,} sentences, {split.tokens:,} tokens, {split.entities:,} entities{hits}"
            )
        lines.append(f"Tags are in {self.scheme}, {_count(len(self._labels()), 'label')}.")
        lines += [f"{one.severity}: {one}" for one in self.problems if one.severity != "note"]
        return "\n".join(lines)

    def table(self) -> str:
        """Everything, for a terminal of any width from 80 on."""
        names = list(self.splits)
        width = max(24, *(len(label) + 4 for label in ["", *self._labels()]))
        lines = [f"Tags are in {self.scheme}.", "", " " * width + "".join(f"{name:>14}" for name in names)]
        for title, value in _ROWS:
            cells = [value(split) for split in self.splits.values()]
            if any(cells):
                lines.append(f"{title:<{width}}" + "".join(f"{cell or '-':>14}" for cell in cells))
        lines.append("entities by label")
        for label in self._labels():
            cells = [f"{split.labels.get(label, 0):,}" for split in self.splits.values()]
            lines.append(f"  {label:<{width - 2}}" + "".join(f"{cell:>14}" for cell in cells))
        lines.append("")
        lines += [f"{one.severity}: {one}" for one in self.problems] or ["No problems found."]
        return "\n".join(lines)

    def _labels(self) -> list[str]:
        total: dict[str, int] = {}
        for split in self.splits.values():
            for label, count in split.labels.items():
                total[label] = total.get(label, 0) + count
        return sorted(total, key=lambda label: (-total[label], label))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _number(name: str) -> Callable[[SplitReport], str]:
    def show(split: SplitReport) -> str:
        value = getattr(split, name)
        return "" if not value else f"{value:,}"

    return show


def _share(name: str) -> Callable[[SplitReport], str]:
    def show(split: SplitReport) -> str:
        value = getattr(split, name)
        return "" if value is None else f"{value:.1%}"

    return show


_ROWS: Sequence[tuple[str, Callable[[SplitReport], str]]] = (
    ("sentences", _number("sentences")),
    ("tokens", _number("tokens")),
    ("entities", _number("entities")),
    ("documents", lambda split: f"{split.documents:,}" if split.documents > 1 else ""),
    ("tokens in entities", lambda split: f"{split.entity_tokens / split.tokens:.1%}" if split.tokens else ""),
    ("tokens left open", _number("unknown_tokens")),
    ("empty tokens", _number("empty_tokens")),
    ("longest sentence", _number("longest")),
    ("illegal tags", _number("illegal")),
    ("repeated sentences", _number("repeated")),
    ("sentences also in train", _number("in_train")),
    ("tokens not in train", _share("new_tokens")),
    ("entities not in train", _share("new_entities")),
    ("tokens with a vector", _share("vector_tokens")),
    ("words with a vector", _share("vector_words")),
)
