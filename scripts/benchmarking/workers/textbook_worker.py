"""The textbook composition as a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from common import Clock, Worker, read_sentences, work, write_sentences
from textbook import Textbook, from_corpus


class TextbookWorker(Worker):
    """See `textbook.Textbook`."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(job)
        torch.set_num_threads(job["threads"])
        torch.manual_seed(job["seed"])

    def train(self, clock: Clock) -> None:
        """Train, and save weights and names."""
        model, data = from_corpus(self.job["train"], self.job["vectors"])
        model.to(self.job["device"]).fit(data, self.job["epochs"], self.job["batch_size"], clock)
        names = {"words": model.names, "chars": model.characters, "tags": model.tags}
        torch.save({"names": names, "weights": model.state_dict()}, self.job["model"])

    def load(self, model: Path) -> None:
        """Read what `train` saved."""
        saved = torch.load(model, weights_only=True)
        self.model = Textbook(**saved["names"], dim=saved["weights"]["words.weight"].shape[1])
        self.model.load_state_dict(saved["weights"])
        self.model.to(self.job["device"])

    def tag(self, source: Path, target: Path) -> None:
        """File to file."""
        sentences = [tokens for tokens, _ in read_sentences(source)]
        write_sentences(target, sentences, self.model.predict(sentences))

    def tag_one(self, tokens: list[str]) -> None:
        """One sentence."""
        self.model.predict([tokens])


if __name__ == "__main__":
    work(TextbookWorker)
