"""The page at ``/``: its files come with the package, and need nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, no script and no style inside the page; nobody frames it."""

_INDEX = "index.html"


def page_routes() -> APIRouter:
    """Routes of the page and of each of its files, which are read once."""
    router = APIRouter(include_in_schema=False)
    for entry in files("ner.serving").joinpath("page").iterdir():
        address = "/" if entry.name == _INDEX else f"/page/{entry.name}"
        router.add_api_route(address, _giving(entry.read_bytes(), _kind(entry.name)))
    return router


def _giving(content: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def give() -> Response:
        return Response(content, media_type=kind, headers={"Content-Security-Policy": POLICY})

    return give


def _kind(name: str) -> str:
    """By the name alone: what the machine has registered for .js is not to be relied on."""
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    return kinds[name.rpartition(".")[2]]
