"""The page without a browser: its files, and what they may not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from ner.serving import create_app
from ner.serving.pages import POLICY
from ner.tagger import Tagger

FILES = {entry.name: entry.read_text(encoding="utf-8") for entry in files("ner.serving").joinpath("page").iterdir()}
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def client(tiny_tagger: Tagger) -> Iterator[TestClient]:
    with TestClient(create_app(tiny_tagger)) as client:
        yield client


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_file_comes_with_its_kind_and_the_policy(client: TestClient, name: str) -> None:
    answer = client.get("/" if name == "index.html" else f"/page/{name}")
    assert answer.status_code == 200 and answer.text == FILES[name]
    assert answer.headers["content-type"].split(";")[0] == KINDS[name.split(".")[1]]
    assert answer.headers["content-security-policy"] == POLICY


def test_nothing_else_comes(client: TestClient) -> None:
    for path in ("/page/", "/page/none.js", "/page/../app.py", "/page/%2e%2e/app.py", "/app.py"):
        assert client.get(path).status_code == 404


def test_the_policy_is_strict() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules.pop("default-src") == "'none'"
    assert set(rules.values()) == {"'self'", "'none'"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_file_names_another_place_or_makes_markup_of_text(name: str) -> None:
    text = FILES[name].replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[a-z]", text) == []
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|url\(|@import", text)
        == []
    )
    assert re.findall(r"localStorage|sessionStorage|document\.cookie", text) == [], "the token is not kept"


class Reader(HTMLParser):
    """Elements with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))


def test_the_page_is_there_for_everybody() -> None:
    elements = Reader(FILES["index.html"]).elements
    assert ("html", {"lang": "en"}) in elements
    labelled = {attributes["for"] for tag, attributes in elements if tag == "label"}
    for tag, attributes in elements:
        assert not [key for key in attributes if key.startswith("on") or key == "style"], "the policy forbids it"
        if tag in ("input", "select", "textarea"):
            assert attributes["id"] in labelled
        if tag == "button":
            assert attributes["type"] in ("submit", "button")
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert any(attributes.get("role") == "status" for _, attributes in elements), "what happens is read out"
    used = set(re.findall(r'\bat\("([\w-]+)"\)', FILES["main.js"]))
    assert used <= set(ids)


def test_every_module_that_is_imported_is_there() -> None:
    for name, text in FILES.items():
        for other in re.findall(r'from "\./([\w.]+)"', text):
            assert other in FILES, name
