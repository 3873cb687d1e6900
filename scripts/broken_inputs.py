"""Ten kinds of broken input and the message of each: it should say what is wrong, where, and what to do.

python scripts/broken_inputs.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

GOOD = "Ada\tB-PER\nlives\tO\nin\tO\nOslo\tB-LOC\n.\tO\n\nOtto\tB-PER\nleft\tO\n.\tO\n\n"
SMALL = ["model.encoder.hidden=8", "training.epochs=1", "training.threads=1"]


def main() -> None:
    """Break one thing after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = write(folder / "good.conll", GOOD)
        config = write(folder / "config.yaml", f"data: {{train: {good}, dev: {good}}}\noutput: {folder / 'run'}\n")
        ner(folder, "train", config, *SMALL, show=False)
        model = folder / "run" / "model"
        again = [*SMALL, "--overwrite"]

        say("wrong column")
        wrong = write(
            folder / "wrong.conll",
            GOOD.replace("\tO", "\tO\tlower").replace("R\n", "R\tTitle\n").replace("C\n", "C\tTitle\n"),
        )
        ner(folder, "train", config, f"data.train={wrong}", *again)
        say("mixed columns")
        mixed = write(folder / "mixed.conll", GOOD.replace("in\tO", "in\tIN\tO"))
        ner(folder, "train", config, f"data.train={mixed}", *again)
        say("latin-1 bytes")
        latin = folder / "latin1.conll"
        latin.write_bytes(GOOD.replace("Otto", "Jürgen").encode("latin-1"))
        ner(folder, "train", config, f"data.train={latin}", *again)
        say("empty file")
        ner(folder, "train", config, f"data.train={write(folder / 'empty.conll', '')}", *again)
        say("no entities")
        plain = write(folder / "plain.conll", GOOD.replace("B-PER", "O").replace("B-LOC", "O"))
        ner(folder, "train", config, f"data.train={plain}", *again)
        say("truncated vectors")
        vectors = write(folder / "vectors.txt", "ada 0.1 0.2 0.3\noslo 0.4 0.5 0.6\nlives 0.7 0.")
        ner(folder, "train", config, f"vectors={vectors}", *again)
        say("unknown configuration key")
        ner(folder, "train", config, "training.epoch=3", "model.hidden=100", *again)
        say("label in dev that train does not have (a warning; such entities are misses)")
        odd = write(folder / "odd.conll", GOOD.replace("B-LOC", "B-CITY"))
        ner(folder, "check", good, odd)
        say("model folder cut short")
        cut = folder / "cut"
        shutil.copytree(model, cut)
        weights = (cut / "model.safetensors").read_bytes()
        (cut / "model.safetensors").write_bytes(weights[: len(weights) // 2])
        ner(folder, "tag", cut, good)
        say("missing file")
        ner(folder, "tag", model, folder / "missing.txt")


def say(title: str) -> None:
    """The title of a case."""
    print(f"\n== {title}", flush=True)


def write(path: Path, text: str) -> Path:
    """A file."""
    path.write_text(text, encoding="utf-8")
    return path


def ner(folder: Path, *arguments: object, show: bool = True) -> None:
    """Run a command and show the last of what it says, with the temporary folder's name left out."""
    command = [sys.executable, "-m", "ner", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if show:
        said = result.stderr.strip() or result.stdout.strip()
        print(f"{said.replace(f'{folder}/', '')}\n(exit status {result.returncode})", flush=True)


if __name__ == "__main__":
    main()
