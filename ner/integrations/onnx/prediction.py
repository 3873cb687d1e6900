"""Tagging on onnxruntime and numpy: what an exported network says and decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ner.batching import Batching, Emitted, Place
from ner.corpus.beside import ALONE, Beside
from ner.errors import ModelError
from ner.features.encoder import FeatureEncoder, TypeFeatures
from ner.features.tags import TagSet
from ner.integrations.onnx.graph import OUTPUT
from ner.modules.crf_arrays import ArrayCRF
from ner.modules.crf_choice import chosen_spans
from ner.prediction import LONGEST, Distribution, Predictor
from ner.threads import in_order_by

R = TypeVar("R")


class ExportedNetwork:
    """A network at work on token lists, up to the emissions. Threads may share it.

    Args:
        session: onnxruntime's, of one thread.
        encoder: that the network was trained with.
        context: tokens around a sentence that are read with it.
        threads: how many batches are computed at a time.
        batch_tokens: tokens of a batch, padding included.
    """

    def __init__(
        self, session: Any, encoder: FeatureEncoder, context: int, threads: int, batch_tokens: int = 4096
    ) -> None:
        self._session, self._encoder, self._context = session, encoder, context
        self._inputs = {given.name for given in session.get_inputs()}
        self.threads, self.batch_tokens = threads, batch_tokens

    def start(
        self, sentences: Sequence[list[str]], work: Callable[[Emitted], R], beside: Beside = ALONE
    ) -> Iterator[R]:
        """See `ner.prediction.Source`."""
        batching = Batching(sentences, beside.documents, self._context)
        number: dict[str, int] = {}
        token_types = np.array(
            [number.setdefault(word, len(number)) for word in chain.from_iterable(sentences)], np.int64
        )
        types = self._encoder.encode(list(number))
        matches = self._encoder.encode_sentences(sentences, beside.columns)

        def job(chosen: np.ndarray) -> R:
            place = batching.place(chosen)
            distinct, index = np.unique(token_types[place.read], return_inverse=True)
            further = None if matches is None else matches[place.read]
            emissions = self._run(types.take(distinct), index.reshape(place.read.shape), further, place)
            return work(Emitted(chosen, place.position, place.mask, emissions, place.lengths))

        return in_order_by(job, list(batching.batches(self.batch_tokens)), self.threads)

    def _run(
        self, types: TypeFeatures, index: np.ndarray, matches: np.ndarray | None, place: Place
    ) -> NDArray[np.float32]:
        """The emissions of the sentences' own tokens, [B, T, K]."""
        known = {
            "words": types.words,
            "chars": types.chars,
            "shapes": types.shapes,
            "clusters": types.clusters,
            "index": index,
            "lengths": place.lengths,
            "matches": matches,
            "around": place.around,
        }
        if place.around is None:
            known["around"] = np.stack([np.zeros_like(place.lengths), place.lengths], 1)
        emissions = self._session.run([OUTPUT], {name: known[name] for name in self._inputs})[0]
        if place.around is not None:
            own = place.around[:, :1] + np.arange(place.mask.shape[1])
            own = np.minimum(own, emissions.shape[1] - 1)
            emissions = np.take_along_axis(emissions, own[:, :, None], 1)
        return np.asarray(emissions)


class ExportedPredictor(Predictor):
    """An exported model at work on token lists.

    Args:
        network: gives the emissions.
        encoder, tagset: that the model was trained with.
        edges: scores of its transitions, float32 [K + 1, K + 1], minus infinity for what is forbidden.
        temperature, threshold: as for `Predictor`.
        path: of the model, for messages.
    """

    def __init__(
        self,
        network: ExportedNetwork,
        encoder: FeatureEncoder,
        tagset: TagSet,
        edges: NDArray[np.float32],
        temperature: float,
        threshold: float | None,
        path: Path,
    ) -> None:
        super().__init__(network, encoder, tagset, temperature, threshold)
        self._edges, self._path = edges, path
        self._crf = ArrayCRF(edges, self.reading)

    @property
    def model(self) -> Any:
        """There is none to look into.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            f"{self._path}: an exported model tags, and does nothing else; name the model that it was exported from"
        )

    def edges(self) -> np.ndarray:
        """See `Predictor.edges`."""
        return self._edges

    def emissions_of_one(self, batch: Emitted) -> np.ndarray | None:
        """See `Predictor.emissions_of_one`."""
        return None if len(batch.sentences) > 1 else np.asarray(batch.emissions[0])

    def decode(self, batch: Emitted) -> np.ndarray:
        """See `Predictor.decode`."""
        return self._crf.best_paths(batch.emissions, batch.lengths)

    def probabilities(self, batch: Emitted, rows: np.ndarray, spans: np.ndarray) -> np.ndarray:
        """See `Predictor.probabilities`."""
        return self._crf.span_probabilities(batch.emissions[rows], batch.lengths[rows], spans, self.temperature)

    def every_span(self, batch: Emitted) -> np.ndarray:
        """See `Predictor.every_span`."""
        emissions = self.emissions_of_one(batch)
        chances = None if emissions is None else self.single.all_span_probabilities(emissions, LONGEST)
        if chances is not None:
            return np.asarray(chances)[None]
        return self._crf.all_span_probabilities(batch.emissions, batch.lengths, LONGEST, self.temperature)

    def best_spans(self, batch: Emitted, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """See `Predictor.best_spans`."""
        chances = self.every_span(batch)
        if not chances.size:
            return np.zeros((0, 4), dtype=np.int64), np.zeros(0)
        return chosen_spans(chances.max(3), chances.argmax(3), threshold)

    def distribution(self, batch: Emitted, n_best: int) -> Distribution:
        """See `Predictor.distribution`."""
        crf, arguments, temperature = self._crf, (batch.emissions, batch.lengths), self.temperature
        return Distribution(
            crf.marginals(*arguments, temperature),
            crf.entropy(*arguments, temperature),
            *crf.n_best(*arguments, n_best, temperature),
        )
