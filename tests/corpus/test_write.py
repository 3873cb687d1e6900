import gzip
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.columns import read_columns
from ner.corpus.jsonl import read_jsonl
from ner.corpus.sentence import Sentence
from ner.corpus.write import write_columns, write_jsonl, write_predictions, write_spans
from ner.errors import DataError
from ner.schemes import to_spans
from tests.corpus.strategies import content, corpora, patient, plain_words

JOHN = Sentence(["John", "Smith", "left"], ["B-PER", "I-PER", "O"])


def test_the_look_of_columns(tmp_path):
    path = tmp_path / "a.conll"
    write_columns([JOHN, Sentence(["So"], ["O"], document=0), Sentence(["Ada"], ["B-PER"], document=1)], path)
    assert path.read_bytes() == b"John\tB-PER\nSmith\tI-PER\nleft\tO\n\nSo\tO\n\n-DOCSTART-\tO\n\nAda\tB-PER\n\n"


@patient
@given(corpora(columns=("1", "3")))
def test_columns_come_back_or_are_refused(tmp_path_factory, sentences):
    path = tmp_path_factory.getbasetemp() / "columns.conll"
    path.write_text("as it was")
    try:
        write_columns(sentences, path)
    except DataError:
        assert path.read_text() == "as it was"
        fields = [field for one in sentences for field in (*one.tokens, *one.columns["1"], *one.columns["3"])]
        assert any(sign in field for sign in ("\t", "\n", "\r", "-DOCSTART-") for field in fields)
        return
    assert content(read_columns(path, DataConfig(word_column=0, tag_column=2))) == content(sentences)


@patient
@given(corpora())
def test_two_columns_come_back_without_any_option(tmp_path_factory, sentences):
    path = tmp_path_factory.getbasetemp() / "two.conll"
    try:
        write_columns(sentences, path)
    except DataError:
        return
    assert content(read_columns(path)) == content(sentences)


@patient
@given(corpora(columns=("2",)))
def test_untagged_columns_come_back_or_are_refused(tmp_path_factory, sentences):
    path = tmp_path_factory.getbasetemp() / "untagged.conll"
    for sentence in sentences:
        sentence.tags = None
        if len(sentences) > 2:
            sentence.columns = {}
        else:
            sentence.columns["1"] = sentence.columns.pop("2")
    try:
        write_columns(sentences, path)
    except DataError:
        return
    assert content(read_columns(path, DataConfig(word_column=0), tagged=False)) == content(sentences)


@patient
@given(corpora(word=plain_words, columns=("0", "3")), st.sampled_from([(1, 2), (2, 1), (-3, -2), (-2, -3)]))
def test_word_and_tag_go_where_they_are_wanted(tmp_path_factory, sentences, places):
    path = tmp_path_factory.getbasetemp() / "placed.conll"
    word, tag = places
    write_columns(sentences, path, word_column=word, tag_column=tag)
    assert content(read_columns(path, DataConfig(word_column=word, tag_column=tag))) == content(sentences)


def test_named_columns_stand_between_word_and_tag_and_offsets_are_left_out(tmp_path):
    path = tmp_path / "a.conll"
    write_columns([Sentence(["a"], ["O"], columns={"gold": ["B-X"], "start": ["0"], "end": ["1"]})], path)
    assert path.read_text() == "a\tB-X\tO\n\n"


def test_equal_columns_are_all_written(tmp_path):
    tags = ["O"]
    write_columns([Sentence(["a"], tags, columns={"gold": tags})], tmp_path / "a.conll")
    assert (tmp_path / "a.conll").read_text() == "a\tO\tO\n\n"


@patient
@given(corpora(columns=("pos", "1")))
def test_jsonl_comes_back(tmp_path_factory, sentences):
    path = tmp_path_factory.getbasetemp() / "a.jsonl"
    write_jsonl(sentences, path)
    assert content(read_jsonl(path)) == content(sentences)


@patient
@given(st.lists(st.text(st.characters(exclude_categories=[]), max_size=3), min_size=1, max_size=3))
def test_jsonl_keeps_half_surrogate_pairs(tmp_path_factory, tokens):
    path = tmp_path_factory.getbasetemp() / "surrogates.jsonl"
    sentence = Sentence(tokens, ["O"] * len(tokens))
    write_jsonl([sentence], path)
    (found,) = read_jsonl(path)
    assert found.tokens == json.loads(json.dumps(tokens))  # two halves that meet are a character


@patient
@given(corpora())
def test_spans_come_back(tmp_path_factory, sentences):
    path = tmp_path_factory.getbasetemp() / "spans.jsonl"
    try:
        write_spans(sentences, path)
    except DataError as error:
        assert "no characters" in str(error)
        return
    found = list(read_jsonl(path))
    assert [(one.tokens, one.document) for one in found] == [(one.tokens, one.document) for one in sentences]
    assert [to_spans(one.tags) for one in found] == [to_spans(one.tags) for one in sentences]


def test_the_look_of_spans(tmp_path):
    path = tmp_path / "a.jsonl"
    write_spans([JOHN], path)
    record = json.loads(path.read_text())
    assert record["text"] == "John Smith left"
    assert record["entities"] == [{"text": "John Smith", "label": "PER", "start": 0, "end": 10}]
    assert record["tokens"][2] == {"text": "left", "start": 11, "end": 15}


