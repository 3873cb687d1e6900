"""What is judged, and on what: models, runs, folders of seeds or files of predictions; a corpus with gold tags."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Union

from ner.config import DataConfig
from ner.corpus.beside import beside_of
from ner.corpus.read import load, read, scheme_of
from ner.corpus.table import columns
from ner.errors import DataError, ModelError
from ner.evaluation.partial import settle
from ner.runs import files_of_seeds, holds_models, runs_in
from ner.schemes import Span, convert, to_spans

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from ner.tagger import Tagger

System = Union[str, "os.PathLike[str]", "Tagger"]
Data = Union[str, "os.PathLike[str]", "Dataset", "DatasetDict"]
Spans = list[list[Span]]


@dataclass(frozen=True)
class GoldCorpus:
    """A corpus to judge on.

    Attributes:
        name: of the file, for messages.
        tokens, tags: of each sentence; the tags in ``scheme``.
        scheme: of the tags.
        lines: the 1-based line of each sentence in its file; 0 where there is no file.
        files: the file of each sentence.
        documents: the number of each sentence's document, over all files.
        part: the table of all this, with the file's further columns.
    """

    name: str
    tokens: list[list[str]]
    tags: list[list[str]]
    scheme: str
    lines: list[int]
    files: list[str]
    documents: list[int]
    part: Dataset

    def settled(self, predicted: list[list[str]]) -> tuple[Spans, Spans]:
        """Gold and predicted entities; where nobody looked, neither counts."""
        pair = settle(self.tags, [convert(tags, self.scheme) for tags in predicted], self.scheme)
        gold, found = ([to_spans(tags) for tags in side] for side in pair)
        return gold, found

    def places(self) -> list[str]:
        """How each sentence is named to the user; empty where there is no file."""
        if not all(self.lines):
            return []
        if len(set(self.files)) == 1:
            return [f"line {line}" for line in self.lines]
        return [f"{Path(file).name}:{line}" for file, line in zip(self.files, self.lines, strict=True)]


def read_gold(data: Data, options: DataConfig | None = None, split: str = "test") -> GoldCorpus:
    """Read a corpus with gold tags.

    Args:
        data: a file, a `datasets.Dataset` of tokens and tags, or a `DatasetDict` that has the split.
        options: how the file is read.
        split: of a `DatasetDict`.

    Raises:
        DataError: the corpus cannot be read, or has no tags.
    """
    options = options or DataConfig()
    if isinstance(data, (str, os.PathLike)):
        name = os.fspath(data)
        part = load(options.model_copy(update={"train": [], "dev": [], "test": [name]}), others=None)["test"]
    else:
        name = f"the dataset's {split}"
        if hasattr(data, "keys"):
            if split not in data:
                known = ", ".join(data)
                raise DataError(f"the data has no split {split!r}, but {known}.", remedy="Name one of them.")
            data = data[split]
        part = load(options, {"test": data}, None)["test"]
    rows = list(columns(part, "tokens", "tags", "line", "file", "document"))
    tokens, tags, lines, files, _ = (list(column) for column in zip(*rows, strict=True))
    numbers: dict[tuple[str, int], int] = {}
    documents = [numbers.setdefault((row[3], row[4]), len(numbers)) for row in rows]
    return GoldCorpus(name, tokens, tags, scheme_of({"test": part}, options.scheme), lines, files, documents, part)


def predictions(system: System, corpus: GoldCorpus) -> Iterator[list[list[str]]]:
    """What every run of a system says of a corpus: the predicted tags of each sentence.

    Args:
        system: a tagger, a model folder, a run folder, a folder of run folders (the seeds of one configuration),
            ``hub:owner/name``, or a file of predictions: the corpus's tokens in the first column, predicted tags in
            the last (or JSONL, parquet, brat as elsewhere); or a folder of such files named ``seed1.conll``, ....
        corpus: what is tagged.

    Raises:
        ModelError: there is no model, or runs that are not the same training with several seeds.
        DataError: the file holds other sentences than the corpus.
    """
    from ner.tagger import Tagger
    from ner.tagger import load as load_tagger

    if isinstance(system, Tagger):
        yield _predict(system, corpus)
    elif Path(system).is_file():
        yield _read_predictions(system, corpus)
    elif not holds_models(Path(system)) and (files := files_of_seeds(Path(system))):
        for path in files:
            yield _read_predictions(path, corpus)
    elif str(system).startswith("hub:"):
        yield _predict(load_tagger(system), corpus)
    else:
        seen: dict[str, str] = {}
        labels: list[str] | None = None
        for path in runs_in(Path(system)):
            tagger = load_tagger(path)
            labels = labels or tagger.labels
            twin = seen.setdefault(tagger.identity()["sha256"], path.name)
            if tagger.labels != labels:
                raise ModelError(
                    f"{system}: its models have different labels ({', '.join(labels)}; in {path.name}: "
                    f"{', '.join(tagger.labels)}): expected the seeds of one configuration; name a single run"
                )
            if twin != path.name:
                raise ModelError(f"{system}: {twin} and {path.name} are one model, which counts once: remove either")
            yield _predict(tagger, corpus)


def _predict(tagger: Tagger, corpus: GoldCorpus) -> list[list[str]]:
    beside = beside_of(corpus.part, tagger.columns)
    return tagger.predict(corpus.tokens, scores=False, beside=beside).tag_lists()


def _read_predictions(path: str | os.PathLike[str], corpus: GoldCorpus) -> list[list[str]]:
    found = list(read(path, DataConfig(tag_column=-1)))
    for number, (sentence, tokens) in enumerate(zip(found, corpus.tokens, strict=False)):
        if sentence.tags is None:
            raise DataError("words without tags: expected predictions.", path, sentence.line or None)
        if sentence.tokens != tokens:
            raise DataError(
                f"sentence {number + 1} is {_short(sentence.tokens)}, but in {corpus.name} {_short(tokens)}.",
                path,
                sentence.line or None,
                "Predictions are of the same sentences: words in the first column, predicted tags in the last, as "
                "`ner evaluate --predictions` writes them.",
            )
    if len(found) != len(corpus.tokens):
        raise DataError(
            f"predictions of {len(found)} sentences, but {corpus.name} has {len(corpus.tokens)}.",
            path,
            remedy="Predict all of them anew.",
        )
    return [sentence.tags for sentence in found if sentence.tags is not None]


def _short(tokens: list[str]) -> str:
    return repr(" ".join(tokens[:6]) + (" ..." if len(tokens) > 6 else ""))
