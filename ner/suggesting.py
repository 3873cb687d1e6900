"""Which sentences to annotate next: those of which the model is least sure, and no two that say the same."""

from __future__ import annotations

import heapq
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from ner.config import DataConfig
from ner.corpus.atomic import replacing
from ner.corpus.beside import Beside
from ner.corpus.read import read as read_corpus
from ner.corpus.sentence import Sentence
from ner.corpus.source import several
from ner.corpus.write import to_json, write_columns
from ner.document import Document, Offsets
from ner.errors import ConfigError
from ner.features.lookup import spellings
from ner.prediction import Explanation
from ner.tagger import Tagger, load
from ner.tagging.pipeline import INPUTS, check_reading, input_kind

By = Literal["entropy", "confidence"]

_WINDOW = 2048  # sentences asked about at a time
_POOL = 20  # as many are kept as are wanted, to choose unlike ones from
_DEFAULT = DataConfig()


@dataclass(frozen=True)
class Suggestion:
    """A sentence to annotate.

    Attributes:
        document: the sentence with what the model finds in it.
        uncertainty: how unsure the model is, in nats a word.
        file, line: where the text or record begins that it is from.
    """

    document: Document
    uncertainty: float
    file: str
    line: int

    def to_dict(self) -> dict[str, Any]:
        """As ``ner tag --to jsonl`` writes a text, so that a corpus is read from it once it is corrected."""
        return {
            **self.document.to_dict(),
            "uncertainty": round(self.uncertainty, 6),
            "file": self.file,
            "line": self.line,
        }


def suggest(
    model: str | os.PathLike[str] | Tagger,
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    limit: int = 100,
    by: By = "entropy",
    alike: float = 0.5,
    annotated: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
    read: str | None = None,
    data: DataConfig = _DEFAULT,
) -> list[Suggestion]:
    """The sentences of which a model is least sure, the least first.

    Args:
        model: a model folder, or a tagger.
        files: of text, columns or JSONL, or one of them, as ``ner tag`` reads them; tags in them are not looked at.
        limit: at most so many sentences.
        by: ``entropy`` of all readings of the sentence, or ``confidence``, minus the logarithm of the probability of
            the best; both by word, for the work is by word too, and long sentences would always come first.
        alike: the share of their words in all of both that two sentences may have in common; 1 for any.
        annotated: corpus files whose sentences, and what is like them, need not be suggested.
        read: ``text``, ``conll`` or ``jsonl``; by default by the file's name, else ``text``.
        data: how files are read.

    Raises:
        ConfigError: a limit or share that is none, or an unknown measure; or it is said how files of another format
            are read.
        ModelError, DataError: the model or a file cannot be used.
    """
    if limit < 1 or not 0 <= alike <= 1 or by not in ("entropy", "confidence"):
        raise ConfigError(
            f"limit {limit}, alike {alike}, by {by}: expected at least 1, a share from 0 to 1, entropy or confidence"
        )
    files, annotated = several(files), several(annotated)
    if not annotated:  # which may be of another format than what is read to be annotated
        check_reading({read or input_kind(path) for path in files}, data)
    tagger = model if isinstance(model, Tagger) else load(model)
    known = Unlike(alike)
    for path in annotated:
        for done in read_corpus(path, data, tagged=False):
            known.add(done.tokens)
    ranked: list[tuple[float, int, _Sentence]] = []
    stream = _sentences(files, tagger, read, data)
    number = 0
    while window := list(islice(stream, _WINDOW)):
        documents = [sentence.document for sentence in window]
        beside = Beside(documents, _columns(window, tagger))
        explained = tagger.explain([sentence.tokens for sentence in window], beside=beside)
        for sentence, explanation in zip(window, explained, strict=True):
            number += 1
            ranked.append((uncertainty(explanation, by), -number, sentence))
        ranked = heapq.nlargest(_POOL * limit, ranked)
    chosen = [(found, sentence) for found, _, sentence in ranked if known.add(sentence.tokens)][:limit]
    picked = [sentence for _, sentence in chosen]
    beside = Beside(columns=_columns(picked, tagger))
    spans = tagger.predict([sentence.tokens for sentence in picked], beside=beside).span_lists()
    return [
        Suggestion(Document(sentence.text, [sentence.offsets], [own]), found, sentence.file, sentence.line)
        for (found, sentence), own in zip(chosen, spans, strict=True)
    ]


