"""The systems that are compared, and how each is asked to tag."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import ner
from benchmarking.processes import run_worker
from benchmarking.setting import Setting
from benchmarking.workers.common import read_sentences
from ner.evaluation.spans import count_spans


def systems(setting: Setting, *, text: bool = False) -> dict[str, tuple[str, dict[str, Any]]]:
    """By name: the worker, and what is special about its job. Only those whose model and libraries are there.

    Args:
        setting: of the run.
        text: those that read raw text.
    """
    every: dict[str, tuple[str, dict[str, Any]]] = {"ours": ("ours", {})}
    if has_precision():
        every["ours, bf16"] = ("ours", {"precision": "bf16"})
    if not text:
        every["textbook"] = ("textbook", {})
    if setting.peers is not None:
        every["spacy"] = ("spacy", {})
        if setting.threads > 1:  # its own way to use several cores
            every[f"spacy, {setting.threads} processes"] = ("spacy", {"processes": setting.threads})
        if not text:
            every["flair"] = ("flair", {})
    there = {name: one for name, one in every.items() if setting.model_of(one[0]).exists()}
    if not there:
        raise SystemExit(
            f"{setting.results}: no trained models; run --parts train-ours first, or name one with --model"
        )
    return there


def worker_of(system: str) -> str:
    """The worker's file."""
    return {"ours": "our"}.get(system, system)


def has_precision() -> bool:
    """Whether this version of the package offers bf16 for tagging."""
    return "precision" in inspect.signature(ner.load).parameters


def tag(setting: Setting, system: str, special: dict[str, Any], source: Path, **more: Any) -> dict[str, Any]:
    """One process that loads the model and tags the file; its answer, and ``target``, the file it wrote."""
    text = bool(more.get("text"))
    target = setting.work / f"tagged-{'-'.join([system, *map(str, special.values())])}.{'jsonl' if text else 'tsv'}"
    job = {
        "do": "tag",
        "model": str(setting.model_of(system)),
        "warm": str(warm_file(setting, text)),
        "source": str(source),
        "target": str(target),
        **special,
        **more,
    }
    answer = run_worker(setting, worker_of(system), job)
    return {**answer, "total": answer["wall"] - answer["warming"], "target": str(target)}


def warm_file(setting: Setting, text: bool = False) -> Path:
    """A few sentences of dev, on which libraries get ready."""
    source = setting.text_file("dev") if text else setting.tokens_file("dev")
    path = setting.work / f"warm{source.suffix}"
    separator = "\n" if text else "\n\n"
    pieces = source.read_text(encoding="utf-8").split(separator)[:50]
    path.write_text(separator.join(pieces).rstrip("\n") + separator, encoding="utf-8")
    return path


def f1(setting: Setting, split: str, target: Path) -> float:
    """Entity-level F1 of a tagged file, the same count for all systems."""
    gold = [tags for _, tags in setting.sentences[split]]
    return count_spans(gold, [tags for _, tags in read_sentences(target)]).f1
