"""docs/messages.md says what is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by what Linux offers")
def test_the_page_of_messages_is_up_to_date() -> None:
    code = (
        "import sys; from document_messages import render; sys.stdout.reconfigure(encoding='utf-8'); print(render())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT / "scripts", capture_output=True, check=True
    )
    shown = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    written = done.stdout.decode()
    assert shown in written, "run: python scripts/document_messages.py"
    assert "/tmp" not in shown.replace("/tmp/", "") and "Traceback" not in shown
