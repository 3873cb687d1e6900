"""Silver sentences: labelled by a teacher instead of by people (Hinton et al. 2015).

A large or slow model teaches this one on text that nobody labelled, by its tags or, which tells more, by its
probability of every tag at every token.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ner.config import Config
from ner.corpus.beside import Beside, beside_of
from ner.emission import Emitted
from ner.errors import ConfigError, DataError
from ner.features.batches import Targets
from ner.features.tags import TagSet

if TYPE_CHECKING:
    from datasets import Dataset

    from ner.tagger import Tagger


class Silver(NamedTuple):
    """What a teacher says of sentences without gold labels.

    Attributes:
        sentences: a split like that of a corpus, with the teacher's tags.
        targets: the teacher's probabilities; None where its tags are taught.
        tagset: of the teacher, and so of the student.
    """

    sentences: Dataset
    targets: Targets | None
    tagset: TagSet


def label(config: Config, scheme: str, others: Collection[str] = ()) -> Silver | None:
    """Let the configured teacher label its sentences; None where no teacher is configured.

    Args:
        config: of the student.
        scheme: in which the teacher's tags are written: that of the corpus, so that they do not decide it.
        others: names of further columns that the student learns from.

    Raises:
        ModelError: the teacher cannot be loaded.
        DataError: the sentences cannot be read.
        ConfigError: the student's scheme is not the teacher's.
    """
    distillation = config.distillation
    if distillation.teacher is None:
        return None
    from ner.corpus.read import read
    from ner.corpus.table import to_dataset
    from ner.tagger import load

    teacher = load(distillation.teacher)
    if teacher.tagset.scheme != config.model.scheme:
        raise ConfigError(
            f"model.scheme is {config.model.scheme}, but the teacher's tags are in {teacher.tagset.scheme}: "
            f"set model.scheme={teacher.tagset.scheme}"
        )
    named = [(path, one) for path in distillation.data for one in read(path, config.data, tagged=False)]
    sentences = [one.tokens for _, one in named]
    for _, one in named:
        one.tags, one.weight = ["O"] * len(one.tokens), distillation.weight
    beside = beside_of(to_dataset(named, teacher.columns), teacher.columns)
    tagged = teacher.tag_tokens(sentences, beside.documents, beside.columns)
    for (_, one), spans in zip(named, tagged, strict=True):
        one.tags = spans.tags(scheme)[0]
    targets = None
    if distillation.targets != "hard":
        paths = distillation.targets == "paths"
        targets = _distributions(teacher, sentences, beside, distillation.temperature, paths)
    return Silver(to_dataset(named, others), targets, teacher.tagset)


def join(train: Dataset | None, silver: Silver) -> Dataset:
    """The gold sentences and, after them, the silver ones.

    Raises:
        DataError: a gold label that the teacher does not know.
    """
    from datasets import concatenate_datasets

    if train is None:
        return silver.sentences
    labels = TagSet.of(train["tags"][:], silver.tagset.scheme).labels
    if unknown := sorted(set(labels) - set(silver.tagset.labels)):
        raise DataError(
            f"the teacher does not know the label {', '.join(unknown)} of the training data.",
            remedy="Train the teacher on these labels too, or distil without gold data.",
        )
    return concatenate_datasets([train, silver.sentences])


def _distributions(
    teacher: Tagger, sentences: list[list[str]], beside: Beside, temperature: float, paths: bool
) -> Targets:
    crf, K = teacher.predictor.model.crf, len(teacher.tagset)
    tags = [np.zeros((len(tokens), K), dtype=np.float32) for tokens in sentences]
    edges = np.zeros((len(sentences), K + 1, K + 1), dtype=np.float32) if paths else None
    entropy = np.zeros(len(sentences), dtype=np.float32) if paths else None

    def look(batch: Emitted) -> None:
        seen = batch.emissions, batch.lengths, temperature
        if edges is not None and entropy is not None:
            edges[batch.sentences] = crf.expected_edges(*seen).cpu().numpy()
            entropy[batch.sentences] = crf.entropy(*seen).cpu().numpy()
        marginals = crf.marginals(*seen).cpu().numpy()
        for row, number in enumerate(batch.sentences):
            tags[number][:] = marginals[row, : len(tags[number])]

    list(teacher.predictor.emitter.start(sentences, look, beside))
    return Targets(np.concatenate([np.zeros((0, K), dtype=np.float32), *tags]), edges, entropy)
