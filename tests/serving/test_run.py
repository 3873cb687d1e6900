"""A real server on the loopback address: requests that are none, and its end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, current_thread, main_thread

import pytest

pytest.importorskip("fastapi")

from ner.errors import ConfigError
from ner.serving import serve
from ner.serving.run import _listening, is_loopback
from ner.tagger import Tagger
from tests.serving.servers import Server, serving

HEAD = b"POST /tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SECONDS = 0.5


@pytest.fixture(scope="module")
def server(tiny_model: Path) -> Iterator[Server]:
    with serving(tiny_model, "--max-bytes", 100_000, "--max-seconds", SECONDS) as server:
        yield server
        status, output, errors = server.stop(signal.SIGINT)
        assert (status, output.split(":")[0]) == (0, "stopped")
        assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HEAD + b"Content-Length: 15\r\nConnection: close\r\n\r\n" + b'{"text": "Ada"}', 200),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", 422),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
        (HEAD + b"X: " + b"a" * 200_000, 400),  # headers without an end
        (HEAD + b"Content-Length: 100001\r\n\r\n", 413),  # before a byte of it is sent
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"8000\r\n%s\r\n" % (b"a" * 0x8000) * 4, 413),
        (HEAD + b"Content-Length: 90000\r\n\r\n{", 408),  # the rest never comes
    ],
)
def test_what_is_answered(server: Server, request_: bytes, status: int) -> None:
    begun = time.monotonic()
    try:
        answer = server.send(request_)
    except ConnectionResetError:  # the rest of what was sent was not read
        answer = b""
    if answer or status == 200:
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert (status == 408) == (time.monotonic() - begun > SECONDS * 0.8)
    assert server.send(HEALTH).startswith(b"HTTP/1.1 200 ")


def test_answers_do_not_wait_for_an_acknowledgement() -> None:
    with _listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "head and body are written apart"


@pytest.mark.parametrize("sent", [0, 1, len(HEAD) - 3, len(HEAD) + 22, len(HEAD) + 30])
def test_requests_that_are_cut_off_do_no_harm(server: Server, sent: int) -> None:
    whole = HEAD + b"Content-Length: 15\r\n\r\n" + b'{"text": "Ada"}'
    for _ in range(5):
        with socket.create_connection(server.place) as connection:
            connection.sendall(whole[:sent])
    assert server.send(HEALTH).startswith(b"HTTP/1.1 200 ")


def test_who_leaves_before_the_answer_does_no_harm(server: Server) -> None:
    body = json.dumps({"text": "Ada left. " * 2000}).encode()
    for _ in range(3):
        with socket.create_connection(server.place) as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert server.send(HEALTH).startswith(b"HTTP/1.1 200 ")


@pytest.mark.skipif(current_thread() is not main_thread(), reason="only the main thread hears signals")
def test_a_stop_under_load_loses_no_request_that_was_taken(tiny_tagger: Tagger) -> None:
    ends, counting = Counter[str](), Lock()
    body = json.dumps({"text": "Ada lives in London. " * 20})

    def count(end: str) -> None:
        with counting:
            ends[end] += 1
            if end == "answered" and ends[end] == 50:
                signal.raise_signal(signal.SIGTERM)

    def ask(port: int) -> None:
        """Ask until nobody answers any more, half of the time over a new connection."""
        number, connection = 0, http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            number += 1
            answered = False
            try:
                connection.request("POST", "/tag", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answered = True
                documents = json.loads(answer.read())["documents"]
                count("answered" if answer.status == 200 and len(documents) == 1 else "refused")
            except (OSError, http.client.HTTPException):
                count("cut off" if answered else "not taken")
                return
            if number % 2:
                connection.close()

    with ThreadPoolExecutor(16) as pool:

        def begin(address: str) -> None:
            for _ in range(16):
                pool.submit(ask, int(address.rpartition(":")[2]))

        served = serve(tiny_tagger, port=0, ready=begin)
    assert ends.keys() == {"answered", "not taken"}
    assert ends["not taken"] == 16  # all that were asking found nobody at last
    assert served == (ends["answered"], ends["answered"])


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", None), ("192.0.2.1", 0), ("no.such.host.invalid", 0)])
def test_where_nothing_can_listen(tiny_tagger: Tagger, host: str, port: int | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="cannot be listened on"):
        serve(tiny_tagger, host, taken.getsockname()[1] if port is None else port)


def test_loopback_addresses() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "localhost", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "example.org", "localhost.example.org")))
