"""Load on `ner serve`, on the loopback address: requests a second and how long an answer takes, with requests
gathered into batches and without, at several numbers of connections; and what a stop under load loses.

    python scripts/load_server.py runs/quickstart data/sample/test.conll --connections 1,8,64 --seconds 3 --rounds 5

The servers run side by side and are asked in turns, round after round, so that whatever else the machine does falls
on all alike; what is shown is the median over the rounds. A request holds one sentence of FILE.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ner.corpus.read import read

WAYS = {"each alone": ("--batch", "1"), "gathered": (), "gathered, wait 2 ms": ("--wait", "0.002")}


class Figures(NamedTuple):
    """Of one server at one number of connections: requests a second, and milliseconds to an answer."""

    rate: float
    p50: float
    p99: float


@dataclass
class Load:
    """Clients that ask one server, each over a connection of its own, one request after the other.

    Attributes:
        port: of the server.
        bodies: what is asked, in turns.
        seconds: that every answer took.
        ends: how requests ended that were not answered.
    """

    port: int
    bodies: Iterator[bytes]
    seconds: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)

    async def run(self, connections: int, seconds: float) -> Figures:
        """Ask for a while."""
        begun = time.perf_counter()
        await asyncio.gather(*(self._ask(begun + seconds) for _ in range(connections)))
        lasted = time.perf_counter() - begun
        ranked = sorted(self.seconds)
        return Figures(len(ranked) / lasted, 1000 * ranked[len(ranked) // 2], 1000 * ranked[int(len(ranked) * 0.99)])

    async def _ask(self, until: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answered = True
        try:
            while time.perf_counter() < until:
                begun, answered = time.perf_counter(), True
                writer.write(request(next(self.bodies)))
                head = await reader.readuntil(b"\r\n\r\n")
                answered = False
                length = re.search(rb"\r\ncontent-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                if head.startswith(b"HTTP/1.1 200"):
                    self.seconds.append(time.perf_counter() - begun)
                else:
                    self.ends[head[9:12].decode()] += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            self.ends["not taken" if answered else "cut off"] += 1
        writer.close()


def request(body: bytes) -> bytes:
    """A request to tag."""
    head = f"POST /tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


@contextmanager
def server(model: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server at a free port."""
    command = [sys.executable, "-m", "ner", "serve", str(model), "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().rpartition(":")[2])
        process.terminate()


def measure(
    model: Path, bodies: list[bytes], connections: list[int], seconds: float, rounds: int, threads: int
) -> None:
    """Print the table."""
    found: dict[tuple[int, str], list[Figures]] = {}
    with ExitStack() as stack:
        ports = {
            way: stack.enter_context(server(model, "--threads", str(threads), *arguments))[1]
            for way, arguments in WAYS.items()
        }
        for port in ports.values():
            asyncio.run(Load(port, cycle(bodies)).run(1, 1.0))
        for _ in range(rounds):
            for number in connections:
                for way, port in ports.items():
                    load = Load(port, cycle(bodies))
                    found.setdefault((number, way), []).append(asyncio.run(load.run(number, seconds)))
                    if load.ends:
                        raise SystemExit(f"{way}, {number} connections: {dict(load.ends)}")
    print("| connections | requests | requests/s | p50 ms | p99 ms | requests/s, of each alone |")
    print("|---:|---|---:|---:|---:|---:|")
    for number in connections:
        alone = found[number, "each alone"]
        for way in WAYS:
            rate, p50, p99 = (statistics.median(values) for values in zip(*found[number, way], strict=True))
            ratio = statistics.median(
                one.rate / other.rate for one, other in zip(found[number, way], alone, strict=True)
            )
            print(f"| {number} | {way} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {ratio:.2f} |", flush=True)


def stop(model: Path, bodies: list[bytes], connections: int, times: int) -> int:
    """Stop servers by SIGTERM while they are asked; the number of requests that were taken and not answered."""
    lost = 0
    for _ in range(times):
        with server(model) as (process, port):

            async def asked(process: subprocess.Popen[str] = process, port: int = port) -> Load:
                load = Load(port, cycle(bodies))
                asyncio.get_running_loop().call_later(1.0, process.send_signal, signal.SIGTERM)
                await load.run(connections, 30)
                return load

            load = asyncio.run(asked())
            assert process.stdout is not None
            taken = int(re.findall(r"stopped: ([\d,]+) requests", process.stdout.read())[0].replace(",", ""))
        print(f"stopped under load: {taken:,} taken, {len(load.seconds):,} answered, {dict(load.ends)}", flush=True)
        lost += abs(taken - len(load.seconds)) + load.ends["cut off"]
    return lost


def main(
    model: Annotated[Path, typer.Argument()],
    file: Annotated[Path, typer.Argument(help="A corpus, whose sentences are asked.")],
    connections: str = "1,8,64",
    seconds: float = 3.0,
    rounds: int = 5,
    threads: int = 1,
    stops: int = 5,
) -> None:
    """Measure, and then stop."""
    texts = [" ".join(sentence.tokens) for sentence in read(file)][:2000]
    bodies = [json.dumps({"text": text}).encode() for text in texts]
    print(f"{len(texts)} sentences of {sum(map(len, texts)) / len(texts):.0f} characters, threads {threads}")
    measure(model, bodies, [int(number) for number in connections.split(",")], seconds, rounds, threads)
    lost = stop(model, bodies, int(connections.split(",")[-1]), stops)
    print(f"{stops} stops: {lost or 'no'} requests lost")
    raise typer.Exit(1 if lost else 0)


if __name__ == "__main__":
    typer.run(main)
