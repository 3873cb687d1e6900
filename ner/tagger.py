"""A trained model in use: text or tokens in, documents with entities out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ner.corpus.beside import ALONE, Beside
from ner.description import DESCRIPTION, GRAPH, Description, describe, model_folder
from ner.document import Document, Offsets, ScoredSpan
from ner.errors import ConfigError, IncompleteInstallationError, ModelError
from ner.features.tags import TagSet
from ner.prediction import Explanation, Precision, Prediction, Predictor
from ner.runs import holds_models
from ner.text import Tokenizer, get_tokenizer, segment

if TYPE_CHECKING:
    from ner.features.encoder import FeatureEncoder
    from ner.inspection.trace import Trace
    from ner.model import SequenceTagger
    from ner.torch_prediction import TorchPredictor

_CHARACTERS_AHEAD = 1 << 20  # of a stream of texts


class Tagger:
    """Tags text with a trained model. Made by `ner.load`.

    Args:
        predictor: the network at work.
        description: of the model folder.
        path: of the model folder, for messages.
        device: where the network runs, such as ``cpu`` or ``cuda``.
        precision: of the recurrent layers, ``fp32`` or ``bf16``.
    """

    def __init__(
        self,
        predictor: Predictor,
        description: Description,
        path: Path,
        device: str = "cpu",
        precision: Precision = "fp32",
    ) -> None:
        self.predictor = predictor
        self.path = path
        self.device = device
        self.precision = precision
        self.description = description

    @property
    def tagset(self) -> TagSet:
        """The tags that the model knows."""
        return self.predictor.tagset

    def __repr__(self) -> str:
        labels = ", ".join(self.labels[:10]) + ", ..." * (len(self.labels) > 10)
        return f"<{type(self).__name__} {self.path}, labels: {labels}, on {self.device}, {self.precision}>"

    @property
    def labels(self) -> list[str]:
        """The entity types that the model knows."""
        return list(self.tagset.labels)

    def identity(self) -> dict[str, str]:
        """Which model this is: its folder, the checksums of its weights and of its training's configuration."""
        return {
            "path": str(self.path),
            "sha256": self.description.files[self.description.weights],
            "configuration": self.description.configuration or "unknown",
            "version": self.description.version,
        }

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that is stored with the model."""
        return get_tokenizer(self.description.tagging.tokenizer)

    def tag(self, text: str) -> Document:
        """Find the entities of a text.

        Raises:
            TypeError: something else than a text.
        """
        if not isinstance(text, str):
            others = "for several texts, use stream; for tokens, tag_tokens"
            raise TypeError(f"tag takes a text, got {type(text).__name__}; {others}")
        return next(self.stream([text]))

    @property
    def columns(self) -> list[str]:
        """Names of the columns that the model reads beside the words."""
        columns = self.predictor.encoder.columns
        return [] if columns is None else columns.names

    @property
    def context(self) -> int:
        """Tokens before and after a sentence, in its document, that the model reads with it."""
        return self.description.model.encoder.context

    def tag_tokens(
        self,
        sentences: Sequence[Sequence[str]],
        documents: Sequence[int] | None = None,
        columns: Sequence[Sequence[Sequence[str]]] | None = None,
    ) -> list[Document]:
        """Find the entities of sentences that are tokens already: a document each, its text the tokens and blanks.

        Args:
            sentences: lists of tokens; a sentence may be empty.
            documents: a number for each sentence, the same for neighbours in one document, for a model that reads
                what stands around a sentence (``model.encoder.context``); by default each sentence stands alone.
            columns: for each sentence a list for each of the columns that the model reads beside the words
                (`Tagger.columns`), with a value a token.

        Raises:
            DataError: the model reads columns, and they are missing or do not fit.
            ValueError: not a document for each sentence.
            TypeError: a text where a list of tokens should be, or a token that is no string.
        """
        sentences = list(sentences)  # also of what can be gone through but once
        if any(isinstance(tokens, str) for tokens in sentences):
            raise TypeError(
                "tag_tokens takes sentences, each a list of tokens, not texts: for these, use tag or stream"
            )
        lists = [list(tokens) for tokens in sentences]
        kinds = set(map(type, chain.from_iterable(lists)))
        if others := sorted(kind.__name__ for kind in kinds if not issubclass(kind, str)):
            raise TypeError(f"tag_tokens takes tokens that are strings, got {', '.join(others)}")
        if documents is not None and len(documents) != len(lists):
            raise ValueError(f"expected documents of {len(lists)} sentences, got {len(documents)}")
        spans = self.predict(lists, beside=Beside(documents, columns)).span_lists()
        return [Document.of_tokens(tokens, found) for tokens, found in zip(lists, spans, strict=True)]

    def stream(self, texts: Iterable[str], window: int = 1024) -> Iterator[Document]:
        """Tag texts as they come, in order and in bounded memory.

        Args:
            texts: any number of them.
            window: texts that are read ahead, to be batched together; fewer where they are long.

        Raises:
            TypeError: a single text.
        """
        if isinstance(texts, str):
            raise TypeError("stream takes texts, one after the other: for a single one, use tag")
        ahead: list[str] = []
        held = 0
        for text in texts:
            ahead.append(text)
            held += len(text)
            if len(ahead) >= window or held >= _CHARACTERS_AHEAD:
                yield from self._tag_all(ahead)
                ahead, held = [], 0
        yield from self._tag_all(ahead)

    def __call__(self, rows: Mapping[str, Any], column: str | None = None) -> dict[str, Any]:
        """Tag rows of a Hugging Face data set: ``dataset.map(tagger, batched=True)``.

        Args:
            rows: a batch, column by column, or a single row.
            column: that holds the texts or lists of tokens; by default ``tokens``, ``words`` or ``text``.

        Returns:
            The columns ``entities`` and, for tokens, ``predicted_tags``; see `ner.integrations.dataset_rows`.

        Raises:
            DataError: there is no such column, or it holds something else.
        """
        from ner.integrations.dataset_rows import tag_rows

        return tag_rows(self, rows, column)

    def __reduce__(self) -> tuple[Callable[..., Tagger], tuple[str, str, str, str]]:
        """What goes to another process, and what ``dataset.map`` knows its cache by: the folder and its checksum."""
        return _reload, (str(self.path.absolute()), self.device, self.precision, self.identity()["sha256"])

    def predict(
        self,
        sentences: Sequence[list[str]],
        scores: bool = True,
        threshold: float | Literal["own"] | None = "own",
        beside: Beside = ALONE,
    ) -> Prediction:
        """Tags and entities of token lists as arrays: what bulk users and evaluation build on; see `Predictor`."""
        return self.predictor.predict(sentences, scores, threshold, beside)

    def start(
        self,
        sentences: Sequence[list[str]],
        scores: bool = True,
        threshold: float | Literal["own"] | None = "own",
        beside: Beside = ALONE,
    ) -> Callable[[], Prediction]:
        """As `predict`, without waiting: the answer is what the function that is returned returns."""
        return self.predictor.start(sentences, scores, threshold, beside)

    def explain(self, sentences: Sequence[list[str]], n_best: int = 1, beside: Beside = ALONE) -> list[Explanation]:
        """How sure the model is of token lists: marginals, entropy, and the likeliest readings."""
        return self.predictor.explain(sentences, n_best, beside)

    def trace(self, sentence: str | Sequence[str]) -> Trace:
        """Look inside: every gate, the memory cell and the output at every token of one sentence.

        Args:
            sentence: a text, or tokens.

        Raises:
            NerError: the text holds no token, or several sentences, which the model reads one by one.
        """
        from ner.inspection.trace import trace_sentence

        return trace_sentence(self, sentence)

    def _tag_all(self, texts: list[str]) -> Iterator[Document]:
        segmented: list[list[Offsets]] = [segment(text, self.tokenizer) for text in texts]
        tokens = [
            [text[start:end] for start, end in sentence]
            for text, sentences in zip(texts, segmented, strict=True)
            for sentence in sentences
        ]
        documents = [number for number, sentences in enumerate(segmented) for _ in sentences]
        spans: Iterator[list[ScoredSpan]] = iter(self.predict(tokens, beside=Beside(documents)).span_lists())
        for text, sentences in zip(texts, segmented, strict=True):
            yield Document(text, sentences, list(islice(spans, len(sentences))))


def load(
    path: str | os.PathLike[str], device: str = "cpu", precision: Precision = "fp32", threads: int | None = None
) -> Tagger:
    """Load a model folder.

    Args:
        path: of the folder that a training or `ner.export` wrote, or of the run that holds it as ``model``; of a
            folder with the runs of several seeds, which then decide together; or ``hub:owner/name``.
        device: where the network runs, such as ``cpu`` or ``cuda``.
        precision: of the recurrent layers. ``bf16`` tags about 1.5 times as fast where the processor has instructions
            for it, and changes fewer than one tag in ten thousand (docs/performance.md).
        threads: that it runs on. By default, and until another model is loaded with a number, as many as torch is set
            to; an exported model takes as many as there are cores for this process.

    Raises:
        ModelError: the folder is missing, cut short, altered or of a newer format.
        ConfigError: there is no such device here, or no such precision.
        MissingExtraError, IncompleteInstallationError: what the model runs on is not installed.
    """
    if str(path).startswith("hub:"):
        from ner.integrations.hub import fetch

        path = fetch(str(path))
    folder = exported_folder(path)
    if folder is not None:
        from ner.integrations.onnx.folder import load_exported

        return load_exported(folder, device, precision, threads)
    several = holds_models(Path(path))
    if not several:
        describe(model_folder(path))  # what is no model is told at once, before torch is there
    _prepare_torch(path, device, threads)
    if several:
        from ner.ensemble import Ensemble

        return Ensemble(path, device, precision)
    from ner.persistence import load_model

    model, encoder, tagset, description = load_model(path)
    predictor = on_torch(model, encoder, tagset, description, device, precision)
    return Tagger(predictor, description, Path(path), device, precision)


def on_torch(
    model: SequenceTagger,
    encoder: FeatureEncoder,
    tagset: TagSet,
    description: Description,
    device: str = "cpu",
    precision: Precision = "fp32",
) -> TorchPredictor:
    """A network on torch at work as its description says.

    Raises:
        ConfigError: there is no such precision.
    """
    import torch

    from ner.torch_prediction import TorchPredictor

    return TorchPredictor(
        model.to(torch.device(device)), encoder, tagset, description.temperature, description.threshold, precision
    )


def _prepare_torch(path: str | os.PathLike[str], device: str, threads: int | None) -> None:
    """See that torch is there, and the device.

    Raises:
        IncompleteInstallationError, ConfigError: it is not.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise IncompleteInstallationError(f"The model {path}", "torch") from None
    from ner.threads import set_threads

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch raises either, by how it was built
        reason = str(error).partition("\n")[0].rstrip(".")
        if reason.startswith("Expected one of"):  # and then two dozen kinds, most of which nobody has
            reason = "expected cpu, cuda, or cuda:1 and so on"
        raise ConfigError(f"device {device}: cannot be used here: {reason}; cpu always can") from None
    if threads:
        set_threads(threads)


def exported_folder(path: str | os.PathLike[str]) -> Path | None:
    """The folder of an exported model, if the path is one, or the network in it; else None."""
    folder = model_folder(path)
    if folder.name == GRAPH and folder.is_file():
        return folder.parent
    return folder if (folder / DESCRIPTION).is_file() and describe(folder).runtime == "onnx" else None


def _reload(path: str, device: str, precision: Precision, checksum: str) -> Tagger:
    """The same model in another process.

    Raises:
        ModelError: it is not there any more, or another one is.
    """
    tagger = load(path, device, precision)
    require_same(tagger, checksum)
    return tagger


def require_same(tagger: Tagger, checksum: str) -> None:
    """That a tagger that was loaded again has the weights that it had.

    Raises:
        ModelError: it has not.
    """
    if tagger.identity()["sha256"] != checksum:
        raise ModelError(f"{tagger.path}: the model has changed since it was loaded; load it again")
