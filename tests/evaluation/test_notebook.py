"""Results show themselves in a notebook: their tables, escaped, and a picture where one can be drawn."""

import re
import sys
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ner.config import Config
from ner.evaluation.calibration import reliability
from ner.evaluation.errors import analyse
from ner.evaluation.notebook import html
from ner.evaluation.scores import score
from ner.evaluation.significance import Comparison
from ner.evaluation.tables import Table, text
from ner.evaluation.thresholds import curve
from ner.schemes import Span
from ner.training.portions import LearningCurve, Point
from ner.training.repeated import SeedRuns
from ner.training.run import TrainResult
from ner.tuning.result import TrialRecord, Tuning
from ner.tuning.space import Choice, Space

WILD = "<script>&\"'"


class Page(HTMLParser):
    """Tags, and the cells of the tables row by row."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.rows, self.open = set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open[-1:] and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


SCORES = score([["B-PER", "O"]], [["B-PER", "B-LOC"]], "IOB2")
RESULT = TrainResult(
    Path("runs/a"),
    Path("runs/a/model"),
    [{"epoch": 1, "loss": 2.0, "dev": {"f1": 0.5}}, {"epoch": 2, "loss": 1.0, "dev": None}],
    1,
    SCORES,
    SCORES,
)
RUNS = SeedRuns(Path(WILD), {1: RESULT, 2: RESULT})
TRIAL = TrialRecord(0, "complete", {"model.encoder.hidden": WILD}, 0.5, 1, 2, 3.0, "trial-0", "")


SPACE = Space({"model.encoder.hidden": Choice((WILD, "b"))})

SHOWN = {
    "scores": (SCORES, False),
    "comparison": (
        Comparison((WILD, "b"), ((0.5,), (0.6, 0.7)), 0.1, (0.0, 0.2), 0.04, 0.03, 5, "sentences", 9),
        False,
    ),
    "errors": (analyse([[WILD, "b"]], [[Span(WILD, 0, 1)]], [[Span("LOC", 1, 2)]]), False),
    "seeds": (RUNS, False),
    "curve": (LearningCurve(Path("a"), (Point(0.5, 3, 2.0, RUNS), Point(1.0, 6, 4.0, RUNS))), True),
    "tuning": (Tuning(WILD, Path("a"), SPACE, Config(), (TRIAL,), {"a": 0.5, "b": 0.5}), True),
    "training": (RESULT, True),
    "reliability": (reliability([0.1, 0.9], [0, 1]), True),
    "thresholds": (curve([[Span("A", 0, 1)]], [[(Span("A", 0, 1), 0.8)]]), True),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_notebook_shows(name):
    result, has_picture = SHOWN[name]
    shown = result._repr_html_()
    page = Page(shown)
    assert page.tags - {"img"} <= {"div", "p", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.open == [], "all that is opened is closed"
    assert page.rows == [
        [cell.strip() for cell in row]
        for table in result.parts()
        if isinstance(table, Table)
        for row in (table.header, *table.rows)
    ]
    assert ("img" in page.tags) == has_picture
    for picture in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', shown):
        assert b"<svg" in b64decode(picture) and b"<script" not in b64decode(picture)


@pytest.mark.parametrize("name", SHOWN)
def test_the_table_for_a_terminal_is_of_the_same_parts(name):
    result, _ = SHOWN[name]
    assert result.table() == text(result.parts())


def test_without_matplotlib_the_tables_are_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for result, _ in SHOWN.values():
        assert "<table" in result._repr_html_() and "<img" not in result._repr_html_()


def test_columns_of_numbers_are_flush_right_and_no_rows_are_a_header():
    page = html([Table(("a", "b"), [("x", "1"), ("y", "-2.50")])])
    assert re.findall(r"text-align:(\w+)", page) == ["left", "right"] * 3
    assert Page(html([Table(("a", "b"), [])])).rows == [["a", "b"]]
