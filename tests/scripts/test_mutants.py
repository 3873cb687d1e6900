"""``scripts/mutants.py`` notices what a test fails on, and what none does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.loading import SCRIPTS, script

PROGRAM = """
from mutants import Mutant, Path, limit_of, tried, typer
for text in ("def one(): return 1", "def one(): return 2 - 1", "def one(): return 2", "def one(: "):
    print(tried(Mutant(Path("spoilt.py"), 1, "", text), ["test_spoilt.py"], 60))
print(tried(Mutant(Path("spoilt.py"), 1, "", "while True: pass"), ["test_spoilt.py"], 1))
print(tried(Mutant(Path("spoilt.py").absolute(), 1, "", "def one(): return 2"), ["test_spoilt.py"], 60))
try:
    limit_of(Path("apart.py"), ["test_spoilt.py"])
except typer.Exit:
    pass
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are tried in forked processes")
def test_mutants_are_tried_without_a_change_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "spoilt.py").write_text("def one(): return 1")
    (tmp_path / "apart.py").touch()
    (tmp_path / "test_spoilt.py").write_text("import spoilt\n\ndef test(): assert spoilt.one() == 1\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SCRIPTS), str(tmp_path)])}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    *tried, said = done.stdout.splitlines()
    assert tried == ["survived", "survived", "killed", "killed", "endless", "killed"], done.stdout
    assert said.startswith("apart.py: the tests do not load it")
    assert (tmp_path / "spoilt.py").read_text() == "def one(): return 1"


def test_what_differs_in_annotations_alone_means_the_same() -> None:
    meaning = script("mutants").meaning
    assert meaning("def f(a: int) -> str:\n    b: int = 1") == meaning("def f(a):\n    b: str = 1")
    assert meaning("a = 1") != meaning("a = 2")
