"""The environment of spaCy and Flair: theirs alone, so that neither their versions nor ours give way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarking.processes import say

PINNED = ("spacy==3.8.18", "flair==0.15.1")
"""As measured; torch comes in the version of ``constraints.txt``, whose other lines Flair's requirements exclude."""
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


def interpreter(folder: Path) -> Path:
    """The environment's Python; the environment is made if it is not there."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        say(f"{folder}: installing spaCy and Flair, once")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PINNED, _torch()], check=True)
    return python


def _torch() -> str:
    return next(line for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if line.startswith("torch=="))
