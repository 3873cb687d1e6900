"""The sections of the network, each a small frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field

from ner.config.values import AnyScheme, File, Files, Fraction, Name, Names, Positive, Section


class WordConfig(Section):
    """Word embeddings.

    Attributes:
        dim: size of the vectors where no file of vectors gives it.
        fine_tune: train the pretrained rows too.
        dropout: probability that a word of a batch is replaced by the unknown word in training.
        rare_dropout: a, by which a word without a pretrained vector that occurs n times in training is replaced with
            probability a / (a + n) (Kiperwasser & Goldberg 2016), if that is more than ``dropout``.
        min_count: training words rarer than this and without a vector share the unknown word's row.
    """

    dim: Positive = 100
    fine_tune: bool = True
    dropout: Fraction = 0.05
    rare_dropout: Annotated[float, Field(ge=0)] = 1.0
    min_count: Positive = 1


class CharConfig(Section):
    """The character CNN of Ma & Hovy 2016, section 2.1.

    Attributes:
        dim: size of a character's embedding; 0 leaves the CNN out.
        filters: for each width.
        widths: of the windows, in characters; at most 32 of them.
        dropout: on the CNN's input.
        max_length: longer words are seen by their first and last halves of so many characters.
    """

    dim: Annotated[int, Field(ge=0)] = 30
    filters: Positive = 30
    widths: Annotated[list[Positive], Field(min_length=1, max_length=32)] = [3]
    dropout: Fraction = 0.5
    max_length: Annotated[int, Field(ge=4)] = 48


class FeatureConfig(Section):
    """Features of a word beside its vector and characters.

    Attributes:
        shape_dim: size of the embedding of capitalization and shape; 0 leaves it out.
        clusters: a file of Brown cluster paths (word, tab, path), plain or ``.gz``.
        cluster_prefixes: lengths in bits of the path prefixes that are features, at most 32.
        cluster_dim: size of each prefix's embedding.
        cluster_start: what these embeddings start from: ``random`` numbers, or, with ``vectors``, the mean vector of
            all words under the prefix, so that a word without a vector has that of its like; ``cluster_dim`` is then
            not used.
        gazetteers: files of names, a name a line; each file is a feature.
        gazetteer_dim: size of each gazetteer's embedding.
        columns: further columns that are features, such as part of speech: in column files by position, counted from
            0, in JSONL and datasets by name. What is tagged must have them too.
        column_dim: size of the embedding of a column's values.
        group_dropout: probability that a token is seen without one of its groups of features in training: without its
            vector, characters, shape, clusters, gazetteers or columns, each by itself. With
            ``model.encoder.variational``, the whole sentence is.
    """

    shape_dim: Annotated[int, Field(ge=0)] = 10
    clusters: File | None = None
    cluster_prefixes: Annotated[list[Positive], Field(max_length=32)] = [4, 6, 10, 20]
    cluster_dim: Positive = 10
    cluster_start: Literal["random", "vectors"] = "random"
    gazetteers: Files = []
    gazetteer_dim: Positive = 5
    columns: Names = []
    column_dim: Positive = 10
    group_dropout: Fraction = 0.0


class EncoderConfig(Section):
    """The recurrent encoder.

    Attributes:
        kind: ``lstm``, ``peephole``, ``gru``, ``rnn``, or ``none`` for no recurrence.
        hidden: units a direction.
        layers: stacked.
        bidirectional: read the sentence from both ends.
        dropout: on the encoder's input and output, and between its layers.
        recurrent_dropout: on the recurrent connections.
        variational: one dropout mask for all tokens of a sentence (Gal & Ghahramani 2016).
        forget_bias: initial bias of the forget gate.
        layer_norm: normalize within the cells (not on the fused LSTM).
        residual: add a layer's input to its output, from the second layer on.
        context: tokens before and after a sentence, in its document, that are read with it, though nothing is decided
            there; 0 reads sentences alone. A document is what ``-DOCSTART-``, ``# newdoc`` or the key ``document``
            make one, else a file of sentences, or a text. It costs what so many more tokens cost the encoder.
    """

    kind: Literal["lstm", "peephole", "gru", "rnn", "none"] = "lstm"
    hidden: Positive = 200
    layers: Positive = 1
    bidirectional: bool = True
    dropout: Fraction = 0.33
    recurrent_dropout: Fraction = 0.0
    variational: bool = False
    forget_bias: float = 1.0
    layer_norm: bool = False
    residual: bool = False
    context: Annotated[int, Field(ge=0)] = 0


class AuxiliaryConfig(Section):
    """A second task, learnt from another column of the training data through the same encoder (Caruana 1997).

    Attributes:
        column: whose values are predicted too, such as part of speech: named as in `model.features.columns`. Only
            train needs to have it, and tagging has nothing to do with it.
        weight: of its loss, the negative log-likelihood of a token's value, where that of the tags counts 1.
    """

    column: Name | None = None
    weight: Annotated[float, Field(gt=0)] = 0.1


class LanguageModelConfig(Section):
    """A second task that needs no annotation: to foretell each word from those before it, and from those after it.

    The two directions of the encoder learn it in training, as Rei (2017) has it; tagging has nothing to do with it.

    Attributes:
        weight: of its loss, in nats a word and direction, where that of the tags counts 1; 0 leaves it out.
        dim: size of the space in which a prediction is compared with the words of its batch.
    """

    weight: Annotated[float, Field(ge=0)] = 0.0
    dim: Positive = 64


class ModelConfig(Section):
    """The network.

    Attributes:
        scheme: in which the model's tags are written.
        head: ``crf``, or ``softmax`` for comparison.
        constrained_training: only legal paths in the CRF's partition function.
        label_smoothing: share of each gold tag's probability that the ``softmax`` head is taught to spread over all
            tags (Szegedy et al. 2016); sentences annotated in part are learnt without.
    """

    scheme: Annotated[Literal["IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU", "BMES"], AnyScheme] = "IOBES"
    head: Literal["crf", "softmax"] = "crf"
    constrained_training: bool = False
    label_smoothing: Fraction = 0.0
    words: WordConfig = WordConfig()
    chars: CharConfig = CharConfig()
    features: FeatureConfig = FeatureConfig()
    encoder: EncoderConfig = EncoderConfig()
    auxiliary: AuxiliaryConfig = AuxiliaryConfig()
    language_model: LanguageModelConfig = LanguageModelConfig()

    def without_folders(self) -> ModelConfig:
        """The same network, its files by their names alone: a model tells no one where they lay on which machine."""
        features = self.features
        names = {
            "clusters": features.clusters and PurePath(features.clusters).name,
            "gazetteers": [PurePath(name).name for name in features.gazetteers],
        }
        return self.model_copy(update={"features": features.model_copy(update=names)})

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> list[str]:
        """Label smoothing without the head that knows it; a language model that would see what it is to foretell."""
        found = []
        if given.get("label_smoothing") and given.get("head") != "softmax":
            found.append("label_smoothing is of the softmax head: set head: softmax too, or leave it at 0")
        if _inner(given, "language_model", "weight"):
            if _inner(given, "encoder", "kind") == "none":
                found.append("language_model needs a recurrent encoder, and encoder.kind is none")
            elif _inner(given, "encoder", "layers") not in (None, 1) and _inner(given, "encoder", "bidirectional"):
                found.append(
                    "language_model needs encoder.layers: 1, or encoder.bidirectional: false: a second layer has "
                    "read the sentence from both ends, and sees the word that it is to foretell"
                )
        return found


def _inner(given: Mapping[str, Any], section: str, key: str) -> Any:
    """A value of a section within; None where it is at its default."""
    inner = given.get(section)
    return inner.get(key) if isinstance(inner, Mapping) else getattr(inner, key, None)
