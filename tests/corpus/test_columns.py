import io
import re
import tracemalloc

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus import source
from ner.corpus.columns import read_columns, whole_sentences
from ner.errors import DataError
from tests.corpus.strategies import content, patient


def read(text, tagged=True, **options):
    source = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return list(read_columns(source, DataConfig(**options), tagged=tagged))


def tokens(text, **options):
    return [sentence.tokens for sentence in read(text, **options)]


def test_words_tags_and_lines():
    first, second = read("EU B-ORG\nrejects O\n\n\nPeter B-PER\n")
    assert (first.tokens, first.tags, first.line) == (["EU", "rejects"], ["B-ORG", "O"], 1)
    assert (second.tokens, second.tags, second.line) == (["Peter"], ["B-PER"], 5)


@pytest.mark.parametrize(
    "text",
    [
        "a X O\nb Y B-P\n\nc Z O\n",
        "a\tX\tO\nb\tY\tB-P\n\nc\tZ\tO\n",
        "a X O\r\nb Y B-P\r\n\r\nc Z O\r\n",
        "\ufeffa X O\nb Y B-P\n\nc Z O",
        "a X O\nb Y B-P\n \t\nc Z O",
        "\n\n a  X   O \nb Y B-P\n\n\n\nc\tZ\tO\n\n",
    ],
)
def test_separators_line_ends_and_empty_lines(text):
    assert content(read(text)) == [
        (["a", "b"], ["O", "B-P"], 0, {"1": ["X", "Y"]}),
        (["c"], ["O"], 0, {"1": ["Z"]}),
    ]


def test_a_word_of_a_tab_file_may_hold_blanks_and_may_be_empty():
    assert tokens("New York\tB-LOC\n\tO\n \tO\n") == [["New York", "", " "]]


def test_only_ascii_blanks_separate():
    odd = "a\u00a0b\u2003c\u2028d\x85e\x0cf\x0bg\x1ch\u3000"
    assert tokens(f"{odd} O\n") == [[odd]]
    assert tokens(f"{odd}\tO\n") == [[odd]]


def test_any_column():
    text = "O NN a\nB-P NN b\n"
    (sentence,) = read(text, word_column=2, tag_column=0)
    assert content([sentence]) == [(["a", "b"], ["O", "B-P"], 0, {"1": ["NN", "NN"]})]
    assert content(read(text, word_column=-1, tag_column=-3)) == content([sentence])


def test_untagged():
    assert content(read("a X\nb Y\n", tagged=False)) == [(["a", "b"], None, 0, {"1": ["X", "Y"]})]
    assert content(read("a\nb\n")) == [(["a", "b"], None, 0, {})]


@pytest.mark.parametrize(
    "boundary", ["-DOCSTART- -X- O O\n\n", "-DOCSTART-\n\n", "-DOCSTART- (3 Reuters)\n", "# newdoc id = 3\n"]
)
def test_documents(boundary):
    text = boundary * 2 + "a X Y O\n\nb X Y O\n\n" + boundary + "c X Y O\n\n" + boundary * 3 + "d X Y O\n" + boundary
    assert [(one.tokens, one.document) for one in read(text)] == [(["a"], 0), (["b"], 0), (["c"], 1), (["d"], 2)]


def test_a_boundary_inside_a_sentence_ends_it():
    assert [(one.tokens, one.document, one.line) for one in read("a O\n-DOCSTART- O\nb O\n# newdoc\nc O\n")] == [
        (["a"], 0, 1),
        (["b"], 1, 3),
        (["c"], 2, 5),
    ]


def test_a_word_that_begins_like_a_boundary_is_a_word():
    assert tokens("-DOCSTART-s O\na-DOCSTART- O\n") == [["-DOCSTART-s", "a-DOCSTART-"]]


def test_comments_are_left_out_and_hash_tokens_kept():
    text = "# id 17 and more\n#hashtag O\n# O\n# comment\nno. O\n# B-PER\n#\tO\n"
    (sentence,) = read(text)
    assert (sentence.tokens, sentence.line) == (["#hashtag", "#", "no.", "#", "#"], 2)


