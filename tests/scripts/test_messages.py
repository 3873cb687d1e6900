"""docs/messages.md says what is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What tests of its own provoke: it needs spaCy, a hub, a server, a long search, or a model of another kind.
ELSEWHERE = (
    "ner/corpus/beside.py",
    "ner/corpus/docbin.py",
    "ner/corpus/hub.py",
    "ner/features/clusters.py",
    "ner/features/columns.py",
    "ner/integrations/",
    "ner/serving/",
    "ner/suggesting.py",
    "ner/suspecting.py",
    "ner/tagging/",
    "ner/text/spacy_tokenizer.py",
    "ner/training/predecessor.py",
    "ner/training/preparation.py",
    "ner/training/processes.py",
    "ner/tuning/",
)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by what Linux offers")
def test_the_page_of_messages_is_up_to_date() -> None:
    code = (
        "import sys; from unprovoked import unprovoked; sys.stdout.reconfigure(encoding='utf-8');"
        " page, missing = unprovoked(); print(page); print('UNPROVOKED', *missing, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT / "scripts", capture_output=True, check=True
    )
    shown = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    written, missing = done.stdout.decode().split("UNPROVOKED\n")
    assert shown in written, "run: python scripts/document_messages.py"
    assert [line for line in missing.splitlines() if not line.startswith(ELSEWHERE)] == [], "add a provocation"
    assert "/tmp" not in shown.replace("/tmp/", "") and "Traceback" not in shown
