"""What stands before every route that does some work: the token, the size of the body, the time to send it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from ner.serving.options import ServeOptions


def guarded(options: ServeOptions) -> type[APIRoute]:
    """A kind of route that reads nothing before the token is right, and no more than is allowed."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guard(request: Request) -> Response:
                require_token(request, options.token)
                request = Request(request.scope, limited(request, options.max_bytes))
                try:
                    with anyio.fail_after(options.max_seconds):
                        await request.body()
                except TimeoutError:
                    raise HTTPException(
                        408, f"the body did not come within {options.max_seconds:g} seconds", {"Connection": "close"}
                    ) from None
                except ClientDisconnect:  # nobody is there to be answered
                    raise HTTPException(400, "the body was cut off") from None
                return await handle(request)

            return guard

    return GuardedRoute


def require_token(request: Request, token: str | None) -> None:
    """That the request brings the token, compared in a time that does not tell how much of it is right.

    Raises:
        HTTPException: 401.
    """
    if token is None:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
        raise HTTPException(
            401,
            "expected the header Authorization: Bearer TOKEN, with the server's token",
            {"WWW-Authenticate": "Bearer"},
        )


def limited(request: Request, most: int) -> Receive:
    """The request's `receive`, for so many bytes; FastAPI's own limit is not in the versions for Python 3.10.

    Raises:
        HTTPException: 413, before anything is read where the length is given.
    """
    too_large = HTTPException(413, f"a body may have {most:,} bytes", {"Connection": "close"})
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise too_large
        return message

    return receive
