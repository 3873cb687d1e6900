"""``ner tag --engine ray`` beside a plain ``ner tag`` of the same file: how fast, and whether the output is the same
to the last byte; then killed with SIGKILL twice, first the command alone, then with all that it started, and gone on
with.

    python scripts/ray_tagging.py MODEL bc5cdr/train.tsv --tokens 5000000 --part-size 4

The input is made of the sentences of a column file, drawn with a seed: JSONL with a number and a text of one to eight
of them. On Linux, with the extra ``ray``.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from ner.corpus.read import read

_LEFT = 60.0  # seconds after which what a killed command started has to do nothing
_GONE = 180.0  # and to be gone, its idle agents too


def main(
    model: Annotated[Path, typer.Argument()],
    corpus: Annotated[Path, typer.Argument(help="Column file to draw sentences from.")],
    tokens: int = 5_000_000,
    part_size: int = 4,
    workers: str = "1,2",
    seed: int = 1,
    speed: Annotated[bool, typer.Option(help="Or only kill and go on.")] = True,
    place: Annotated[Path | None, typer.Option(help="Where the files go; by default a temporary folder.")] = None,
) -> None:
    """Tag plainly, with Ray, and with Ray in three goes."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        source, plain = folder / "in.jsonl", folder / "plain.jsonl"
        _write(source, corpus, tokens, seed)
        alone = _seconds(["tag", str(model), str(source), "-o", str(plain), "--threads", "1"])
        found = _tokens(plain)
        print(f"{found:,} tokens, {source.stat().st_size / 1e6:.1f} MB in, {plain.stat().st_size / 1e6:.1f} MB out")
        print(f"plain, one thread: {alone:.1f} s, {found / alone:,.0f} tokens/s", flush=True)
        command = ["tag", str(model), str(source), "--engine", "ray", "--part-size", str(part_size)]
        faults = 0
        for number in map(int, workers.split(",") if speed else ()):
            out = folder / f"out{number}"
            seconds = _seconds([*command, "--workers", str(number), "-o", str(out)])
            steady = _steady(out, source, part_size, found)
            print(
                f"ray, workers {number}: {seconds:.1f} s, {found / seconds:,.0f} tokens/s, "
                f"{alone / seconds:.2f} times plain; from the first part to the last {steady:,.0f} tokens/s",
                flush=True,
            )
            faults += _report(out, plain)
        faults += _killed([*command, "--workers", workers.rpartition(",")[2]], folder / "killed", plain)
    print(f"{faults or 'no'} faults")
    raise typer.Exit(1 if faults else 0)


def _write(path: Path, corpus: Path, tokens: int, seed: int) -> None:
    chance = random.Random(seed)
    sentences = [sentence.tokens for sentence in read(corpus)]
    count = number = 0
    with path.open("w", encoding="utf-8") as file:
        while count < tokens:
            chosen = [chance.choice(sentences) for _ in range(chance.randint(1, 8))]
            number += 1
            text = " ".join(" ".join(sentence) for sentence in chosen)
            file.write(json.dumps({"id": number, "text": text}, ensure_ascii=False) + "\n")
            count += sum(map(len, chosen))


def _seconds(arguments: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "ner", *arguments], check=True)
    return time.perf_counter() - begun


def _tokens(path: Path) -> int:
    with path.open("rb") as file:
        return sum(line.count(b'"start": ') - line.count(b'"label": ') for line in file)


def _parts(out: Path) -> list[Path]:
    return sorted(out.glob("part-*"))


def _steady(out: Path, source: Path, part_size: int, tokens: int) -> float:
    """Tokens a second after the first part was there, by the bytes of the others."""
    times = sorted((path.stat().st_mtime, path.name) for path in _parts(out))
    first = int(times[0][1][5:10])
    size, whole = part_size << 20, source.stat().st_size
    share = 1 - (min(whole, (first + 1) * size) - first * size) / whole
    return tokens * share / max(times[-1][0] - times[0][0], 1e-9)


def _report(out: Path, plain: Path) -> int:
    same = _content(_parts(out)) == _content([plain])
    print(
        f"  {len(_parts(out))} parts, together {'equal' if same else 'NOT EQUAL'} to plain, byte for byte", flush=True
    )
    return not same


def _content(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                whole.update(block)
    return whole.hexdigest()


def _killed(command: list[str], out: Path, plain: Path) -> int:
    """Kill the command, then it and all that it started; go on; compare."""
    faults, stood, idling, killed_at = 0, dict[str, int](), list[int](), time.perf_counter()
    for all_of_it in (False, True):
        before = len(_parts(out))
        process = subprocess.Popen([sys.executable, "-m", "ner", *command, "-o", str(out)])
        while len(_parts(out)) < before + 2 and process.poll() is None:
            time.sleep(0.05)
        started = list(_descendants(process.pid))
        for one in [process.pid, *(started if all_of_it else [])]:
            _kill(one)
        process.wait()
        begun = time.perf_counter()
        if not all_of_it:
            idling, killed_at = started, begun
        while any(map(_works, started)) and time.perf_counter() - begun < _LEFT:
            time.sleep(0.1)
        left, idle = sum(map(_works, started)), sum(map(_is_alive, started))
        stands = {path.name: path.stat().st_mtime_ns for path in _parts(out)}
        faults += bool(left) or any(stands.get(name) != when for name, when in stood.items())
        stood = stands
        who = f"with the {len(started)} processes it had started" if all_of_it else "alone"
        seconds = time.perf_counter() - begun
        print(
            f"killed -9 {who}: {len(stood)} parts stand; after {seconds:.1f} s {left} processes are left that work, "
            f"and {idle - left} that do not",
            flush=True,
        )
    _seconds([*command, "-o", str(out)])
    stands = {path.name: path.stat().st_mtime_ns for path in _parts(out)}
    faults += any(stands[name] != when for name, when in stood.items())
    print(f"gone on with: {len(stands) - len(stood)} parts tagged, {len(stood)} left as they stood")
    while any(map(_is_alive, idling)) and time.perf_counter() - killed_at < _GONE:
        time.sleep(0.1)
    left = sum(map(_is_alive, idling))
    seconds = time.perf_counter() - killed_at
    print(f"of the command that was killed alone {left} processes are left after {seconds:.1f} s")
    faults += bool(left)
    return faults + _report(out, plain)


def _descendants(pid: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents.setdefault(_parent(folder), []).append(int(folder.name))
        except OSError:
            continue
    ahead = [pid]
    while ahead:
        children = parents.get(ahead.pop(), [])
        yield from children
        ahead += children


def _parent(folder: Path) -> int:
    return int((folder / "stat").read_text().rpartition(")")[2].split()[1])


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _works(pid: int) -> bool:
    """Whether it is there and tags, or hands out work; the agents of Ray's dashboard do neither."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return False
    return _is_alive(pid) and not name.startswith(("ray::Dashboard", "ray::RuntimeEnv"))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    typer.run(main)
