"""The limit and the insides: torch's bare LSTM, and where this package's time goes."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from common import Worker, timed, work
from torch import nn

import ner
from ner.model import SequenceTagger
from ner.modules.crf import CRF
from ner.word_types import WordTypeCache

INPUT, HIDDEN = 130, 200
BATCH_TOKENS = 4096
METHODS: dict[str, tuple[type, str]] = {
    "encoding": (WordTypeCache, "look_up"),
    "network": (SequenceTagger, "emissions"),
    "decoding": (CRF, "decode"),
}
"""Whose calls a stage is, beside reading and writing."""


class InnerWorker(Worker):
    """Jobs ``bare``, ``stages`` and ``sizes``."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(job)
        torch.set_num_threads(job["threads"])
        torch.manual_seed(job["seed"])

    def do_bare(self) -> dict[str, Any]:
        """Seconds of the bidirectional LSTM alone over sentences of the job's lengths, padded and sorted."""
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[self.job["precision"]]
        device = self.job["device"]
        lstm = nn.LSTM(INPUT, HIDDEN, bidirectional=True, batch_first=True).to(device, dtype).eval()
        batches = [
            torch.randn(rows, longest, INPUT, dtype=dtype, device=device)
            for rows, longest in padded(sorted(self.job["lengths"]))
        ]

        @torch.inference_mode()
        def run() -> None:
            for batch in batches:
                lstm(batch)
            if device != "cpu":
                torch.cuda.synchronize()

        run()
        return {"seconds": statistics.median(timed(run) for _ in range(self.job["repeats"]))}

    def do_stages(self) -> dict[str, Any]:
        """Seconds of each stage while a file is tagged; what a stage calls that is a stage itself counts there."""
        tagger, source, target = ner.load(self.job["model"], device=self.job["device"]), *self._files()
        ner.tag_file(tagger, Path(self.job["warm"]), target, read="conll", write="conll")
        clock = StageClock()
        with instrumented(clock):
            seconds = timed(lambda: ner.tag_file(tagger, source, target, read="conll", write="conll"))
        return {"seconds": seconds, "stages": dict(clock.seconds)}

    def do_sizes(self) -> dict[str, Any]:
        """Seconds of tagging the file with each budget of tokens a batch, in turns."""
        tagger, source, target = ner.load(self.job["model"], device=self.job["device"]), *self._files()
        batches: Any = getattr(tagger.predictor, "emitter", tagger.predictor)
        found: dict[int, list[float]] = {size: [] for size in self.job["sizes"]}
        for _ in range(self.job["repeats"] + 1):
            for size, seconds in found.items():
                batches.batch_tokens = size
                seconds.append(timed(lambda: ner.tag_file(tagger, source, target, read="conll", write="conll")))
        return {"seconds": {size: statistics.median(seconds[1:]) for size, seconds in found.items()}}

    def _files(self) -> tuple[Path, Path]:
        return Path(self.job["source"]), Path(self.job["target"])


class StageClock:
    """Adds up what each stage takes, in whichever thread it runs."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._running = threading.local()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts for this stage, and no longer for the one around it."""
        outer, begun = getattr(self._running, "inside", 0.0), time.perf_counter()
        self._running.inside = 0.0
        try:
            yield
        finally:
            spent = time.perf_counter() - begun
            self.seconds[name] += spent - self._running.inside
            self._running.inside = outer + spent

    def call(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed as a stage."""

        @wraps(function)
        def run(*arguments: Any, **options: Any) -> Any:
            with self.stage(name):
                return function(*arguments, **options)

        return run

    def generator(self, name: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The generator function, each of its steps timed as a stage."""

        @wraps(function)
        def run(*arguments: Any, **options: Any) -> Iterator[Any]:
            steps = function(*arguments, **options)
            end = object()
            while True:
                with self.stage(name):
                    step = next(steps, end)
                if step is end:
                    return
                yield step

        return run


@contextmanager
def instrumented(clock: StageClock) -> Iterator[None]:
    """Time the stages of tagging column files while in the block."""
    from ner.tagging import pipeline
    from ner.tagging.outputs import as_text
    from ner.tagging.writers import write_columns

    read, write = pipeline.INPUTS["conll"], as_text(clock.call("writing", write_columns))
    with ExitStack() as stack:
        stack.enter_context(patch.dict(pipeline.INPUTS, conll=clock.generator("reading", read)))
        stack.enter_context(patch.dict(pipeline.OUTPUTS, conll=write))
        for name, (owner, method) in METHODS.items():
            stack.enter_context(patch.object(owner, method, clock.call(name, getattr(owner, method))))
        yield


def padded(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """Rows and columns of batches within the budget, of lengths in order."""
    rows = 0
    for position, length in enumerate(lengths):
        if rows and (rows + 1) * length > BATCH_TOKENS:
            yield rows, lengths[position - 1]
            rows = 0
        rows += 1
    if rows:
        yield rows, lengths[-1]


if __name__ == "__main__":
    work(InnerWorker)
