"""A trained model as a component of a spaCy pipeline (extra ``spacy``).

spaCy finds its factory, `ner.integrations.spacy_factory`, by the package's entry point: nothing has to be imported.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import srsly
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans, minibatch

from ner.corpus.beside import Beside
from ner.corpus.docbin import sentences_of
from ner.description import model_files, model_folder
from ner.document import ScoredSpan
from ner.ensemble import Ensemble
from ner.errors import ModelError
from ner.tagger import Tagger, load

_MODEL = "model"  # the folder in a pipeline's folder
_FILE = re.compile(r"[A-Za-z]+\.[a-z]+")  # how the files of a model are called


class EntityTagger:
    """Sets ``doc.ents``, and the probability of every entity as ``ent._.score``.

    It reads the pipeline's own tokens, and its sentences where a component before it has set them; otherwise
    sentences end by the rules of `ner.text`. The model is loaded when it is first asked for, and goes to disk with
    the pipeline: the folder that it came from is not needed any more.

    Args:
        name: of the component.
        model: a model folder or run, or ``hub:owner/name``.
        threshold: decode the entities that exceed this probability the most; None as the model is set.
        min_score: leave out entities of a lower probability.
        overwrite: replace entities that components before have set; otherwise these stay, and what overlaps them is
            left out.
        spans_key: also keep the entities as ``doc.spans[spans_key]``, with ``attrs["scores"]``.
    """

    def __init__(
        self,
        name: str,
        model: str | None = None,
        threshold: float | None = None,
        min_score: float = 0.0,
        overwrite: bool = False,
        spans_key: str | None = None,
    ) -> None:
        self.name = name
        self.threshold = threshold
        self.min_score = min_score
        self.overwrite = overwrite
        self.spans_key = spans_key
        self._path = model
        self._tagger: Tagger | None = None
        self._unpacked: TemporaryDirectory[str] | None = None  # holds a model that came as bytes
        if not Span.has_extension("score"):
            Span.set_extension("score", default=None)

    @property
    def tagger(self) -> Tagger:
        """The model at work.

        Raises:
            ModelError: no model was named, it cannot be loaded, or it is a folder of several.
        """
        if self._tagger is None:
            if self._path is None:
                raise ModelError(f'{self.name} has no model: give config={{"model": "PATH"}} to nlp.add_pipe')
            found = load(self._path)
            if isinstance(found, Ensemble):
                raise ModelError(f"{self._path} holds several runs: name the one that the pipeline shall have")
            self._tagger = found
        return self._tagger

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types that the model knows; none where there is no model yet, as when spaCy reads a pipeline."""
        try:
            return tuple(self.tagger.labels)
        except ModelError:
            return ()

    def __call__(self, doc: Doc) -> Doc:
        """Set the entities of one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], batch_size: int = 256) -> Iterator[Doc]:
        """Set the entities of documents as they come, so many at a time."""
        for docs in minibatch(stream, batch_size):
            yield from self._set_entities(docs)

    def score(self, examples: Iterable[Example], **_: Any) -> dict[str, Any]:
        """Precision, recall and F1 of entities, as ``nlp.evaluate`` shows them."""
        return dict(get_ner_prf(examples))

    def to_disk(self, path: str | Path, exclude: Sequence[str] = ()) -> None:
        """Copy the model into the pipeline's folder."""
        source = model_folder(self.tagger.path)
        target = Path(path) / _MODEL
        target.mkdir(parents=True, exist_ok=True)
        if target.resolve() != source.resolve():  # else the pipeline is saved where it was loaded from
            for file in model_files(source):
                shutil.copyfile(source / file, target / file)

    def from_disk(self, path: str | Path, exclude: Sequence[str] = ()) -> EntityTagger:
        """Take the model of a pipeline's folder."""
        self._path, self._tagger = str(Path(path) / _MODEL), None
        return self

    def to_bytes(self, exclude: Sequence[str] = ()) -> bytes:
        """The model's files in one piece."""
        source = model_folder(self.tagger.path)
        return bytes(srsly.msgpack_dumps({file: (source / file).read_bytes() for file in model_files(source)}))

    def from_bytes(self, data: bytes, exclude: Sequence[str] = ()) -> EntityTagger:
        """Take a model from `to_bytes`.

        Raises:
            ModelError: the bytes are not those of a model.
        """
        try:
            files = dict(srsly.msgpack_loads(data))
        except (TypeError, ValueError) as error:
            raise ModelError(f"{self.name}: these bytes hold no model: {error}") from None
        self._unpacked = TemporaryDirectory(prefix="ner-")
        folder = Path(self._unpacked.name)
        for file, content in files.items():
            if not isinstance(file, str) or not _FILE.fullmatch(file) or not isinstance(content, bytes):
                raise ModelError(f"{self.name}: these bytes hold no model: {file!r:.60} is no file of one")
            (folder / file).write_bytes(content)
        self._path, self._tagger = str(folder), None
        return self

    def __getstate__(self) -> dict[str, Any]:
        """For processes that spaCy starts: they load the model themselves."""
        return {**self.__dict__, "_tagger": None, "_unpacked": None}

    def _set_entities(self, docs: Sequence[Doc]) -> Iterator[Doc]:
        cut = [sentences_of(doc) for doc in docs]
        words = [
            [doc[place].text for place in places] for doc, found in zip(docs, cut, strict=True) for places in found
        ]
        documents = [number for number, found in enumerate(cut) for _ in found]
        threshold: float | Literal["own"] = "own" if self.threshold is None else self.threshold
        spans = iter(self.tagger.predict(words, threshold=threshold, beside=Beside(documents)).span_lists())
        for doc, sentences in zip(docs, cut, strict=True):
            self._set(doc, [(sentence, next(spans)) for sentence in sentences])
            yield doc

    def _set(self, doc: Doc, found: Sequence[tuple[Sequence[int], Sequence[ScoredSpan]]]) -> None:
        scored = [
            (Span(doc, places[start], places[end - 1] + 1, label=label), score)
            for places, spans in found
            for label, start, end, score in spans
            if score >= self.min_score
        ]
        if not self.overwrite:
            taken = {token.i for entity in doc.ents for token in entity}
            scored = [(span, score) for span, score in scored if taken.isdisjoint(range(span.start, span.end))]
        kept = [] if self.overwrite else list(doc.ents)
        entities = [span for span, _ in scored]
        doc.set_ents(filter_spans([*kept, *entities]), default="outside")
        for span, score in scored:
            span._.score = score
        if self.spans_key is not None:
            doc.spans[self.spans_key] = entities
            doc.spans[self.spans_key].attrs["scores"] = [score for _, score in scored]
