"""Files that are not what they are read as are tagged, but not without a word."""

from __future__ import annotations

import io
import logging

import pytest

from ner.errors import ConfigError
from ner.tagging import tag_file
from ner.tagging.pipeline import input_kind
from tests.tagging.names import NameTagger

HEADER = "looks like a header, and is tagged as"


def warnings(caplog: pytest.LogCaptureFixture, content: str, read: str) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        tag_file(NameTagger(), io.BytesIO(content.encode()), io.StringIO(), read=read, write="jsonl")  # type: ignore[arg-type]
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("token\ttag\nAda\tB-PER\nleft\tO\n", 1),
        ("\n# x\nWORD POS CHUNK NER\nAda NNP B-NP B-PER\n", 3),
        ("\ufeffToken\tPOS\r\nAda\tNNP\r\n", 1),
        ("col1 col2\nAda B-PER\nleft O\n", 1),
        ("word\n\nAda\n", 1),
    ],
)
def test_a_header(caplog: pytest.LogCaptureFixture, content: str, line: int) -> None:
    (said,) = warnings(caplog, content, "conll")
    assert said == f"<stream>:{line}: {HEADER} words. If it is one, take it out: sed {line}d FILE > NEW."


@pytest.mark.parametrize(
    "content",
    [
        "Ada B-PER\nleft O\n",
        "Ada PER\nleft O\n.\tO\n".replace("\t", " "),  # a label without prefix
        "Word NN B-NP O\nhas VBZ O O\n",
        "Text NN\nfollows VBZ\n",
        "1\tword\tNN\n2\tfollows\tVB\n",
        "1,000\n",
        "Ada\n,\n",
        "-DOCSTART- O\n\nAda B-PER\n\ntoken O\n",
    ],
)
def test_no_header(caplog: pytest.LogCaptureFixture, content: str) -> None:
    assert warnings(caplog, content, "conll") == []


def test_commas_for_tabs(caplog: pytest.LogCaptureFixture) -> None:
    (said,) = warnings(caplog, "Ada,B-PER\nleft,O\n,,O\n", "conll")
    assert said.startswith("<stream>:1: every line holds commas, and is tagged as one word. If they separate columns")


def test_columns_as_text(caplog: pytest.LogCaptureFixture) -> None:
    (said,) = warnings(caplog, "# a\nAda B-PER\n\nleft O\nnow\tO\nx O\n", "text")
    assert said.startswith("<stream>:5: the lines look like tokens") and said.endswith("--from conll.")
    (said,) = warnings(caplog, "Ada,B-PER\nleft,O\nnow,O\n", "text")
    assert said.endswith("--from conll once commas are tabs (tr ',' '\\t' < FILE > NEW).")
    assert warnings(caplog, "text\nAda left.\n", "text") == [
        f"<stream>:1: {HEADER} text. If it is one, take it out: sed 1d FILE > NEW."
    ]
    for text in ("Is it so ?\n" * 4, "Plan B\nPlan B\nPlan B\n", "x O\ny O\n", "O\nO\nO\n", "He took the I-95\n" * 2):
        assert warnings(caplog, text, "text") == []


def test_names_that_promise_another_format() -> None:
    for name in ("a.csv", "a.JSON", "a.csv.gz", "folder/a.pdf"):
        with pytest.raises(ConfigError, match=r"tells no format that is tagged; say what it is, such as --from text"):
            input_kind(name)
    assert (input_kind("a.md"), input_kind("a"), input_kind("-"), input_kind("a.tsv.gz")) == (
        "text", "text", "text", "conll",
    )  # fmt: skip
