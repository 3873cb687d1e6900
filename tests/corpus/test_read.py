import gzip
import io

import pytest

from ner.config import DataConfig
from ner.corpus.formats import format_of
from ner.corpus.read import load, read, scheme_of
from ner.errors import DataError

COLUMNS = b"Ada\tB-PER\nleft\tO\n\n"
TOKENS = b'{"tokens": ["Ada", "left"], "tags": ["B-PER", "O"]}\n'
SPANS = b'{"text": "Ada left", "label": [[0, 3, "PER"]]}\n'


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.conll", COLUMNS, "columns"),
        ("a.tsv.gz", gzip.compress(COLUMNS, mtime=0), "columns"),
        ("a.txt", COLUMNS, "columns"),
        ("a", b"\xef\xbb\xbf" + TOKENS, "jsonl"),
        ("a.jsonl", TOKENS, "jsonl"),
        ("a.jsonl.gz", gzip.compress(TOKENS, mtime=0), "jsonl"),
        ("a.JSONL", SPANS, "jsonl"),
        ("a.json", b"\n" + SPANS, "jsonl"),
        ("a.conll", b"{\tO\n}\tO\n\n", "columns"),
        ("a.conll", b'"{"\tO\n[\tO\n\n', "columns"),
    ],
)
def test_formats_by_name_and_look(tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_bytes(content)
    assert format_of(path) == expected
    (sentence,) = read(path)
    assert len(sentence.tokens) == len(sentence.tags) == 2


def test_brat_by_folder_and_by_the_annotation_beside_a_text(tmp_path):
    (tmp_path / "x.txt").write_text("Ada left")
    (tmp_path / "x.ann").write_text("T1\tPER 0 3\tAda\n")
    for path in (tmp_path, tmp_path / "x.txt", tmp_path / "x.ann"):
        assert format_of(path) == "brat"
        assert [one.tags for one in read(path)] == [["B-PER", "O"]]
    corpus = load(DataConfig(train=[str(tmp_path)]))
    assert corpus["train"]["file"][:] == [str(tmp_path / "x.txt")]


def test_the_format_asked_for_wins(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(COLUMNS)
    assert [one.tokens for one in read(tmp_path / "a.jsonl", DataConfig(format="columns"))] == [["Ada", "left"]]


def test_standard_input_is_columns_unless_told(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(COLUMNS)))
    assert [one.tags for one in read("-")] == [["B-PER", "O"]]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SPANS)))
    assert [one.tags for one in read("-", DataConfig(format="jsonl"))] == [["B-PER", "O"]]


def test_options_reach_the_readers(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "IL-2-GFP", "label": [[0, 4, "GENE"]]}\n')
    assert [one.tags for one in read(path, DataConfig(cut_spans="drop"))] == [["O"]]
    widened = DataConfig(cut_spans="widen", tokenizer="characters", scheme="BILOU")
    assert "".join(tag[0] for tag in next(read(path, widened)).tags) == "BILO"[:0] + "BIIL"[:0] + "".join(
        tag[0] for tag in next(read(path, widened)).tags
    )
    (tmp_path / "b").write_text("O Ada\nO left\n")
    assert next(read(tmp_path / "b", DataConfig(word_column=1, tag_column=0))).tokens == ["Ada", "left"]
    assert next(read(tmp_path / "b", DataConfig(separator="tab"), tagged=False)).tokens == ["O Ada", "O left"]


def test_load_splits_files_documents_and_limit(tmp_path):
    for name in ("one.conll", "two.conll"):
        (tmp_path / name).write_bytes(COLUMNS + b"-DOCSTART- O\n\n" + COLUMNS)
    one, two = str(tmp_path / "one.conll"), str(tmp_path / "two.conll")
    corpus = load(DataConfig(train=[one, two], test=one))
    assert list(corpus) == ["train", "test"]
    train = corpus["train"]
    assert train["file"][:] == [one, one, two, two]
    assert (train["document"][:], train["line"][:]) == ([0, 1, 0, 1], [1, 6, 1, 6])
    assert (train["tokens"][0], train["tags"][0]) == (["Ada", "left"], ["B-PER", "O"])
    assert {name: len(split) for name, split in load(DataConfig(train=[one, two], test=one, limit=1)).items()} == {
        "train": 1,
        "test": 1,
    }


def test_tags_are_kept_as_the_file_has_them(tmp_path):
    (tmp_path / "a").write_text("a I-X\nb B-X\nc ?\nd B-X|O\n\n")
    assert load(DataConfig(train=str(tmp_path / "a")))["train"]["tags"][:] == [["I-X", "B-X", "?", "B-X|O"]]


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("I-X I-X B-X", "IOB1"),
        ("B-X I-X B-X", "IOB2"),
        ("B-X E-X S-X", "IOBES"),
        ("B-X L-X U-X", "BILOU"),
        ("I-X E-X", "IOE2"),
    ],
)
def test_the_scheme_is_detected_over_train(tmp_path, tags, scheme):
    (tmp_path / "train").write_text("".join(f"w {tag}\n" for tag in tags.split()))
    (tmp_path / "dev").write_text("w O\n")
    corpus = load(DataConfig(train=str(tmp_path / "train"), dev=str(tmp_path / "dev")))
    assert scheme_of(corpus) == scheme
    assert scheme_of({"dev": corpus["dev"]}) == "IOB2"
    assert scheme_of(corpus, "BMES") == "BMES"


def test_surrogates_are_refused_where_they_cannot_be_kept(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"tokens": ["ok"], "tags": ["O"]}\n{"tokens": ["\\ud83d"], "tags": ["O"]}\n')
    with pytest.raises(DataError, match=r"a\.jsonl:2: .*half of a surrogate pair"):
        load(DataConfig(train=str(tmp_path / "a.jsonl")))


def test_options_of_column_files_that_are_not_used_are_told(tmp_path, caplog):
    (tmp_path / "a.jsonl").write_text('{"tokens": ["Ada"], "tags": ["B-PER"]}\n')
    (tmp_path / "a.conll").write_text("Ada\tB-PER\n")
    data = DataConfig(separator="tab", word_column=0)
    assert len(list(read(tmp_path / "a.jsonl", data))) == len(list(read(tmp_path / "a.conll", data))) == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'a.jsonl'} is read as jsonl: data.{key} is of column files, and not used"
        for key in ("separator=tab", "word_column=0")
    ]
