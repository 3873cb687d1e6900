"""All features of a word type in one place: what a model must know to turn any word into numbers.

A word's features depend on its letters alone, so each distinct word of a batch (training) or of a stream (tagging) is
encoded once and every token is an index to its word type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from ner.config import ModelConfig
from ner.features import shape
from ner.features.characters import CharacterVocabulary
from ner.features.clusters import Clusters
from ner.features.columns import ColumnValues
from ner.features.gazetteers import Gazetteers
from ner.features.vectors import Vectors
from ner.features.vocabulary import Vocabulary

WORDS, CHARACTERS, CLUSTERS, GAZETTEERS = "words.txt", "characters.txt", "clusters.txt", "gazetteers.json"
COLUMNS, PACKED_CLUSTERS = "columns.json", "clusters.safetensors"


@dataclass(frozen=True, slots=True)
class TypeFeatures:
    """Features of W distinct words.

    Attributes:
        words: rows of the word vocabulary, int64 [W].
        chars: character numbers, int64 [W, C], padded with 0 to the longest.
        lengths: number of characters in ``chars``, int64 [W].
        shapes: int64 [W].
        clusters: int64 [W, P], a column a prefix length; P is 0 without clusters.
    """

    words: np.ndarray
    chars: np.ndarray
    lengths: np.ndarray
    shapes: np.ndarray
    clusters: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    def take(self, rows: np.ndarray) -> TypeFeatures:
        """The features of some of the words, the characters cut to the longest of them."""
        lengths = self.lengths[rows]
        longest = int(lengths.max(initial=1))
        return TypeFeatures(
            self.words[rows], self.chars[rows, :longest], lengths, self.shapes[rows], self.clusters[rows]
        )


@dataclass(frozen=True, slots=True)
class FeatureSizes:
    """How many numbers each feature knows: what the network needs to lay out its tables.

    Attributes:
        words: rows of the word vocabulary.
        trained: the first so many of them move in training, the others stay as the vectors' files have them.
        chars, shapes: as the words.
        clusters: a count for each prefix length.
        gazetteers: number of gazetteers.
        columns: a count for each further column.
    """

    words: int
    trained: int
    chars: int
    shapes: int
    clusters: tuple[int, ...]
    gazetteers: int
    columns: tuple[int, ...] = ()


class FeatureEncoder:
    """Words and sentences to numbers. Made from the training data, kept in the model folder."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        characters: CharacterVocabulary,
        max_length: int,
        clusters: Clusters | None = None,
        gazetteers: Gazetteers | None = None,
        columns: ColumnValues | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.characters = characters
        self.max_length = max_length
        self.clusters = clusters
        self.gazetteers = gazetteers
        self.columns = columns

    @classmethod
    def build(
        cls,
        config: ModelConfig,
        sentences: Iterable[Sequence[str]],
        vectors: Sequence[Vectors],
        start: FeatureEncoder | None = None,
        columns: Sequence[Sequence[Sequence[str]]] = (),
    ) -> FeatureEncoder:
        """Collect the vocabularies from the training sentences and the files of vectors, and from nothing else.

        Args:
            config: which features there are.
            sentences: the tokens of the training sentences.
            vectors: whose words are known too.
            start: of the model that training starts from, whose characters are known too, and whose clusters,
                gazetteers and values of columns stand for those of files and sentences.
            columns: for each training sentence the values of ``features.columns``, a list a column.
        """
        counts = Counter(word for sentence in sentences for word in sentence)
        vocabulary = Vocabulary.build(counts, vectors, config.words.min_count, config.words.fine_tune)
        characters, features = chain(counts, start.characters.characters if start else ()), config.features
        clusters, gazetteers = (start.clusters, start.gazetteers) if start else (None, None)
        values = start.columns if start else None
        if features.clusters and clusters is None:
            clusters = Clusters.build(features.clusters, features.cluster_prefixes)
        if features.gazetteers and gazetteers is None:
            gazetteers = Gazetteers.build(features.gazetteers)
        if features.columns and values is None:
            values = ColumnValues.build(features.columns, columns)
        return cls(
            vocabulary,
            CharacterVocabulary.build(characters),
            config.chars.max_length,
            clusters if features.clusters else None,
            gazetteers if features.gazetteers else None,
            values if features.columns else None,
        )

    @property
    def sizes(self) -> FeatureSizes:
        """The counts that shape the network."""
        return FeatureSizes(
            words=len(self.vocabulary),
            trained=self.vocabulary.trained,
            chars=len(self.characters),
            shapes=len(shape.SHAPES),
            clusters=() if self.clusters is None else tuple(self.clusters.sizes),
            gazetteers=0 if self.gazetteers is None else len(self.gazetteers),
            columns=() if self.columns is None else self.columns.sizes,
        )

    def encode(self, words: list[str]) -> TypeFeatures:
        """The features of distinct words."""
        chars = self.characters.encode(words, self.max_length)
        return TypeFeatures(
            words=self.vocabulary.encode(words),
            chars=chars,
            lengths=np.count_nonzero(chars, axis=1),
            shapes=shape.encode(words),
            clusters=np.zeros((len(words), 0), dtype=np.int64)
            if self.clusters is None
            else self.clusters.encode(words),
        )

    def encode_sentences(
        self, sentences: Sequence[list[str]], columns: Sequence[Sequence[Sequence[str]]] | None = None
    ) -> np.ndarray | None:
        """What tokens are by more than their letters, int64 [N, G] or None: gazetteer matches, then columns.

        Args:
            sentences: their tokens.
            columns: for each sentence the values of the model's columns, a list a column.

        Raises:
            DataError: the model has columns, and they are missing.
        """
        parts = []
        if self.gazetteers is not None:
            none = np.zeros((0, len(self.gazetteers)), dtype=np.int64)
            parts.append(np.concatenate([none, *map(self.gazetteers.encode, sentences)]))
        if self.columns is not None:
            parts.append(self.columns.encode(sentences, columns))
        return np.concatenate(parts, axis=1) if parts else None

    @staticmethod
    def files(config: ModelConfig, packed: bool = False) -> list[str]:
        """The names of the files that `save` writes and `load` reads, for a model of this configuration."""
        features, clusters = config.features, PACKED_CLUSTERS if packed else CLUSTERS
        further = {clusters: features.clusters, GAZETTEERS: features.gazetteers, COLUMNS: features.columns}
        return [WORDS, CHARACTERS, *(name for name, wanted in further.items() if wanted)]

    def save(self, folder: Path, packed: bool = False) -> None:
        """Write the vocabularies as files of a model folder.

        Args:
            folder: into which.
            packed: write clusters so that reading them takes no time, instead of as text.
        """
        self.vocabulary.save(folder / WORDS)
        self.characters.save(folder / CHARACTERS)
        if self.clusters is not None:
            if packed:
                self.clusters.save_packed(folder / PACKED_CLUSTERS)
            else:
                self.clusters.save(folder / CLUSTERS)
        if self.gazetteers is not None:
            self.gazetteers.save(folder / GAZETTEERS)
        if self.columns is not None:
            self.columns.save(folder / COLUMNS)

    @classmethod
    def load(cls, folder: Path, config: ModelConfig, trained: int, packed: bool = False) -> FeatureEncoder:
        """Read what `save` wrote.

        Raises:
            ModelError: a file is missing or is not what it should be.
        """
        features, clusters = config.features, None
        if features.clusters:
            clusters = Clusters.load_packed(folder / PACKED_CLUSTERS) if packed else Clusters.load(folder / CLUSTERS)
        return cls(
            Vocabulary.load(folder / WORDS, trained),
            CharacterVocabulary.load(folder / CHARACTERS),
            config.chars.max_length,
            clusters,
            Gazetteers.load(folder / GAZETTEERS) if features.gazetteers else None,
            ColumnValues.load(folder / COLUMNS) if features.columns else None,
        )
