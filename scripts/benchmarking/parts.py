"""What can be measured, a function a part: each returns what is saved as ``PART.json``."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from benchmarking.processes import in_turns, medians, run_worker, say, time_command
from benchmarking.setting import Setting, write_columns
from benchmarking.systems import f1, has_precision, systems, tag, warm_file, worker_of
from benchmarking.training import train
from benchmarking.workers.common import read_sentences

Found = dict[str, Any]
BATCH_TOKENS = [256, 1024, 2048, 4096, 8192, 16384]
LENGTHS = [5, 10, 20, 40, 80, 160]


def tagging(setting: Setting) -> Found:
    """File to file, and the bare LSTM over the same sentences, all in turns."""
    source, tokens = setting.tokens_file("test"), setting.tokens("test")
    works: dict[str, Callable[[], Found]] = {
        f"bare LSTM, {precision}": partial(_bare, setting, precision) for precision in ("fp32", "bf16")
    }
    for name, (system, special) in systems(setting).items():
        works[name] = partial(tag, setting, system, special, source)
    rows = {}
    for name, answers in in_turns(works, setting.rounds).items():
        rows[name] = row = {**medians(answers), "each": [answer["seconds"] for answer in answers]}
        row["tokens_per_second"] = tokens / row["seconds"]
        if "target" in answers[0]:
            row["with_load"] = tokens / row["total"]
            row["f1"] = f1(setting, "test", Path(answers[0]["target"]))
    return {"tokens": tokens, "systems": rows}


def text(setting: Setting) -> Found:
    """Raw text to JSONL."""
    source, tokens = setting.text_file("test"), setting.tokens("test")
    works = {
        name: partial(tag, setting, system, special, source, text=True)
        for name, (system, special) in systems(setting, text=True).items()
    }
    rows = {name: medians(answers) for name, answers in in_turns(works, setting.rounds).items()}
    for row in rows.values():
        row["tokens_per_second"] = tokens / row["seconds"]
        row["with_load"] = tokens / row["total"]
    return {"tokens": tokens, "systems": rows}


def latency(setting: Setting) -> Found:
    """One sentence of 20 tokens at a time through the Python API of a loaded model, in milliseconds."""
    sentences = _cut(setting, 20, 300)
    works = {}
    for name, (system, special) in systems(setting).items():
        job = {"do": "latency", "model": str(setting.model_of(system)), "sentences": sentences, **special}
        works[name] = partial(run_worker, setting, worker_of(system), job)
    rows = {}
    for name, answers in in_turns(works, min(setting.rounds, 3)).items():
        each = sorted(1000 * seconds for answer in answers for seconds in answer["each"])
        rows[name] = {"p50": statistics.median(each), "p99": each[int(0.99 * len(each))]}
    return {"sentences": len(sentences), "systems": rows}


def start(setting: Setting) -> Found:
    """Seconds of commands as a user types them."""
    python, line = sys.executable, " ".join(setting.sentences["test"][0][0]) + "\n"
    model = str(setting.model_of("ours"))
    commands = {
        "import torch": [python, "-c", "import torch"],
        "ner tag, one line": [python, "-m", "ner", "tag", model, "-", "--threads", str(setting.threads)],
        "ner --help": [python, "-m", "ner", "--help"],
        "python -c pass": [python, "-c", "pass"],
    }
    works = {name: partial(time_command, command, setting.threads, line) for name, command in commands.items()}
    seconds = {name: statistics.median(found) for name, found in in_turns(works, 1 + setting.rounds).items()}
    return {"seconds": seconds, "ratio": seconds["ner tag, one line"] / seconds["import torch"]}


def memory(setting: Setting) -> Found:
    """Peak megabytes of a process that tags a longer and longer file, and one endless sentence."""
    files = {}
    for tokens, name in ((100_000, "100k"), (1_000_000, "1M")):
        files[f"{name} tokens"] = path = setting.work / f"long-{name}.conll"
        write_columns(path, _at_least(setting, tokens))
    files["1M tokens, words never seen"] = path = setting.work / "long-new.conll"
    write_columns(path, [[_fresh(i, j, w) for j, w in enumerate(s)] for i, s in enumerate(_at_least(setting, 10**6))])
    files["one sentence of 100k tokens"] = path = setting.work / "long-sentence.conll"
    write_columns(path, [list(islice(chain.from_iterable(_at_least(setting, 100_000)), 100_000))])
    rows = {}
    for name, source in files.items():
        say(f"memory: {name}")
        answer = tag(setting, "ours", {}, source)
        count = sum(len(tokens) for tokens, _ in read_sentences(answer["target"]))
        rows[name] = {"peak_mb": answer["peak_mb"], "tokens": count, "tokens_per_second": count / answer["seconds"]}
    return {"files": rows, "growth": rows["1M tokens"]["peak_mb"] / rows["100k tokens"]["peak_mb"]}


def sweep(setting: Setting) -> Found:
    """Our speed by tokens a batch, by the length of sentences, and by threads; tokens a second."""
    source, tokens = setting.tokens_file("test"), setting.tokens("test")
    target = setting.work / "sweep.tsv"
    job = {"do": "sizes", "model": str(setting.model_of("ours")), "source": str(source), "target": str(target)}
    say("sweep: tokens a batch")
    sizes = run_worker(setting, "inner", {**job, "sizes": BATCH_TOKENS, "repeats": setting.rounds})["seconds"]
    works: dict[str, Callable[[], Found]] = {}
    counts = {}
    for length in LENGTHS:
        sentences = _cut(setting, length, max(1, tokens // length))
        path = setting.work / f"length-{length}.conll"
        write_columns(path, sentences)
        works[f"length {length}"] = partial(tag, setting, "ours", {}, path)
        counts[f"length {length}"] = length * len(sentences)
    for threads in sorted({1, 2, setting.threads}):
        works[f"threads {threads}"] = partial(tag, setting, "ours", {"threads": threads}, source)
        counts[f"threads {threads}"] = tokens
    speeds = {
        name: counts[name] / statistics.median(answer["seconds"] for answer in answers)
        for name, answers in in_turns(works, min(setting.rounds, 3)).items()
    }
    return {
        "batch_tokens": {size: tokens / seconds for size, seconds in sizes.items()},
        "length": {name.split()[1]: speed for name, speed in speeds.items() if name.startswith("length")},
        "threads": {name.split()[1]: speed for name, speed in speeds.items() if name.startswith("threads")},
    }


def stages(setting: Setting) -> Found:
    """Microseconds a token of each stage of our tagging, and of the bare LSTM."""
    tokens = setting.tokens("test")
    works = {"ours": partial(stage_seconds, setting), "bare": partial(_bare, setting, "fp32")}
    answers = in_turns(works, setting.rounds)
    names = answers["ours"][0]["stages"]
    median = {name: statistics.median(one["stages"][name] for one in answers["ours"]) for name in names}
    whole = statistics.median(one["seconds"] for one in answers["ours"])
    bare = statistics.median(one["seconds"] for one in answers["bare"])
    each = {**median, "whole, file to file": whole, "bare LSTM, fp32": bare}
    return {"microseconds": {name: 1e6 * seconds / tokens for name, seconds in each.items()}}


def precision(setting: Setting) -> Found:
    """The share of tags that bf16 changes, and both F1 scores."""
    if not has_precision():
        return {"missing": "this version has no precision option for tagging"}
    source, rows = setting.tokens_file("test"), {}
    tags = {}
    for name, special in (("fp32", {}), ("bf16", {"precision": "bf16"})):
        target = Path(tag(setting, "ours", special, source)["target"])
        tags[name] = [tag for _, sentence in read_sentences(target) for tag in sentence]
        rows[name] = f1(setting, "test", target)
    differ = sum(one != other for one, other in zip(tags["fp32"], tags["bf16"], strict=True))
    return {"tokens": len(tags["fp32"]), "differ": differ, "share": differ / len(tags["fp32"]), "f1": rows}


def stage_seconds(setting: Setting) -> Found:
    """One measurement of the stages."""
    job = {
        "do": "stages",
        "model": str(setting.model_of("ours")),
        "warm": str(warm_file(setting)),
        "source": str(setting.tokens_file("test")),
        "target": str(setting.work / "stages.tsv"),
    }
    return run_worker(setting, "inner", job)


def _bare(setting: Setting, precision: str) -> Found:
    lengths = [len(tokens) for tokens, _ in setting.sentences["test"]]
    return run_worker(setting, "inner", {"do": "bare", "precision": precision, "lengths": lengths, "repeats": 3})


def _cut(setting: Setting, length: int, most: int) -> list[list[str]]:
    """The test split's tokens in sentences of one length."""
    tokens = chain.from_iterable(tokens for tokens, _ in setting.sentences["test"])
    found = [list(islice(tokens, length)) for _ in range(most)]
    return [sentence for sentence in found if len(sentence) == length]


def _at_least(setting: Setting, tokens: int) -> list[list[str]]:
    """The test split's sentences again and again."""
    sentences = [tokens for tokens, _ in setting.sentences["test"]]
    return sentences * -(-tokens // setting.tokens("test"))


def _fresh(sentence: int, position: int, word: str) -> str:
    """Every tenth word as one that was never seen before."""
    return f"{word}{sentence}x{position}" if position % 10 == 0 else word


PARTS: dict[str, Callable[[Setting], Found]] = {
    **{f"train-{system}": partial(train, system=system) for system in ("textbook", "ours", "spacy", "flair")},
    "tag": tagging,
    "text": text,
    "latency": latency,
    "start": start,
    "memory": memory,
    "sweep": sweep,
    "stages": stages,
    "precision": precision,
}
