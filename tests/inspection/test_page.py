from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ner.document import ScoredSpan
from ner.inspection.page import page
from ner.inspection.picture import CIVIDIS, HeatMap, Picture, Scale, readable

NASTY = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&amp;", "</td></style>", "'", "\x00", "שלום"]
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=12))


class Reader(HTMLParser):
    """What a browser would make of the page: elements, attributes and the text of every cell."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.names, self.attributes, self.open = set(), set(), []
        self.columns, self.rows, self.cells, self.tips = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag == "meta":
            return
        self.open.append(tag)
        given = dict(attrs)
        if tag == "th":
            (self.columns if given["scope"] == "col" else self.rows).append("")
        if tag == "td" and "title" in given:
            self.cells.append("")
            self.tips.append(given["title"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "tbody" in self.open and self.open[-1] == "td":
            self.cells[-1] += data
        if "th" in self.open:
            (self.columns if "thead" in self.open else self.rows)[-1] += data


def make(columns, rows, texts, entities=(), title="t", caption="c"):
    values = np.linspace(0, 1, len(rows) * len(columns)).reshape(len(rows), len(columns))
    cells = tuple(tuple(texts[: len(columns)]) for _ in rows)
    heat_map = HeatMap(title, tuple(rows), values, cells, Scale(CIVIDIS, 0, 1, caption))
    return Picture(title, caption, tuple(columns), (heat_map,), tuple(entities))


@given(st.lists(TEXTS, min_size=1, max_size=20), st.lists(TEXTS, min_size=1, max_size=3), TEXTS, st.data())
def test_any_text_is_only_text(columns, rows, other, data):
    texts = data.draw(st.lists(TEXTS, min_size=len(columns), max_size=len(columns)))
    entity = ScoredSpan(other, 0, len(columns), 0.5)
    written = page(make(columns, rows, texts, [entity], other, other))
    written.encode("utf-8")
    reader = Reader(written)
    assert reader.open == []
    assert reader.names <= {
        "html", "head", "meta", "title", "style", "body", "h1", "p", "b", "span", "div",
        "figure", "figcaption", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert reader.attributes <= {
        "lang", "charset", "name", "content", "http-equiv", "class", "scope", "style", "title", "dir", "colspan",
    }  # fmt: skip
    assert reader.columns == [readable(name) for name in columns]
    assert len(reader.rows) == len(rows) and len(reader.cells) == len(rows) * len(columns)


def test_values_are_cells_with_colours_and_exact_tips():
    written = page(make(["Ada", "left"], ["gate"], ["0.0", "1.0"], [ScoredSpan("PER", 0, 1, 0.9)]))
    reader = Reader(written)
    assert reader.cells == ["0.0", "1.0"] and reader.tips == ["gate, Ada: 0", "gate, left: 1"]
    assert CIVIDIS[0] in written and f"background:{CIVIDIS[-1]}" in written
    assert 'colspan="1"' in written and ">PER<" in written


def test_the_page_needs_nothing_else():
    written = page(make(["a"], ["b"], ["c"]))
    assert "default-src 'none'" in written
    assert not any(word in written for word in ("http://", "https://", "src=", "@import", "url("))


def test_entities_stand_over_their_columns():
    written = page(
        make(list("abcde"), ["r"], list("vwxyz"), [ScoredSpan("X", 1, 3, 1.0), ScoredSpan("Y", 3, 4, 1.0)])
    )
    head = written[written.index("<thead>") : written.index("</tr>")]
    assert head.count("<td></td>") == 2  # the corner and column a
    assert head.index('colspan="2"') < head.index('colspan="1"')
    edges = [part.split('"')[0] for part in written.split('<td class="')[3:]]
    assert edges == ["", "left", "", "left", "left"]
