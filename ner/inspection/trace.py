"""What a trained encoder computed at every token of a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.document import ScoredSpan
from ner.errors import NerError
from ner.inspection.network import single_network
from ner.text import segment

if TYPE_CHECKING:
    from ner.tagger import Tagger

States = Mapping[str, NDArray[np.float32]]
"""What one layer computed in one direction, by name, each ``[T, H]``."""


class Reading(NamedTuple):
    """One layer's way over the sentence in one direction.

    Attributes:
        layer: counted from 1.
        direction: ``forward`` or ``backward``.
        states: of every token, in the order of the sentence in both directions.
    """

    layer: int
    direction: str
    states: States

    @property
    def step(self) -> int:
        """1 where the sentence is read from left to right, else -1: ``states[name][::step]`` is as it was read."""
        return 1 if self.direction == "forward" else -1

    @property
    def name(self) -> str:
        """``layer 1, forward``."""
        return f"layer {self.layer}, {self.direction}"


@dataclass(frozen=True)
class Trace:
    """A sentence of T tokens on its way through the encoder.

    ``trace.layers[0]["forward"]["forget"]`` are the forget gates of the first layer, read from left to right,
    ``[T, H]``. The names are those of `ner.modules.cells`:

    - lstm, peephole: the gates ``input``, ``forget``, ``output`` in [0, 1]; ``candidate``; ``cell``, the memory; and
      ``hidden``, the output h;
    - gru: ``reset``, ``update``, ``candidate``, ``hidden``;
    - rnn: ``hidden``;
    - none: no layers.

    ``hidden`` is the cell's output, before a residual connection adds the layer's input to it.

    Attributes:
        tokens: of the sentence.
        tags: the best legal path, in the model's scheme.
        entities: that these tags spell, over tokens, with their probabilities.
        kind: of the encoder.
        layers: by layer and direction.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    entities: tuple[ScoredSpan, ...]
    kind: str
    layers: tuple[Mapping[str, States], ...]

    def readings(self) -> Iterator[Reading]:
        """The layers and directions one after the other."""
        for layer, directions in enumerate(self.layers, start=1):
            for direction, states in directions.items():
                yield Reading(layer, direction, states)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts."""
        return {
            "tokens": list(self.tokens),
            "tags": list(self.tags),
            "entities": [entity._asdict() for entity in self.entities],
            "kind": self.kind,
            "layers": [
                {
                    direction: {name: array.tolist() for name, array in states.items()}
                    for direction, states in layer.items()
                }
                for layer in self.layers
            ],
        }


def trace_sentence(tagger: Tagger, sentence: str | Sequence[str]) -> Trace:
    """Tag one sentence and keep what the encoder computed on the way, from the trained weights, without dropout.

    Args:
        tagger: the trained model.
        sentence: a text, or tokens.

    Raises:
        NerError: the text holds no token, or several sentences, which the model reads one by one; or the tagger is an
            ensemble.
    """
    model = single_network(tagger)
    tokens = sentence_tokens(tagger, sentence)
    prediction = tagger.predict([tokens], threshold=None)
    inputs = SentenceInputs.of(tagger, tokens)
    table, index, lengths, gazetteers = inputs.copies(inputs.vectors[None])
    with torch.no_grad():
        layers = model.encoder.trace(model.inputs(table, index, gazetteers), lengths)
    return Trace(
        tokens=tuple(tokens),
        tags=tuple(prediction.tag_lists()[0]),
        entities=tuple(prediction.span_lists()[0]),
        kind=model.encoder.kind,
        layers=tuple(
            {
                direction: {name: tensor[0].float().cpu().numpy() for name, tensor in states.items()}
                for direction, states in layer.items()
            }
            for layer in layers
        ),
    )


def sentence_tokens(tagger: Tagger, sentence: str | Sequence[str]) -> list[str]:
    """The tokens of one sentence.

    Raises:
        NerError: see `trace_sentence`.
    """
    if not isinstance(sentence, str):
        tokens = list(sentence)
    else:
        sentences = segment(sentence, tagger.tokenizer)
        if len(sentences) > 1:
            start, end = sentences[1][0][0], sentences[1][-1][1]
            raise NerError(
                f"the text has {len(sentences)} sentences, and the model reads each by itself; the second is "
                f"{sentence[start:end]!r}. Give one of them, or tokens, which are taken as one sentence (ner inspect "
                "--tokens)."
            )
        tokens = [sentence[start:end] for offsets in sentences for start, end in offsets]
    if not tokens:
        raise NerError("the sentence has no token; give one with at least a word.")
    return tokens


class SentenceInputs(NamedTuple):
    """What the network reads of a sentence of T tokens, every token a word type of its own.

    Attributes:
        vectors: word embedding, characters, shape and clusters side by side, ``[T, D]``, without a gradient.
        gazetteers: the matches of each token, int64 ``[T, G]``, or None.
    """

    vectors: Tensor
    gazetteers: Tensor | None

    @classmethod
    def of(cls, tagger: Tagger, tokens: list[str]) -> SentenceInputs:
        """The inputs of a sentence, on the device of the model."""
        model, encoder = single_network(tagger), tagger.predictor.encoder
        device = model.project.weight.device
        types, matches = encoder.encode(tokens), encoder.encode_sentences([tokens])
        arrays = (types.words, types.chars, types.shapes, types.clusters)
        with torch.no_grad():
            vectors = model.words(*(torch.from_numpy(array).to(device) for array in arrays))
        return cls(vectors, None if matches is None else torch.from_numpy(matches).to(device))

    def emissions(self, tagger: Tagger, vectors: Tensor) -> Tensor:
        """The emissions of N copies of the sentence, with vectors of their own: ``[N, T, D]`` to ``[N, T, K]``."""
        return tagger.predictor.model.emissions(*self.copies(vectors))

    def copies(self, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Table, index, lengths and gazetteers of N copies of the sentence, as `SequenceTagger.emissions` takes them.

        Args:
            vectors: of the tokens of each copy, ``[N, T, D]``.
        """
        N, T, _ = vectors.shape
        index = torch.arange(N * T, device=vectors.device).view(N, T)
        gazetteers = None if self.gazetteers is None else self.gazetteers.expand(N, -1, -1)
        return vectors.flatten(0, 1), index, torch.full((N,), T), gazetteers
