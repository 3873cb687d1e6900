"""Completion in a shell: the names of commands, options and values, at once, without what takes seconds to import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from ner.cli import main
sys.argv = ["ner"]
try:
    main()
finally:
    print(*sorted({"torch", "datasets", "numpy", "pyarrow"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ner", "t"], ["train", "tune", "tag"]),
        (["ner", "tag", "model", "--pre"], ["--precision"]),
        (["ner", "tag", "model", "--to", "dat"], ["dataset"]),
        (["ner", "convert", "in", "out", "--format", "sp"], ["spacy"]),
    ],
)
def test_bash_is_told_what_fits(words: list[str], expected: list[str]) -> None:
    asked = {"_NER_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env={**os.environ, **asked}
    )
    assert done.stdout.split() == expected
    assert done.stderr.split() == []
