"""spaCy's NER as a worker: blank English, its default CNN over static vectors and features, its transition parser."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from common import Clock, Worker, read_sentences, read_vectors, spans_of, tags_of, work, write_sentences
from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_loop


class SpacyWorker(Worker):
    """Trained as ``spacy train`` does it, by ``spacy init config --optimize efficiency`` and with static vectors."""

    def train(self, clock: Clock) -> None:
        """The pipeline after the last epoch or the best on dev, as spaCy chooses."""
        folder = Path(self.job["model"])
        folder.mkdir(parents=True, exist_ok=True)
        vectors = with_vectors(self.job["vectors"])
        vectors.to_disk(folder / "vectors")
        for split in ("train", "dev"):
            save_docs(read_sentences(self.job[split]), vectors, folder / f"{split}.spacy")
        config = init_config(lang="en", pipeline=["ner"], optimize="efficiency", gpu=False)
        config["paths"] = {
            "train": str(folder / "train.spacy"),
            "dev": str(folder / "dev.spacy"),
            "vectors": str(folder / "vectors"),
            "init_tok2vec": None,
        }
        config["components"]["tok2vec"]["model"]["embed"]["include_static_vectors"] = True
        config["training"].update(max_epochs=self.job["epochs"], max_steps=0, patience=0, seed=self.job["seed"])
        config["training"]["logger"] = {"@loggers": "benchmark.v1"}
        spacy.registry.loggers.register("benchmark.v1", func=lambda: logger(clock))
        nlp = init_nlp(config)
        train_loop(nlp, folder)

    def load(self, model: Path) -> None:
        """The best of the training."""
        best = model / "model-best"
        self.nlp = spacy.load(best if best.exists() else model / "model-last")

    def tag(self, source: Path, target: Path) -> None:
        """File to file, a document a sentence."""
        sentences = [tokens for tokens, _ in read_sentences(source)]
        docs = (Doc(self.nlp.vocab, words=tokens) for tokens in sentences)
        found = self.nlp.pipe(docs, n_process=self.job.get("processes", 1))
        tags = [tags_of([(e.start, e.end, e.label_) for e in doc.ents], len(doc)) for doc in found]
        write_sentences(target, sentences, tags)

    def tag_text(self, source: Path, target: Path) -> None:
        """Raw text to JSONL."""
        with source.open(encoding="utf-8") as texts, target.open("w", encoding="utf-8") as file:
            found = self.nlp.pipe((text.rstrip("\n") for text in texts), n_process=self.job.get("processes", 1))
            for doc in found:
                entities = [{"start": e.start_char, "end": e.end_char, "label": e.label_} for e in doc.ents]
                tokens = [{"start": token.idx, "end": token.idx + len(token)} for token in doc]
                record = {"text": doc.text, "tokens": tokens, "entities": entities}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def tag_one(self, tokens: list[str]) -> None:
        """One sentence."""
        self.nlp(Doc(self.nlp.vocab, words=tokens))


def with_vectors(path: str) -> Language:
    """Blank English with static vectors that capitalized words find too: the file's are in lower case."""
    nlp = spacy.blank("en")
    words, rows = read_vectors(path)
    nlp.vocab.vectors = spacy.vectors.Vectors(data=np.array(rows, dtype="f"), keys=words, name="glove")
    known = set(words)
    for row, word in enumerate(words):
        for form in (word, word.capitalize(), word.upper()):
            nlp.vocab.strings.add(form)
            if form not in known:
                nlp.vocab.vectors.add(form, row=row)
    return nlp


def save_docs(sentences: Iterable[tuple[list[str], list[str]]], nlp: Language, path: Path) -> None:
    """Sentences as spaCy's training files."""
    docs = DocBin()
    for tokens, tags in sentences:
        doc = Doc(nlp.vocab, words=tokens)
        doc.ents = [spacy.tokens.Span(doc, start, end, label) for start, end, label in spans_of(tags)]
        docs.add(doc)
    docs.to_disk(path)


def logger(clock: Clock) -> Callable[..., Any]:
    """Tells the clock of every evaluation, with the speed between evaluations."""

    def start(nlp: Language, *_: Any) -> tuple[Callable[[dict[str, Any] | None], None], Callable[[], None]]:
        evaluate, words, since, spent = nlp.evaluate, 0, time.perf_counter(), 0.0

        def evaluate_timed(*arguments: Any, **options: Any) -> dict[str, Any]:
            nonlocal spent
            spent = time.perf_counter() - since
            return evaluate(*arguments, **options)

        def step(info: dict[str, Any] | None) -> None:
            nonlocal words, since
            if info is not None:
                clock.epoch((info["words"] - words) / spent, f1=info["score"], epoch=info["epoch"])
                words, since = info["words"], time.perf_counter()

        nlp.evaluate = evaluate_timed  # type: ignore[method-assign]
        return step, lambda: None

    return start


if __name__ == "__main__":
    work(SpacyWorker)
