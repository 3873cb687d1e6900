"""Where a model goes wrong on a corpus, beside what it was trained on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ner.config import DataConfig, load_config
from ner.corpus.check import identity, settle
from ner.corpus.read import hold_out, load
from ner.corpus.table import columns
from ner.description import model_folder
from ner.errors import ModelError, NerError
from ner.evaluation.errors import ErrorReport, TrainingNames, analyse
from ner.schemes import to_spans
from ner.systems import Data, System, predictions, read_gold
from ner.tagger import Tagger

if TYPE_CHECKING:
    from datasets import Dataset


def analyse_errors(
    model: System,
    data: Data,
    options: DataConfig | None = None,
    split: str = "test",
    *,
    training: str | os.PathLike[str] | None = None,
) -> ErrorReport:
    """Pair what a model finds with the gold entities of a corpus, and name the error of each pair.

    Args:
        model: a tagger, a model or run folder, or a file of predictions (see `ner.systems.predictions`).
        data: a file, a `datasets.Dataset` of tokens and tags, or a `DatasetDict` that has the split.
        options: how the file is read.
        split: of a `DatasetDict`.
        training: the file that the model was trained on, read as ``data`` is, to say which entities are new to it. By
            default the files that the run's ``config.yaml`` names, if they still hold what the model was trained on.

    Raises:
        ModelError, DataError: the model, the predictions or the data cannot be used, or ``model`` is several runs.
    """
    corpus = read_gold(data, options, split)
    runs = list(predictions(model, corpus))
    if len(runs) > 1:
        raise ModelError(f"{model}: holds {len(runs)} runs, and errors are those of one model: name one of them")
    gold, predicted = corpus.settled(runs[0])
    if training is None:
        part = _trained_on(model.path if isinstance(model, Tagger) else Path(model))
    else:
        files = {"train": [os.fspath(training)], "dev": [], "test": []}
        part = load((options or DataConfig()).model_copy(update=files))["train"]
    return analyse(corpus.tokens, gold, predicted, corpus.places(), None if part is None else _names(part))


def _trained_on(path: Path) -> Dataset | None:
    """The training sentences of the run around a model or a file of predictions, if they are where they were."""
    run = model_folder(path).parent
    try:
        config = load_config(run / "config.yaml")
        trained = json.loads((run / "model" / "metrics.json").read_text(encoding="utf-8"))["data"]["train"]
        if not config.data.train:
            return None
        corpus = load(config.data.model_copy(update={"test": []}))
        if "dev" not in corpus and config.data.dev_fraction:
            corpus = hold_out(corpus, config.data.dev_fraction, config.training.seed)
    except (NerError, OSError, ValueError, KeyError, TypeError):
        return None
    return corpus["train"] if identity(corpus["train"])["sha256"] == trained["sha256"] else None


def _names(part: Dataset) -> TrainingNames:
    rows = list(columns(part, "tokens", "tags"))
    return TrainingNames.of([tokens for tokens, _ in rows], [to_spans(settle(tags)) for _, tags in rows])
