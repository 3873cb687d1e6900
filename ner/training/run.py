"""A whole training: corpus and vectors in, a run folder with the best model and its scores out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from ner.config import Config, checksum, load_config
from ner.corpus.beside import Beside
from ner.corpus.write import write_predictions
from ner.description import CARD, METRICS
from ner.errors import TrainingError
from ner.evaluation.notebook import Shown
from ner.evaluation.partial import settle
from ner.evaluation.plots import new_figure
from ner.evaluation.scores import Scores, count_illegal, score
from ner.evaluation.spans import count_spans
from ner.evaluation.tables import Part, Table, percent, text
from ner.persistence import save_model
from ner.schemes import convert
from ner.threads import set_threads
from ner.torch_prediction import TorchPredictor
from ner.training.card import model_card
from ner.training.checkpoint import load_checkpoint, save_checkpoint, trained_parameters
from ner.training.decoding import fit_threshold
from ner.training.events import Events
from ner.training.fixed import CONTENT, changed_since, fixed_by
from ner.training.folder import RunFolder, writing
from ner.training.listener import Listener
from ner.training.loop import Trainer
from ner.training.preparation import Prepared, column, prepare
from ner.training.processes import agree, begin_alike, decided, join, meet, shared_out
from ner.training.processor import choose_threads, denormals_flushed
from ner.training.seeds import make_deterministic
from ner.training.temperature import fit_temperature

if TYPE_CHECKING:
    from accelerate import Accelerator
    from datasets import DatasetDict
    from matplotlib.figure import Figure

    from ner.tagger import Tagger

T = TypeVar("T")
NOTHING_FOUND = (
    "Dev F1 is 0 after every epoch: the model is of no use yet, unless dev holds no entities. Few sentences need "
    "more epochs (--resume training.epochs=N goes on from here), and vectors."
)
Saved = tuple[dict[str, dict[str, Tensor]], dict[str, Any]]


@dataclass
class TrainResult(Shown):
    """What a training leaves behind.

    Attributes:
        folder: the run folder.
        model: the model folder in it.
        epochs: the lines of ``metrics.jsonl``.
        best_epoch: whose weights were kept, 1-based.
        dev, test: scores of the kept weights; None where there is no such split.
        temperature: fitted on dev, by which scores become honest; 1 where it was not fitted.
        threshold: of span decoding, fitted on dev; None where the best path is decoded.
    """

    folder: Path
    model: Path
    epochs: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    dev: Scores | None = None
    test: Scores | None = None
    temperature: float = 1.0
    threshold: float | None = None

    def __repr__(self) -> str:
        scores = [
            f", {split} F1 {scores.micro.f1:.2%}"
            for split, scores in (("dev", self.dev), ("test", self.test))
            if scores is not None
        ]
        return f"<TrainResult {self.model}, best epoch {self.best_epoch} of {len(self.epochs)}{''.join(scores)}>"

    @cached_property
    def tagger(self) -> Tagger:
        """The trained model, loaded from its folder."""
        from ner.tagger import load

        return load(self.model)

    def table(self) -> str:
        """The scores of the kept weights, in percent."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        scored = {split: scores.micro for split in ("dev", "test") if (scores := getattr(self, split)) is not None}
        rows = [
            (split, percent(micro.precision), percent(micro.recall), percent(micro.f1), str(micro.support))
            for split, micro in scored.items()
        ]
        head = f"{self.model}: epoch {self.best_epoch} of {len(self.epochs)} was kept"
        return [head, Table(("", "precision", "recall", "F1", "entities"), rows)] if rows else [head]

    def figure(self) -> Figure | None:
        """Loss and dev F1 by epoch.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        from ner.training.curve import curve_figure

        return curve_figure(self.epochs, self.best_epoch) if self.epochs else None


def train(
    config: Config | Mapping[str, Any] | str | os.PathLike[str],
    dataset: DatasetDict | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> TrainResult:
    """Train a model.

    Args:
        config: a configuration, a mapping of the same shape, or a YAML file.
        dataset: the corpus, in place of the configuration's files: splits ``train`` and, if there are such, ``dev``
            (or ``validation``) and ``test``, with columns of tokens and tags.
        resume: go on from the run folder's checkpoint; where no run was begun, begin one and say so.
        overwrite: replace a run that stands in the folder.
        listener: is told what happens; by default nobody is.

    Raises:
        ConfigError: the configuration cannot be used.
        DataError: the corpus or a file of vectors cannot be used.
        TrainingError: the run folder is occupied or cannot be written, the training diverged, or another of the
            processes that train together has gone.
        MissingExtraError: a library for the training curve is not installed.
    """
    if not isinstance(config, Config):
        config = load_config(Path(config) if isinstance(config, (str, os.PathLike)) else config)
    accelerator, folder = join(config.training.process_timeout), RunFolder(config.output)
    if listener is None or not accelerator.is_main_process:
        listener = Listener()
    with ExitStack() as held, denormals_flushed():

        def claim() -> Saved | None:
            held.enter_context(folder.claimed(resume, overwrite))
            return load_checkpoint(folder.checkpoint) if resume and folder.occupied() else None

        saved = decided(accelerator, claim)  # the folder is the first process's alone
        if resume and not saved:
            listener.note(f"no checkpoint in {folder.path}: starting from the beginning")
        if saved:
            set_threads(saved[1]["threads"])
        else:
            set_threads(decided(accelerator, lambda: choose_threads(config.training, accelerator.device)))
        run = Run(prepare(config, dataset, listener), folder, listener, accelerator)
        if saved:
            run.restore(*saved)
        else:
            run.begin()
        return run.complete()


class Run:
    """One training in its folder: epochs, each judged on dev, the best kept, everything resumable."""

    def __init__(self, prepared: Prepared, folder: RunFolder, listener: Listener, accelerator: Accelerator) -> None:
        self.prepared, self.folder, self.listener = prepared, folder, listener
        self.config = prepared.config.training
        if self.config.deterministic:
            make_deterministic()
        if self.config.plot:
            new_figure()  # should its library be missing, that is said before the training, not after
        self.writes = accelerator.is_main_process
        self.events = Events(folder.events) if self.config.tensorboard and self.writes else None
        self.model = prepared.network().to(accelerator.device)
        corpus = prepared.encoded()
        self.fixed = fixed_by(prepared, corpus)
        tree = prepared.config.model_dump(mode="json")
        also = {f"training.{key}": tree["training"][key] for key in ("epochs", "patience")}
        shapes = {name: list(tensor.shape) for name, tensor in self.model.state_dict().items()}
        agree(accelerator, {**self.fixed, **also, "tagging": tree["tagging"], "weights' shapes": shapes})
        begin_alike(accelerator, self.model)
        self.trainer = Trainer(self.model, corpus, self.config, accelerator)
        self.epochs: list[dict[str, Any]] = []
        self.best_epoch, self.best_f1 = 0, -1.0
        self.best_weights: dict[str, Tensor] = {}

    def begin(self) -> None:
        """Start in the folder, now that nothing in corpus and configuration stands against it."""
        if self.writes:
            self.folder.clear()
            self.folder.describe(self.prepared.config, self.prepared.report)
            self._save_checkpoint()

    def complete(self) -> TrainResult:
        """Run the epochs that are left, then score the best weights on dev and, for the first time, on test."""
        processes = self.trainer.accelerator.num_processes
        place = f"{self.trainer.accelerator.device}, {torch.get_num_threads()} threads"
        self.listener.started(self.prepared, place if processes == 1 else f"{place}, {processes} processes")
        while self.trainer.epoch < self.config.epochs and not self._out_of_patience():
            for step in self.trainer.run_epoch():
                self.listener.step(self.trainer.epoch + 1, step)
            self._close_epoch()
        if self.best_f1 == 0:
            self.listener.note(NOTHING_FOUND)
        self._load_best()
        result = TrainResult(self.folder.path, self.folder.model, self.epochs, self.best_epoch)
        self._fit_decoding(result)
        result.dev, result.test = self._score("dev", result), self._score("test", result)
        if self.writes:
            self._save_model(result)
            self._draw()
        meet(self.trainer.accelerator)  # the folder is complete for all
        return result

    def restore(self, groups: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingError: the corpus or the configuration is not the one of the checkpoint.
        """
        changed = changed_since(state["fixed"], self.fixed)
        if self.config.epochs < len(state["epochs"]):  # it may grow, but not below what was trained
            changed.append("training.epochs")
        if changed:
            # whatever else changes the content is named first
            named = [key for key in changed if key != CONTENT] or changed
            raise TrainingError(
                f"{self.folder.checkpoint}: the run was begun with another {', '.join(named)}; "
                "put it back, or start anew with --overwrite"
            )
        self.trainer.restore(groups, state["trainer"])
        self.epochs = state["epochs"]
        self.best_epoch, self.best_f1 = state["best_epoch"], state["best_f1"]
        self.best_weights = groups.get("best", {})
        if not self.writes:
            return
        self.folder.describe(self.prepared.config, self.prepared.report)
        self.folder.keep(self.epochs)
        if self.best_weights and not self.folder.model.exists():  # killed while one model replaced the other
            self._load_best()
            self._save_model(TrainResult(self.folder.path, self.folder.model, self.epochs, self.best_epoch))
            self.trainer.restore(groups, state["trainer"])

    def _close_epoch(self) -> None:
        trainer = self.trainer
        begun = time.perf_counter()
        with trainer.average.applied():
            dev = self._dev_counts()
            f1 = None if dev is None else dev["f1"]
            best = f1 is None or f1 > self.best_f1
            if best:
                self.best_epoch, self.best_f1 = trainer.epoch, -1.0 if f1 is None else f1
                self.best_weights = {name: t.clone() for name, t in trained_parameters(self.model).items()}
                if self.writes:
                    self._save_model(TrainResult(self.folder.path, self.folder.model, self.epochs, trainer.epoch))
        record = {
            "epoch": trainer.epoch,
            "loss": trainer.loss,
            "dev": dev,
            "learning_rate": trainer.optimizer.param_groups[0]["lr"],
            "tokens_per_second": round(trainer.tokens_per_second),
            "seconds": round(trainer.seconds + time.perf_counter() - begun, 3),
        }
        self.epochs.append(record)
        if self.writes:
            self.folder.log(record)
            if self.events is not None:
                with writing(self.folder.events):
                    self.events.add(record)
            last = trainer.epoch == self.config.epochs or self._out_of_patience()
            if last or trainer.epoch % self.config.checkpoint_every == 0:
                self._save_checkpoint()
        self.listener.epoch(record, best)

    def _dev_counts(self) -> dict[str, float] | None:
        if "dev" not in self.prepared.corpus:
            return None
        dev = self.prepared.corpus["dev"]
        tokens, gold, beside = column(dev, "tokens"), column(dev, "tags"), self.prepared.beside("dev")
        if self.prepared.config.tagging.decoding == "f1":
            _, counts = self._decided(lambda: fit_threshold(self._predictor(), tokens, gold, beside))
        else:
            decoded = self._decode(self._predictor(), tokens, beside)
            counts = count_spans(*settle(gold, decoded, self.prepared.tagset.scheme))
        return {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}

    def _score(self, split: str, result: TrainResult) -> Scores | None:
        if split not in self.prepared.corpus:
            return None
        part, scheme = self.prepared.corpus[split], self.prepared.scheme
        tokens, gold = column(part, "tokens"), column(part, "tags")
        predictor = self._predictor()
        predictor.temperature, predictor.threshold = result.temperature, result.threshold
        decoded = self._decode(predictor, tokens, self.prepared.beside(split))
        predicted = [convert(tags, scheme) for tags in decoded]
        if split == "test" and self.writes:
            write_predictions(tokens, gold, predicted, self.folder.predictions)
        illegal = count_illegal(decoded, self.prepared.tagset.scheme)
        return score(*settle(gold, predicted, scheme), scheme, illegal)

    def _fit_decoding(self, result: TrainResult) -> None:
        """Temperature and threshold, on dev."""
        if "dev" not in self.prepared.corpus:
            return
        dev, tagging = self.prepared.corpus["dev"], self.prepared.config.tagging
        predictor, tokens, gold = self._predictor(), column(dev, "tokens"), column(dev, "tags")
        beside = self.prepared.beside("dev")
        if tagging.calibrate:
            fitted = self._decided(lambda: fit_temperature(predictor, tokens, gold, beside))
            # What is fitted on best paths may sharpen a weak model, whose unlikely spans the other decoding lives on.
            result.temperature = max(fitted, 1.0) if tagging.decoding == "f1" else fitted
            predictor.temperature = result.temperature
        if tagging.decoding == "f1":
            result.threshold, _ = self._decided(lambda: fit_threshold(predictor, tokens, gold, beside))

    def _decode(self, predictor: TorchPredictor, tokens: list[list[str]], beside: Beside) -> list[list[str]]:
        """The tags of every sentence, in the model's own scheme; what is read together is one process's to decode."""

        def work(share: Sequence[list[int]]) -> list[list[list[str]]]:
            numbers = list(chain.from_iterable(share))
            taken = [tokens[number] for number in numbers]
            found = iter(predictor.predict(taken, scores=False, beside=beside.take(numbers)).tag_lists())
            return [list(islice(found, len(group))) for group in share]

        groups = beside.groups() if self.model.context else [[number] for number in range(len(tokens))]
        return list(chain.from_iterable(shared_out(self.trainer.accelerator, groups, work)))

    def _decided(self, work: Callable[[], T]) -> T:
        return decided(self.trainer.accelerator, work)

    def _predictor(self) -> TorchPredictor:
        return TorchPredictor(self.model, self.prepared.encoder, self.prepared.tagset)

    def _out_of_patience(self) -> bool:
        patience = self.config.patience
        return patience is not None and self.trainer.epoch - self.best_epoch >= patience

    def _load_best(self) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if name in self.best_weights:
                    parameter.copy_(self.best_weights[name])

    def _save_checkpoint(self) -> None:
        state = {
            "trainer": self.trainer.state(),
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "best_f1": self.best_f1,
            "threads": torch.get_num_threads(),
            "fixed": self.fixed,
        }
        save_checkpoint(self.folder.checkpoint, {**self.trainer.tensors(), "best": self.best_weights}, state)

    def _save_model(self, result: TrainResult) -> None:
        prepared, metrics = self.prepared, self._metrics(result)
        extra = {METRICS: json.dumps(metrics, indent=2) + "\n", CARD: model_card(prepared, metrics)}
        with writing(self.folder.model):
            save_model(
                self.folder.model, self.model, prepared.encoder, prepared.tagset,
                prepared.config.model, prepared.config.tagging, extra,
                result.temperature, result.threshold, checksum(prepared.config),
            )  # fmt: skip

    def _metrics(self, result: TrainResult) -> dict[str, Any]:
        return {
            "best_epoch": result.best_epoch,
            "epochs": self.trainer.epoch,
            "best_dev_f1": self.best_f1 if self.best_f1 >= 0 else None,
            "dev": result.dev and result.dev.to_json(),
            "test": result.test and result.test.to_json(),
            "data": self.prepared.identity,
            "configuration": checksum(self.prepared.config),
            "seed": self.config.seed,
        }

    def _draw(self) -> None:
        if self.config.plot:
            from ner.training.curve import draw_curve

            draw_curve(self.epochs, self.best_epoch, self.folder.curve)
