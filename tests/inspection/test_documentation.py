"""The Python of the page on inspection runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "inspection.md"


def test_the_python_of_the_page(tiny_model, tmp_path, monkeypatch, capsys):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "runs" / "quickstart").mkdir(parents=True)
    (tmp_path / "runs" / "quickstart" / "model").symlink_to(tiny_model)
    monkeypatch.chdir(tmp_path)
    exec(block, {})
    assert (tmp_path / "inside.html").exists()
    assert "Nearest to London" in capsys.readouterr().out
