from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import DataError
from ner.evaluation.error_page import page, write_page
from ner.evaluation.errors import TrainingNames, analyse
from ner.schemes import Span

from .strategies import patient

NASTY = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&amp;", "</mark></style>", "'", "שלום"]
VOID = {"meta", "input"}


class Reader(HTMLParser):
    """What a browser would make of the page: elements, attributes, and the text of each side of a sentence."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.names, self.attributes, self.sides, self.articles, self.open = set(), set(), [], [], []
        self.headlines = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "article":
            self.articles.append(dict(attrs)["class"].split())
        if "data-side" in dict(attrs):
            self.sides.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["h1"]:
            self.headlines += data
        if "p" in self.open and "article" in self.open and "small" not in self.open:
            self.sides[-1] += data


def report(words, label="PER", other="LOC"):
    """A report of one sentence: the words before, in and after an entity of the wrong type."""
    size = len(words)
    gold, predicted = Span(label, size, 2 * size), Span(other, size, 2 * size)
    return analyse([[*words] * 3], [[gold]], [[predicted]], training=TrainingNames.of([], []))


@pytest.mark.parametrize("name", NASTY)
def test_names_of_files_are_text(name):
    found = page(analyse([["a"]], [[Span("PER", 0, 1)]], [[]], [f"{name}:1"]), "T")
    assert Reader(found).names.isdisjoint({"img", "script"})
    assert escape(f"{name}:1") in found


texts = st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"]), min_size=1, max_size=8)
labels = st.one_of(texts, st.sampled_from(NASTY))


@patient
@given(st.lists(st.one_of(texts, st.sampled_from(NASTY)), min_size=1, max_size=6), labels, st.sampled_from(NASTY))
def test_any_text_stays_text(words, label, title):
    found = Reader(page(report(words, label, f"{label}'"), title))
    assert found.open == []
    assert not found.names & {"script", "img", "link", "iframe", "object", "a", "form"}
    assert not any(name.startswith("on") or name in ("src", "href") for name in found.attributes)
    assert found.headlines == title
    assert found.sides == [" ".join([*words] * 3)] * 2


def test_the_page_stands_alone_and_forbids_the_rest():
    text = page(report(["a"]), "title")
    assert "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "").lower().replace("<!doctype html", "")
    assert "url(" not in text


def test_sides_are_marked_and_filtered_by_kind():
    tokens = [["Anna", "Lee", "spoke"], ["Paris", "waits"], ["all", "well"]]
    gold = [[Span("PER", 0, 2)], [Span("LOC", 0, 1)], [Span("PER", 0, 1)]]
    predicted = [[Span("ORG", 0, 2), Span("LOC", 2, 3)], [], [Span("PER", 0, 1)]]
    text = page(analyse(tokens, gold, predicted), "errors")
    found = Reader(text)
    assert found.articles == [["type", "spurious"], ["missed"]]
    assert found.sides == ["Anna Lee spoke", "Anna Lee spoke", "Paris waits", "Paris waits"]
    assert text.count('class="wrong missed"') == text.count('class="wrong spurious"') == 1
    assert text.count('class="wrong type"') == 2
    for kind in ("type", "boundary", "both", "missed", "spurious"):
        assert f"#show-{kind}:checked ~ main article:not(.{kind})" in text
        assert f'id="show-{kind}"' in text
    assert "sentence 2" in text


def test_the_page_says_what_it_leaves_out():
    many = analyse([["x"]] * 5, [[Span("X", 0, 1)]] * 5, [[]] * 5)
    short = page(many, "errors", limit=2)
    assert len(Reader(short).articles) == 2
    assert "The first 2 of 5 are shown." in short
    assert "are shown" not in page(many, "errors", limit=5)


def test_without_errors():
    assert Reader(page(analyse([], [], []), "none")).articles == []


@pytest.mark.parametrize("word", ["Zoë", "\ud800"])
def test_the_file_holds_any_text(tmp_path, word):
    path = write_page(report([word]), tmp_path / "errors.html", "errors")
    assert word.encode("utf-8", "backslashreplace").decode() in path.read_text(encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be written: No such file or directory\. Make the folder first"):
        write_page(report([word]), tmp_path / "nowhere" / "errors.html", "errors")
