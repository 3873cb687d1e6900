"""The results of all parts in a folder as one page of tables."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarking.processes import PEERS
from benchmarking.training import races

TRAININGS = ("train-textbook", "train-ours", "train-spacy", "train-flair")
PARTS = ("tag", "text", *TRAININGS, "latency", "start", "memory", "sweep", "stages", "precision")


def gather(results: Path) -> dict[str, Any]:
    """What has been measured so far, by part; the trainings of all systems as one."""
    found: dict[str, Any] = {}
    for part in PARTS:
        path = results / f"{part}.json"
        if path.exists():
            one = json.loads(path.read_text(encoding="utf-8"))
            name = "train" if part in TRAININGS else part
            if name in found:
                one["systems"] = found[name]["systems"] | one["systems"]
                one["setting"]["versions"] = found[name]["setting"]["versions"] | one["setting"]["versions"]
            found[name] = one
    return found


def page(found: dict[str, Any]) -> str:
    """All tables, in Markdown."""
    makers = {
        "tag": _tagging,
        "text": _text,
        "train": _training,
        "latency": _latency,
        "start": _start,
        "memory": _memory,
        "sweep": _sweep,
        "stages": _stages,
        "precision": _precision,
    }
    sections = [f"{makers[part](one)}\n\n{_about(one['setting'])}" for part, one in found.items()]
    return "\n\n".join(sections) + "\n"


def _about(setting: dict[str, Any]) -> str:
    versions: dict[str, str] = {}
    for one in setting["versions"].values():
        versions |= one
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"{setting['processor']}, {setting['threads']} of {setting['cores']} cores, device {setting['device']}, "
        f"{setting['rounds']} rounds, seed {setting['seed']}, {setting['corpus']}, {setting['vectors']}; {named}; "
        f"{setting['date']}"
    )


def _tagging(found: dict[str, Any]) -> str:
    systems = found["systems"]
    ours, bare = systems.get("ours"), systems["bare LSTM, fp32"]["tokens_per_second"]
    rows = []
    for name, row in systems.items():
        speed = row["tokens_per_second"]
        times = ours["tokens_per_second"] / speed if ours else None
        rows.append(
            [name, _n(speed), _f(times, 2), f"{speed / bare:.0%}", _n(row.get("with_load")), _f(row.get("load"), 2),
             _peak(name, row["peak_mb"]), _f(row.get("f1"), 4)]
        )  # fmt: skip
    head = ["system", "tokens/s", "ours / it", "of bare fp32", "with load", "load s", "peak MB", "test F1"]
    return f"### Tagging, file to file, {found['tokens']:,} tokens\n\n{_table(head, rows)}"


def _text(found: dict[str, Any]) -> str:
    systems = found["systems"]
    ours = systems["ours"]["tokens_per_second"] if "ours" in systems else None
    rows = [
        [name, _n(row["tokens_per_second"]), _f(ours and ours / row["tokens_per_second"], 2), _n(row["with_load"])]
        for name, row in systems.items()
    ]
    return f"### Raw text to JSONL\n\n{_table(['system', 'tokens/s', 'ours / it', 'with load'], rows)}"


def _training(found: dict[str, Any]) -> str:
    rows, systems = [], found["systems"]
    for name, row in systems.items():
        ours = systems.get("ours, batch 10" if name.endswith("batch 10") else "ours, batch 32")
        f1 = " ".join(f"{score:.4f}" for score in row["dev_f1"])
        times = ours and ours["tokens_per_second"] / row["tokens_per_second"]
        rows.append([name, _n(row["tokens_per_second"]), _f(times, 2), f1, _n(row["peak_mb"]), _f(row["seconds"], 1)])
    head = ["system", "tokens/s", "ours / it", "dev F1", "peak MB", "seconds in all"]
    setting = found["setting"]
    epochs = ", ".join(f"{name} {number}" for name, number in setting["epochs"].items())
    title = f"### Training, {setting['tokens']['train']:,} tokens, epochs: {epochs}"
    return "\n\n".join([title, _table(head, rows), *_race(systems)])


def _race(systems: dict[str, Any]) -> Iterable[str]:
    peers = {name: row for name, row in systems.items() if name in PEERS}
    if not peers or "ours, race" not in systems:
        return
    rows = []
    for name, ours in races(peers, systems["ours, race"]).items():
        row = peers[name]
        each = " ".join("not reached" if seconds is None else f"{seconds:.1f}" for seconds in ours)
        median = None if None in ours else statistics.median(filter(None, ours))
        rows.append(
            [name, f"{row['dev_f1'][0]:.4f}", _f(row["seconds"], 1), each, _f(median and row["seconds"] / median, 1)]
        )
    head = ["system", "dev F1 at its end", "its seconds", "our seconds to more, by seed", "theirs / ours"]
    yield _table(head, rows)


def _latency(found: dict[str, Any]) -> str:
    rows = [[name, _f(row["p50"], 2), _f(row["p99"], 2)] for name, row in found["systems"].items()]
    return f"### Latency, one sentence of 20 tokens\n\n{_table(['system', 'p50 ms', 'p99 ms'], rows)}"


def _start(found: dict[str, Any]) -> str:
    base = found["seconds"]["import torch"]
    rows = [[name, _f(seconds, 2), _f(seconds / base, 2)] for name, seconds in found["seconds"].items()]
    return f"### Start\n\n{_table(['command', 'seconds', '/ import torch'], rows)}"


def _memory(found: dict[str, Any]) -> str:
    rows = [
        [name, _n(row["tokens"]), _n(row["peak_mb"]), _n(row["tokens_per_second"])]
        for name, row in found["files"].items()
    ]
    table = _table(["file", "tokens", "peak MB", "tokens/s"], rows)
    return f"### Memory, 1M tokens over 100k: {found['growth']:.3f}\n\n{table}"


def _sweep(found: dict[str, Any]) -> str:
    tables = []
    for key, head in (("batch_tokens", "tokens a batch"), ("length", "tokens a sentence"), ("threads", "threads")):
        tables.append(_table([head, "tokens/s"], [[size, _n(speed)] for size, speed in found[key].items()]))
    return "### Our tagging speed by batch, sentence length and threads\n\n" + "\n\n".join(tables)


def _stages(found: dict[str, Any]) -> str:
    spent = found["microseconds"]
    rows = [[name, _f(value, 3), _f(value / spent["bare LSTM, fp32"], 3)] for name, value in spent.items()]
    return f"### Stages of tagging\n\n{_table(['stage', 'microseconds a token', '/ bare LSTM'], rows)}"


def _precision(found: dict[str, Any]) -> str:
    if "missing" in found:
        return f"### bf16\n\n{found['missing']}"
    scores = ", ".join(f"{name} {score:.4f}" for name, score in found["f1"].items())
    return f"### bf16\n\n{found['differ']} of {found['tokens']:,} tags differ ({found['share']:.3%}); F1 {scores}."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _peak(name: str, megabytes: float) -> str:
    """Memory of the process that was started; of several processes, the others come on top."""
    return f"{_n(megabytes)} (parent alone)" if name.endswith(" processes") else _n(megabytes)


def _n(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _f(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
