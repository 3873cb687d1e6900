"""spaCy or Flair on a configuration's data, from the same vectors: predictions for `ner compare`.

    python scripts/peer_scores.py configs/wnut17-clusters.yaml --system spacy --seeds 1,2,3 --output runs/peers/wnut17
    ner compare runs/wnut17-clusters runs/peers/wnut17/spacy wnut17/test.conll

Trained as scripts/benchmarking/workers/ says, on train; both keep the epoch that was best on dev. A seed whose
predictions are there is not trained again; with other epochs, vectors or data than OUTPUT/settings says of it, it is
refused. spaCy and Flair live in an environment of their own (--peers FOLDER).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from benchmarking.environment import interpreter
from benchmarking.processes import run_worker
from benchmarking.setting import SPLITS, Setting
from benchmarking.systems import f1
from benchmarking.workers.common import read_sentences, write_sentences

from ner.config import Config, load_config
from ner.corpus.convert import in_scheme
from ner.corpus.read import read
from ner.corpus.sentence import Sentence
from ner.evaluation.spread import Spread


def main(
    config: Annotated[Path, typer.Argument(help="Whose data and vectors are taken.")],
    system: Annotated[Literal["spacy", "flair"], typer.Option()] = "spacy",
    seeds: str = "1,2,3",
    epochs: int = 15,
    threads: int = 1,
    device: Annotated[str, typer.Option(help="Of Flair; spaCy is trained on the processor.")] = "cpu",
    output: Annotated[Path, typer.Option(help="Folder of SYSTEM/seedN.conll, and of working files.")] = Path(
        "runs/peers"
    ),
    peers: Annotated[Path | None, typer.Option(help="Their environment; by default in OUTPUT.")] = None,
) -> None:
    """Train and tag dev and test with each seed; print F1."""
    whole = load_config(config)
    if not whole.vectors:
        raise typer.BadParameter(f"{config} names no vectors, and the peers are trained on those of a configuration")
    if len(whole.vectors) > 1:
        raise typer.BadParameter(
            f"{config} names {len(whole.vectors)} files of vectors, and the peers read one: name one"
        )
    sentences = {split: split_of(whole, split) for split in SPLITS}
    files = {split: output / f"{split}.tsv" for split in SPLITS}
    output.mkdir(parents=True, exist_ok=True)
    for split, found in sentences.items():
        write_sentences(
            files[split], [list(map(_plain, one.tokens)) for one in found], [one.tags or [] for one in found]
        )
    python = interpreter(peers or output / "environment")
    setting = Setting(files, Path(whole.vectors[0]), output, threads, device=device, peers=python)
    (output / system).mkdir(exist_ok=True)
    scores: dict[str, list[float]] = {"dev": [], "test": []}
    for seed in map(int, seeds.split(",")):
        folder, tagged = output / "models" / f"{system}-{seed}", output / system / f"seed{seed}.conll"
        dev = setting.work / f"dev-{system}-{seed}.tsv"
        trained_by = output / "settings" / f"{system}-{seed}.json"
        wanted = {"epochs": epochs, "vectors": Path(whole.vectors[0]).name, "data": checksum(files.values())}
        if tagged.exists():
            refuse_others(tagged, trained_by, wanted)
        else:
            job = {"model": str(folder), "seed": seed, "vectors": str(setting.vectors), "batch_size": 32}
            splits = {split: str(setting.file(split)) for split in ("train", "dev")}
            dev_job = {"do": "train", "tokens": str(setting.tokens_file("dev")), "target": str(dev), "epochs": epochs}
            run_worker(setting, system, {**job, **splits, **dev_job})
            fresh = setting.work / tagged.name
            sources = {"warm": str(setting.tokens_file("dev")), "source": str(setting.tokens_file("test"))}
            run_worker(setting, system, {**job, **sources, "do": "tag", "target": str(fresh)})
            tags = [row for _, row in read_sentences(fresh)]
            write_sentences(fresh, [one.tokens for one in sentences["test"]], tags)
            trained_by.parent.mkdir(exist_ok=True)
            trained_by.write_text(json.dumps(wanted), encoding="utf-8")
            fresh.replace(tagged)
        for split, path in (("dev", dev), ("test", tagged)):
            scores[split].append(f1(setting, split, path))
        print(f"{system}, seed {seed}: dev {scores['dev'][-1]:.2%}, test {scores['test'][-1]:.2%}", flush=True)
    for split, values in scores.items():
        print(f"{split}: {Spread(tuple(values))}")


def refuse_others(tagged: Path, trained_by: Path, wanted: Mapping[str, Any]) -> None:
    """See that predictions which are there are those that are asked for, as far as it is known how they were made.

    Raises:
        typer.BadParameter: they are not.
    """
    if not trained_by.exists():
        print(f"{tagged}: taken as it is; it is not known how it was trained")
        return
    found = json.loads(trained_by.read_text(encoding="utf-8"))
    other = [f"{key} {found.get(key)}, not {value}" for key, value in wanted.items() if found.get(key) != value]
    if other:
        raise typer.BadParameter(f"{tagged} was trained with {'; '.join(other)}: remove it, or name another --output")


def checksum(files: Iterable[Path]) -> str:
    """SHA-256 of the contents of files, one after the other."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def split_of(whole: Config, split: str) -> list[Sentence]:
    """The sentences of a split, which may be several files, tagged in IOB2."""
    return [
        sentence
        for name in getattr(whole.data, split)
        for sentence in in_scheme(read(name, whole.data), "IOB2", name)
        if sentence.tokens
    ]


def _plain(token: str) -> str:
    """As a word that every system can take: not empty, without blanks."""
    return token.replace(" ", "_") or "_"


if __name__ == "__main__":
    typer.run(main)
