"""Servers in processes of their own, on the loopback address, each at a port that was free."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Server:
    """``ner serve`` at work.

    Attributes:
        process: it.
        address: where it listens, such as ``http://127.0.0.1:41000``.
    """

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self.address.removeprefix("http://").split(":")
        return host, int(port)

    def send(self, content: bytes, end: bool = False) -> bytes:
        """Whatever is answered to these bytes, until the server closes the connection or says no more.

        Args:
            content: of the request.
            end: close the sending side behind it.
        """
        with socket.create_connection(self.place, timeout=10) as connection:
            connection.sendall(content)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Stop it by a signal: exit status, the rest of what it printed, and what it complained of."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, output, errors


@contextmanager
def serving(model: Path, *arguments: object) -> Iterator[Server]:
    """Start ``ner serve``, wait until it listens, and see to it that it ends."""
    command = [
        sys.executable,
        "-m",
        "ner",
        "serve",
        str(model),
        "--port",
        "0",
        "--threads",
        "1",
        *map(str, arguments),
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        listening = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert listening, (line, process.stderr and process.stderr.read())
        yield Server(process, listening[1])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
