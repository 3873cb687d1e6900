"""What in the numbers of a corpus deserves a word, how bad it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ner.corpus.report import Problem, SplitReport

HIT_RATE = 0.5
Shared = tuple[int, str]
_ORDER = ("fatal", "warning", "note")
_FEW = 10
_LONG = 250
_TELLING = 5  # words, from which on two sentences are hardly the same by chance
_SHOWN = 3


def problems(
    splits: Mapping[str, SplitReport],
    base: str,
    scheme: str,
    detected: Mapping[str, str],
    shared: Mapping[tuple[str, str], Sequence[Shared]],
) -> list[Problem]:
    """The problems of a corpus, the worst first.

    Args:
        splits: their numbers.
        base: the split that is trained on.
        scheme: of the tags.
        detected: for splits with illegal tags, the scheme that they look written in.
        shared: for each two splits the sentences that stand in both, the longest first: number of words, and how to
            show them.
    """
    found = [
        *_no_entities(splits, base),
        *_hit_rate(splits, base),
        *_illegal(splits, scheme, detected),
        *_labels(splits, base),
        *_shared(splits, shared),
        *_words(splits),
    ]
    return sorted(found, key=lambda problem: _ORDER.index(problem.severity))


def _no_entities(splits: Mapping[str, SplitReport], base: str) -> Iterator[Problem]:
    for name, split in splits.items():
        if split.entities:
            continue
        remedy = "Is it the right tag column (data.tag_column), and the right file?"
        if name == base:
            yield Problem("fatal", f"{name} has no entity: every tag is O.", remedy)
        else:
            yield Problem("warning", f"{name} has no entity, so there is nothing to score.", remedy)


def _hit_rate(splits: Mapping[str, SplitReport], base: str) -> Iterator[Problem]:
    for name, split in splits.items():
        if split.vector_tokens is not None and split.vector_tokens < HIT_RATE:
            yield Problem(
                "fatal" if name == base else "warning",
                f"only {split.vector_tokens:.1%} of the tokens of {name} ({split.vector_words or 0:.1%} of its words)"
                " have a vector.",
                "Are the vectors of this language, and their words written alike? Name others in vectors, or none.",
            )


def _illegal(splits: Mapping[str, SplitReport], scheme: str, detected: Mapping[str, str]) -> Iterator[Problem]:
    for name, split in splits.items():
        if not split.illegal:
            continue
        examples = "; ".join(split.illegal_examples[:_SHOWN])
        other = detected.get(name, scheme)
        if other != scheme:
            remedy = (
                f"{name} looks written in {other}: convert it (ner convert --scheme {scheme}), or set data.scheme."
            )
        else:
            remedy = (
                "They are read as conlleval does, an orphan I- as the beginning of an entity; mend them if you can."
            )
        yield Problem(
            "warning", f"{split.illegal:,} tags of {name} are not as {scheme} would have them: {examples}.", remedy
        )


def _labels(splits: Mapping[str, SplitReport], base: str) -> Iterator[Problem]:
    trained = splits[base].labels
    for name, split in splits.items():
        unseen = {label: count for label, count in split.labels.items() if label not in trained}
        if unseen and name != base:
            listed = ", ".join(f"{label} ({count})" for label, count in unseen.items())
            yield Problem(
                "warning",
                f"labels of {name} that {base} does not have: {listed}.",
                "They cannot be learned and count as misses. Mend the labels, or split the data anew.",
            )
    few = {label: count for label, count in trained.items() if count < _FEW}
    if few:
        listed = ", ".join(f"{label} ({count})" for label, count in few.items())
        yield Problem("note", f"{base} has fewer than {_FEW} entities of: {listed}.", "Do not trust their scores.")
    by_case: dict[str, set[str]] = {}
    for split in splits.values():
        for label in split.labels:
            by_case.setdefault(label.casefold(), set()).add(label)
    for labels in by_case.values():
        if len(labels) > 1:
            yield Problem(
                "warning",
                f"labels that differ in case only: {', '.join(sorted(labels))}.",
                "They count as different ones: write them alike.",
            )


def _shared(
    splits: Mapping[str, SplitReport], shared: Mapping[tuple[str, str], Sequence[Shared]]
) -> Iterator[Problem]:
    for (one, other), sentences in shared.items():
        if sentences:
            longer = sum(length >= _TELLING for length, _ in sentences)
            are = "different sentences stand" if len(sentences) > 1 else "sentence stands"
            size = splits[other].sentences
            yield Problem(
                "warning" if longer else "note",
                f"{len(sentences):,} {are} in {one} and in {other} ({longer:,} of {_TELLING} or more words), such as "
                f"{'; '.join(shown for _, shown in sentences[:_SHOWN])}.",
                f"They flatter the score on {other}, which has {size:,} sentence{'s' * (size > 1)} in all.",
            )


def _words(splits: Mapping[str, SplitReport]) -> Iterator[Problem]:
    for name, split in splits.items():
        if split.empty_tokens:
            yield Problem(
                "note",
                f"{split.empty_tokens:,} tokens of {name} are empty or white space.",
                "They are kept; characters may have been lost when the file was made.",
            )
        if split.longest > _LONG:
            yield Problem(
                "note",
                f"the longest sentence of {name} has {split.longest:,} tokens ({split.longest_at}).",
                "If that is no sentence, an empty line may be missing there.",
            )
