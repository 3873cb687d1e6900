"""A server of its own: a socket, uvicorn, and an end in order."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import uvicorn

from ner.errors import ConfigError
from ner.serving.app import create_app
from ner.serving.options import ServeOptions
from ner.tagger import Tagger

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""By these names a machine asks itself."""

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class Served(NamedTuple):
    """What a server did: requests that it took, and those that it answered."""

    taken: int
    answered: int


def serve(
    tagger: Tagger,
    host: str = LOOPBACK[0],
    port: int = 8000,
    options: ServeOptions | None = None,
    ready: Callable[[str], None] = lambda address: None,
) -> Served:
    """Answer requests until SIGINT or SIGTERM comes; then finish what was taken, and return.

    Args:
        tagger: a loaded model.
        host: the address to listen on. On a loopback address only requests for a loopback name, and for
            ``options.hosts``, are answered.
        port: 0 for any that is free.
        options: who may ask, and how much.
        ready: called with the server's address once it listens.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    options = options or ServeOptions()
    with _listening(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        if is_loopback(host):
            options = replace(options, hosts=(*LOOPBACK, name, *options.hosts))
        app = create_app(tagger, options)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="on",
                ws="none",
                # a body may be on its way, and then there is an answer to be waited for
                timeout_graceful_shutdown=round(2 * options.max_seconds) + 10,
            )
        )
        with _stopped_by_signals(server):
            ready(f"http://{name}:{listener.getsockname()[1]}")
            server.run(sockets=[listener])
    metrics = app.state.service.metrics
    return Served(metrics.taken, metrics.answered)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(host: str, port: int) -> socket.socket:
    """A socket whose connections send at once (Nagle's algorithm is off).

    uvicorn writes an answer's head and body one after the other. Without this, the second waits until the client has
    acknowledged the first, 40 ms later; asyncio sees to it only for sockets that were made with a protocol's number.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address, family=family, backlog=2048)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # which connections take over
        return listener
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"--host {host} --port {port}: cannot be listened on: {reason}; name others") from None


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Have the server end in order at a signal, also one that comes before it runs; it is raised again at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, server.handle_exit) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
