"""The page in a real Chromium; left out where there is none, or no playwright to drive it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.servers import Server, serving

pytest.importorskip("fastapi")
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("no Chromium", allow_module_level=True)

expect = playwright.expect
TEXT = "😀 Ada Lovelace lives in London .\nKofi Annan met Otto in Oslo ."
NASTY = "<img src=x onerror=document.title='caught'> <script>document.title='caught'</script> Ada lives in London ."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tiny_model: Path) -> Iterator[Server]:
    with serving(tiny_model) as server:
        yield server


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    """The page, which may ask nobody but its server and has nothing to complain of."""
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda one: one.url.startswith((server.address, "blob:")) or complaints.append(one.url))
    page.goto(server.address)
    yield page
    assert complaints == []
    context.close()


def found(page: Any) -> list[str]:
    return [mark.evaluate("mark => mark.firstChild.data") for mark in page.locator("#document mark").all()]


def find(page: Any, text: str) -> None:
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Find entities").click()
    expect(page.get_by_role("status")).to_contain_text("sentence")


def test_with_the_keyboard_alone(page: Any) -> None:
    expect(page.get_by_role("list", name="Labels that the model knows").get_by_role("listitem")).to_have_count(3)
    page.keyboard.press("Tab")
    page.keyboard.type(TEXT)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_have_text("5 entities in 2 sentences.")
    assert found(page) == ["Ada Lovelace", "London", "Kofi Annan", "Otto", "Oslo"]
    names = []
    for _ in range(20):  # everything can be reached
        page.keyboard.press("Tab")
        names.append(page.evaluate("(e => e.id || e.tagName)(document.activeElement)"))
    assert names[:7] == ["find", "file", "readings", "least", "jsonl", "conll", "SUMMARY"]
    page.locator("#least").focus()
    page.keyboard.press("End")
    assert page.locator("#least-shown").inner_text() == "1.00"
    expect(page.get_by_role("status")).to_contain_text("of 5 entities in 2 sentences.")
    assert page.locator("#document mark").count() < 5


def test_text_stays_text(page: Any) -> None:
    find(page, NASTY)
    assert page.locator("#document img, #document script, #sentences img, #sentences script").count() == 0
    assert NASTY.split("Ada")[0] in page.locator("#document").inner_text()
    assert page.title() == "Named entities"


def test_readings_and_gates(page: Any) -> None:
    page.get_by_label("Readings of a sentence").select_option("5")
    find(page, TEXT)
    first = page.locator("#sentences > li").first
    first.locator("summary").click()
    readings = first.get_by_role("list", name="Readings, the likeliest first").get_by_role("listitem")
    expect(readings).to_have_count(5)
    assert [mark.evaluate("mark => mark.firstChild.data") for mark in readings.first.locator("mark").all()] == [
        "Ada Lovelace", "London",
    ]  # fmt: skip
    first.get_by_role("button", name="Look inside the model").click()
    gates = first.get_by_role("region", name="Gates", exact=True).get_by_role("table")
    expect(gates.get_by_role("columnheader")).to_have_text(["😀", "Ada", "Lovelace", "lives", "in", "London", "."])
    assert gates.get_by_role("rowheader").first.inner_text() == "input gate →"
    cell = gates.locator("tbody td").first
    assert cell.evaluate("cell => getComputedStyle(cell).backgroundColor") != "rgba(0, 0, 0, 0)"


def test_files(page: Any, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    page.get_by_label("Open a file").set_input_files(path)
    expect(page.locator("#document mark")).to_have_count(5)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download JSONL").click()
    record = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert record["text"] == TEXT
    for one in [*record["tokens"], *record["entities"]]:
        assert record["text"][one["start"] : one["end"]] == one["text"]
    assert [one["label"] for one in record["entities"]] == ["PER", "LOC", "PER", "PER", "LOC"]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CoNLL").click()
    assert saved.value.path().read_text(encoding="utf-8") == (
        "😀\tO\nAda\tB-PER\nLovelace\tI-PER\nlives\tO\nin\tO\nLondon\tB-LOC\n.\tO\n\n"
        "Kofi\tB-PER\nAnnan\tI-PER\nmet\tO\nOtto\tB-PER\nin\tO\nOslo\tB-LOC\n.\tO\n\n"
    )
    other = tmp_path / "other.txt"
    other.write_bytes(b"\xff\xfe")
    page.get_by_label("Open a file").set_input_files(other)
    expect(page.get_by_role("status")).to_have_text("other.txt is no text in UTF-8.")


def test_a_text_that_is_too_long_for_a_page(page: Any) -> None:
    page.evaluate("() => { document.getElementById('text').value = '😀a'.repeat(50001); }")
    page.get_by_role("button", name="Find entities").click()
    expect(page.get_by_role("status")).to_contain_text("The text is too long: this page takes 100,000 characters")


def test_a_file_that_is_dropped(page: Any) -> None:
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["Otto left Oslo ."], "a.txt", { type: "text/plain" }));
          const field = document.getElementById("text");
          field.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
          field.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.get_by_role("status")).to_contain_text("in 1 sentence.")
    assert page.get_by_label("Text", exact=True).input_value() == "Otto left Oslo ."


def test_a_server_that_asks_for_a_token_and_one_that_has_gone(browser: Any, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    page = browser.new_page()
    with serving(tiny_model, "--token-file", tmp_path / "token") as server:
        page.goto(server.address)
        expect(page.get_by_role("status")).to_have_text("This server asks for a token.")
        page.get_by_label("Token").fill("s3cret")
        find(page, "Ada left .")
        assert page.get_by_role("list", name="Labels that the model knows").get_by_role("listitem").count() == 3
    page.get_by_role("button", name="Find entities").click()
    expect(page.get_by_role("status")).to_have_text("The server does not answer.")
    page.close()
