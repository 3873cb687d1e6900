"""Column files in, column files out: every byte stays, and one field is added to each line that has the columns."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.errors import DataError
from ner.tagger import Tagger
from ner.tagging import TagOptions, tag_file
from tests.tagging.names import NameTagger


def tagged(tagger: Any, content: bytes | str, **options: object) -> str:
    """What `tag_file` makes of a column file."""
    content = content.encode() if isinstance(content, str) else content
    output = io.StringIO(newline="")
    tag_file(tagger, io.BytesIO(content), output, read="conll", write="conll", **options)
    return output.getvalue()


def test_a_file_with_everything_in_it(tagger: NameTagger) -> None:
    content = (
        "\ufeff# a comment before\r\n"
        "-DOCSTART- -X- O\r\n"
        "\r\n"
        "Ada NNP B-PER\r\n"
        "lives  VBZ\tO \r\n"
        "# a comment within, of more words\r\n"
        "in IN O\n"
        "London NNP B-LOC\r\n"
        " \t \r\n"
        "\r\n"
        "\n"
        "# newdoc\n"
        "Oslo NNP B-LOC\n"
        "-DOCSTART-\n"
        "Acme NNP B-ORG\n"
        "  "
    )
    expected = (
        "\ufeff# a comment before\r\n"
        "-DOCSTART- -X- O O\r\n"
        "\r\n"
        "Ada NNP B-PER B-PER\r\n"
        "lives  VBZ\tO  O\r\n"
        "# a comment within, of more words\r\n"
        "in IN O O\n"
        "London NNP B-LOC B-LOC\r\n"
        " \t \r\n"
        "\r\n"
        "\n"
        "# newdoc\n"
        "Oslo NNP B-LOC B-LOC\n"
        "-DOCSTART-\n"
        "Acme NNP B-ORG B-ORG\n"
        "  "
    )
    assert tagged(tagger, content) == expected


def test_conllu_keeps_its_ids_and_its_width(tagger: NameTagger) -> None:
    rows = ["1\tAda\tO", "2-3\tcannot\t_", "2\tcan\tO", "3\tnot\tO", "3.1\tgo\t_", "4\tOslo\tO"]
    content = "# sent_id = 1\n# text = Ada cannot Oslo\n" + "\n".join(rows) + "\n\n"
    lines = tagged(tagger, content).split("\n")
    assert lines[:2] == content.split("\n")[:2]
    fields = [line.split("\t") for line in lines[2:-2]]
    assert ["\t".join(row[:3]) for row in fields] == rows
    assert [len(row) for row in fields] == [4] * 6
    assert [row[3] for row in fields if not row[0].isdecimal()] == ["_", "_"]
    (document,) = tagger.tag_tokens([["Ada", "can", "not", "Oslo"]])
    assert [row[3] for row in fields if row[0].isdecimal()] == document.tags()[0]


def test_single_column(tagger: NameTagger) -> None:
    assert tagged(tagger, "Ada\nlives\n\nin\nLondon") == "Ada B-PER\nlives O\n\nin O\nLondon B-LOC"


@pytest.mark.parametrize(
    "content", ["", "\n", "\n\n\n", " ", "\ufeff", "# only a comment\n", "-DOCSTART-\n\n", "\r\n\r"]
)
def test_no_token_at_all(tagger: NameTagger, content: str) -> None:
    output = tagged(tagger, content)
    assert output == content


def test_the_word_column_may_be_any(tagger: NameTagger) -> None:
    rows = ["x\tAda\tO", "y\tin\tO", "z\tLondon\tO"]
    for column in (1, -2):
        data = DataConfig(word_column=column)
        assert tagged(tagger, "\n".join(rows), data=data) == "x\tAda\tO\tB-PER\ny\tin\tO\tO\nz\tLondon\tO\tB-LOC"
    last = DataConfig(word_column=-1)
    assert tagged(tagger, "1 Ada\n2 x\n", data=last) == "1 Ada B-PER\n2 x O\n"


def test_blanks_in_words_of_tab_files_and_no_break_spaces(tagger: NameTagger) -> None:
    content = "New York\tO\nin\u00a0a\tO\n\tO\n"
    (document,) = tagger.tag_tokens([["New York", "in\u00a0a", ""]])
    fields = [line.rsplit("\t", 1) for line in tagged(tagger, content).splitlines()]
    assert ["\t".join(row[:-1]) for row in fields] == ["New York\tO", "in\u00a0a\tO", "\tO"]
    assert [row[-1] for row in fields] == document.tags()[0]


def test_a_hash_is_a_word_where_a_tag_follows(tagger: NameTagger) -> None:
    assert re.fullmatch("# O \\S+\nAda O \\S+\n", tagged(tagger, "# O\nAda O\n"))
    assert re.fullmatch("# x y\nAda O \\S+\n", tagged(tagger, "# x y\nAda O\n"))


def test_ragged_lines_are_named(tagger: NameTagger) -> None:
    with pytest.raises(DataError, match=r"^<stream>:5: 1 column, but line 2 has 2"):
        tagged(tagger, "# c\nAda O\n\nin O\nLondon\n")


def test_probabilities_are_a_column_more(tiny_tagger: Tagger) -> None:
    content = "-DOCSTART- O\n\nAda O\r\nlives O\n"
    output = tagged(tiny_tagger, content, options=TagOptions(probabilities=True))
    chance, tag = r" [01]\.\d{6}", " (?:O|B-[A-Z]+|I-[A-Z]+)"
    assert re.fullmatch(rf"-DOCSTART- O O _\n\nAda O{tag}{chance}\r\nlives O{tag}{chance}\n", output)


def test_schemes(tagger: NameTagger) -> None:
    content = "New O\nYork O\nin O\nOslo O\n"
    for scheme, tags in {
        "IOB1": "I-LOC I-LOC O I-LOC",
        "IOBES": "B-LOC E-LOC O S-LOC",
        "BILOU": "B-LOC L-LOC O U-LOC",
        "BMES": "B-LOC E-LOC O S-LOC",
    }.items():
        output = tagged(tagger, content, options=TagOptions(scheme=scheme))
        assert " ".join(line.rsplit(" ", 1)[1] for line in output.splitlines()) == tags


LINE_ENDS = st.sampled_from(["\n", "\r\n"])
WORDS = st.sampled_from(["Ada", "London", "in", "#", "##x", "-DOCSTART", "é", "\u2028", "\x0c", "\u00a0", "0", "O"])
SEPARATORS = st.sampled_from(["\t", " "])


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[list[str]], str]:
    """A column file, its sentences, and a template of what is to come out, with {} for each tag."""
    separator = draw(SEPARATORS)
    pieces, sentences, open_sentence = [], [], False
    others = ["blank", "comment", "document"]
    before = draw(st.lists(st.sampled_from(others), max_size=3))
    lines = draw(st.lists(st.sampled_from(["token"] * 6 + others), max_size=14))
    for kind in [*before, "token", *lines]:
        end = draw(LINE_ENDS)
        if kind == "token":
            word = draw(WORDS) if sentences else "Ada"  # a file of nothing but # might be one of comments
            # A filling of the other columns by which no line can pass for a comment.
            row = separator.join([word, draw(WORDS.filter(lambda text: text != "#")), "B-x"])
            pieces.append((row, separator + "{}", end))
            if not open_sentence:
                sentences.append([])
            sentences[-1].append(word)
            open_sentence = True
        elif kind == "blank":
            pieces.append((draw(st.sampled_from(["", " ", "\t ", "  "])), "", end))
            open_sentence = False
        elif kind == "comment":
            pieces.append((draw(st.sampled_from(["# text", "# a b c d e"])), "", end))
        else:
            whole = draw(st.booleans())
            row = separator.join(["-DOCSTART-", "-X-", "O"]) if whole else "-DOCSTART-"
            pieces.append((row, f"{separator}O" if whole else "", end))
            open_sentence = False
    if draw(st.booleans()):
        pieces[-1] = (*pieces[-1][:2], "")
    mark = "\ufeff" if draw(st.booleans()) else ""
    content = mark + "".join(row + end for row, _, end in pieces)
    return content, sentences, mark + "".join(row + more + end for row, more, end in pieces)


@given(files())
@settings(max_examples=150, deadline=None)
def test_every_byte_stays_and_every_token_gets_its_tag(
    tagger: NameTagger, file: tuple[str, list[list[str]], str]
) -> None:
    content, sentences, template = file
    tags = [tag for document in tagger.tag_tokens(sentences) for tag in document.tags()[0]]
    assert tagged(tagger, content) == template.format(*tags)


@given(st.text(st.sampled_from("ab# \t\r\n\ufeff\u00a0-1O") | st.characters(codec="utf-8"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_in_goes_out_line_by_line(tagger: NameTagger, content: str) -> None:
    try:
        output = tagged(tagger, content)
    except DataError as error:
        assert re.match(r"<stream>:\d+: ", str(error))
        return
    before, after = content.split("\n"), output.split("\n")
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        end = "\r" if old.endswith("\r") else ""
        added = new[len(old.removesuffix(end)) :].removesuffix(end)
        assert new == old or (
            new.startswith(old.removesuffix(end)) and re.fullmatch(r"[\t ](_|O|[BI]-[A-Z]+)", added)
        )


def test_a_long_file_through_a_small_window(tagger: NameTagger, tmp_path: Path) -> None:
    block = "# id = {}\r\nAda O\r\nmet O\r\nOtto O\r\n\r\n"
    content = "".join(block.format(number) for number in range(3000))
    source, target = tmp_path / "a.conll", tmp_path / "b.conll"
    source.write_bytes(content.encode())
    assert tag_file(tagger, source, target, window=64) == 9000
    expected = tagged(tagger, block).split("\r\n", 1)[1]
    assert target.read_bytes().decode() == "".join(f"# id = {number}\r\n{expected}" for number in range(3000))
