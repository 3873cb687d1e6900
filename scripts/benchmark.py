"""Speed and scores of this package beside the textbook composition, spaCy and Flair, in one run on one machine.

    python scripts/benchmark.py --train train.tsv --dev dev.tsv --test test.tsv --vectors glove.txt
    python scripts/benchmark.py ... --parts tag,stages            # again, only these; results are merged
    python scripts/benchmark.py ... --limit 200 --rounds 1        # a quick try
    python scripts/benchmark.py --quick                           # the guard: compare ratios with the stored ones

Every system runs in processes of its own, in turns, round after round; medians are reported. Each part writes
RESULTS/PART.json as soon as it is done, and table.md and plot.png are made anew from all that is there. spaCy and
Flair live in an environment of their own, which is made on first use (--peers FOLDER to keep it elsewhere, --no-peers
to do without). The trainings come first: the others tag with the models that they leave.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarking import guard
from benchmarking.environment import interpreter
from benchmarking.parts import PARTS
from benchmarking.processes import say
from benchmarking.setting import SPLITS, Setting
from benchmarking.table import gather, page

from ner.errors import NerError


def arguments() -> argparse.Namespace:
    """What the user asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for split in SPLITS:
        parser.add_argument(f"--{split}", type=Path, help=f"the corpus's {split} file")
    parser.add_argument("--vectors", type=Path, help="word vectors as text, as GloVe's")
    parser.add_argument("--results", type=Path, default=Path("runs/benchmark"), help="folder (default: %(default)s)")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="of every system (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings for the comparison of scores")
    parser.add_argument("--seed", type=int, default=1, help="the first of them (default: %(default)s)")
    parser.add_argument("--model", type=Path, help="our model folder, instead of the one that part train leaves")
    parser.add_argument("--device", default="cpu", help="of this package, the textbook and Flair")
    parser.add_argument("--limit", type=int, help="sentences of each split")
    parser.add_argument("--peers", type=Path, help="environment of spaCy and Flair (default: RESULTS/peers)")
    parser.add_argument("--no-peers", action="store_true", help="without spaCy and Flair")
    for system, epochs in (("ours", 8), ("textbook", 8), ("spacy", 8), ("flair", 6)):
        parser.add_argument(f"--epochs-{system}", type=int, default=epochs, help="(default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="compare ratios with those stored in the repository")
    parser.add_argument("--store", action="store_true", help="with --quick: store the ratios instead")
    return parser.parse_args()


def measure(given: argparse.Namespace) -> None:
    """Run the parts, each saved at once."""
    from benchmarking.plot import draw

    missing = [f"--{name}" for name in (*SPLITS, "vectors") if getattr(given, name) is None]
    unknown = sorted(set(given.parts.split(",")) - PARTS.keys())
    if missing or unknown:
        raise SystemExit(f"needed: {', '.join(missing)}" if missing else f"no such part: {', '.join(unknown)}")
    setting = Setting(
        {split: getattr(given, split) for split in SPLITS},
        given.vectors,
        given.results,
        given.threads,
        given.rounds,
        given.seeds,
        given.seed,
        given.device,
        None if given.no_peers else interpreter(given.peers or given.results / "peers"),
        given.model,
        given.limit,
        {system: getattr(given, f"epochs_{system}") for system in ("ours", "textbook", "spacy", "flair")},
    )
    for part in given.parts.split(","):
        say(f"part {part}")
        begun = time.perf_counter()
        found = PARTS[part](setting)
        setting.save(part, {"took": round(time.perf_counter() - begun, 1), **found})
        results = gather(given.results)
        (given.results / "table.md").write_text(page(results), encoding="utf-8")
        draw(results, given.results / "plot.png")
        say(f"part {part} took {time.perf_counter() - begun:.0f} s")
    print(page(gather(given.results)), end="")


def quick(given: argparse.Namespace) -> None:
    """Hold the ratios against the stored ones, or store them."""
    setting = guard.setting_of_sample(given.results / "quick", given.rounds)
    measured = guard.measure(setting)
    if given.store:
        guard.store(setting, measured)
    stored = guard.load()["ratios"]
    for name, ratio in measured.items():
        print(f"{name:<40} {ratio:8.3f}   stored {stored.get(name, float('nan')):8.3f}")
    guard.compare(measured, stored)


def main() -> None:
    """Measure, or guard."""
    given = arguments()
    try:
        (quick if given.quick else measure)(given)
    except (NerError, RuntimeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