def test_conllu_ids_ranges_and_empty_nodes():
    text = (
        "# newdoc id = a\n# text = # del\n1-2\tdel\t_\t-\t-\n1\tde\tO\t-\t-\n2\tel\tB-P\t-\t-\n2.1\tx\t_\t-\t-\n\n"
        "# newdoc\n#\tsource\n1\t#\tO\t-\t-\n\n1-1\ta\t_\t-\t-\n\n"
    )
    assert [(one.tokens, one.tags, one.line, one.document, one.columns["0"]) for one in read(text)] == [
        (["de", "el"], ["O", "B-P"], 4, 0, ["1", "2"]),
        (["#"], ["O"], 10, 1, ["1"]),
    ]


def test_numbers_in_the_first_column_that_do_not_count_are_words():
    assert tokens("1 CD O\n2 CD O\n\n3 CD O\n\n") == [["1", "2"], ["3"]]
    assert tokens("1 CD O\n") == [["1"]]
    assert tokens("1\tCD\tO\n2\tCD\tO\n", word_column=0) == [["1", "2"]]


@pytest.mark.parametrize(
    "text, options, expected",
    [
        ("1-2\t12\tO\n1\t1\tO\n2\t2\tO\n", {}, [["1", "2"]]),  # words that are numbers, too
        ("1-2\tab\tO\n1\ta\tO\n2\tb\tO\n", {"word_column": -2}, [["a", "b"]]),
        ("# one token, and a comment that shows what its number is\n1\tAda\tO\n", {}, [["Ada"]]),
        ("# the same\n1\tAda\tO\n\n", {}, [["Ada"]]),
        ("# the same\n1\tAda\tO", {}, [["Ada"]]),
        ("1-2\tab\tO\n1-3\tabc\tO\n", {}, [["1-2", "1-3"]]),  # ranges of nothing
    ],
)
def test_what_numbers_the_tokens(text, options, expected):
    assert tokens(text, **options) == expected


@pytest.mark.parametrize(
    "text, options, message",
    [
        ("1\ta\tO\n1-2\tb\n2\tc\tO\n", {}, ":2: 2 columns, but line 1 has 3"),
        ("1\ta\tO\n1-2\tb\tO\tx\n2\tc\tO\n", {}, ":2: 4 columns, but line 1 has 3"),
        ("0\tAda\tO\n1\t-DOCSTART-\n", {"word_column": 1}, ":2: 2 columns, but line 1 has 3"),
        ("a O\n", {"word_column": 2}, ":1: there is no column 2: the line has 2"),
        ("a O\n", {"tag_column": 2}, ":1: there is no column 2: the line has 2"),
    ],
)
def test_lines_that_are_passed_over_have_the_columns_too(text, options, message):
    with pytest.raises(DataError, match=message):
        read(text, **options)


def test_a_column_before_the_words_that_looks_like_tags_is_not_theirs():
    with pytest.raises(DataError, match=r"Column 0 looks like tags: set data\.tag_column=0\.$"):
        read("O Ada x\nO left y\n", word_column=1)


def test_a_header_over_a_single_token_is_told_as_one():
    with pytest.raises(DataError, match="Is it a header"):
        read("word tag\nAda O\n")


def test_a_sentence_that_ends_where_a_piece_does():
    assert list(whole_sentences([(1, "a O\n"), (2, "\nb O\n")])) == [(1, "a O\n\n"), (3, "b O\n")]


def test_partial_tags_pass():
    assert read("a ?\nb B-PER|O\n")[0].tags == ["?", "B-PER|O"]


def naive(text, separator, tagged):
    """A reader that looks at a line at a time: words in column 0, tags, where there are more, in column -1."""

    def split(line):
        return line.split("\t") if separator == "tab" else re.findall(r"[^ \t]+", line)

    lines = text.replace("\r\n", "\n").split("\n")
    first = next(line for line in lines if line.strip(" \t") and not line.startswith(("#", "-DOCSTART-")))
    width = len(split(first))
    sentences, current, line_of, document, fresh = [], [], 0, 0, True
    for number, line in enumerate([*lines, ""], 1):
        fields = split(line)
        is_token = len(fields) == width and (
            not tagged or width == 1 or re.fullmatch(r"O|\?|[BIESLUM](-.+)?", fields[-1])
        )
        newdoc = re.match(r"# newdoc( |$)", line) and (separator == "blank" or width == 1 or not is_token)
        boundary = re.match(r"-DOCSTART-([ \t]|$)", line) or (fields[:1] == ["-DOCSTART-"] and len(fields) == width)
        if not line.strip(" \t") or boundary or newdoc:
            if current:
                sentences.append((line_of, current, document))
                fresh = False
            current = []
            if (boundary or newdoc) and not fresh:
                document, fresh = document + 1, True
        elif line.startswith("# ") and (width == 1 or not is_token):
            continue
        elif not is_token:
            raise DataError("ragged or no tag")
        else:
            line_of = line_of if current else number
            current.append(fields)
    return [(number, [row[0] for row in rows], document) for number, rows, document in sentences]


