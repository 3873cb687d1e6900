"""Flair's SequenceTagger as a worker: static vectors and character features, BiLSTM of 200 a direction, CRF."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import flair
import torch
from common import Clock, Worker, read_sentences, read_vectors, tags_of, work, write_sentences
from flair.data import Dictionary, Sentence
from flair.datasets import ColumnCorpus
from flair.embeddings import CharacterEmbeddings, StackedEmbeddings, WordEmbeddings
from flair.models import SequenceTagger
from flair.trainers import ModelTrainer
from flair.trainers.plugins import TrainerPlugin


class FlairWorker(Worker):
    """Trained by its own trainer with its own defaults (SGD 0.1, annealed on dev), batch 32."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(job)
        torch.set_num_threads(job["threads"])
        flair.device = torch.device(job["device"])
        flair.set_seed(job["seed"])

    def train(self, clock: Clock) -> None:
        """The model that was best on dev."""
        folder, train = Path(self.job["model"]), Path(self.job["train"])
        files = {"train_file": train.name, "dev_file": Path(self.job["dev"]).name}
        corpus = ColumnCorpus(
            train.parent, {0: "text", 1: "ner"}, column_delimiter="\t", sample_missing_splits=False, **files
        )
        words = StackedEmbeddings([static(self.job["vectors"]), CharacterEmbeddings(characters(train))])
        tagger = SequenceTagger(
            words, corpus.make_label_dictionary("ner", add_unk=False), "ner", hidden_size=200, use_crf=True
        )
        tokens = sum(map(len, corpus.train))
        ModelTrainer(tagger, corpus).train(
            folder,
            max_epochs=self.job["epochs"],
            mini_batch_size=self.job["batch_size"],
            plugins=[Told(clock, tokens)],
            create_file_logs=False,
        )

    def load(self, model: Path) -> None:
        """The best of the training."""
        best = model / "best-model.pt"
        self.tagger = SequenceTagger.load(best if best.exists() else model / "final-model.pt")

    def tag(self, source: Path, target: Path) -> None:
        """File to file."""
        sentences = [tokens for tokens, _ in read_sentences(source)]
        given = [Sentence(tokens, use_tokenizer=False) for tokens in sentences]
        self.tagger.predict(given, mini_batch_size=self.job.get("batch_size", 32))
        tags = [
            tags_of([(s[0].idx - 1, s[-1].idx, s.get_label("ner").value) for s in one.get_spans("ner")], len(one))
            for one in given
        ]
        write_sentences(target, sentences, tags)

    def tag_one(self, tokens: list[str]) -> None:
        """One sentence."""
        self.tagger.predict(Sentence(tokens, use_tokenizer=False))


class Told(TrainerPlugin):
    """Tells the clock of every epoch."""

    def __init__(self, clock: Clock, tokens: int) -> None:
        super().__init__()
        self.clock, self.tokens = clock, tokens

    @TrainerPlugin.hook
    def before_training_epoch(self, **_: Any) -> None:
        """Start the watch."""
        self.begun = time.perf_counter()

    @TrainerPlugin.hook
    def after_training_epoch(self, **_: Any) -> None:
        """Stop it: the evaluation comes next."""
        self.clock.epoch(self.tokens / (time.perf_counter() - self.begun))


def static(path: str) -> WordEmbeddings:
    """Flair's static embeddings from a text file, without gensim."""
    words, rows = read_vectors(path)
    vocabulary = {word: number for number, word in enumerate(words)}
    embeddings = WordEmbeddings(None, vocab=vocabulary, embedding_length=len(rows[0]), name="glove")
    embeddings.embedding.weight.data[:-1] = torch.tensor(rows)
    return embeddings


def characters(train: Path) -> Dictionary:
    """The training words' characters; Flair's own list would have to be fetched."""
    found = Dictionary(add_unk=True)
    for tokens, _ in read_sentences(train):
        for char in "".join(tokens):
            found.add_item(char)
    return found


if __name__ == "__main__":
    work(FlairWorker)