def test_sentences_of_a_text_are_put_back_where_they_were(tmp_path):
    path = tmp_path / "a.jsonl"
    one = Sentence(["Hi", "!"], ["O", "O"], columns={"start": ["2", "4"], "end": ["4", "5"]})
    two = Sentence(["Bye"], ["B-X"], columns={"start": ["8"], "end": ["11"]})
    write_spans([one, two], path)
    record = json.loads(path.read_text())
    assert record["text"] == "  Hi!\n  Bye"
    assert record["sentences"] == [2, 1]


@pytest.mark.parametrize("columns", [{"start": ["9" * 12], "end": ["9" * 11 + "8"]}, {"start": ["x"], "end": ["y"]}])
def test_offsets_that_cannot_be_are_not_believed(tmp_path, columns):
    path = tmp_path / "a.jsonl"
    write_spans([Sentence(["a"], ["O"], columns=columns)], path)
    assert json.loads(path.read_text())["text"] == "a"


def failing():
    yield JOHN
    raise RuntimeError("killed")


@pytest.mark.parametrize("write", [write_columns, write_jsonl, write_spans])
def test_nothing_half_written_stands_under_the_final_name(tmp_path, write):
    path = tmp_path / "a.out"
    with pytest.raises(RuntimeError):
        write(failing(), path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("as it was")
    with pytest.raises(RuntimeError):
        write(failing(), path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.out", "as it was")]


def test_gzip_by_name_is_the_same_each_time(tmp_path):
    one, two = tmp_path / "one.gz", tmp_path / "two.gz"
    write_columns([JOHN], one)
    write_columns([JOHN], two)
    assert one.read_bytes() == two.read_bytes()
    assert gzip.decompress(one.read_bytes()).startswith(b"John\tB-PER\n")


def test_links_are_followed_and_permissions_kept(tmp_path):
    real, link = tmp_path / "real.conll", tmp_path / "link.conll"
    real.write_text("")
    real.chmod(0o640)
    link.symlink_to(real)
    write_columns([JOHN], link)
    assert link.is_symlink()
    assert real.read_text().startswith("John")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_standard_output(capsysbinary):
    write_columns([JOHN], "-")
    assert capsysbinary.readouterr().out == b"John\tB-PER\nSmith\tI-PER\nleft\tO\n\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_an_error_with_the_path():
    with pytest.raises(DataError, match="/dev/full: cannot be written: No space left"):
        write_columns([JOHN] * 100_000, "/dev/full")


def test_a_first_word_like_a_byte_order_mark_comes_back(tmp_path):
    path = tmp_path / "a.conll"
    write_columns([Sentence(["\ufeffa"], ["O"])], path)
    assert next(read_columns(path)).tokens == ["\ufeffa"]


def test_sentences_without_a_token_are_left_out_of_columns_and_kept_in_jsonl(tmp_path):
    empty = Sentence([], [])
    write_columns([empty, JOHN, empty], tmp_path / "a.conll")
    assert len(list(read_columns(tmp_path / "a.conll"))) == 1
    write_jsonl([empty, JOHN], tmp_path / "a.jsonl")
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 2
    write_spans([empty, JOHN], tmp_path / "b.jsonl")
    assert len((tmp_path / "b.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        ([JOHN, Sentence(["a"])], "1 columns, but the sentences before have 2. A column file has the same columns"),
        ([Sentence(["a\tb"], ["O"])], "holds a tab or a line end: a column file cannot say that. Write JSONL"),
        ([Sentence(["a\nb"], ["O"])], "holds a tab or a line end"),
        ([Sentence(["-DOCSTART-"], ["O"])], "is -DOCSTART-, the sign of a new document"),
        ([Sentence(["a"], None, columns={"1": ["x\r"]})], "ends in a carriage return"),
        ([Sentence([" "], None, columns={"1": [""]})], "has nothing but blanks, the sign of a new sentence"),
        ([Sentence(["New York"])], "holds a blank, and there is no other column to show"),
        (
            [Sentence(["\ud800"], ["O"])],
            r"'\ud800' is half of a surrogate pair, which UTF-8 cannot hold. Mend the text",
        ),
    ],
)
def test_what_a_column_file_cannot_say(tmp_path, sentences, expected):
    path = tmp_path / "a.conll"
    with pytest.raises(DataError) as error:
        write_columns(sentences, path)
    assert expected in str(error.value)
    assert str(error.value).startswith(f"{path}: ")
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match=r"cannot be written: No such file or directory\. Make the folder first"):
        write_columns([JOHN], tmp_path / "no" / "a.conll")
    with pytest.raises(DataError, match=r"cannot be written: Is a directory\. Name a file"):
        write_columns([JOHN], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written: Not a directory"):
        write_columns([JOHN], tmp_path / "file" / "a.conll")


@pytest.mark.parametrize(
    ("word", "label", "separator"),
    [("New York", "LOC", "\t"), ("Oslo", "a place", "\t"), ("", "LOC", "\t"), ("New\u00a0York", "LOC", " ")],
)
def test_predictions_have_blanks_between_columns_unless_a_field_has_one(tmp_path, word, label, separator):
    path = tmp_path / "p.conll"
    tokens, gold, predicted = [[word, "won"], ["So"]], [["O", "O"], ["O"]], [[f"B-{label}", "O"], ["O"]]
    write_predictions(tokens, gold, predicted, path)
    assert path.read_text("utf-8") == f"{word}|O|B-{label}\nwon|O|O\n\nSo|O|O\n\n".replace("|", separator)
    if word:
        assert [(one.tokens, one.tags) for one in read_columns(path)] == list(zip(tokens, predicted, strict=True))
