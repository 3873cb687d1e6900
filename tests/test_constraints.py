"""constraints.txt, with which the scripts set up: for every Python that the package allows."""

from __future__ import annotations

import configparser
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_no_pin_stands_in_the_way_of_a_python_that_it_does_not_run_on() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    allowed = SpecifierSet(setup["options"]["python_requires"])
    assert [f"3.{minor}" for minor in range(5, 20) if f"3.{minor}.0" in allowed] == list(PYTHONS)
    installed = {found.metadata["Name"].lower().replace("_", "-"): found for found in metadata.distributions()}
    looked_at = 0
    for pin in pins():
        found = installed.get(pin.name.lower().replace("_", "-"))
        if found is None or found.version not in pin.specifier:
            continue
        runs_on = SpecifierSet(found.metadata["Requires-Python"] or "")
        for python in PYTHONS:
            holds = pin.marker is None or pin.marker.evaluate({"python_version": python})
            assert f"{python}.99" in runs_on or not holds, f"{pin}: needs Python {runs_on}; limit it by a marker"
            looked_at += 1
    assert looked_at > 100


def test_what_tagging_needs_is_part_of_what_the_package_needs() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = [*setup["options"]["install_requires"].split(), *setup["options.extras_require"]["onnx"].split()]
    needed = (ROOT / "requirements-tagging.txt").read_text(encoding="utf-8").splitlines()
    assert {line for line in needed if not line.startswith("#")} < set(lines)
    named = (ROOT / "docs" / "small-machines.md").read_text(encoding="utf-8")
    assert " ".join(Requirement(line).name for line in needed if not line.startswith("#")) in named
