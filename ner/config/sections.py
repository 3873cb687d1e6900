"""The sections of data, training and use, and the whole configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ner.config.network import ModelConfig
from ner.config.values import AnyScheme, File, Files, Fraction, Positive, Section


class DataConfig(Section):
    """Where the corpus is and how its files are read.

    Attributes:
        train, dev, test: a file or a list of files each. Without ``dev``, ``dev_fraction`` of train is held out.
        dataset: a Hugging Face hub name (``NAME:CONFIG`` where it has several configurations), or a folder written by
            ``DatasetDict.save_to_disk``, in place of files.
        revision: the hub repository's revision.
        tokens, tags: names of the columns of a dataset or parquet file, or of the keys in JSONL; unset, the usual
            names are tried.
        text: name of the key of raw text in JSONL and in the files of annotation tools, and of its column where a
            parquet file or a data set is tagged; unset, ``text``.
        format: ``columns`` (CoNLL and its relatives), ``jsonl``, ``brat``, ``parquet``, ``spacy``, and the exports of
            ``doccano`` and ``label-studio``; ``auto`` goes by the file's name and look.
        separator: of column files. ``auto`` takes tab where the file has tabs.
        word_column, tag_column: 0-based, negative from the end; unset, the word is the first and the tag the last
            column (in CoNLL-U-like files the second and third).
        scheme: in which the tags are written; ``auto`` detects it and says so.
        tokenizer: splits raw text, where the corpus is text with character spans.
        cut_spans: what becomes of a character span that cuts a token: an ``error``, ``widen`` it to whole tokens, or
            ``drop`` it.
        unlabelled: what ``O`` means in train: ``O`` (no entity) or ``unknown`` (nobody looked).
        entity_share: the share of tokens that lie in entities, by your estimate; needed with ``unlabelled: unknown``,
            where nothing else keeps the model from calling every word an entity. A third off either way is allowed.
        dev_fraction: of the training sentences, held out when there is no dev.
        limit: at most so many sentences of each split; for a quick try.
    """

    train: Files = []
    dev: Files = []
    test: Files = []
    dataset: File | None = None
    revision: str | None = None
    tokens: str | None = None
    tags: str | None = None
    text: str | None = None
    format: Literal["auto", "columns", "jsonl", "brat", "parquet", "spacy", "doccano", "label-studio"] = "auto"
    separator: Literal["auto", "tab", "blank"] = "auto"
    word_column: int | None = None
    tag_column: int | None = None
    scheme: Annotated[Literal["auto", "IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU", "BMES"], AnyScheme] = "auto"
    tokenizer: str = "english"
    cut_spans: Literal["error", "widen", "drop"] = "error"
    unlabelled: Literal["O", "unknown"] = "O"
    entity_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    dev_fraction: Fraction = 0.1
    limit: Positive | None = None

    @property
    def made_scheme(self) -> str:
        """In which tags are made of entities by offset."""
        return "IOB2" if self.scheme == "auto" else self.scheme

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> list[str]:
        """Two corpora, or none where one is needed."""
        found = []
        if given.get("dataset") is not None and any(given.get(split) for split in ("train", "dev", "test")):
            found.append("dataset and train/dev/test name two corpora: keep one of them")
        if given.get("unlabelled") == "unknown" and given.get("entity_share") is None:
            found.append(
                "unlabelled: unknown needs entity_share, your guess at the share of tokens in entities, such as 0.1"
            )
        if given.get("dataset") is None and given.get("revision"):
            found.append("revision is that of a hub repository, but data.dataset is not set")
        return found


class OptimizerConfig(Section):
    """What moves the weights.

    Attributes:
        name: ``sgd`` with momentum, ``adam``, ``adamw`` or ``nadam``.
        lr: learning rate.
        momentum: of SGD.
        weight_decay: decoupled for AdamW, as in torch for the others; never on biases or embeddings.
        schedule: ``inverse`` is the paper's lr / (1 + decay * epoch); ``linear`` falls to 0 at the last epoch;
            ``cosine`` as well, along a cosine; ``constant``.
        decay: of the inverse schedule.
        warmup: epochs of linear rise at the start, for every schedule.
        clip: largest norm of the gradient; 0 for no clipping.
    """

    name: Literal["sgd", "adam", "adamw", "nadam"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 0.002
    momentum: Fraction = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    schedule: Literal["inverse", "linear", "cosine", "constant"] = "linear"
    decay: Annotated[float, Field(ge=0)] = 0.05
    warmup: Annotated[float, Field(ge=0)] = 0.0
    clip: Annotated[float, Field(ge=0)] = 5.0


class TrainingConfig(Section):
    """The loop.

    Attributes:
        epochs: passes over the training sentences, at most.
        start_from: a model folder. Training starts from its words with their vectors, characters, clusters,
            gazetteers and encoder, and from the scores of the tags that both know; ``vectors`` and files of clusters
            and gazetteers are not read.
        patience: epochs without a better dev F1 after which training stops; unset, it never stops early.
        batch_size: sentences.
        seed: of everything random.
        deterministic: the same weights, bit by bit, from the same seed on the same machine; where ``threads`` is
            unset, on one thread, since sums depend on their number in the last bits.
        optimizer: see `OptimizerConfig`.
        ema: decay of the moving average of the weights that is evaluated and saved; 0 for none.
        precision: ``fp32`` or ``bf16`` (the CRF stays in fp32).
        threads: of the processor; unset, a short probe chooses what is fastest at the start.
        process_timeout: seconds that each of several processes that train together waits for another before it takes
            it for lost and ends, from 1 to a year's; more than the first needs for what it does alone, such as
            fitting a threshold.
        checkpoint_every: epochs between checkpoints for ``--resume``.
        tensorboard: write TensorBoard events into the run folder.
        plot: draw the training curve into the run folder at the end (extra ``plots``).
        force: go on although the check of the corpus or vectors says stop.
    """

    epochs: Positive = 20
    start_from: File | None = None
    patience: Positive | None = None
    batch_size: Positive = 16
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    deterministic: bool = False
    optimizer: OptimizerConfig = OptimizerConfig()
    ema: Fraction = 0.0
    precision: Literal["fp32", "bf16"] = "fp32"
    threads: Positive | None = None
    process_timeout: Annotated[float, Field(ge=1, le=31_536_000)] = 1800.0
    checkpoint_every: Positive = 1
    tensorboard: bool = False
    plot: bool = False
    force: bool = False


class DistillationConfig(Section):
    """Learning from another model on text that nobody labelled.

    Attributes:
        teacher: a model folder, or a folder of seeds, which then teach together; the new model takes over its tags.
        data: files of sentences for the teacher to label; tags that they have are not looked at.
        targets: ``soft`` teaches the teacher's probability of every tag at every token, ``paths`` its probability of
            every tag sequence, ``hard`` its best tags.
        temperature: at which teacher and student are compared; above 1, unlikely tags tell more.
        weight: of such a sentence, where one with gold labels counts 1.
    """

    teacher: File | None = None
    data: Files = []
    targets: Literal["soft", "paths", "hard"] = "soft"
    temperature: Annotated[float, Field(gt=0)] = 1.0
    weight: Annotated[float, Field(ge=0)] = 1.0

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> list[str]:
        """A teacher without anything to label, or the other way round."""
        one_alone = (given.get("teacher") is None) != (not given.get("data"))
        return ["distillation needs both a teacher and data"] if one_alone else []


class TaggingConfig(Section):
    """How the model is used once it is trained; kept with it.

    Attributes:
        tokenizer: splits raw text into tokens.
        calibrate: fit a temperature on dev, so that an entity's score says how often such entities are right.
        decoding: ``path`` takes the best tag path; ``f1`` the entities, of up to 10 tokens, whose own probabilities
            exceed a threshold the most, fitted on dev for the best F1: it finds more where entities are rare.
    """

    tokenizer: str = "english"
    calibrate: bool = True
    decoding: Literal["path", "f1"] = "path"


class Config(Section):
    """The whole of it.

    Attributes:
        output: the run folder; the model is written into its ``model`` folder.
        vectors: files of pretrained word vectors; several are concatenated.
    """

    data: DataConfig = DataConfig()
    vectors: Files = []
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()
    distillation: DistillationConfig = DistillationConfig()
    tagging: TaggingConfig = TaggingConfig()
    output: File = "runs/ner"
