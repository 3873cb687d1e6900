from __future__ import annotations

import re
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ner.errors import DataError
from ner.features import vector_files
from ner.features.vector_files import read_blocks

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
# What a word of a text file can be: no blank or line end at its ends, no number with a point behind a blank.
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda word: (
        "\n" not in word and word.encode() == word.encode().strip() and not any(s in word for s in "\t\v\f\r .")
    )
)


def read(path) -> tuple[list[str], np.ndarray]:
    blocks = list(read_blocks(path))
    return [word for block in blocks for word in block.words], np.concatenate([block.matrix for block in blocks])


def content(tmp_path, data: bytes | str):
    path = tmp_path / "v.txt"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def text(words: list[str], matrix: list[list[float]]) -> str:
    return "".join(f"{word} {' '.join(map(repr, row))}\n" for word, row in zip(words, matrix, strict=True))


def binary(words: list[str], matrix: list[list[float]], end: bytes = b"\n") -> bytes:
    rows = (
        word.encode() + b" " + struct.pack(f"<{len(row)}f", *row) + end
        for word, row in zip(words, matrix, strict=True)
    )
    return f"{len(words)} {len(matrix[0])}\n".encode() + b"".join(rows)


@st.composite
def tables(draw):
    words = draw(st.lists(WORDS, min_size=1, max_size=12))
    dim = draw(st.integers(1, 5))
    return words, [[draw(NUMBERS) for _ in range(dim)] for _ in words]


@given(tables(), st.booleans(), st.sampled_from([1, 5, 17, 1 << 22]))
@example((["7"], [[1.0, 2.0]]), False, 5)
def test_text_comes_back_whatever_the_blocks(tmp_path_factory, table, header, block):
    words, matrix = table
    if len(matrix[0]) == 1 and words[0].isdigit() and not header:
        words = ["a", *words[1:]]  # one integer behind another would be a header
    start = f"{len(words)} {len(matrix[0])}\n" if header else ""
    path = content(tmp_path_factory.mktemp("vectors"), start + text(words, matrix))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_files, "_BLOCK", max(block, 64))  # the header and a row must fit into the first
        read_words, read_matrix = read(path)
    assert read_words == words
    assert (read_matrix == np.array(matrix, np.float32)).all()
    assert read_matrix.dtype == np.float32


