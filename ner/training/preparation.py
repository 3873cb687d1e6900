"""Everything that stands before the first step: corpus read and checked, vocabularies and first vectors made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ner.checking import check
from ner.config import Config
from ner.corpus.check import identity
from ner.corpus.read import hold_out, load
from ner.errors import DataError
from ner.features.batches import EncodedCorpus
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.features.vectors import read_vectors
from ner.features.vocabulary import initial_matrix
from ner.model import SequenceTagger
from ner.training.listener import Listener

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


@dataclass
class Prepared:
    """What a training works on.

    Attributes:
        config: of the run.
        corpus: splits ``train`` and, where there are such, ``dev`` and ``test``.
        scheme: in which the corpus is tagged.
        identity: counts and checksum of each split.
        tagset: the model's tags, from the training split alone.
        encoder: vocabularies, from the training split and the vectors alone.
        matrix: initial word vectors, float32 [V, D].
    """

    config: Config
    corpus: DatasetDict
    scheme: str
    identity: dict[str, dict[str, Any]]
    tagset: TagSet
    encoder: FeatureEncoder
    matrix: np.ndarray

    def encoded(self) -> EncodedCorpus:
        """The training sentences as numbers."""
        train, unlabelled = self.corpus["train"], self.config.data.unlabelled == "unknown"
        return EncodedCorpus(
            self.encoder, column(train, "tokens"), self.tagset, column(train, "tags"), self.scheme, unlabelled
        )

    def network(self) -> SequenceTagger:
        """The model before its first step: the same for the same seed."""
        torch.manual_seed(self.config.training.seed)
        model = SequenceTagger(self.config.model, self.encoder.sizes, self.tagset, self.matrix.shape[1])
        model.words.table.load(torch.from_numpy(self.matrix))
        return model


def prepare(config: Config, dataset: DatasetDict | None, report_file: Path, listener: Listener) -> Prepared:
    """Read, check and encode.

    Raises:
        DataError: the corpus or the vectors cannot be read, or the check says that they would spoil the training.
    """
    vectors = [read_vectors(path) for path in config.vectors]
    corpus = load(config.data, dataset)
    if not len(corpus.get("train", ())):
        raise DataError("there is nothing to train on.", remedy="Set data.train or data.dataset.")
    report = check(corpus, vectors, config.data)
    report_file.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    listener.checked(report)
    if report.fatal and not config.training.force:
        raise DataError(
            "the check of the corpus found what would spoil a training:\n  " + "\n  ".join(map(str, report.fatal)),
            remedy="\nMend it, or go on all the same with training.force=true.",
        )
    if "dev" not in corpus and config.data.dev_fraction:
        corpus = hold_out(corpus, config.data.dev_fraction, config.training.seed)
        listener.note(
            f"No dev data: {len(corpus['dev'])} of the training sentences are held out "
            f"(data.dev_fraction={config.data.dev_fraction})."
        )
    tokens, tags = column(corpus["train"], "tokens"), column(corpus["train"], "tags")
    encoder = FeatureEncoder.build(config.model, tokens, vectors)
    start = np.random.default_rng([config.training.seed, 1])
    matrix, _ = initial_matrix(encoder.vocabulary, vectors, config.model.words.dim, start)
    identities = {split: identity(part) for split, part in corpus.items()}
    return Prepared(config, corpus, report.scheme, identities, TagSet.of(tags, config.model.scheme), encoder, matrix)


def column(split: Dataset, name: str) -> list[list[str]]:
    """A column of a split as lists."""
    return split.with_format(None)[name][:]
