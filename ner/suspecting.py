"""The search for annotation errors: models trained on parts of a corpus, each asked about the part it did not see."""

from __future__ import annotations

import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from ner.config import Config, load_config, with_values
from ner.corpus.beside import ALONE, Beside, beside_of
from ner.corpus.check import place_of
from ner.corpus.read import load, scheme_of
from ner.corpus.table import columns
from ner.emission import Emitted
from ner.errors import ConfigError, DataError
from ner.evaluation.partial import open_places
from ner.evaluation.suspects import Belief, Suspects, overlap, rank
from ner.schemes import OUTSIDE, Span, split_tag, to_spans
from ner.torch_prediction import TorchPredictor
from ner.training.listener import Listener
from ner.training.portions import in_memory
from ner.training.preparation import further_columns
from ner.training.run import train

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

LEAST = 0.05
"""Rivals that are less likely are not looked at."""

_NEVER = -1e4  # what a forbidden tag scores


def find_suspects(
    config: Config | Mapping[str, Any] | str | os.PathLike[str],
    dataset: DatasetDict | None = None,
    *,
    folds: int = 5,
    epochs: int = 8,
    seeds: Sequence[int] = (1,),
    listener: Listener | None = None,
) -> Suspects:
    """Probable annotation errors of the training data, by cross-validation.

    The sentences are dealt out to folds, whole documents together, or else equal sentences. A model is trained on all
    folds but one, without dev data and for a fixed number of epochs, and says how likely it finds the annotation of
    that one. Where there are several seeds, the deal differs too, and probabilities are averaged. A model that the
    configuration starts from or learns from must not have been trained on these sentences: it would believe them.

    Args:
        config: the network and how it is trained: a configuration, a mapping of the same shape, or a YAML file.
        dataset: as for `ner.train`; only its split ``train`` is looked at.
        folds: at least 2.
        epochs: of every training; few, since a model that has learned its corpus by heart believes it.
        seeds: of the deal and of the trainings.
        listener: is told of every training, in a sentence.

    Raises:
        ConfigError: fewer than two folds, or no seed.
        DataError: the corpus cannot be read, or has too few sentences.
        NerError: what a training raises.
    """
    if not isinstance(config, Config):
        config = load_config(Path(config) if isinstance(config, (str, os.PathLike)) else config)
    if folds < 2 or epochs < 1 or not seeds:
        raise ConfigError(f"folds {folds}, epochs {epochs}, {len(seeds)} seeds: expected at least 2, 1 and 1")
    only = config.data if config.data.dataset else config.data.model_copy(update={"dev": [], "test": []})
    corpus = load(only, dataset, further_columns(config))
    if "train" not in corpus:
        raise DataError("there is nothing to look at.", remedy="Set data.train or data.dataset.")
    part = corpus["train"]
    rows = list(columns(part, "tokens", "tags", "document", "line", "file"))
    annotations = [_annotation(row[1]) for row in rows]
    beside = beside_of(part, config.model.features.columns)
    values = {
        "data.scheme": scheme_of(corpus, config.data.scheme),
        "data.dev_fraction": 0.0,
        "training.epochs": epochs,
    }
    fixed = {
        "training.plot": False,
        "training.tensorboard": False,
        "training.force": True,
        "tagging.calibrate": False,
    }
    settings = with_values(in_memory(config), {**values, **fixed, "tagging.decoding": "path"})
    if listener is not None and config.model.encoder.context and not _has_documents(rows, folds):
        listener.note(
            f"The data hold fewer than {2 * folds} documents, and so are dealt out as single sentences: what is read "
            "around them (model.encoder.context) is not what stands beside them in the file."
        )
    beliefs: list[list[Belief]] = [[] for _ in rows]
    for seed in seeds:
        for number, held in enumerate(_deal(rows, folds, seed), start=1):
            if listener is not None:
                listener.note(f"seed {seed}, fold {number} of {folds}: asked about {len(held)} sentences")
            predictor = _trained_without(settings, part, held, seed)
            asked = [(rows[index][0], *annotations[index]) for index in held]
            for index, belief in zip(held, believe(predictor, asked, beside=beside.take(held)), strict=True):
                beliefs[index].append(belief)
    ranked = rank(
        (tokens, partial(place_of, file, line, index), _mean(beliefs[index]))
        for index, (tokens, _, _, line, file) in enumerate(rows)
    )
    return Suspects(tuple(ranked), len(rows), sum(len(spans) for spans, _ in annotations))


