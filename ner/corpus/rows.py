"""Rows of a `datasets.Dataset`, however its columns are named, to sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ner.corpus.jsonl import TAGS, TOKENS
from ner.corpus.layout import DOCSTART, NO_TAG, is_tag
from ner.corpus.sentence import Sentence
from ner.corpus.table import OTHERS, columns
from ner.corpus.weights import WEIGHT, check_weight
from ner.errors import DataError

if TYPE_CHECKING:
    import datasets

SPLIT_NAMES = {
    "train": ("train", "training"),
    "dev": ("dev", "validation", "valid", "val", "development"),
    "test": ("test", "testing"),
}
_TAGS = ("ner_tags", *(name for name in TAGS if name != "ner_tags"))


def pick_splits(dataset: Mapping[str, datasets.Dataset], name: str) -> dict[str, datasets.Dataset]:
    """The splits by the names ``train``, ``dev`` and ``test``; a single split of any name is ``train``.

    Raises:
        DataError: no split has one of the usual names.
    """
    picked = {}
    for split, names in SPLIT_NAMES.items():
        own = next((one for one in names if one in dataset), None)
        if own is not None:
            picked[split] = dataset[own]
    if not picked and len(dataset) == 1:
        picked["train"] = next(iter(dataset.values()))
    if not picked:
        raise DataError(
            f"has the splits {', '.join(dataset) or '(none)'}.",
            name,
            remedy="Expected train, and perhaps validation (or dev) and test: rename them.",
        )
    return picked


def rows(
    dataset: datasets.Dataset,
    name: str,
    tokens: str | None = None,
    tags: str | None = None,
    tagged: bool = True,
    others: Collection[str] | None = (),
) -> Iterator[tuple[str, Sentence]]:
    """The rows of a dataset as sentences, each with the name of its file.

    Args:
        dataset: a column of lists of words, and one of lists of tags, as strings or as `datasets.ClassLabel`.
        name: of the dataset, for messages, and as the file where the dataset has no column ``file``.
        tokens, tags: names of these columns; None tries the usual ones.
        tagged: False to leave the tags aside.
        others: names of further columns of lists to keep, the names of a `ClassLabel` for its numbers; None for all.

    Yields:
        Sentences with document and line where the dataset has such columns (see `ner.corpus.table`). Rows without a
        token are left out; a row ``-DOCSTART-`` begins a document.

    Raises:
        DataError: columns that are not there (those that are there are listed), or that hold something else.
    """
    own = dataset.column_names
    tokens_name = _column("tokens", tokens, TOKENS, own, name)
    tags_name = _column("tags", tags, _TAGS, own, name) if tagged else None
    labels = None if tags_name is None else _label_names(dataset.features[tags_name], tags_name, name)
    wanted = [tokens_name, *([tags_name] if tags_name else [])]
    extra = [key for key in ("document", "line", "file", WEIGHT) if key in own and key not in wanted]
    further = _further(dataset, {*wanted, *extra}, others)
    shift = 0
    begun = False
    for index, row in enumerate(columns(dataset, *wanted, *extra, *further)):
        words, marks = row[0], row[1] if tags_name else None
        _check_row(words, marks, labels, tokens_name, tags_name, name, index)
        if words[:1] == [DOCSTART]:
            shift += begun
        elif words:
            place = dict(zip((*extra, *further), row[len(wanted) :], strict=True))
            found = [labels[mark] for mark in marks] if labels is not None and marks is not None else marks
            document, line = (_integer(place.get(key)) for key in ("document", "line"))
            weight = check_weight(place.get(WEIGHT), name, f"row {index}")
            kept = _kept(place, further, len(words))
            yield str(place.get("file") or name), Sentence(words, found, line, document + shift, kept, weight)
            begun = True


def _further(
    dataset: datasets.Dataset, taken: set[str], others: Collection[str] | None
) -> dict[str, Sequence[str] | None]:
    """The further columns to be read, each with the names of its numbers, if it has such."""
    if others is not None and not others:
        return {}
    found: dict[str, Sequence[str] | None] = {}
    for key, feature in dataset.features.items():
        inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
        is_own = key == OTHERS and isinstance(inner, dict)  # of a table that we made
        if key not in taken and inner is not None and (is_own or others is None or key in others):
            found[key] = getattr(inner, "names", None)
    return found


def _kept(place: Mapping[str, Any], further: Mapping[str, Sequence[str] | None], size: int) -> dict[str, list[str]]:
    """The further columns of a row that have a value a token."""
    kept: dict[str, list[str]] = {}
    for key, names in further.items():
        values = place[key]
        if key == OTHERS and all(isinstance(one, dict) for one in values or ()):
            kept |= {one["name"]: one["values"] for one in values or ()}
        elif isinstance(values, list) and len(values) == size:
            kept[key] = [str(value if names is None or value is None else names[value]) for value in values]
    return kept


def _column(kind: str, asked: str | None, usual: Sequence[str], own: Sequence[str], name: str) -> str:
    names = usual if asked is None else (asked,)
    found = next((one for one in names if one in own), None)
    if found is None:
        raise DataError(
            f"has no column {' or '.join(names)}.",
            name,
            remedy=f"Its columns are {', '.join(own)}: set data.{kind} to the one that holds the {kind}.",
        )
    return found


def _label_names(feature: Any, column: str, name: str) -> list[str] | None:
    """The names behind the numbers of a column of `ClassLabel`; None where it holds strings."""
    inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
    labels = getattr(inner, "names", None)
    if labels is None and str(getattr(inner, "dtype", "")).startswith(("int", "uint")):
        raise DataError(
            f"column {column} holds numbers without names.",
            name,
            remedy="Cast it to a ClassLabel with the tags' names, or set data.tags to a column that has them.",
        )
    for label in labels or ():
        if not is_tag(label):
            raise DataError(
                f"column {column} holds {label!r}, which {NO_TAG}.",
                name,
                remedy="Set data.tags to the column that holds the tags.",
            )
    return labels


def _check_row(
    words: Any, marks: Any, labels: Sequence[str] | None, tokens: str, tags: str | None, name: str, index: int
) -> None:
    fault = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        fault = f"{tokens} is {words!r:.60}, not a list of words"
    elif tags is not None and (not isinstance(marks, list) or len(marks) != len(words)):
        fault = f"{len(words)} {tokens}, but {len(marks) if isinstance(marks, list) else 'no list of'} {tags}"
    elif labels is not None:
        wrong = next((mark for mark in marks if mark is None or not 0 <= mark < len(labels)), 0)
        fault = None if wrong == 0 else f"{tags} holds {wrong}, which has no name"
    elif tags is not None:
        wrong = next((mark for mark in marks if not isinstance(mark, str) or not is_tag(mark)), None)
        fault = None if wrong is None else f"{tags} holds {wrong!r}, which {NO_TAG}"
    if fault is not None:
        raise DataError(
            f"row {index}: {fault}.", name, remedy="Mend the row, or set data.tokens and data.tags to other columns."
        )


def _integer(value: Any) -> int:
    return value if isinstance(value, int) else 0
