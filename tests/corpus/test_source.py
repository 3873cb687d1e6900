import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import source
from ner.corpus.source import lines, name_of, text_blocks, whole_text
from ner.errors import DataError
from tests.corpus.strategies import patient


class Trickle(io.RawIOBase):
    """A stream that hands out a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes, step: int) -> None:
        self.content, self.step = content, step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part = self.content[: min(self.step, len(buffer))]
        self.content = self.content[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def read(content: bytes, step: int = 1 << 20) -> list[tuple[int, str]]:
    return list(lines(Trickle(content, step)))


def test_only_lf_and_crlf_end_a_line():
    assert read("a\x0bb\x0cc\x1cd\x85e\u2028f\rg\r\nh\n\ni".encode()) == [
        (1, "a\x0bb\x0cc\x1cd\x85e\u2028f\rg"),
        (2, "h"),
        (3, ""),
        (4, "i"),
    ]


@patient
@given(st.text(st.sampled_from("ab\r\n\u2028é\ufeff")), st.integers(1, 5))
def test_lines_are_those_of_a_naive_split_however_the_bytes_arrive(text, step):
    content = text.encode()
    expected = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").decode()
    if expected.endswith("\r") and content.endswith(b"\r"):
        expected = f"{expected[:-1]}\n"
    found = read(content, 1 << 20) if "\n" in text or "\r" not in text.rstrip("\r") else None
    if found is None:
        with pytest.raises(DataError, match="lone CRs"):
            read(content)
        return
    naive = expected.split("\n")
    naive = naive[:-1] if naive[-1] == "" else naive
    assert found == list(enumerate(naive, 1))
    assert read(content, step) == found


def test_blocks_join_to_the_text_and_know_their_lines(monkeypatch):
    monkeypatch.setattr(source, "_BLOCK", 7)
    text = "".join(f"{number} é\n" for number in range(200))
    blocks = list(text_blocks(io.BytesIO(text.encode())))
    assert len(blocks) > 50
    assert "".join(block for _, block in blocks) == text
    assert all(block.startswith(f"{line - 1} ") for line, block in blocks)


def test_gzip_is_known_by_its_bytes_and_plain_text_named_gz_is_read(tmp_path):
    packed, plain = tmp_path / "packed.txt", tmp_path / "plain.gz"
    packed.write_bytes(gzip.compress(b"a\nb\n"))
    plain.write_bytes(b"a\nb\n")
    assert list(lines(packed)) == list(lines(plain)) == [(1, "a"), (2, "b")]
    assert list(lines(io.BytesIO(packed.read_bytes()))) == [(1, "a"), (2, "b")]


def test_a_stream_that_is_handed_in_stays_open():
    stream = io.BytesIO(b"a\n")
    assert list(lines(stream)) == [(1, "a")]
    assert not stream.closed


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\n")))
    assert list(lines("-")) == [(1, "a"), (2, "b")]
    assert name_of("-") == "<stdin>"


def test_whole_text_keeps_every_character_but_the_byte_order_mark(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n\n")
    assert whole_text(path) == "a\r\nb\rc\n\n"


def test_damage_is_named_with_its_line_even_far_down(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"fine\n" * 500_000 + b"caf\xe9\n")
    with pytest.raises(DataError) as error:
        list(lines(path))
    assert str(error.value).startswith(f"{path}:500001: byte 0xe9 at position 4 of the line is not UTF-8.")
    assert "iconv -f LATIN1" in str(error.value)
