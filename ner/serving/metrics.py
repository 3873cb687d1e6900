"""What is counted, in Prometheus' words."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ner.serving.jobs import Answer
from ner.version import __version__

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The counts of one server, in a registry of their own.

    Args:
        waiting: how many requests wait.
        checksum: of the model.
    """

    def __init__(self, waiting: Callable[[], int], checksum: str) -> None:
        self.registry = registry = CollectorRegistry()
        self.taken = 0
        self.answered = 0
        self._requests = Counter("ner_requests", "Requests answered.", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "ner_request_seconds", "From request to answer.", ["route"], registry=registry, buckets=_SECONDS
        )
        self._documents = Counter("ner_documents", "Documents tagged.", registry=registry)
        self._tokens = Counter("ner_tokens", "Tokens tagged.", registry=registry)
        self._entities = Counter("ner_entities", "Entities found.", ["label"], registry=registry)
        self._batch = Histogram("ner_batch_requests", "Requests done together.", registry=registry, buckets=_REQUESTS)
        self._batch_seconds = Histogram("ner_batch_seconds", "Time of a batch.", registry=registry, buckets=_SECONDS)
        Gauge("ner_waiting_requests", "Requests that wait.", registry=registry).set_function(waiting)
        Info("ner_model", "What answers.", registry=registry).info({"version": __version__, "sha256": checksum})
        ProcessCollector(registry=registry)

    def did(self, answers: list[Answer], seconds: float) -> None:
        """Count a batch."""
        self._batch.observe(len(answers))
        self._batch_seconds.observe(seconds)
        for answer in answers:
            self._documents.inc(answer.documents)
            self._tokens.inc(answer.tokens)
            for label, number in answer.entities.items():
                self._entities.labels(label).inc(number)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self.answered += 1
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)


class Counted:
    """Counts every request, and sets the headers that every answer has; pure ASGI.

    Args:
        app: what answers.
        metrics: where it is counted.
    """

    _HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
    )

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500
        self.metrics.taken += 1

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *self._HEADERS]}
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                route = getattr(scope.get("route"), "path", "other")
                self.metrics.request(route, status, time.perf_counter() - begun)

        await self.app(scope, receive, sent)
