"""What a GPU brings: files tagged and epochs trained on it and on the processor, with the same model and data.

    python scripts/gpu.py runs/bc5cdr-clusters/seed1/model bc5cdr/test.tsv configs/bc5cdr-clusters.yaml

Medians of rounds in turns; a training is one epoch in a process of its own, its tokens a second those that it says,
without evaluation. The processor is given as many threads as are asked for.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import torch
import typer

if TYPE_CHECKING:
    from ner import Tagger

HERE, THERE = "cpu", "cuda"
Row = tuple[object, ...]


def main(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    data: Annotated[Path, typer.Argument(help="A column file, of which the words are tagged.")],
    config: Annotated[Path, typer.Argument(help="What is trained, an epoch of it.")],
    rounds: int = 3,
    threads: Annotated[int, typer.Option(help="Of the processor.")] = 1,
    copies: Annotated[int, typer.Option(help="Of the data, one after the other.")] = 4,
    sizes: Annotated[str, typer.Option(help="Sentences a batch in training.")] = "10,32,128,512",
) -> None:
    """Print what both do."""
    import ner
    from ner.corpus.read import read
    from ner.evaluation.tables import text_table

    print(
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}, processor with {threads} threads\n", flush=True
    )
    sentences = [sentence.tokens for sentence in read(data, tagged=False) if sentence.tokens] * copies
    taggers = {
        "processor, fp32": ner.load(model, threads=threads),
        "GPU, fp32": ner.load(model, THERE),
        "GPU, bf16": ner.load(model, THERE, "bf16"),
    }
    with TemporaryDirectory() as name:
        rates = tagging(taggers, sentences, Path(name), rounds)
        header = ("", "columns, tokens/s", "text to JSONL", "one sentence, ms")
        print(text_table(header, [(which, *row) for which, row in rates.items()]), end="\n\n", flush=True)
        for size in map(int, sizes.split(",")):
            there, here = (epoch(config, size, device, threads, Path(name)) for device in (THERE, HERE))
            print(f"{size} sentences a batch: GPU {there:,.0f} tokens/s, processor {here:,.0f}", flush=True)


def tagging(taggers: dict[str, Tagger], sentences: list[list[str]], folder: Path, rounds: int) -> dict[str, Row]:
    """Tokens a second file to file, and milliseconds for a sentence of 20 tokens, the median."""
    import ner

    columns, lines, tokens = folder / "in.conll", folder / "in.txt", sum(map(len, sentences))
    columns.write_text("".join("\n".join(one) + "\n\n" for one in sentences), encoding="utf-8")
    lines.write_text("".join(" ".join(one) + "\n" for one in sentences), encoding="utf-8")
    works = [(columns, folder / "out.conll"), (lines, folder / "out.jsonl")]
    seconds: dict[tuple[str, int], list[float]] = {}
    for turn in range(rounds + 1):
        for name, tagger in taggers.items():
            for number, (source, target) in enumerate(works):
                begun = time.perf_counter()
                counted = ner.tag_file(tagger, source, target)
                if turn:  # the first is for warming up
                    rate = (time.perf_counter() - begun) * tokens / counted
                    seconds.setdefault((name, number), []).append(rate)
    found = {}
    for name, tagger in taggers.items():
        rates = [f"{tokens / statistics.median(seconds[name, number]):,.0f}" for number in range(len(works))]
        each = [timed(tagger, one[:20]) for one in sentences[:2000] if len(one) >= 20][-200:]
        found[name] = (*rates, f"{1000 * statistics.median(each):.2f}")
    return found


def timed(tagger: Tagger, tokens: list[str]) -> float:
    """Seconds for one sentence."""
    begun = time.perf_counter()
    tagger.tag_tokens([tokens])
    return time.perf_counter() - begun


def epoch(config: Path, size: int, device: str, threads: int, folder: Path) -> float:
    """Tokens a second of a training's epoch, which is on the GPU if torch sees one."""
    output = folder / f"{device}-{size}"
    overrides = ["training.epochs=1", f"training.batch_size={size}", f"training.threads={threads}", "data.test=[]"]
    command = [sys.executable, "-m", "ner", "train", str(config), *overrides, f"output={output}"]
    seen = os.environ if device == THERE else os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(command, env=seen, check=True, capture_output=True)
    told = (output / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[0]
    return float(json.loads(told)["tokens_per_second"])


if __name__ == "__main__":
    typer.run(main)
