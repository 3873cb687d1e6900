"""Files through a tagger: every way in, every way out, in order, whole or not at all."""

from __future__ import annotations

import gc
import gzip
import io
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.errors import ConfigError, DataError
from ner.tagger import Tagger
from ner.tagging import TagOptions, tag_file
from tests.scripts.loading import script
from tests.tagging.names import PAGES, STREAMS, NameTagger
from tests.text.strategies import texts

TEXT = "Ada Lovelace lives in London.\n\nOtto met Acme in New York."


def through(tagger: Any, content: str | bytes, read: str, write: str, **options: Any) -> str:
    """What `tag_file` makes of a content."""
    content = content if isinstance(content, bytes) else content.encode()
    output = io.StringIO(newline="")
    tag_file(tagger, io.BytesIO(content), output, read=read, write=write, **options)
    return output.getvalue()


def records(output: str) -> list[dict[str, Any]]:
    """The records of JSONL."""
    assert output == "" or output.endswith("\n")
    return [json.loads(line) for line in output.split("\n")[:-1]]


class Marks(HTMLParser):
    """The text of a page, and what is marked in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.marks: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        if tag == "div":
            self.texts.append("")
        if tag == "mark":
            self.marks.append(("", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if "span" in self._open:
            self.marks[-1] = (self.marks[-1][0], data)
            return
        if "mark" in self._open:
            self.marks[-1] = (data, "")
        if "div" in self._open:
            self.texts[-1] += data


INPUT = {
    "text": TEXT,
    "conll": "Ada O\nLovelace O\nlives O\nin O\nLondon O\n\nOtto O\nmet O\nAcme O\n",
    "jsonl": '{"id": 1, "text": "Ada lives in London."}\n\n{"tokens": ["Otto", "met", "New", "York"], "id": 2}\n',
}
NAMES_IN = {
    "text": [("Ada Lovelace", "PER"), ("London", "LOC"), ("Otto", "PER"), ("Acme", "ORG"), ("New York", "LOC")],
    "conll": [("Ada Lovelace", "PER"), ("London", "LOC"), ("Otto", "PER"), ("Acme", "ORG")],
    "jsonl": [("Ada", "PER"), ("London", "LOC"), ("Otto", "PER"), ("New York", "LOC")],
}


def names_in(output: str, write: str) -> list[tuple[str, str]]:
    """The entities that an output shows."""
    if write == "text":
        return [(text, label) for label, text in re.findall(r"\[([A-Z]+) ([^]]+)\]", output)]
    if write == "jsonl":
        return [(one["text"], one["label"]) for record in records(output) for one in record["entities"]]
    if write == "html":
        assert output.startswith("<!DOCTYPE html>") and output.endswith("</html>\n")
        return Marks(output).marks
    found: list[tuple[str, str]] = []
    for word, *_, tag in (re.split("[\t ]", line) for line in output.splitlines() if line):
        if tag.startswith("B-"):
            found.append((word, tag[2:]))
        elif tag.startswith("I-"):
            found[-1] = (f"{found[-1][0]} {word}", found[-1][1])
    return found


@pytest.mark.parametrize("read", STREAMS)
@pytest.mark.parametrize("write", PAGES)
def test_every_way_in_and_out_finds_the_same(tagger: NameTagger, read: str, write: str) -> None:
    assert names_in(through(tagger, INPUT[read], read, write), write) == NAMES_IN[read]


@pytest.mark.parametrize("write", PAGES)
def test_a_trained_model_says_the_same_in_every_format(tiny_tagger: Tagger, tiny_files: Path, write: str) -> None:
    sentences = [block.split("\n") for block in (tiny_files / "test.conll").read_text().strip().split("\n\n")]
    texts = [" ".join(line.split(" ")[0] for line in sentence) for sentence in sentences]
    expected = [(one.text, one.label) for text in texts for one in tiny_tagger.tag(text).entities]
    assert len(expected) > 10
    assert names_in(through(tiny_tagger, "\n".join(texts), "text", write), write) == expected


@pytest.mark.parametrize("read", STREAMS)
@pytest.mark.parametrize("write", PAGES)
def test_nothing_in_nothing_out(tagger: NameTagger, read: str, write: str) -> None:
    output = through(tagger, "", read, write)
    assert Marks(output).texts == [] if write == "html" else output == ""


@given(st.lists(texts.map(lambda text: re.sub("[\r\n]", "", text).encode(errors="ignore").decode()), max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_line_of_text_is_a_line_of_jsonl(tagger: NameTagger, lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in lines)
    found = records(through(tagger, content, "text", "jsonl"))
    expected = list(lines)
    if expected:
        expected[0] = expected[0].removeprefix("\ufeff")
    assert [record["text"] for record in found] == (expected if content != "\ufeff\n" else [""])
    for record in found:
        text = record["text"]
        covered = [char for token in record["tokens"] for char in range(token["start"], token["end"])]
        assert covered == [place for place, char in enumerate(text) if not char.isspace()]
        for piece in [*record["tokens"], *record["entities"]]:
            assert text[piece["start"] : piece["end"]] == piece["text"] != ""
        assert all(0 < entity["score"] <= 1 for entity in record["entities"])


@pytest.mark.parametrize("content", ["a", "a\n", "a\n\n", "\n", "\n\nLondon", "a\r\nLondon\r\n", "\ufeffa\n"])
def test_line_ends_of_texts(tagger: NameTagger, content: str) -> None:
    lines = content.removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n").split("\n")
    assert [one["text"] for one in records(through(tagger, content, "text", "jsonl"))] == lines
    plain = re.sub(r"\[[A-Z]+ ([^]]+)\]", r"\1", through(tagger, content, "text", "text"))
    assert plain == "".join(f"{line}\n" for line in lines)


def test_records_keep_their_other_keys_and_their_text(tagger: NameTagger) -> None:
    lines = [
        {"id": 7, "text": "Ada  lives.\nIn  London", "meta": {"ü": [1, None, 2.5]}, "entities": "old"},
        {"tokens": ["Ada", "lives", "in", "London", "."], "text": "Ada lives in London. ", "lang": "en"},
        {"words": ["Otto", "x y", ""], "tags": ["B-PER", "O", "O"]},
        {"text": "", "id": None},
        {"tokens": [], "id": 3},
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines)
    found = records(through(tagger, content, "jsonl", "jsonl"))
    assert [record["text"] for record in found] == [
        "Ada  lives.\nIn  London",
        "Ada lives in London. ",
        "Otto x y ",
        "",
        "",
    ]
    own = {"text", "tokens", "entities", "words"}
    for record, line in zip(found, lines, strict=True):
        assert {key: value for key, value in record.items() if key not in own} == {
            "entities_before" if key == "entities" else key: value
            for key, value in line.items()
            if key not in own - {"entities"}
        }
    assert [token["text"] for token in found[1]["tokens"]] == ["Ada", "lives", "in", "London", "."]
    assert found[1]["tokens"][-1] == {"text": ".", "start": 19, "end": 20}
    assert [token["text"] for token in found[2]["tokens"]] == ["Otto", "x y", ""]


def test_output_is_input_again(tagger: NameTagger) -> None:
    """Tokens that were cut once are not cut anew, whatever the tokenizer would do."""
    given = {"text": "Ada-London, New York", "tokens": [
        {"text": "Ada", "start": 0, "end": 3}, {"text": "-London,", "start": 3, "end": 11},
        {"text": "New York", "start": 12, "end": 20}]}  # fmt: skip
    once = through(tagger, json.dumps(given), "jsonl", "jsonl")
    assert records(once)[0]["tokens"] == given["tokens"]
    assert through(tagger, once, "jsonl", "jsonl") == once
    text = through(tagger, TEXT, "text", "jsonl")
    assert through(tagger, text, "jsonl", "jsonl") == text


def test_lone_surrogates(tagger: NameTagger) -> None:
    text = "Ada \ud800 lives in London 😀"
    output = through(tagger, json.dumps({"text": text}), "jsonl", "jsonl")
    output.encode()
    (record,) = records(output)
    assert record["text"] == text
    assert [one["text"] for one in record["entities"]] == ["Ada", "London"]


def test_half_pairs_cannot_stand_in_columns(tagger: NameTagger, tmp_path: Path) -> None:
    source, target = tmp_path / "a.jsonl", tmp_path / "a.conll"
    source.write_text(json.dumps({"text": "Ada \ud800"}))
    with pytest.raises(DataError, match="half of a surrogate pair"):
        tag_file(tagger, source, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl"]


@pytest.mark.parametrize("token", ["a b", "a\tb", "a\nb", "\r", "-DOCSTART-"])
def test_tokens_that_cannot_stand_in_columns_are_named_by_line(tagger: NameTagger, token: str) -> None:
    content = '{"text": "Ada"}\n\n' + json.dumps({"tokens": ["x", token]})
    with pytest.raises(DataError, match=r"^<stream>:3: the token .* cannot stand in a column\. .*--to jsonl"):
        through(tagger, content, "jsonl", "conll")


@pytest.mark.parametrize(("line", "message"), script("provocations").RECORDS)
def test_records_that_cannot_be_read(tagger: NameTagger, line: str, message: str) -> None:
    with pytest.raises(DataError, match=rf"^<stream>:2: .*{message}"):
        through(tagger, f'{{"text": "x"}}\n{line}\n', "jsonl", "jsonl")


def test_the_key_of_the_tokens(tagger: NameTagger) -> None:
    content = json.dumps({"w": ["Ada", "x"], "tokens": 2})
    (record,) = records(through(tagger, content, "jsonl", "jsonl", data=DataConfig(tokens="w")))
    assert record["text"] == "Ada x" and "w" not in record


def test_comments_and_marks_alone_make_no_document(tagger: NameTagger) -> None:
    content = "-DOCSTART- O\n\n# a comment of five words\n\nAda O\n\n\n-DOCSTART- O\n"
    assert [one["text"] for one in records(through(tagger, content, "conll", "jsonl"))] == ["Ada"]
    assert through(tagger, content, "conll", "text") == "[PER Ada]\n"
    assert Marks(through(tagger, content, "conll", "html")).texts == ["Ada"]


def test_html_keeps_the_text(tagger: NameTagger) -> None:
    content = "Ada <b>&amp;</b> lives in London\n\n <script>alert('Otto')</script>\n"
    output = through(tagger, content, "text", "html")
    assert Marks(output).texts == [line for line in content.split("\n") if line]
    assert output.count("\n<br>\n") == 1  # the empty line
    assert "<b>" not in output and "<script" not in output


def test_formats_go_by_the_names(tagger: NameTagger, tmp_path: Path) -> None:
    content = {"in.conll": "Ada O\n", "in.jsonl": '{"text": "Ada"}\n', "in.txt": "Ada\n", "in.tsv.gz": "Ada\tO\n"}
    expected = {
        "out.conll": {"in.conll": "Ada O B-PER\n", "in.tsv.gz": "Ada\tO\tB-PER\n", None: "Ada\tB-PER\n\n"},
        "out.txt": {None: "[PER Ada]\n"},
        "out.jsonl": {None: '{"text": "Ada"'},
        "out.html": {None: "<!DOCTYPE html>"},
        "out": {"in.conll": "Ada O B-PER\n", "in.tsv.gz": "Ada\tO\tB-PER\n", None: '{"text": "Ada"'},
        "out.conll.gz": {"in.conll": "Ada O B-PER\n", "in.tsv.gz": "Ada\tO\tB-PER\n", None: "Ada\tB-PER\n\n"},
    }
    for name, text in content.items():
        source = tmp_path / name
        source.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        for target, starts in expected.items():
            assert tag_file(tagger, source, tmp_path / target) == 1
            output = (tmp_path / target).read_bytes()
            output = gzip.decompress(output) if target.endswith(".gz") else output
            assert output.decode().startswith(starts.get(name) or starts[None])


@pytest.mark.parametrize("read", STREAMS)
def test_a_fault_half_way_leaves_the_output_as_it_was(tagger: NameTagger, tmp_path: Path, read: str) -> None:
    source, target = tmp_path / f"in.{read}", tmp_path / "out.jsonl"
    good = {"text": "Ada\n" * 50, "conll": "Ada O\n\n" * 50, "jsonl": '{"text": "Ada"}\n' * 50}[read]
    source.write_bytes(good.encode() + b"\xe4\n")
    for before in (None, "as it was"):
        if before is not None:
            target.write_text(before)
        with pytest.raises(DataError, match=r":(51|101): byte 0xe4 at position 1 of the line is not UTF-8"):
            tag_file(tagger, source, target, read=read, window=8)
        assert (target.read_text() if target.exists() else None) == before
        assert {path.name for path in tmp_path.iterdir()} <= {source.name, target.name}


def test_outputs_that_cannot_be_written(tagger: NameTagger, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "no" / "folder"):
        with pytest.raises(DataError, match="cannot be written"):
            tag_file(tagger, io.BytesIO(b"Ada"), target)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("window", [1, 2, 7, 1000])
@pytest.mark.parametrize("read", STREAMS)
def test_the_window_changes_nothing(tagger: NameTagger, read: str, window: int) -> None:
    content = INPUT[read]
    assert through(tagger, content, read, "conll", window=window) == through(tagger, content, read, "conll")


def test_a_stream_is_read_no_further_than_the_window(tagger: NameTagger) -> None:
    read: list[int] = []

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            read.append(1)
            line = b"Ada lives in London .\n"
            buffer[: len(line)] = line
            return len(line)

    class EnoughError(Exception):
        pass

    class Output(io.StringIO):
        def write(self, text: str) -> int:
            super().write(text)
            if self.getvalue().count("\n") >= 100:
                raise EnoughError
            return len(text)

    output = Output()
    with pytest.raises(EnoughError):
        tag_file(tagger, Endless(), output, read="text", write="text", window=60)  # type: ignore[arg-type]
    assert output.getvalue().splitlines()[0] == "[PER Ada] lives in [LOC London] ."
    assert 100 <= len(read) < 125


def test_low_scores_may_be_left_out(tagger: NameTagger) -> None:
    content = "Ada in New York\n"  # of scores 0.15 and 0.4
    for least, expected in ((0.0, ["Ada", "New York"]), (0.15, ["Ada", "New York"]), (0.16, ["New York"]), (1.0, [])):
        options = TagOptions(min_score=least)
        for write in PAGES:
            output = through(tagger, content, "text", write, options=options)
            assert [name for name, _ in names_in(output, write)] == expected


def test_probabilities_and_other_readings(tiny_tagger: Tagger) -> None:
    content = "Ada Lovelace lives in New York . It rained .\n"
    (plain,) = records(through(tiny_tagger, content, "text", "jsonl"))
    sure = TagOptions(probabilities=True, n_best=3)
    (record,) = records(through(tiny_tagger, content, "text", "jsonl", options=sure))
    assert sum(sentence["tokens"] for sentence in record["sentences"]) == len(record["tokens"])
    assert len(record["sentences"]) == len(record["n_best"]) == 2
    assert all(0 < one["probability"] <= 1 and one["entropy"] >= 0 for one in record["sentences"])
    assert all(0.9 < sum(token["tags"].values()) <= 1.001 for token in record["tokens"])
    best = []
    for sentence, readings in zip(record["sentences"], record["n_best"], strict=True):
        chances = [reading["probability"] for reading in readings]
        assert len(chances) == 3 and chances == sorted(chances, reverse=True)
        assert chances[0] == pytest.approx(sentence["probability"])
        best += readings[0]["entities"]
    assert best == [{key: one[key] for key in ("text", "label", "start", "end")} for one in plain["entities"]]


@pytest.mark.parametrize(
    ("options", "write", "message"),
    [
        ({"scheme": "IOB3"}, "conll", "--scheme IOB3: expected one of IOB1"),
        ({"min_score": 2.0}, "jsonl", "--min-score 2.0: expected a probability"),
        ({"threshold": -0.1}, "jsonl", "--threshold -0.1: expected a probability"),
        ({"n_best": -1}, "jsonl", "--n-best -1"),
        ({"n_best": 2}, "conll", "--n-best has no place in conll"),
        ({"probabilities": True}, "html", "--probabilities has no place in html"),
    ],
)
def test_options_that_make_no_sense(tagger: NameTagger, options: dict[str, Any], write: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        through(tagger, "Ada", "text", write, options=TagOptions(**options))


@pytest.mark.parametrize(
    ("read", "data", "message"),
    [
        (
            "jsonl",
            {"separator": "tab"},
            r"^data.separator=tab has no place in jsonl: leave it out, or .* --from conll$",
        ),
        ("text", {"word_column": 0}, r"data.word_column=0 has no place in text"),
        ("conll", {"tokens": "words"}, r"data.tokens=words has no place in conll: leave it out, or .* --from jsonl"),
        ("text", {"text": "body"}, r"data.text=body has no place in text"),
    ],
)
def test_how_another_format_is_read(tagger: NameTagger, read: str, data: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        through(tagger, "Ada", read, "jsonl", data=DataConfig(**data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
OWN = {"text", "tokens", "words", "entities", "sentences", "n_best"}


@st.composite
def any_record(draw: st.DrawFn) -> tuple[dict[str, Any], str, list[tuple[int, int]] | None]:
    """A record, its text, and where its tokens stand, if the record says so."""
    words = draw(st.lists(texts.map(lambda text: "".join(text.split())).filter(bool), max_size=5))
    kind = draw(st.sampled_from(["text", "strings", "offsets", "words"]))
    blanks = [draw(st.sampled_from([" ", "  ", "\n", "\u3000", "\t "])) for _ in range(len(words) + 1)]
    text, places = blanks[0], []
    for word, blank in zip(words, blanks[1:], strict=True):
        places.append((len(text), len(text) + len(word)))
        text += word + blank
    record = draw(st.dictionaries(texts.filter(lambda key: key not in OWN), JSON, max_size=4))
    if kind == "words":
        record["words"] = words
        text, places = " ".join(words), []
        for word in words:
            start = places[-1][1] + 1 if places else 0
            places.append((start, start + len(word)))
        return record, text, places
    record["text"] = text
    if kind == "strings":
        record["tokens"] = words
    if kind == "offsets":
        record["tokens"] = [{"start": start, "end": end} for start, end in places]
    keys = list(record)
    return (
        {key: record[key] for key in draw(st.permutations(keys))},
        text,
        places if words and kind != "text" else None,
    )


@given(any_record(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_record_comes_in_comes_out(tagger: NameTagger, given_record: Any, ascii_only: bool) -> None:
    record, text, places = given_record
    assume(json.loads(json.dumps(record)) == record)  # two halves of a pair beside each other are one character
    line = json.dumps(record, ensure_ascii=ascii_only)
    content = line.encode(errors="surrogatepass")
    if not ascii_only and any("\ud800" <= char <= "\udfff" for char in line):
        content = json.dumps(record).encode()  # a half of a pair is no UTF-8
    (found,) = records(through(tagger, content, "jsonl", "jsonl"))
    assert found["text"] == text
    assert {key: value for key, value in found.items() if key not in OWN} == {
        key: value for key, value in record.items() if key not in OWN
    }
    tokens = [(token["start"], token["end"]) for token in found["tokens"]]
    if places is not None:
        assert tokens == places
    covered = [place for start, end in tokens for place in range(start, end)]
    assert covered == sorted(set(covered)) and set(covered) >= {
        place for place, char in enumerate(text) if not char.isspace()
    }
    for piece in [*found["tokens"], *found["entities"]]:
        assert text[piece["start"] : piece["end"]] == piece["text"] != ""


def test_what_a_record_holds_beside_its_text_counts_as_read_ahead(tagger: NameTagger) -> None:
    read: list[int] = []

    class Records(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            if len(read) == 100:
                return 0
            read.append(1)
            line = json.dumps({"text": "Ada", "picture": "x" * 64_000}).encode() + b"\n"
            buffer[: len(line)] = line
            return len(line)

    class Output(io.StringIO):
        def write(self, text: str) -> int:
            begun.append(len(read))
            return len(text)

    begun: list[int] = []
    tag_file(tagger, io.BufferedReader(Records(), 1 << 17), Output(), read="jsonl", write="jsonl", window=2000)
    assert begun[1] < 10  # the first is the head, of nothing


def test_settings_of_the_interpreter_are_undone_by_the_last_of_several_threads(tagger: NameTagger) -> None:
    before = sys.getswitchinterval(), gc.get_threshold()
    entered, left = [Event(), Event()], [Event(), Event()]

    class Waiting(io.RawIOBase):
        def __init__(self, number: int) -> None:
            self.number = number

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            entered[self.number].set()
            assert left[self.number].wait(30)
            return 0

    with ThreadPoolExecutor(2) as pool:
        files = []
        for number in (0, 1):
            files.append(pool.submit(tag_file, tagger, Waiting(number), io.StringIO()))  # type: ignore[arg-type]
            assert entered[number].wait(30)
        within = sys.getswitchinterval()
        for number in (0, 1):
            left[number].set()
            assert files[number].result() == 0
    assert within < before[0]
    assert (sys.getswitchinterval(), gc.get_threshold()) == before


@pytest.mark.parametrize("read", ["text", "jsonl"])
def test_windows_begin_anew_with_a_stretch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: str) -> None:
    """What is computed together in a stretch hangs on nothing before it; see `ner.corpus.source.stretch_lines`."""
    monkeypatch.setattr("ner.corpus.source.STRETCH", 1000)
    monkeypatch.setattr("ner.tagging.pipeline._FIRST_WINDOW", 20)
    together: list[list[str]] = []

    class Watched(NameTagger):
        def start(self, sentences: Any, *arguments: Any) -> Any:
            together.append([" ".join(sentence) for sentence in sentences])
            return super().start(sentences, *arguments)

    rows = [f"Ada {number} lives in Oslo ." if number % 7 else "" for number in range(300)]
    lines = [(row if read == "text" else json.dumps({"text": row})).encode() + b"\n" for row in rows]
    path = tmp_path / "a"
    path.write_bytes(b"".join(lines))
    tag_file(Watched(), path, io.StringIO(), read=read, write="text", window=100)  # type: ignore[arg-type]
    whole, together[:] = list(together), []
    stretch: list[bytes] = []
    for number, line in enumerate(lines):
        place = sum(map(len, lines[:number]))
        if stretch and place // 1000 != (place - len(lines[number - 1])) // 1000:
            tag_file(Watched(), io.BytesIO(b"".join(stretch)), io.StringIO(), read=read, write="text", window=100)  # type: ignore[arg-type]
            stretch = []
        stretch.append(line)
    tag_file(Watched(), io.BytesIO(b"".join(stretch)), io.StringIO(), read=read, write="text", window=100)  # type: ignore[arg-type]
    assert whole == together and len(whole) > 20
