"""What Python users can do wrong, and what the machine can: a call each, for docs/messages.md and its test."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import datasets

import ner
from ner.config import DataConfig
from ner.corpus.read import load, read
from ner.corpus.sentence import Sentence
from ner.corpus.write import write_columns
from ner.evaluation.scores import Scores
from ner.inspection import char_filters, crf_transitions
from ner.integrations import hub
from ner.tagging import TagOptions
from ner.training.folder import RunFolder

FULL = OSError(28, "No space left on device")


class Damaged(io.RawIOBase):
    """A file on a medium that can be read in part."""

    name = "damaged.conll"

    def __init__(self, readable: int) -> None:
        self.left = readable

    def readable(self) -> bool:
        """It is opened for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """And fails."""
        if not self.left:
            raise OSError(5, "Input/output error")
        size = min(self.left, len(buffer))
        buffer[:size] = (b"Ada\n" * size)[:size]
        self.left -= size
        return size


class Calls:
    """The calls, in a working folder of `lay_out` with a model and a configuration of a moment's training."""

    def __init__(self, place: Path, model: Path, config: Mapping[str, Any]) -> None:
        self.place, self.model, self.config = place, model, dict(config)
        self.data = {"train": datasets.Dataset.from_dict({"tokens": [["Ada"]], "tags": [["O"]]})}

    def train(self, **changed: Any) -> None:
        """Train for one epoch, anew unless it is to be resumed."""
        resume = changed.pop("resume", False)
        training = {"epochs": 1, "threads": 1, **changed.pop("training", {})}
        ner.train({**self.config, "training": training, **changed}, resume=resume, overwrite=not resume)

    def of_another_seed(self) -> None:
        """Resume a run with another seed."""
        self.train()
        self.train(training={"epochs": 2, "seed": 2}, resume=True)

    def twice(self) -> None:
        """Two trainings into one folder."""
        folder = RunFolder(self.place / "twice")
        with folder.claimed(resume=False, overwrite=False), folder.claimed(resume=False, overwrite=False):
            pass

    def full(self, what: str) -> None:
        """Train while the disk is full, for one kind of file."""
        with patch(what, side_effect=FULL):
            self.train()

    def without(self, module: str, **changed: Any) -> None:
        """Train where a library is not installed."""
        with patch.dict("sys.modules", {module: None}):
            self.train(**changed)

    def endless(self) -> None:
        """Read vectors where a line may have 10 bytes, and not 16 megabytes."""
        with patch("ner.features.vector_files._LONGEST_ROW", 10):
            self.train(vectors=str(self.place / "vectors" / "rows.txt"))

    def plain(self) -> ner.Tagger:
        """A model without characters and CRF."""
        model = {**self.config["model"], "head": "softmax", "chars": {"dim": 0}}
        self.train(model=model, output=str(self.place / "plain"))
        return ner.load(self.place / "plain")

    def unnamed(self) -> None:
        """A column of class labels that are no tags."""
        tags = datasets.Sequence(datasets.ClassLabel(names=["PER"]))
        features = datasets.Features({"tokens": datasets.Sequence(datasets.Value("string")), "tags": tags})
        table = datasets.Dataset.from_dict({"tokens": [["Ada"]], "tags": [[0]]}, features=features)
        load(DataConfig(), datasets.DatasetDict({"train": table}))

    def offline(self) -> None:
        """A dataset of the hub without a network."""
        with patch("datasets.load_dataset", side_effect=ConnectionError("no network")):
            load(DataConfig(dataset="owner/name"))

    def closed(self) -> None:
        """Standard output that was closed."""
        with patch("sys.stdout", None):
            ner.tag_file(ner.load(self.model), io.BytesIO(b"Ada"), "-")

    def changed(self) -> None:
        """A tagger sent to another process, which finds another model in its place."""
        remake, where = ner.load(self.model).__reduce__()
        with patch.object(ner.Tagger, "identity", return_value={"sha256": "another"}):
            remake(*where)

    def without_torch(self) -> None:
        """Load a model where torch is not installed."""
        with patch.dict("sys.modules", {"torch": None}):
            ner.load(self.model)

    def linked(self) -> None:
        """A model whose card is a link, to be uploaded."""
        copy = Path(shutil.copytree(self.model, self.place / "linked"))
        (copy / "README.md").unlink()
        (copy / "README.md").symlink_to("config.json")
        hub.push(copy, "owner/name")


def _other_columns(calls: Calls) -> None:
    sentences = [Sentence(["a"], ["O"]), Sentence(["b"], ["O"], columns={"pos": ["NN"]})]
    write_columns(sentences, calls.place / "columns.conll")


def _without_hub(calls: Calls) -> None:
    with patch.dict("sys.modules", {"huggingface_hub": None}):
        hub.fetch("owner/name")


def _refused(calls: Calls, what: str, call: Callable[[], object]) -> None:
    with patch(f"huggingface_hub.{what}", side_effect=OSError("no network")):
        call()


