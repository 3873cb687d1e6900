"""Everything that stands before the first step: corpus read and checked, vocabularies and first vectors made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ner.checking import hits
from ner.config import Config, WordConfig
from ner.corpus.beside import Beside, beside_of
from ner.corpus.check import check, identity
from ner.corpus.read import hold_out, load, scheme_of
from ner.corpus.table import columns
from ner.description import LARGEST_DESCRIPTION, can_be_described
from ner.errors import ConfigError, DataError
from ner.features.batches import EncodedCorpus, Targets
from ner.features.columns import ColumnValues
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet, is_partial
from ner.features.vectors import Vectors, read_vectors
from ner.features.vocabulary import UNKNOWN, Vocabulary, initial_matrix
from ner.model import SequenceTagger
from ner.modules.auxiliary import AuxiliaryHead
from ner.modules.language_model import LanguageModelHead
from ner.text import get_tokenizer
from ner.training.listener import Listener
from ner.training.named_files import refuse_missing
from ner.training.predecessor import Predecessor, predecessor
from ner.training.silver import join, label

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from ner.corpus.check import Report


@dataclass
class Prepared:
    """What a training works on.

    Attributes:
        config: of the run.
        corpus: splits ``train`` and, where there are such, ``dev`` and ``test``.
        report: of the check of the corpus.
        identity: counts and checksum of each split.
        tagset: the model's tags, from the training split alone.
        encoder: vocabularies, from the training split and the vectors alone.
        matrix: initial word vectors, float32 [V, D].
        row_dropout: with which probability each row is replaced by the unknown word's, float32 [V].
        cluster_means: initial vectors of the clusters, float32, a matrix for each prefix length; empty where they are
            random.
        targets: what a teacher says of the last training sentences; or None.
        start: the model that training starts from; or None.
        second_task: the values that a second head learns; or None.
    """

    config: Config
    corpus: DatasetDict
    report: Report
    identity: dict[str, dict[str, Any]]
    tagset: TagSet
    encoder: FeatureEncoder
    matrix: np.ndarray
    row_dropout: np.ndarray
    cluster_means: list[np.ndarray]
    targets: Targets | None = None
    start: Predecessor | None = None
    second_task: ColumnValues | None = None

    @property
    def scheme(self) -> str:
        """In which the corpus is tagged."""
        return self.report.scheme

    @property
    def is_partial(self) -> bool:
        """Whether the training sentences are annotated in part."""
        tags = column(self.corpus["train"], "tags")
        return self.config.data.unlabelled == "unknown" or any(map(is_partial, tags))

    def encoded(self) -> EncodedCorpus:
        """The training sentences as numbers."""
        train, unlabelled = self.corpus["train"], self.config.data.unlabelled == "unknown"
        weights = train["weight"][:]
        return EncodedCorpus(
            self.encoder,
            column(train, "tokens"),
            self.tagset,
            column(train, "tags"),
            self.scheme,
            unlabelled,
            self.targets,
            None if all(weight == 1 for weight in weights) else weights,
            self.beside("train"),
            self.config.model.encoder.context,
            self._auxiliary(),
        )

    def beside(self, split: str) -> Beside:
        """Documents and columns of a split, as the model reads them."""
        return beside_of(self.corpus[split], self.config.model.features.columns)

    def _auxiliary(self) -> np.ndarray | None:
        """What a second head learns: the number of each token's value."""
        if self.second_task is None:
            return None
        train = self.corpus["train"]
        values = beside_of(train, self.second_task.names).columns
        return self.second_task.encode(column(train, "tokens"), values)[:, 0] - 1

    def network(self) -> SequenceTagger:
        """The model before its first step: the same for the same seed."""
        torch.manual_seed(self.config.training.seed)
        model = SequenceTagger(self.config.model, self.encoder.sizes, self.tagset, self.matrix.shape[1])
        model.words.load(torch.from_numpy(self.matrix), list(map(torch.from_numpy, self.cluster_means)))
        if self.start is not None:
            self.start.hand_over(model, self.config.model, self.encoder, self.tagset)
        if self.second_task is not None:
            size, weight = self.second_task.sizes[0] - 1, self.config.model.auxiliary.weight
            model.auxiliary = AuxiliaryHead(model.encoder.output_size, size, weight)
        if (language := self.config.model.language_model).weight:
            encoder, word = model.encoder, model.words.output_size
            model.language_model = LanguageModelHead(
                self.config.model.encoder.hidden, encoder.directions, word, language.dim, language.weight
            )
        if self.is_partial:  # else what nobody looked at could go on from an entity that is known to have ended
            model.crf.constrained_training = True
        model.entity_share = self.config.data.entity_share
        model.teaching_temperature = self.config.distillation.temperature
        model.words.row_dropout = torch.from_numpy(self.row_dropout)
        return model


