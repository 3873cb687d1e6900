"""From a request to its answer: into the queue, and out of it in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from fastapi import HTTPException

from ner.serving.answering import BATCH_SIZE, Job, answer, size_of
from ner.serving.gathering import ClosedError, Gatherer, QueueFullError
from ner.serving.jobs import Answer
from ner.serving.metrics import Metrics
from ner.serving.options import ServeOptions
from ner.tagger import Tagger

_AGAIN = {"Retry-After": "1"}


class Service:
    """A tagger with a queue before it.

    Args:
        tagger: a loaded model.
        options: how many may wait, for how long, and how many are tagged together.
    """

    def __init__(self, tagger: Tagger, options: ServeOptions) -> None:
        self.tagger, self.options = tagger, options
        self._gatherer: Gatherer[Job, Answer] = Gatherer(
            self._work,
            size_of,
            most=options.batch,
            weight=BATCH_SIZE,
            wait=options.wait,
            queue=options.max_queue,
        )
        self.metrics = Metrics(lambda: len(self._gatherer), tagger.identity()["sha256"])

    async def ask(self, job: Job) -> bytes:
        """The answer to a job, as JSON.

        Raises:
            HTTPException: 503, too many wait, or the server is being stopped; 504, it took too long.
            NerError: the job cannot be done.
        """
        try:
            future = self._gatherer.submit(job)
        except QueueFullError:
            raise HTTPException(503, "too many requests wait; try again later", _AGAIN) from None
        except ClosedError:
            raise HTTPException(503, "the server is being stopped", _AGAIN) from None
        seconds = self.options.max_seconds
        try:
            return (await asyncio.wait_for(asyncio.wrap_future(future), seconds)).body
        except asyncio.TimeoutError:
            raise HTTPException(504, f"no answer within {seconds:g} seconds; send less at once") from None

    def close(self) -> None:
        """Take no more, and finish what was taken."""
        self._gatherer.close()

    def _work(self, jobs: Sequence[Job]) -> list[Answer]:
        begun = time.perf_counter()
        answers = answer(self.tagger, jobs)
        self.metrics.did(answers, time.perf_counter() - begun)
        return answers
