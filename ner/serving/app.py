"""The application: which addresses there are, and what each does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ner.errors import NerError
from ner.html import colour
from ner.serving.guard import guarded
from ner.serving.looking import is_inspectable
from ner.serving.metrics import Counted
from ner.serving.options import ServeOptions
from ner.serving.pages import page_routes
from ner.serving.schemas import (
    EXPLAINED,
    Faults,
    Health,
    InspectRequest,
    Label,
    ModelResponse,
    PictureResponse,
    Problem,
    TagRequest,
    TagResponse,
)
from ner.serving.service import Service
from ner.tagger import Tagger
from ner.version import __version__

_JSON = "application/json"
_LONGEST = 300  # characters of a message
_REFUSALS = {
    400: "The body is no JSON.",
    401: "The token is missing or wrong.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    422: "The body is not what it should be.",
    503: "Too many requests wait; `Retry-After` says for how many seconds.",
    504: "It took too long.",
}
_DESCRIPTION = """
Finds named entities. What comes out of `/tag` is, a document, what `ner tag --to jsonl` writes a line; offsets count
characters (Unicode code points), the end exclusive.
"""


def create_app(tagger: Tagger, options: ServeOptions | None = None) -> FastAPI:
    """An ASGI application that tags: to be run by any server, or mounted into another application.

    Its thread ends, with what was taken done, when its lifespan does; an application that mounts it enters the
    lifespan with ``app.router.lifespan_context(app)``.

    Args:
        tagger: a loaded model.
        options: who may ask, and how much.
    """
    options = options or ServeOptions()
    service = Service(tagger, options)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="ner",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # these pages fetch scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(options.hosts) or ["*"], www_redirect=False)
    app.add_middleware(Counted, metrics=service.metrics)
    app.add_exception_handler(RequestValidationError, _faults)
    app.add_exception_handler(NerError, _fault)
    app.include_router(page_routes())
    app.include_router(_routes(service, options))

    @app.get("/health", summary="Whether the server takes requests", responses=_refusals(400))
    async def health() -> Health:
        return Health()

    return app


def _routes(service: Service, options: ServeOptions) -> APIRouter:
    """What needs the token."""
    tagger = service.tagger
    needs = [] if options.token is None else [Security(HTTPBearer(auto_error=False))]
    router = APIRouter(route_class=guarded(options), dependencies=needs)
    refusals, few = _refusals(*_REFUSALS), _refusals(400, 401, 408, 413)

    @router.post(
        "/tag", summary="Find the entities of texts or tokens", response_model=TagResponse, responses=refusals
    )
    async def tag(request: TagRequest) -> Response:
        return Response(await service.ask(request.job()), media_type=_JSON)

    @router.post("/inspect", summary="Look inside", response_model=PictureResponse, responses=refusals)
    async def inspect(request: InspectRequest) -> Response:
        return Response(await service.ask(request.job()), media_type=_JSON)

    @router.get("/model", summary="Which model answers", responses=few)
    async def model() -> ModelResponse:
        identity = tagger.identity()
        return ModelResponse(
            labels=[Label(label=label, colour=colour(label)) for label in tagger.labels],
            columns=tagger.columns,
            inspectable=is_inspectable(tagger),
            sha256=identity["sha256"],
            configuration=identity["configuration"],
            version=identity["version"],
            max_bytes=options.max_bytes,
            max_explained=EXPLAINED,
        )

    @router.get(
        "/metrics",
        summary="Counts for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **few},
    )
    async def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": Faults if status == 422 else Problem, "description": _REFUSALS[status]}
        for status in statuses
    }


async def _faults(request: Request, error: Exception) -> Response:
    """What is wrong with a request, without what was sent."""
    assert isinstance(error, RequestValidationError)
    if "json" in request.headers.get("content-type", ""):
        return _told(error.errors())
    unread = {"loc": ["header", "content-type"], "msg": f"The body is not read without {_JSON}", "type": "unread"}
    return _told([unread, *error.errors()])


async def _fault(_: Request, error: Exception) -> Response:
    """What the tagger says of a request."""
    return _told([{"loc": ["body"], "msg": str(error), "type": "value_error"}])


def _told(faults: Sequence[Mapping[str, Any]]) -> Response:
    """Names of unknown keys, and sentences, may be long and hold halves of pairs: they are cut, and spelled out."""
    detail = [
        {
            "loc": [part if isinstance(part, int) else str(part)[:_LONGEST] for part in one["loc"]],
            "msg": one["msg"].removeprefix("Value error, ")[:_LONGEST],
            "type": one["type"],
        }
        for one in faults
    ]
    return Response(json.dumps({"detail": detail}), 422, media_type=_JSON)
