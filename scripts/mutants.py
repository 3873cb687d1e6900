"""Spoils modules in one place at a time, and says which of the spoilt ones their tests let pass.

Cosmic Ray makes the mutants (``pip install cosmic-ray==8.7.0``). Each is tried in a process of its own, forked from
one that has the libraries loaded, where its text stands for that of the module: no file is changed, and hundreds take
minutes. Left out are what differs in annotations alone, arithmetic beyond + - * / and ``is`` in place of ``==``.

    python scripts/mutants.py ner/schemes.py --tests tests/test_schemes.py
    python scripts/mutants.py ner/modules/crf*.py --tests tests/modules/test_crf.py --sample 20 --seed 1
"""

from __future__ import annotations

import ast
import difflib
import importlib
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Annotated, Any, NamedTuple

import pytest
import typer

LIBRARIES = ("datasets", "hypothesis.strategies", "numpy", "pydantic", "safetensors.torch", "torchcrf", "yaml")
LEFT_OUT = re.compile(r"_(Is|IsNot|RShift|LShift|BitXor|BitOr|BitAnd|Pow|Mod|FloorDiv|Invert|UAdd)$")


class Mutant(NamedTuple):
    """A module's text, changed in one place."""

    path: Path
    line: int
    operator: str
    text: str


def main(
    modules: Annotated[list[Path], typer.Argument()],
    tests: Annotated[list[str], typer.Option()],
    sample: Annotated[int | None, typer.Option(help="So many of each module, drawn at random; else all.")] = None,
    seed: int = 1,
) -> None:
    """Try the mutants of every module, and list those that survive."""
    for name in LIBRARIES:
        importlib.import_module(name)
    assert "ner" not in sys.modules
    sys.path.insert(0, os.fspath(Path.cwd()))
    limit = max(limit_of(path, tests) for path in modules)
    total: Counter[str] = Counter()
    for path in modules:
        source, found = path.read_text(encoding="utf-8"), Counter[str]()
        for mutant in drawn(path, source, random.Random(f"{seed} {path}"), sample):
            outcome = tried(mutant, tests, limit)
            found[outcome] += 1
            if outcome == "survived":
                print(f"{path}:{mutant.line} {mutant.operator}", *changed(source, mutant.text), sep="\n", flush=True)
        total += found
        print(f"{path}: {say(found)}", flush=True)
    print(f"in all: {say(total)}")


def limit_of(path: Path, tests: Sequence[str]) -> float:
    """Seconds after which a mutant is taken to go on for ever: ten times what the module as it is takes."""
    begun = time.perf_counter()
    outcome = tried(Mutant(path, 0, "", path.read_text(encoding="utf-8")), tests, 600)
    if outcome != "survived":
        print(f"the tests do not pass as it is: {outcome}")
        raise typer.Exit(1)
    seconds = time.perf_counter() - begun
    if tried(Mutant(path, 0, "", "raise AssertionError"), tests, 600) == "survived":
        print(f"{path}: the tests do not load it, so that every mutant would survive; is it named from here?")
        raise typer.Exit(1)
    return 10 * seconds + 10


def drawn(path: Path, source: str, chance: random.Random, number: int | None) -> Iterator[Mutant]:
    """So many of the module's mutants, no two of which mean the same, in random order."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast(source)))
    places = [
        (name, occurrence, start[0])
        for name in operator_names()
        if not LEFT_OUT.search(name) and not get_operator(name).arguments()
        for occurrence, (start, _) in enumerate(
            place for node in nodes for place in get_operator(name)().mutation_positions(node)
        )
    ]
    chance.shuffle(places)
    seen = {meaning(source)}
    for name, occurrence, line in places:
        if number is not None and len(seen) > number:
            return
        text = mutate_code(source, get_operator(name)(), occurrence)
        if text is not None and meaning(text) not in seen:
            seen.add(meaning(text))
            yield Mutant(path, line, name.partition("/")[2], text)


def meaning(text: str) -> str:
    """What a module does: its syntax without annotations; the text itself where it has no syntax."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, None if isinstance(node, ast.FunctionDef | ast.arg) else ast.Constant(None))
    return ast.dump(tree)


def tried(mutant: Mutant, tests: Sequence[str], limit: float) -> str:
    """``killed`` by a test that fails, ``survived``, or ``endless``."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os._exit(run(mutant, tests))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            assert code != pytest.ExitCode.NO_TESTS_COLLECTED, "there are no such tests"
            return "killed" if code else "survived"
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "endless"


def run(mutant: Mutant, tests: Sequence[str]) -> int:
    """In the forked process: the exit status of the tests. Property tests draw the same examples every time."""
    from hypothesis import HealthCheck, Phase, settings

    code = 1
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silence, descriptor)
        everything = list(HealthCheck)
        phases = [Phase.explicit, Phase.generate]  # no search for smaller examples
        settings.register_profile(
            "mutants", derandomize=True, database=None, deadline=None, phases=phases, suppress_health_check=everything
        )
        settings.load_profile("mutants")
        sys.meta_path.insert(0, Finder(mutant))
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-n", "0", *tests]))
    finally:
        os._exit(code)


class Finder(MetaPathFinder):
    """Finds the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.absolute().relative_to(Path.cwd()).with_suffix("").parts
        self.name = ".".join(parts).removesuffix(".__init__")
        self.loader = Loader(self.name, mutant)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The mutant's module, and no other."""
        return spec_from_file_location(fullname, loader=self.loader) if fullname == self.name else None


class Loader(SourceFileLoader):
    """Loads a mutant under the name and path of its module."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, os.fspath(mutant.path.absolute()))
        self.text = mutant.text

    def get_code(self, fullname: str) -> CodeType:
        """The code of the mutant's text, and not what is kept of the module's file."""
        return compile(self.text, self.path, "exec")


def changed(source: str, text: str) -> list[str]:
    """The lines that went, and those that came."""
    lines = difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm="")
    return [f"  {line[0]} {line[1:].strip()}" for line in lines if line[:2] not in ("--", "++", "@@")]


def say(found: Counter[str]) -> str:
    """The counts in words."""
    counts = ", ".join(f"{found[name]} {name}" for name in ("killed", "endless", "survived"))
    return f"{found.total()} mutants, {counts}"


if __name__ == "__main__":
    typer.run(main)
