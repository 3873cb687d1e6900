"""Jobs to answers: the one place of the server where the tagger runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count

from ner.corpus.beside import Beside
from ner.document import ScoredSpan
from ner.errors import NerError
from ner.prediction import Explanation
from ner.serving.jobs import Answer, InspectJob, TagJob
from ner.serving.looking import look
from ner.tagger import Tagger
from ner.tagging.units import Tagged, Unit
from ner.tagging.writers import write_jsonl
from ner.text import segment

Job = TagJob | InspectJob

BATCH_SIZE = 1 << 16
"""Characters that are tagged together: more only makes the first of them wait for the last."""


def size_of(job: Job) -> int:
    """How much of `BATCH_SIZE` a job fills; a picture takes as long as a batch."""
    return job.size if isinstance(job, TagJob) else BATCH_SIZE


def answer(tagger: Tagger, jobs: Sequence[Job]) -> list[Answer]:
    """Do a batch of jobs; those that decide alike are tagged together.

    Raises:
        NerError: one of them cannot be done.
    """
    answers: dict[int, Answer] = {}
    alike: dict[float | None, dict[int, TagJob]] = {}
    for number, job in enumerate(jobs):
        if isinstance(job, TagJob):
            alike.setdefault(job.options.threshold, {})[number] = job
        else:
            answers[number] = look(tagger, job)
    for group in alike.values():
        answers.update(zip(group, _tag(tagger, list(group.values())), strict=True))
    return [answers[number] for number in range(len(jobs))]


def _tag(tagger: Tagger, jobs: Sequence[TagJob]) -> list[Answer]:
    """Answers of jobs with one threshold."""
    units = [_units(tagger, job) for job in jobs]
    sentences = [[sentence for unit in of_job for sentence in unit.sentences] for of_job in units]
    together = [sentence for of_job in sentences for sentence in of_job]
    threshold = jobs[0].options.threshold
    beside = _beside(tagger, jobs, sentences, units)
    prediction = tagger.predict(together, threshold="own" if threshold is None else threshold, beside=beside)
    spans, answers, start = prediction.span_lists(), [], 0
    for job, of_job, own in zip(jobs, units, sentences, strict=True):
        stop = start + len(own)
        explained = None
        if job.options.wants_explanations:
            explained = tagger.explain(own, max(1, job.options.n_best), beside.take(range(start, stop)))
        answers.append(_written(tagger, job, of_job, spans[start:stop], explained))
        start = stop
    return answers


def _units(tagger: Tagger, job: TagJob) -> list[Unit]:
    """The job's documents, with their sentences."""
    units = [Unit([tokens]) for tokens in job.sentences]
    for text in job.texts:
        offsets = segment(text, tagger.tokenizer)
        units.append(Unit([[text[start:end] for start, end in one] for one in offsets], text, offsets))
    return units


def _beside(
    tagger: Tagger, jobs: Sequence[TagJob], sentences: Sequence[list[list[str]]], units: Sequence[list[Unit]]
) -> Beside:
    """The documents of all sentences, numbered so that those of two jobs are never the same, and their columns."""
    number, documents, columns = count(), [], []
    for job, own, of_job in zip(jobs, sentences, units, strict=True):
        if job.documents is None:
            for unit in of_job:
                documents += [next(number)] * len(unit.sentences)
        else:
            known: dict[int, int] = {}
            documents += [known.setdefault(one, next(number)) for one in job.documents]
        if tagger.columns:
            if own and job.columns is None:
                names = " and ".join(tagger.columns)
                raise NerError(f"the model reads {names} beside the words: give sentences, and their columns.")
            columns += list(job.columns or ())
    return Beside(documents, columns if tagger.columns else None)


def _written(
    tagger: Tagger, job: TagJob, units: list[Unit], spans: list[list[ScoredSpan]], explained: list[Explanation] | None
) -> Answer:
    """The records of a job's documents, each as ``ner tag --to jsonl`` writes it."""
    least = job.options.min_score
    kept = [[span for span in found if span.score >= least] for found in spans]
    lines, start = [], 0
    for unit in units:
        stop = start + len(unit.sentences)
        tagged = Tagged(kept[start:stop], explained and explained[start:stop], tagger.tagset)
        lines.append(write_jsonl(unit, tagged, job.options).rstrip("\n"))
        start = stop
    return Answer(
        body=f'{{"documents": [{", ".join(lines)}]}}'.encode(),
        documents=len(units),
        tokens=sum(len(tokens) for unit in units for tokens in unit.sentences),
        entities=Counter(span.label for found in kept for span in found),
    )