def believe(
    predictor: TorchPredictor,
    sentences: Sequence[tuple[list[str], Sequence[Span], set[int]]],
    least: float = LEAST,
    beside: Beside = ALONE,
) -> list[Belief]:
    """What a model says of annotated sentences.

    Args:
        predictor: a trained network.
        sentences: tokens, annotated entities, and the words about which nobody said anything. Entities of a type
            that the model does not know are passed over.
        least: the probability of a rival.
        beside: documents and columns of the sentences.
    """
    labels = predictor.tagset.labels
    crf, reading, warmth = predictor.model.crf, predictor.reading, predictor.temperature
    inside = torch.tensor([split_tag(tag)[0] != OUTSIDE for tag in predictor.tagset.tags])

    def probabilities(batch: Emitted, spans: list[tuple[int, Span]]) -> list[float]:
        if not spans:
            return []
        places = torch.tensor([(row, span.start, span.end, labels.index(span.label)) for row, span in spans])
        return crf.span_probability(batch.emissions, batch.lengths, places, reading, warmth).tolist()

    def of_nothing(batch: Emitted, spans: list[tuple[int, Span]]) -> list[float]:
        """That no token of a span is in an entity: what is left of Z when the other tags are forbidden there."""
        if not spans:
            return []
        rows = torch.tensor([row for row, _ in spans])
        emissions, lengths = batch.emissions[rows].clone(), batch.lengths[rows]
        whole = crf.log_partition(emissions, lengths, warmth)
        for place, (_, span) in enumerate(spans):
            emissions[place, span.start : span.end, inside] = _NEVER
        return (crf.log_partition(emissions, lengths, warmth) - whole).exp().clamp(max=1.0).tolist()

    def look(batch: Emitted) -> list[tuple[int, Belief]]:
        own: list[list[Span]] = []
        rivals: list[dict[Span, float]] = []
        chances = predictor.span_probabilities(batch)
        for row, number in enumerate(batch.sentences.tolist()):
            _, spans, unknown = sentences[number]
            own.append([span for span in spans if span.label in labels])
            kept = (chances[row] >= least).nonzero().tolist()
            found = {
                Span(labels[label], start, start + longer + 1): float(chances[row, start, longer, label])
                for start, longer, label in kept
            }
            rivals.append({span: p for span, p in found.items() if unknown.isdisjoint(range(span.start, span.end))})
        annotated = [(row, span) for row, spans in enumerate(own) for span in spans]
        alone = [
            (row, span)
            for row, found in enumerate(rivals)
            for span in found
            if not any(overlap(span, other) for other in sentences[batch.sentences[row]][1])
        ]
        beliefs: list[tuple[dict[Span, float], dict[Span, float]]] = [({}, {}) for _ in own]
        for (row, span), chance in zip(annotated, probabilities(batch, annotated), strict=True):
            beliefs[row][0][span] = chance
        for (row, span), chance in zip(annotated + alone, of_nothing(batch, annotated + alone), strict=True):
            beliefs[row][1][span] = chance
        # what overlaps an annotated entity of a type that the model does not know is neither
        return [
            (
                number,
                Belief(known, {s: p for s, p in rivals[row].items() if s in nothing or _touches(s, known)}, nothing),
            )
            for row, (number, (known, nothing)) in enumerate(zip(batch.sentences.tolist(), beliefs, strict=True))
        ]

    answers = [Belief({}, {}, {}) for _ in sentences]
    for found in predictor.emitter.start([tokens for tokens, _, _ in sentences], look, beside):
        for number, belief in found:
            answers[number] = belief
    return answers


def _touches(span: Span, others: Mapping[Span, float]) -> bool:
    return any(overlap(span, other) for other in others)


def _mean(beliefs: Sequence[Belief]) -> Belief:
    """The mean of what several models say; a rival that one of them did not name counts 0 there."""

    def mean(parts: Sequence[Mapping[Span, float]], count: bool) -> dict[Span, float]:
        sums: defaultdict[Span, list[float]] = defaultdict(list)
        for part in parts:
            for span, chance in part.items():
                sums[span].append(chance)
        return {span: sum(chances) / (len(chances) if count else len(parts)) for span, chances in sums.items()}

    return Belief(
        mean([one.annotated for one in beliefs], True),
        mean([one.rivals for one in beliefs], False),
        mean([one.nothing for one in beliefs], True),
    )


def _annotation(tags: list[str]) -> tuple[list[Span], set[int]]:
    """The entities of a sentence, and the words about which nobody said anything."""
    unknown = open_places(tags)
    return to_spans([OUTSIDE if place in unknown else tag for place, tag in enumerate(tags)]), unknown


def _deal(rows: Sequence[tuple[Any, ...]], folds: int, seed: int) -> list[list[int]]:
    """Sentence numbers by fold: documents stay whole where there are enough, else equal sentences together.

    Raises:
        DataError: fewer different sentences than folds.
    """
    whole = _has_documents(rows, folds)
    units: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, (tokens, _, document, _, file) in enumerate(rows):
        units[(file, document) if whole else tuple(tokens)].append(index)
    if len(units) < folds:
        raise DataError(f"{len(units)} different sentences cannot be dealt out to {folds} folds.")
    order = list(units.values())
    random.Random(seed).shuffle(order)
    dealt: list[list[int]] = [[] for _ in range(folds)]
    for unit in order:
        min(dealt, key=len).extend(unit)
    return [sorted(fold) for fold in dealt]


def _has_documents(rows: Sequence[tuple[Any, ...]], folds: int) -> bool:
    """Whether there are documents enough to deal them out whole."""
    return len({(file, document) for _, _, document, _, file in rows}) >= 2 * folds


def _trained_without(config: Config, part: Dataset, held: Sequence[int], seed: int) -> TorchPredictor:
    import datasets

    kept = sorted(set(range(len(part))) - set(held))
    with tempfile.TemporaryDirectory() as folder:
        own = with_values(config, {"training.seed": seed, "output": str(Path(folder) / "run")})
        result = train(own, datasets.DatasetDict({"train": part.select(kept)}))
        return cast(TorchPredictor, result.tagger.predictor)