@given(tables(), st.booleans(), st.sampled_from([64, 100, 1 << 22]))
def test_binary_comes_back_whatever_the_blocks(tmp_path_factory, table, line_ends, block):
    words, matrix = table
    path = content(tmp_path_factory.mktemp("vectors"), binary(words, matrix, b"\n" if line_ends else b""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_files, "_BLOCK", block)
        patch.setattr(vector_files, "_is_binary", lambda rest, dim: True)
        read_words, read_matrix = read(path)
    assert read_words == words
    assert (read_matrix == np.array(matrix, np.float32)).all()


@pytest.mark.parametrize("dim", [2, 3, 50, 300])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_binary_is_recognized(tmp_path, dim, end):
    rng = np.random.default_rng(dim)
    matrix = rng.normal(size=(40, dim)).astype(np.float32)
    words = [f"w{row}" for row in range(40)]
    read_words, read_matrix = read(content(tmp_path, binary(words, matrix.tolist(), end)))
    assert read_words == words
    assert (read_matrix == matrix).all()


def test_words_may_hold_blanks(tmp_path):
    words, matrix = read(content(tmp_path, "the 0.5 1.5\n. . . -1 2\nat name@domain.com 3e-1 4\na 1 5 6\n"))
    assert words == ["the", ". . .", "at name@domain.com", "a 1"]
    assert matrix.tolist() == np.array([[0.5, 1.5], [-1, 2], [0.3, 4], [5, 6]], np.float32).tolist()


def test_only_ascii_white_space_separates(tmp_path):
    words = ["a\u00a0b", "\u3000", "\u0085", "x\u2028y", "日本"]
    assert read(content(tmp_path, text(words, [[1.0, 2.0]] * 5)))[0] == words


@pytest.mark.parametrize(
    "data",
    [
        "a 1.5 2\nb 3 4\n",
        "a 1.5 2\nb 3 4",
        "a 1.5 2\r\nb 3 4\r\n",
        "a 1.5 2 \nb 3 4 \n",
        "a\t1.5\t2\nb\t3\t4\n",
        "a\t1.5 2\nb 3\t4\n",
        "a  1.5   2\nb 3 4\n\n\n \n",
        "2 2\na 1.5 2\nb 3 4\n",
        "2 2 \r\na 1.5 2\r\nb 3 4\r\n",
        "\ufeffa 1.5 2\nb 3 4\n",
        "\ufeff2 2\na 1.5 2\nb 3 4\n",
        "a 1.5e0 +2.\nb 30E-1 4.0\n",
    ],
)
def test_the_ways_to_write_a_table(tmp_path, data):
    words, matrix = read(content(tmp_path, data))
    assert words == ["a", "b"]
    assert matrix.tolist() == [[1.5, 2], [3, 4]]


@pytest.mark.parametrize("data", ["a 1.5 2\n 3 4\n", "a\t1.5\t2\n\t3\t4\n"])
def test_a_row_without_a_word_is_the_empty_word(tmp_path, data):
    words, matrix = read(content(tmp_path, data))
    assert words == ["a", ""]
    assert matrix.tolist() == [[1.5, 2], [3, 4]]


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        ("a 1 2 3\nb 1 2\n", 2, "expected a word and 3 numbers, found 2 numbers"),
        ("a 1 2 3\nb 1 2 3\nc", 3, "expected a word and 3 numbers, found 0 numbers"),
        ("a 1 2 3\nb 0.1 0.2 0.3 0.4\n", 2, "expected a word and 3 numbers, found 4 numbers"),
        ("a 1 2\n\nb 1 2\n", 2, "found 0 numbers"),
        ("a 1 2\nb 1.5  2.5 3.5\n", 2, "expected a word and 2 numbers, found 3 numbers"),
        ("a 1 2 3\nb 1 x 3\n", 2, "expected a finite number, found 'x'"),
        ("a 1 2 3\nb 1 2,5 3\n", 2, "expected a finite number, found '2,5'"),
        ("a 1 2 3\nb 1 nan 3\n", 2, "expected a finite number, found 'nan'"),
        ("a 1 2 3\nb 1 -inf 3\n", 2, "expected a finite number, found '-inf'"),
        ("a nan 2 3\nb 1 1 3\n", 1, "expected a finite number, found 'nan'"),
        ("a 1 2 3\nb 1 1e39 3\n", 2, "expected a finite number, found '1e39'"),
        ("a 1 2 3\nb 1 1_0 3\n", 2, "expected a finite number, found '1_0'"),
        ("a 1 2 3\nb 1 1\0 3\n", 2, "expected a finite number"),
        ("a 1 2 3\nb 1 2 3 \nc 1 2-4\t 3\n", 3, "expected a finite number, found '2-4'"),
        (b"a 1 2\nb 1 2\ncaf\xe9 1 2\n", 3, r"expected a word in UTF-8, found 'caf\\xe9'"),
        ("2 3\na 1 2 3\nb 1 2\n", 3, "expected a word and 3 numbers, found 2 numbers"),
        ("just some text\nand more\n", 1, "expected a word and its numbers, found 'just some text'"),
        ("2 0\na 1\n", 1, "expected a size of vectors up to 65536, found 0"),
        ("2 99999999\na 1\n", 1, "expected a size of vectors up to 65536, found 99999999"),
        ("3 2\na 1 2\nb 1 2\n", None, "the first line says 3 rows, the file has 2"),
        ("1 2\na 1 2\nb 1 2\n", None, "the first line says 1 rows, the file has 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, data, line, message):
    path = content(tmp_path, data)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read(path)
    assert caught.value.line == line
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}:" + (f"{line}: " if line else " "))


def test_two_faults_that_make_up_for_each_other_are_seen(tmp_path):
    # A tab hides a number too many where blanks are counted, and the next row lacks one.
    with pytest.raises(DataError, match=r"v\.txt:3: .*2 numbers, found 1"):
        read(content(tmp_path, "a 1 2\nb 1\t2 3\nc  2\n"))


def test_the_line_is_right_in_later_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_files, "_BLOCK", 64)
    with pytest.raises(DataError, match=r"v\.txt:701: "):
        read(content(tmp_path, "word 0.25 0.5\n" * 700 + "word 0.25\n"))


BINARY = binary(["a", "b", "c"], [[0.1, -0.2, 0.3]] * 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BINARY[:-3], "row 3 of 3 is cut short"),
        (BINARY[:-14], "row 3 of 3 is cut short"),
        (BINARY + b"d ", "the first line says 3 rows, the file has more"),
        (binary(["a", "b"], [[0.1, -0.2], [0.1, float("nan")]]), "row 2, 'b', holds a number that is not finite"),
        (BINARY.replace(b"b ", b"\xe9 "), r"row 2: expected a word in UTF-8, found '\\xe9'"),
        (BINARY.replace(b"b ", b"b\nd "), r"row 2: the word 'b\nd' has a line end"),
        (BINARY.replace(b"b ", b"b" * 70_000 + b" "), "row 2 of 3 is cut short"),
        (b"999999999999 3\n" + BINARY[4:], "row 4 of 999999999999 is cut short"),
        (b"3 65536\n" + BINARY[4:], "row 1 of 3 is cut short"),
    ],
)
def test_what_is_wrong_with_a_binary_file(tmp_path, data, message):
    with pytest.raises(DataError, match=r"v\.txt: " + re.escape(message)):
        read(content(tmp_path, data))


def test_a_file_without_line_ends_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_files, "_BLOCK", 1 << 10)
    monkeypatch.setattr(vector_files, "_LONGEST_ROW", 1 << 12)
    with pytest.raises(DataError, match="a line of more than 4096 bytes"):
        read(content(tmp_path, b"x" * 100_000))


@given(
    st.sampled_from([b"", b"3 2\n", b"1 1\n", b"the 0.1 0.2\n", b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ\x00"]),
    st.one_of(st.binary(max_size=60), st.text("ab 01.-\n\t\ré\0").map(str.encode)),
)
def test_any_bytes_give_finite_vectors_or_an_error_with_the_name(tmp_path_factory, start, rest):
    path = content(tmp_path_factory.mktemp("vectors"), start + rest)
    try:
        blocks = list(read_blocks(path))
    except DataError as error:
        assert str(error).startswith(str(path))
    else:
        for words, matrix in blocks:
            assert matrix.shape[0] == len(words) > 0 < matrix.shape[1]
            assert np.isfinite(matrix).all()
