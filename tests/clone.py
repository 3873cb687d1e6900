"""A folder that looks like a clone after the quickstart, only smaller: what is shown in help and docs works in it."""

from __future__ import annotations

import shutil
from pathlib import Path

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
CONFIG = """\
data: {train: data/sample/train.conll, dev: data/sample/dev.conll, test: data/sample/test.conll}
model: {words: {dim: 8}, chars: {dim: 4, filters: 4}, encoder: {hidden: 8}}
training: {epochs: 1, threads: 1}
output: runs/again
"""


def make_clone(place: Path, model: Path, files: Path) -> Path:
    """Fill a folder with ``runs/quickstart/model``, ``runs/seeds``, ``data/sample``, a configuration and a text."""
    shutil.copytree(model, place / "runs" / "quickstart" / "model")
    shutil.copytree(model, place / "runs" / "seeds" / "seed1" / "model")
    shutil.copytree(files, place / "data" / "sample")
    shutil.copy(SAMPLE / "article.txt", place / "data" / "sample")
    (place / "configs").mkdir()
    (place / "configs" / "quickstart.yaml").write_text(CONFIG, encoding="utf-8")
    (place / "configs" / "spaces").mkdir()
    (place / "configs" / "spaces" / "usual.yaml").write_text("model.encoder.hidden: [6, 8]\n", encoding="utf-8")
    (place / "article.txt").write_text("Ada lives in Oslo.\n\nOtto met Mei Lin.\n", encoding="utf-8")
    return place
