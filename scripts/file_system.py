"""What a container has to hold to tag with a model: its file system, laid out in a folder, tried and weighed.

Into the folder go the interpreter with its standard library, the packages of an environment, the shared libraries
that any of these asks for, and the model; no shell, no package manager, no tests, no compiled copies of the sources.
A sentence is then tagged with this folder as the root of the file system, which takes the rights of root, on Linux.

    python scripts/file_system.py ENVIRONMENT/bin/python MODEL
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer

SENTENCE = "Ada Lovelace lived in London.\n"
LEFT_OUT = ("__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "config-*", "*.a")
ASK = """
import sys, sysconfig
print(sys._base_executable, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sep="\\n")
"""


def main(
    python: Annotated[Path, typer.Argument(help="Of an environment in which ner is installed.")],
    model: Annotated[Path, typer.Argument(help="A model folder.")],
) -> None:
    """Lay the file system out, tag a sentence in it, and print the size of each part."""
    answer = subprocess.run([python, "-I", "-c", ASK], capture_output=True, text=True, check=True).stdout
    program, library, packages = map(Path, answer.splitlines())
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        home = root / "usr/lib" / library.name
        (root / "usr/bin").mkdir(parents=True)
        shutil.copy2(program.resolve(), root / "usr/bin/python")
        copy(library, home, ("site-packages",))
        copy(packages, home / "site-packages", ("pip", "pip-*", "*.pth"))
        copy(model, root / "model")
        shared = libraries(root)
        for path in shared:
            place = root / path.relative_to("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path.resolve(), place)
        (root / "dev").mkdir()
        for device, number in (("null", 3), ("urandom", 9)):  # as every container has them
            os.mknod(root / "dev" / device, stat.S_IFCHR | 0o666, os.makedev(1, number))
        done = subprocess.run(
            ["/usr/bin/python", "-I", "-m", "ner", "tag", "/model", "--threads", "1"],
            input=SENTENCE, capture_output=True, text=True, check=False,
            env={"LD_LIBRARY_PATH": folders(shared)}, preexec_fn=lambda: (os.chroot(root), os.chdir("/")),
        )  # fmt: skip
        if done.returncode:
            print(done.stderr)
            raise typer.Exit(1)
        print(done.stdout[:200].rstrip())
        parts = {
            "interpreter and standard library": size(root / "usr/bin") + size(home) - size(home / "site-packages"),
            "packages": size(home / "site-packages"),
            "shared libraries of the system": sum(path.resolve().stat().st_size for path in shared),
            "model": size(root / "model"),
            "in all": size(root),
        }
        for part, number in parts.items():
            print(f"{part}: {number / 1e6:.1f} MB")


def copy(source: Path, target: Path, others: tuple[str, ...] = ()) -> None:
    """A folder without what is left out."""
    shutil.copytree(source, target, symlinks=False, ignore=shutil.ignore_patterns(*LEFT_OUT, *others))


def libraries(root: Path) -> list[Path]:
    """The system's shared libraries, and the loader, that the programs in a folder ask for."""
    found: set[Path] = set()
    for path in [root / "usr/bin/python", *root.rglob("*.so"), *root.rglob("*.so.*")]:
        said = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        words = [word for line in said.splitlines() for word in line.split() if word.startswith("/")]
        found |= {Path(os.path.normpath(word)) for word in words if not word.startswith(str(root))}
    return sorted(path for path in found if path.exists())


def folders(shared: list[Path]) -> str:
    """Where they lie, as the loader wants to be told."""
    return ":".join(sorted({str(path.parent) for path in shared}))


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    typer.run(main)
