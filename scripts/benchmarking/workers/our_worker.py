"""This package as a worker, through its public functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from common import Clock, Worker, work

import ner


class OurWorker(Worker):
    """``ner.train``, ``ner.load`` and ``ner.tag_file``."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(job)
        torch.set_num_threads(job["threads"])

    def train(self, clock: Clock) -> None:
        """A run folder around the model; the model is the best epoch's on dev."""
        from ner.training.listener import Listener

        class Told(Listener):
            def epoch(self, record: dict[str, Any], best: bool) -> None:
                clock.epoch(record["tokens_per_second"], f1=record["dev"]["f1"])

        job = self.job
        options = job["model_options"]
        config = {
            "data": {"train": job["train"], "dev": job["dev"]},
            "vectors": job["vectors"],
            "model": {**options, "encoder": {"hidden": 200, **options.get("encoder", {})}},
            "training": {
                "epochs": job["epochs"],
                "batch_size": job["batch_size"],
                "optimizer": {"lr": job["lr"]},
                "seed": job["seed"],
                "threads": job["threads"],
                "force": True,
            },
            "output": str(Path(job["model"]).parent),
        }
        ner.train(config, overwrite=True, listener=Told())

    def load(self, model: Path) -> None:
        """A tagger of the precision that the job asks for."""
        precision = {"precision": self.job["precision"]} if "precision" in self.job else {}
        self.tagger = ner.load(model, device=self.job["device"], **precision)

    def tag(self, source: Path, target: Path) -> None:
        """File to file."""
        ner.tag_file(self.tagger, source, target, read="conll", write="conll")

    def tag_text(self, source: Path, target: Path) -> None:
        """Raw text to JSONL."""
        ner.tag_file(self.tagger, source, target, read="text", write="jsonl")

    def tag_one(self, tokens: list[str]) -> None:
        """One sentence."""
        self.tagger.tag_tokens([tokens])


if __name__ == "__main__":
    work(OurWorker)
