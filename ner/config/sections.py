"""The sections of the configuration, each a small frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else [] if value is None else value


def _as_path(value: str) -> str:
    try:
        possible = bool(value) and "\0" not in value and bool(value.encode(errors="surrogateescape"))
    except UnicodeEncodeError:  # half of a surrogate pair, other than those that stand for bytes
        possible = False
    if not possible:
        raise ValueError(f"{value!r:.80} is no name that a file can have")
    return value


File = Annotated[str, AfterValidator(_as_path)]
Files = Annotated[list[File], BeforeValidator(_as_list)]


def _as_names(value: object) -> object:
    values = _as_list(_as_name(value))
    return [_as_name(one) for one in values] if isinstance(values, list) else values


def _as_name(value: object) -> object:
    """A column's position as its name: in files it has no other."""
    return str(value) if type(value) is int else value


class Section(BaseModel):
    """A part of the configuration.

    Unknown keys are errors. A text is taken for the number that it is (in YAML ``1e-3`` is a text), a truth value for
    none; numbers are finite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> list[str]:
        """What cannot stand together, in words.

        Args:
            given: the section's values, which need not be of the right type; absent ones are at their defaults.
        """
        return []

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_as_number(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name is not None
        values = value if isinstance(value, list) else [value]
        truths = [one for one in values if isinstance(one, bool)]
        if truths and cls.model_fields[info.field_name].annotation is not bool:
            raise ValueError(f"{str(truths[0]).lower()} is a truth value, which cannot stand here")
        return value

    @model_validator(mode="after")
    def _possible(self) -> Section:
        if found := self.conflicts(dict(self)):
            raise ValueError("; ".join(found))
        return self


class DataConfig(Section):
    """Where the corpus is and how its files are read.

    Attributes:
        train, dev, test: a file or a list of files each. Without ``dev``, ``dev_fraction`` of train is held out.
        dataset: a Hugging Face hub name (``NAME:CONFIG`` where it has several configurations), or a folder written by
            ``DatasetDict.save_to_disk``, in place of files.
        revision: the hub repository's revision.
        tokens, tags: names of the columns of a dataset or parquet file, or of the keys in JSONL; unset, the usual
            names are tried.
        format: ``columns`` (CoNLL and its relatives), ``jsonl``, ``brat``, ``parquet``, ``spacy``; ``auto`` goes by
            the file's name and look.
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
    format: Literal["auto", "columns", "jsonl", "brat", "parquet", "spacy"] = "auto"
    separator: Literal["auto", "tab", "blank"] = "auto"
    word_column: int | None = None
    tag_column: int | None = None
    scheme: Literal["auto", "IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU", "BMES"] = "auto"
    tokenizer: str = "english"
    cut_spans: Literal["error", "widen", "drop"] = "error"
    unlabelled: Literal["O", "unknown"] = "O"
    entity_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    dev_fraction: Fraction = 0.1
    limit: Positive | None = None

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
        widths: of the windows, in characters.
        dropout: on the CNN's input.
        max_length: longer words are seen by their first and last halves of so many characters.
    """

    dim: Annotated[int, Field(ge=0)] = 30
    filters: Positive = 30
    widths: Annotated[list[Positive], Field(min_length=1)] = [3]
    dropout: Fraction = 0.5
    max_length: Annotated[int, Field(ge=4)] = 48


class FeatureConfig(Section):
    """Features of a word beside its vector and characters.

    Attributes:
        shape_dim: size of the embedding of capitalization and shape; 0 leaves it out.
        clusters: a file of Brown cluster paths (word, tab, path), plain or ``.gz``.
        cluster_prefixes: lengths in bits of the path prefixes that are features.
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
    cluster_prefixes: list[Positive] = [4, 6, 10, 20]
    cluster_dim: Positive = 10
    cluster_start: Literal["random", "vectors"] = "random"
    gazetteers: Files = []
    gazetteer_dim: Positive = 5
    columns: Annotated[list[str], BeforeValidator(_as_names)] = []
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
        column: whose values are predicted too, such as part of speech: named as in `FeatureConfig.columns`. Only
            train needs to have it, and tagging has nothing to do with it.
        weight: of its loss, the negative log-likelihood of a token's value, where that of the tags counts 1.
    """

    column: Annotated[str | None, BeforeValidator(_as_name)] = None
    weight: Annotated[float, Field(gt=0)] = 0.1


class ModelConfig(Section):
    """The network.

    Attributes:
        scheme: in which the model's tags are written.
        head: ``crf``, or ``softmax`` for comparison.
        constrained_training: only legal paths in the CRF's partition function.
        label_smoothing: share of each gold tag's probability that the ``softmax`` head is taught to spread over all
            tags (Szegedy et al. 2016); sentences annotated in part are learnt without.
    """

    scheme: Literal["IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU", "BMES"] = "IOBES"
    head: Literal["crf", "softmax"] = "crf"
    constrained_training: bool = False
    label_smoothing: Fraction = 0.0
    words: WordConfig = WordConfig()
    chars: CharConfig = CharConfig()
    features: FeatureConfig = FeatureConfig()
    encoder: EncoderConfig = EncoderConfig()
    auxiliary: AuxiliaryConfig = AuxiliaryConfig()

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> list[str]:
        """Label smoothing without the head that knows it."""
        if given.get("label_smoothing") and given.get("head") != "softmax":
            return ["label_smoothing is of the softmax head: set head: softmax too, or leave it at 0"]
        return []


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
