"""The files and folders that the commands of ``provocations.py`` name, most of them wrong in one way."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import struct
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import datasets
import pyarrow
import pyarrow.parquet
import yaml
from safetensors.torch import load_file, save_file

VECTOR = struct.pack("<2f", 0.5, 0.25)


def _zip(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "ada 0.1 0.2\n")
    return packed.getvalue()


def _task(value: dict[str, Any]) -> bytes:
    """A task of Label Studio with one region."""
    return json.dumps([{"data": {"text": "Ada"}, "annotations": [{"result": [{"value": value}]}]}]).encode()


FILES: dict[str, bytes] = {
    "latin1.conll": "Ada B-PER\nZoë B-PER\n".encode("latin-1"),
    "empty.conll": b"",
    "ragged.conll": b"Ada B-PER\nleft\n",
    "wrong.conll": b"Ada NNP B-PER x1\nleft VBD O x2\n",
    "plain.conll": b"it O\nrained O\n",
    "other.conll": b"it O\nsnowed O\n",
    "longer.conll": b"it O\nrained O\n\nit O\nrained O\n",
    "words.conll": b"it\nrained\n",
    "predicted/seed1.conll": b"it O\nrained O\n",
    "predicted/seed1.tsv": b"it O\nrained O\n",
    "one.conll": b"Ada B-PER\nleft O\n",
    "partial.conll": b"Ada B-PER|O\nleft ?\n",
    "blank.conll": b"Ada\tB-a b\nleft\tO\n",
    "empty-token.conll": b"\tB-PER\nleft\tO\n",
    "documents.conll": b"-DOCSTART- O\n\nit O\n\n-DOCSTART- O\n\nrained O\n",
    "steer.conll": b"Ada B-\x1b[2J\nleft O\n" * 30,
    "long.conll": b"Ada B-" + b"x" * 300_000 + b"\nleft O\n\n" + b"Ada B-PER\nleft O\n\n" * 30,
    "label.conll": b"Ada B-PER\nleft O\nRome B-CITY\n\n" * 30,
    "cut.txt": b"ada 0.1 0.2 0.3\noslo 0.4 0.",
    "alone.txt": b"Ada left.",
    "bad.jsonl": b'{"text": "Ada"}\n{"text": \n',
    "untagged.jsonl": b'{"tokens": ["it", "rained"]}\n',
    "half.jsonl": b'{"text": "Ada \\ud800"}\n',
    "line.jsonl": b'{"tokens": ["a\\nb"], "tags": ["O"]}\n',
    "mixed.jsonl": b'{"text": "Ada", "n": 1}\n{"text": "Ada", "n": "x"}\n',
    "emoji.jsonl": b'{"text": "\\ud83d\\ude00 Ada", "label": [[1, 6, "PER"]], "Comments": []}\n',
    "predicted.json": b'[{"data": {"text": "Ada"}, "predictions": [{"result": []}]}]',
    "picture.json": b'[{"data": {"image": "a.png"}, "annotations": [{"result": []}]}]',
    "html.json": _task({"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "labels": ["PER"]}),
    "labels.json": _task({"start": 0, "end": 3, "labels": ["PER", "ORG"]}),
    "moved.json": _task({"start": 0, "end": 3, "text": "Bob", "labels": ["PER"]}),
    "cut.json": b'[{"data": {"text": "Ada',
    "open.json": b'[{"data": {"text": "Ada"}, "annotations": [{"result": []}]}',
    "deep.json": b"[" * 100_000,
    "number.json": b"[17]",
    "latin1.yaml": "output: Zoë\n".encode("latin-1"),
    "no-parquet.parquet": b"Ada",
    "full/something.bin": b"",
    "saved/dataset_dict.json": b"{",
    "ran/metrics.jsonl": b"",
    "damaged/checkpoint.safetensors": b"checkpoint",
    "series/seed1/metrics.jsonl": b"",
    "vectors/word.txt": b"ada\n",
    "vectors/rows.txt": b"3 2\nada 0.1 0.2\n",
    "vectors/size.txt": b"1 1000000\nada 0.1\n",
    "vectors/nan.txt": b"ada 0.1 0.2\noslo nan 0.3\n",
    "vectors/latin1.txt": b"ada 0.1 0.2\nzo\xeb 0.1 0.3\n",
    "vectors/cut.bin": b"2 2\nada " + VECTOR + b"\noslo " + VECTOR[:5],
    "vectors/more.bin": b"1 2\nada " + VECTOR + b"\noslo " + VECTOR,
    "vectors/nan.bin": b"1 2\nada " + struct.pack("<2f", 0.5, float("nan")),
    "vectors/line.bin": b"2 2\nada " + VECTOR + b"\nnew\nyork " + VECTOR,
    "vectors/latin1.bin": b"1 2\nzo\xeb " + VECTOR,
    "vectors/locked.zip": _zip("a.txt").replace(b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\1"),
    "vectors/two.zip": _zip("a.txt", "b.txt"),
    "vectors/cut.gz": gzip.compress(b"ada 0.1 0.2\n" * 99)[:-9],
}  # fmt: skip

# Parquet files and folders of them, by the columns of their only row.
TABLES: dict[str, dict[str, Any]] = {
    "columns.parquet": {"words": [["Ada"]], "marks": [["O"]]},
    "numbers.parquet": {"tokens": [["Ada"]], "ner_tags": [[3]]},
    "lengths.parquet": {"tokens": [["Ada", "left"]], "tags": [["O"]]},
    "holes.parquet": {"tokens": [["Ada", None]]},
    "bytes.parquet": {"text": ["Ada"], "raw": [b"Ada"]},
    "no-dev/train.parquet": {"tokens": [["Ada"]], "tags": [["O"]]},
    "no-dev/dev.parquet": {"tokens": [], "tags": []},
}


def lay_out(place: Path, model: Path, config: dict[str, Any]) -> dict[str, str]:
    """Write the files into the working folder; what the names MODEL and CONFIG stand for."""
    for name, content in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    for name, columns in TABLES.items():
        (place / name).parent.mkdir(exist_ok=True)
        pyarrow.parquet.write_table(pyarrow.table(columns), place / name)
    (place / "none").mkdir()
    table = datasets.Dataset.from_dict({"tokens": [["Ada"]], "tags": [["O"]]})
    datasets.DatasetDict({"gold": table, "silver": table}).save_to_disk(str(place / "splits"))
    for folder in ("twins", "seeds", "labels"):
        for seed in ("seed1", "seed2"):
            shutil.copytree(model, place / folder / seed / "model")
    for name in ("news", "tweets"):
        shutil.copytree(model, place / "strangers" / name)
    _change(place / "seeds" / "seed2" / "model", "")
    _change(place / "labels" / "seed2" / "model", "QUX")
    (place / "my.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return {"MODEL": str(model), "CONFIG": "my.yaml"}


def _change(folder: Path, label: str) -> None:
    """Make another model of it, with a label of another name if one is given."""
    weights, description = folder / "model.safetensors", folder / "config.json"
    state = load_file(weights)
    state["project.bias"] += 1
    save_file(state, weights)
    tree = json.loads(description.read_text(encoding="utf-8"))
    tree["files"][weights.name] = sha256(weights.read_bytes()).hexdigest()
    tree["tags"] = [tag.replace("PER", label or "PER") for tag in tree["tags"]]
    description.write_text(json.dumps(tree), encoding="utf-8")
