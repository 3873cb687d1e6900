"""Pages of the documentation site that are made of what is elsewhere, so that nothing is said twice.

A hook of mkdocs (see mkdocs.yml): the start page is the README, the changes are CHANGELOG.md; every command with its
options comes from the program itself, and every public name of the package from its docstring.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parent.parent


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by mkdocs when it has found the files in docs/."""
    from mkdocs.structure.files import File

    for path, content in pages().items():
        files.append(File.generated(config, path, content=content))
    return files


def pages() -> dict[str, str]:
    """The pages by their paths."""
    return {
        "index.md": _home(),
        "changes.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "reference/commands.md": _commands(),
        "reference/python.md": _names(),
    }


def _home() -> str:
    """The README; its links into docs/ lead to pages of the site."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = text.replace("](docs/", "](").replace("](CHANGELOG.md)", "](changes.md)")
    return text.replace("[MIT](LICENSE)", "MIT")


def _commands() -> str:
    from typer.main import get_command

    from ner.cli import app

    parts = ["# Every command\n\nAs `ner COMMAND --help` shows them; with more words: [Commands](../commands.md).\n"]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        context = command.context_class(command)
        about, _, example = (command.help or "").partition("Example:")
        parts.append(f"\n## ner {name}\n\n{_escaped(about.strip())}\n\n```bash\n{example.strip()}\n```\n")
        for kind in ("argument", "option"):
            found = [one.get_help_record(context) for one in command.params if one.param_type_name == kind]
            parts.append(_table(kind, found))
    return "".join(parts)


def _table(kind: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    lines = [f"| `{usage}` | {_escaped(about)} |\n" for usage, about in rows]
    return f"\n| {kind} | what it says |\n|---|---|\n{''.join(lines)}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")


def _names() -> str:
    import ner

    parts = ["# Every public name\n\nAll of `import ner`; how they go together is shown in [Python](../python.md).\n"]
    for name in ner.__all__:
        if name != "__version__":
            home = ner._HOMES.get(name, "ner.errors")
            parts.append(f"\n::: {home}.{name}\n")
    return "".join(parts)