def prepare(config: Config, dataset: DatasetDict | None, listener: Listener) -> Prepared:
    """Read, check and encode.

    Raises:
        DataError: the corpus or the vectors cannot be read, or the check says that they would spoil the training.
        ConfigError: the model to start from is several, or clusters are to start from vectors that are not there.
        NerError: there is no such tokenizer.
    """
    get_tokenizer(config.tagging.tokenizer)  # one that is not there would be found out only after the training
    refuse_missing(config, dataset is not None)
    start = predecessor(config)
    vectors = [read_vectors(path) for path in config.vectors] if start is None else [start.vectors]
    others = further_columns(config)
    second = others[len(config.model.features.columns) :]
    corpus = load(config.data, dataset, others)
    scheme: str | None = None if config.data.scheme == "auto" else config.data.scheme
    if config.distillation.teacher is not None and corpus:
        scheme = scheme_of(corpus, config.data.scheme)  # before the teacher's tags stand among those of people
    silver = label(config, scheme or "IOB2", others)
    if "dev" not in corpus and "train" in corpus and config.data.dev_fraction:
        corpus = hold_out(corpus, config.data.dev_fraction, config.training.seed)
        listener.note(
            f"No dev data: {len(corpus['dev'])} of the training sentences are held out "
            f"(data.dev_fraction={config.data.dev_fraction})."
        )
        if config.model.encoder.context and _shares_documents(corpus):
            listener.note(
                "They are single sentences, not whole documents: what is read around them (model.encoder.context) is "
                "not what stands beside them in the file. Name a dev file in data.dev."
            )
    if silver is not None:
        corpus["train"] = join(corpus.get("train"), silver)
    if not len(corpus.get("train", ())):
        raise DataError("there is nothing to train on.", remedy="Set data.train or data.dataset.")
    report = check(corpus, hits(vectors) if start is None else None, scheme)
    listener.checked(report)
    if report.fatal and not config.training.force:
        found = "".join(f"\n  {problem}" for problem in report.fatal)
        raise DataError(
            f"the check found what would spoil a training:{found}\n"
            "Mend it, or go on all the same with training.force=true.",
            config.data.dataset or ", ".join(config.data.train) or None,
        )
    tokens, tags = column(corpus["train"], "tokens"), column(corpus["train"], "tags")
    read = {split: beside_of(part, config.model.features.columns) for split, part in corpus.items()}
    before, values = None if start is None else start.encoder, read["train"].columns or ()
    encoder = FeatureEncoder.build(config.model, tokens, vectors, before, values)
    second_task = ColumnValues.build(second, beside_of(corpus["train"], second).columns or ()) if second else None
    chance = np.random.default_rng([config.training.seed, 1])
    matrix, pretrained = initial_matrix(encoder.vocabulary, vectors, config.model.words.dim, chance)
    if start is not None:
        matrix[UNKNOWN] = start.unknown
    row_dropout = _row_dropout(config.model.words, encoder.vocabulary, tokens, pretrained)
    means = _cluster_means(config, encoder, vectors)
    identities = {split: identity(part) for split, part in corpus.items()}
    tagset = TagSet.of(tags, config.model.scheme) if silver is None else silver.tagset
    if tagset.unfit:
        raise DataError(
            f"the label {tagset.unfit[0]!r} ends a line or steers a terminal.",
            config.data.dataset or ", ".join(config.data.train) or None,
            remedy="Give it another name in the training data: no model with such a label is loaded.",
        )
    if not can_be_described(config.model, config.tagging, tagset.tags):
        raise DataError(
            f"the names of the {len(tagset.labels)} labels would make the model's config.json larger than "
            f"{LARGEST_DESCRIPTION} bytes.",
            config.data.dataset or ", ".join(config.data.train) or None,
            remedy="Give them shorter names in the training data: no such model is loaded.",
        )
    targets = None if silver is None else silver.targets
    return Prepared(
        config, corpus, report, identities, tagset, encoder, matrix, row_dropout, means, targets, start, second_task
    )


def _cluster_means(config: Config, encoder: FeatureEncoder, vectors: list[Vectors]) -> list[np.ndarray]:
    """What the clusters' embeddings start from; empty where they are random.

    Raises:
        ConfigError: they are to start from vectors, and there are none.
    """
    if encoder.clusters is None or config.model.features.cluster_start == "random":
        return []
    if not vectors:
        raise ConfigError("model.features.cluster_start: vectors needs vectors, a list of files")
    return list(encoder.clusters.means(vectors))


def further_columns(config: Config) -> list[str]:
    """The columns beside words and tags that a training reads: those of the features, and that of a second head."""
    second = config.model.auxiliary.column
    return [*config.model.features.columns, *([] if second is None else [second])]


def _row_dropout(
    config: WordConfig, vocabulary: Vocabulary, sentences: list[list[str]], pretrained: np.ndarray
) -> np.ndarray:
    """a / (a + n) for a word without a vector that occurs n times; at least ``dropout`` for all."""
    rows = vocabulary.encode(list(chain.from_iterable(sentences)))
    counts = np.bincount(rows, minlength=len(vocabulary)).astype(np.float32)
    rare = np.divide(config.rare_dropout, config.rare_dropout + counts, where=counts > 0, out=np.zeros_like(counts))
    return np.maximum(np.where(pretrained, 0, rare), config.dropout).astype(np.float32)


def _shares_documents(corpus: DatasetDict) -> bool:
    """Whether sentences of one document stand in both train and dev."""
    train, dev = (set(columns(corpus[split], "file", "document")) for split in ("train", "dev"))
    return not train.isdisjoint(dev)


def column(split: Dataset, name: str) -> list[list[str]]:
    """A column of a split as lists."""
    return split.with_format(None)[name][:]
