"""The pages of the site that are made: every command and option, every public name, links that lead somewhere."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import yaml
from typer.main import get_command

import ner
from ner.cli import app
from tests.scripts.loading import script

ROOT = Path(__file__).parents[2]
PAGES = script("site_pages").pages()


def test_every_command_with_every_option_and_its_help() -> None:
    page = PAGES["reference/commands.md"]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        (part,) = re.findall(rf"^## ner {name}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
        assert "```bash\n" in part
        for parameter in command.params:
            shown = parameter.opts[0] if parameter.param_type_name == "option" else parameter.metavar
            assert re.search(rf"^\| `.*{re.escape(shown)}.*` \| .+ \|$", part, re.MULTILINE), (name, shown)


def test_every_public_name_is_there_and_has_a_docstring() -> None:
    found = re.findall(r"^::: (\S+)\.(\w+)$", PAGES["reference/python.md"], re.MULTILINE)
    assert sorted(name for _, name in found) == sorted(set(ner.__all__) - {"__version__"})
    for home, name in found:
        assert getattr(import_module(home), name).__doc__


def test_links_of_made_pages_lead_to_pages() -> None:
    for path, content in PAGES.items():
        for link in re.findall(r"\]\(([^)#\s]+)", content):
            target = (Path(path).parent / link).as_posix().replace("reference/../", "")
            assert link.startswith("http") or target in PAGES or (ROOT / "docs" / target).exists(), (path, link)


def test_the_navigation_has_every_page() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    nav = set(re.findall(r"[\w/-]+\.md", text[text.index("nav:") :]))
    docs = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert nav == docs | set(PAGES)
    assert yaml.safe_load(text)["site_name"] == "ner"
