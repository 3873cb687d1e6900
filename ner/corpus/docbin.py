"""spaCy's own files, ``.spacy``: documents with entities, packed as a `DocBin` (extra ``spacy``).

Reading one executes nothing: it holds numbers and strings. Tokens are the file's own; those of white space, which
spaCy needs to give back a text, are no tokens here. A token that nobody annotated, which spaCy tells from one outside
of all entities, has the tag ``?``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ner.config import DataConfig
from ner.corpus.atomic import replacing_bytes
from ner.corpus.rebuild import Text, texts
from ner.corpus.sentence import Sentence
from ner.corpus.standoff import START, CharSpan, Standoff
from ner.errors import DataError, MissingExtraError
from ner.schemes import UNKNOWN
from ner.text import GivenTokens, segment

if TYPE_CHECKING:
    from spacy.tokens import Doc

Path = str | os.PathLike[str]
_DEFAULT = DataConfig()


def read_docbin(path: Path, data: DataConfig = _DEFAULT, *, tagged: bool = True) -> Iterator[Sentence]:
    """Read the sentences of a ``.spacy`` file.

    Args:
        path: what ``DocBin.to_disk`` or ``spacy convert`` wrote.
        data: in which scheme tags are made of entities; nothing else of it counts, for tokens are the file's own.
        tagged: False to leave the entities aside.

    Yields:
        Sentences: the documents' own, or, where they have none, those that our rules find. ``line`` is the number of
        the document, from 1.

    Raises:
        DataError: the file is missing, or no such file.
        MissingExtraError: spaCy is not installed.
    """
    spacy = _library(path)
    standoff = Standoff(os.fspath(path), data.model_copy(update={"tokenizer": "whitespace", "cut_spans": "error"}))
    try:
        docs = spacy.tokens.DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab)
        for number, doc in enumerate(docs):
            spans = [
                CharSpan(entity.label_, ((entity.start_char, entity.end_char),), number + 1) for entity in doc.ents
            ]
            cut = [[(doc[i].idx, doc[i].idx + len(doc[i])) for i in sentence] for sentence in sentences_of(doc)]
            unseen = {str(token.idx) for token in doc if not token.ent_iob}
            for sentence in standoff.sentences(doc.text, spans if tagged else None, number + 1, number, cut):
                if sentence.tags is not None and unseen:
                    starts = sentence.columns[START]
                    sentence.tags = [
                        UNKNOWN if start in unseen else tag for start, tag in zip(starts, sentence.tags, strict=True)
                    ]
                yield sentence
    except FileNotFoundError:
        raise DataError("no such file.", path, remedy="Is the name right?") from None
    except DataError:
        raise
    except Exception as error:  # spaCy checks nothing: whatever it stumbles upon comes through
        raise DataError(
            f"cannot be read as a file of spaCy: {type(error).__name__}: {error!s:.100}.",
            path,
            remedy="Is it one that DocBin.to_disk wrote? For another kind set data.format.",
        ) from None


def write_docbin(sentences: Iterable[Sentence], target: Path) -> None:
    """Write a ``.spacy`` file, a document each, with sentence boundaries, to train spaCy's own components.

    Args:
        sentences: with tags in any scheme, none of them partial.
        target: a path; ``-`` is standard output.

    Raises:
        DataError: partial tags, or the file cannot be written; what stood there is then as it was.
        MissingExtraError: spaCy is not installed.
    """
    spacy = _library(target)
    vocabulary = spacy.blank("xx").vocab
    packed = spacy.tokens.DocBin()
    for text in texts(sentences, target, whole_documents=True):
        packed.add(_doc(spacy, vocabulary, text))
    with replacing_bytes(target) as file:
        file.write(packed.to_bytes())


def sentences_of(doc: Doc) -> list[list[int]]:
    """The numbers of the tokens of each sentence of a document, those of white space left out.

    The sentences are the document's own, or, where it has none, those that the rules of `ner.text` find.
    """
    if doc.has_annotation("SENT_START"):
        found = [[token.i for token in sentence if not token.is_space] for sentence in doc.sents]
        return [sentence for sentence in found if sentence]
    tokens = [token for token in doc if not token.is_space]
    numbers = {token.idx: token.i for token in tokens}
    given = GivenTokens([(token.idx, token.idx + len(token)) for token in tokens])
    return [[numbers[start] for start, _ in sentence] for sentence in segment(doc.text, given)]


def _doc(spacy: Any, vocabulary: Any, text: Text) -> Doc:
    """A document whose text is the same, character by character."""
    first = {0, *accumulate(text.sizes)}
    words: list[str] = []
    spaces: list[bool] = []
    begins: list[bool] = []
    position = 0
    for number, (start, end) in enumerate(text.tokens):
        gap = text.text[position:start]
        if words and gap.startswith(" "):
            spaces[-1], gap = True, gap[1:]
        if gap:
            words.append(gap)
            spaces.append(False)
            begins.append(False)
        words.append(text.text[start:end])
        spaces.append(False)
        begins.append(number in first)
        position = end
    doc = spacy.tokens.Doc(vocabulary, words=words, spaces=spaces, sent_starts=begins)
    if text.entities is not None:
        doc.set_ents([doc.char_span(start, end, label=label) for label, start, end in text.entities])
    return doc


def _library(path: Path) -> Any:
    try:
        import spacy
        import spacy.tokens
    except ImportError:
        raise MissingExtraError(f"The format of {os.fspath(path)}", "spacy") from None
    return spacy