def write_suggestions(
    found: Sequence[Suggestion], target: str | os.PathLike[str], write: Literal["jsonl", "conll", "text"] = "jsonl"
) -> None:
    """Write suggestions in their order, whole or not at all.

    Args:
        found: as `suggest` gives them.
        target: a path; ``-`` is standard output.
        write: ``jsonl`` with entities as the model finds them, ``conll`` with a column of its tags (IOB2),
            or the bare ``text``, a sentence a line.

    Raises:
        DataError: the file cannot be written, or a column file cannot hold a token.
    """
    if write == "conll":
        write_columns((Sentence(_words(one), one.document.tags()[0]) for one in found), target)
        return
    with replacing(target) as stream:
        for one in found:
            text = " ".join(one.document.text.split()) if write == "text" else to_json(one.to_dict())
            stream.write(f"{text}\n")


def _words(one: Suggestion) -> list[str]:
    return [token.text for token in one.document.tokens]


def uncertainty(explanation: Explanation, by: By) -> float:
    """How unsure a model is of a sentence, in nats a word: 0 where it has no doubt."""
    words = max(1, len(explanation.marginals))
    if by == "entropy":
        return explanation.entropy / words
    return -math.log(max(explanation.probability, 1e-300)) / words


class Unlike:
    """Sentences no two of which have more than a share of their words in common (Jaccard's index).

    Words are taken in small letters, digits as 0.

    Args:
        alike: the largest share.
    """

    def __init__(self, alike: float) -> None:
        self.alike = alike
        self._sizes: list[int] = []
        self._with: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, tokens: Sequence[str]) -> bool:
        """Take a sentence in if it is unlike all that are in; whether it was."""
        words = {list(spellings(token))[-1] for token in tokens}  # the plainest
        shared = Counter(number for word in words for number in self._with.get(word, ()))
        if any(
            common / (len(words) + self._sizes[number] - common) > self.alike for number, common in shared.items()
        ):
            return False
        for word in words:
            self._with[word].append(len(self._sizes))
        self._sizes.append(len(words))
        return True


@dataclass(frozen=True)
class _Sentence:
    text: str
    offsets: Offsets
    tokens: list[str]
    file: str
    line: int
    document: int
    columns: list[list[str]] | None


def _columns(sentences: Sequence[_Sentence], tagger: Tagger) -> list[list[list[str]]] | None:
    """What the model reads beside the words; None where it reads nothing, or there is not all of it."""
    found = [sentence.columns for sentence in sentences if sentence.columns is not None]
    return found if tagger.columns and len(found) == len(sentences) else None


def _sentences(
    files: Iterable[str | os.PathLike[str]], tagger: Tagger, read: str | None, data: DataConfig
) -> Iterator[_Sentence]:
    """The sentences of files that have a token, one after the other."""
    passed, place = 0, (-1, -1)
    for order, path in enumerate(files):
        source = path if path == "-" else Path(path)
        kind = read or input_kind(source)
        for unit in INPUTS[kind](source, tagger.tokenizer, data, tagger.columns):
            for number, tokens in enumerate(unit.sentences):
                if not tokens:
                    continue
                passed += (order, unit.document_of[number]) != place
                place = order, unit.document_of[number]
                if unit.text is None or unit.offsets is None:
                    document = Document.of_tokens(tokens, [])
                    text, offsets = document.text, document.offsets[0]
                else:
                    first, last = unit.offsets[number][0][0], unit.offsets[number][-1][1]
                    text = unit.text[first:last]
                    offsets = [(start - first, end - first) for start, end in unit.offsets[number]]
                columns = None if unit.columns is None else unit.columns[number]
                yield _Sentence(text, offsets, tokens, unit.name, unit.line, passed, columns)
