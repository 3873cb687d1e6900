"""What a careful person looks for before training, and the identity of the data for every report."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ner.corpus.problems import Shared, problems
from ner.corpus.read import scheme_of
from ner.corpus.report import Problem, Report, SplitReport
from ner.corpus.table import columns
from ner.schemes import OUTSIDE, UNKNOWN, illegal, to_spans

if TYPE_CHECKING:
    import datasets

__all__ = ["Problem", "Report", "SplitReport", "check", "identity"]

_EXAMPLES = 5
_JSON = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
Mention = tuple[str, ...]


def check(
    dataset: datasets.DatasetDict, hits: Callable[[str], bool] | None = None, scheme: str | None = None
) -> Report:
    """Count a corpus and look for what would spoil a training or a score.

    Args:
        dataset: splits with the columns of `ner.corpus.table`; ``train``, or else the first split, is what the others
            are held against.
        hits: whether a word has a vector, asked once for each different word; None where there are no vectors.
        scheme: of the tags; None to detect it over train.

    Returns:
        The report, whose ``fatal`` problems should stop a training.
    """
    scheme = scheme_of(dataset, scheme or "auto")
    known: dict[str, bool] = {}
    counts = {name: _count(split, scheme, hits, known) for name, split in dataset.items()}
    base = "train" if "train" in counts else next(iter(counts))
    for name, split in counts.items():
        if name != base:
            _compare(split, counts[base])
    return Report(
        scheme,
        {name: split.report for name, split in counts.items()},
        problems(
            {name: split.report for name, split in counts.items()},
            base,
            scheme,
            {name: scheme_of({name: split}) for name, split in dataset.items() if counts[name].report.illegal},
            _shared(counts),
        ),
    )


def identity(split: datasets.Dataset) -> dict[str, Any]:
    """What a report says of the data it was made on, so that the same data can be known again.

    Returns:
        ``sentences``, ``tokens``, ``entities``, and ``sha256``: over a line for each sentence, ``[tokens, tags]`` as
        JSON without blanks, in UTF-8.
    """
    counts = _count(split, None, None, {}).report
    return {key: getattr(counts, key) for key in ("sentences", "tokens", "entities", "sha256")}


@dataclass(slots=True)
class _Counts:
    """A report in the making, and what it takes to hold one split against another."""

    report: SplitReport = field(default_factory=SplitReport)
    words: Counter[str] = field(default_factory=Counter)
    mentions: Counter[Mention] = field(default_factory=Counter)
    sentences: Counter[Mention] = field(default_factory=Counter)
    places: dict[Mention, str] = field(default_factory=dict)


def _count(
    split: datasets.Dataset, scheme: str | None, hits: Callable[[str], bool] | None, known: dict[str, bool]
) -> _Counts:
    """Count a split; without a scheme, only what its identity needs."""
    counts = _Counts()
    report = counts.report
    labels: Counter[str] = Counter()
    documents = set()
    digest = hashlib.sha256()
    patterns: dict[Mention, list[int]] = {}
    for index, row in enumerate(columns(split, "tokens", "tags", "document", "line", "file")):
        tokens, tags, document, line, file = row
        digest.update(json.dumps([tokens, tags], ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        settled = settle(tags)
        spans = to_spans(settled)
        report.tokens += len(tokens)
        report.entities += len(spans)
        if scheme is None:
            continue
        place = f"{file}:{line}" if line else f"{file} {index}"
        documents.add((file, document))
        counts.words.update(tokens)
        counts.sentences[tuple(tokens)] += 1
        counts.places.setdefault(tuple(tokens), place)
        if settled is not tags:
            report.unknown_tokens += sum(tag == UNKNOWN or "|" in tag for tag in tags)
        elif spans:
            pattern = tuple(tags)
            if pattern not in patterns:
                patterns[pattern] = illegal(tags, scheme)
            for position in patterns[pattern]:
                report.illegal += 1
                if len(report.illegal_examples) < _EXAMPLES:
                    report.illegal_examples.append(_tag_at(file, line, index, tokens, tags, position))
        for label, start, end in spans:
            labels[label] += 1
            report.entity_tokens += end - start
            counts.mentions[tuple(tokens[start:end])] += 1
        if len(tokens) > report.longest:
            report.longest, report.longest_at = len(tokens), place
    report.sentences = len(split)
    report.documents = len(documents)
    report.labels = dict(sorted(labels.items()))
    report.empty_tokens = sum(count for word, count in counts.words.items() if not word.strip())
    report.repeated = sum(counts.sentences.values()) - len(counts.sentences)
    report.sha256 = digest.hexdigest()
    if hits is not None and counts.words:
        for word in counts.words.keys() - known.keys():
            known[word] = hits(word)
        found = [word for word in counts.words if known[word]]
        report.vector_words = len(found) / len(counts.words)
        report.vector_tokens = sum(counts.words[word] for word in found) / report.tokens
    return counts


def settle(tags: Sequence[str]) -> Sequence[str]:
    """Tags that are known: those left open (``?``, ``B-PER|O``) become ``O``. The same object where none is."""
    if any(tag == UNKNOWN or "|" in tag for tag in tags):
        return [OUTSIDE if tag == UNKNOWN or "|" in tag else tag for tag in tags]
    return tags


def place_of(file: str, line: int, index: int, position: int = 0) -> str:
    """Where a word of a sentence stands: in a column file on a line of its own, else on the record's.

    Args:
        file, line: of the sentence; 0 where there are no lines.
        index: of the sentence among all, from 0.
        position: of the word in the sentence, from 0.
    """
    return f"{file} row {index}" if not line else f"{file}:{line if file.endswith(_JSON) else line + position}"


def _tag_at(file: str, line: int, index: int, tokens: Sequence[str], tags: Sequence[str], position: int) -> str:
    """A tag and where it stands."""
    where = place_of(file, line, index, position)
    before = f" after {tags[position - 1]}" if position else " at the start of the sentence"
    return f"{where} {tags[position]} ({tokens[position]}){before}"


def _compare(counts: _Counts, base: _Counts) -> None:
    report = counts.report
    report.in_train = sum(count for sentence, count in counts.sentences.items() if sentence in base.sentences)
    report.new_tokens = _outside(counts.words, base.words)
    report.new_entities = _outside(counts.mentions, base.mentions)


def _outside(counter: Counter[Any], known: Counter[Any]) -> float:
    total = sum(counter.values())
    return sum(count for key, count in counter.items() if key not in known) / total if total else 0.0


def _shared(counts: dict[str, _Counts]) -> dict[tuple[str, str], list[Shared]]:
    """For each two splits the sentences that stand in both, the longest first."""
    names = list(counts)
    shared = {}
    for position, one in enumerate(names):
        for other in names[position + 1 :]:
            both = sorted(
                counts[one].sentences.keys() & counts[other].sentences.keys(), key=lambda words: (-len(words), words)
            )
            shared[one, other] = [
                (len(words), f"{_short(words)} ({counts[one].places[words]}, {counts[other].places[words]})")
                for words in both
            ]
    return shared


def _short(words: Mention) -> str:
    text = " ".join(words)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:59]}…"'