pieces = st.sampled_from(
    ["a", "O", "B-P", "#", "# ", "# newdoc", "-DOCSTART-", " ", "\t", "\tO", " O", "\tO\n", " O\n", "\n", "\n\n",
     "\r\n", "\r", "\u00a0", "\u2028", "\x0c", "1", "1-2"]
)  # fmt: skip


@settings(patient, max_examples=400)
@given(
    st.lists(pieces, max_size=25).map("".join),
    st.sampled_from(["tab", "blank"]),
    st.booleans(),
    st.sampled_from([3, 1 << 20]),
)
def test_as_a_naive_reader_whatever_the_size_of_the_blocks(text, separator, tagged, block):
    lines = text.replace("\r\n", "\n").split("\n")
    assume(any(line.strip(" \t") and not line.startswith(("#", "-DOCSTART-")) for line in lines))
    assume("\n" in text and not text.endswith("\r"))
    options = {"separator": separator, "word_column": 0, "tagged": tagged}
    before, source._BLOCK = source._BLOCK, block
    try:
        found = [(one.line, one.tokens, one.document) for one in read(text, **options)]
    except DataError:
        found = None
    finally:
        source._BLOCK = before
    try:
        expected = naive(text, separator, tagged)
    except DataError:
        expected = None
    assert found == expected


@patient
@given(st.binary(max_size=60))
def test_any_bytes_are_sentences_or_an_error(blob):
    try:
        sentences = read(blob)
    except DataError as error:
        assert str(error).count(error.message) == 1 and error.remedy
        return
    for sentence in sentences:
        assert sentence.tokens and sentence.line >= 1
        assert all(len(column) == len(sentence.tokens) for column in sentence.columns.values())
        assert sentence.tags is None or len(sentence.tags) == len(sentence.tokens)


def test_very_long_tokens_and_sentences():
    assert tokens("x" * 100_000 + " O\n") == [["x" * 100_000]]
    (sentence,) = read("a O\n" * 100_000)
    assert len(sentence.tokens) == 100_000


class Endless(io.RawIOBase):
    """A column file without end, up to a number of bytes."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part = (b"word\tO\n" * 9 + b"\n") * (len(buffer) // 64 + 1)
        size = min(len(buffer), self.left) // 64 * 64
        buffer[:size] = part[:size]
        self.left -= size
        return size


def test_memory_does_not_grow_with_the_file(monkeypatch):
    monkeypatch.setattr(source, "_BLOCK", 1 << 15)
    tracemalloc.start()
    try:
        number = sum(len(sentence.tokens) for sentence in read_columns(Endless(2_000_000)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert number == 2_000_000 // 64 * 9
    assert peak < 500_000  # of a file of 2 MB and 281,250 tokens


def test_sentences_come_as_soon_as_their_empty_line_does():
    class Pipe(io.RawIOBase):
        parts = iter([b"a O\n", b"\n", None])

        def readable(self):
            return True

        def readinto(self, buffer):
            part = next(self.parts)
            assert part is not None, "asked for more before the first sentence was handed on"
            buffer[: len(part)] = part
            return len(part)

    assert next(read_columns(Pipe())).tokens == ["a"]


@pytest.mark.parametrize("block", [3, 1 << 20])
def test_what_looks_like_a_comment_before_the_layout_is_known(monkeypatch, block):
    monkeypatch.setattr(source, "_BLOCK", block)
    assert tokens("# O\n\n# x y\n\na O\n") == [["#"], ["a"]]
    assert tokens("# \tO\n\na b\tx\tO\n\n", tagged=False) == [["a b"]]
    assert tokens("# id\n\n1\tHi\tO\n\n") == [["Hi"]]
    assert tokens("#a\tO\n\n#\tB-X\n\n") == [["#a"], ["#"]]


def test_newdoc_is_a_word_only_where_tabs_make_it_one():
    assert tokens("a\tO\n# newdoc x\tO\n") == [["a", "# newdoc x"]]
    assert [(one.tokens, one.document) for one in read("a X\n# newdoc\nb X\n", tagged=False)] == [
        (["a"], 0),
        (["b"], 1),
    ]