CALLS: dict[str, tuple[Callable[[Calls], object], str]] = {
    'ner.load(MODEL, precision="fp8")': (
        lambda one: ner.load(one.model, precision="fp8"),  # type: ignore[arg-type]
        "precision 'fp8': expected one of fp32, bf16",
    ),
    "a tagger sent to another process, its model replaced meanwhile": (
        Calls.changed,
        "the model has changed since it was loaded; load it again",
    ),
    "ner.load(MODEL), where torch is not installed": (
        Calls.without_torch,
        "needs torch, which this installation, made for tagging alone, does not have: pip install bilstm-crf-ner",
    ),
    "ner.export(MODEL, ...), of a model that was exported": (
        lambda one: ner.export(ner.export(one.model, one.place / "small"), one.place / "smaller"),
        "an exported model tags, and does nothing else; name the model that it was exported from",
    ),
    "hub.push(MODEL), whose card is a link": (Calls.linked, "README.md is a symbolic link"),
    "ner.Ensemble([])": (lambda one: ner.Ensemble([]), "no model: expected at least one"),
    'TagOptions(scheme="IOB3")': (lambda one: TagOptions(scheme="IOB3"), "--scheme IOB3: expected one of IOB1"),
    'ner.evaluate(MODEL, dataset, split="dev")': (
        lambda one: ner.evaluate(one.model, datasets.DatasetDict(one.data), split="dev"),
        "the data has no split 'dev', but train.",
    ),
    'ner.compare(MODEL, MODEL, dataset, split="dev")': (
        lambda one: ner.compare(one.model, one.model, datasets.DatasetDict(one.data), split="dev"),
        "the data has no split 'dev', but train.",
    ),
    "Scores.from_json({})": (lambda one: Scores.from_json({}), "these are no scores (KeyError("),
    'read("empty.conll")': (lambda one: list(read(one.place / "empty.conll")), "holds no sentence."),
    "tag_file(tagger, stream, ...), of a damaged medium": (
        lambda one: ner.tag_file(ner.load(one.model), Damaged(0), io.StringIO()),  # type: ignore[arg-type]
        "damaged.conll:1: cannot be read: Input/output error.",
    ),
    "tag_file(tagger, stream, ...), of a medium damaged half way": (
        lambda one: ner.tag_file(ner.load(one.model), Damaged(4000), io.StringIO()),  # type: ignore[arg-type]
        "damaged.conll:1001: cannot be read: Input/output error.",
    ),
    "write_columns(sentences), of different columns": (_other_columns, "3 columns, but the sentences before have 2."),
    "load(dataset), of class labels that are no tags": (Calls.unnamed, "column tags holds 'PER', which is no tag"),
    "load(DataConfig(dataset=...)), without a network": (Calls.offline, "the dataset cannot be had: ConnectionError"),
    "inspect the filters of a model without a character CNN": (
        lambda one: char_filters(one.plain()),
        "the model has no character CNN (model.chars.dim is 0).",
    ),
    "inspect the transitions of a softmax": (
        lambda one: crf_transitions(one.plain()),
        "the model has head softmax, which learns no transitions; train one with a CRF.",
    ),
    "resume a run with another seed": (Calls.of_another_seed, "the run was begun with another training.seed;"),
    "two trainings into one folder": (Calls.twice, "another training is writing here; choose another output=FOLDER"),
    "a disk that is full at a checkpoint": (
        lambda one: one.full("ner.training.checkpoint.save_file"),
        "The one before it is untouched: make room and go on with --resume.",
    ),
    "a disk that is full at a model": (
        lambda one: one.full("ner.persistence.save_file"),
        "The checkpoint is untouched: make room and go on with --resume.",
    ),
    "standard output that is closed": (Calls.closed, "<stdout>: is closed. Name a file to write to."),
    "training.plot without matplotlib": (
        lambda one: one.without("matplotlib.figure", training={"plot": True}),
        "Plotting needs an extra: pip install 'bilstm-crf-ner[plots]'",
    ),
    "training.tensorboard without tensorboard": (
        lambda one: one.without("torch.utils.tensorboard", training={"tensorboard": True}),
        "training.tensorboard needs an extra: pip install 'bilstm-crf-ner[tensorboard]'",
    ),
    "a tokenizer of spaCy without spaCy": (
        lambda one: one.without("spacy", tagging={"tokenizer": "spacy:de"}),
        "The tokenizer spacy:de needs an extra: pip install 'bilstm-crf-ner[spacy]'",
    ),
    "vectors in a file whose lines do not end": (
        Calls.endless,
        "found a line of more than 10 bytes: this is no file of vectors.",
    ),
    "hub.fetch without huggingface_hub": (_without_hub, "The hub needs an extra: pip install 'bilstm-crf-ner[hub]'"),
    'hub.fetch("owner/name"), without a network': (
        lambda one: _refused(one, "snapshot_download", lambda: hub.fetch("owner/name")),
        "hub:owner/name: could not be fetched: ",
    ),
    'hub.push(MODEL, "owner/name"), without a network': (
        lambda one: _refused(one, "HfApi.create_repo", lambda: hub.push(one.model, "owner/name")),
        "hub:owner/name: could not be uploaded: ",
    ),
}


def answer(call: Callable[[Calls], object], calls: Calls) -> str:
    """What a call says, or nothing."""
    try:
        call(calls)
    except ner.NerError as error:
        return str(error)
    return ""
