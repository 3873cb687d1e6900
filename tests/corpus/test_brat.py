import pytest
from hypothesis import given

from ner.config import DataConfig
from ner.corpus.brat import read_brat, write_brat
from ner.corpus.sentence import Sentence
from ner.errors import DataError
from ner.schemes import to_spans
from tests.corpus.strategies import corpora, patient, plain_words

TEXT = "Ada Lovelace\nwas born in London.\n\nShe liked\r\nNew\r\nYork.\n"
ANN = (
    "T1\tPER 0 12\tAda Lovelace\n"
    "R1\tBorn Arg1:T1 Arg2:T2\n"
    "T2\tLOC 25 31\tLondon\n"
    "#1\tAnnotatorNotes T2\tsure?\n"
    "T3\tLOC 45 48;50 54\tNew York\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b.txt").write_bytes(TEXT.encode())
    (tmp_path / "b.ann").write_text(ANN)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.txt").write_text("Nothing here.")
    (tmp_path / "a" / "z.ann").write_text("")
    return tmp_path


def test_a_folder_in_the_order_of_names(folder):
    found = list(read_brat(folder))
    assert [(one.document, one.line, one.tokens[0]) for one in found] == [
        (0, 1, "Nothing"),
        (1, 1, "Ada"),
        (1, 4, "She"),
        (1, 5, "New"),
    ]
    assert found[0].tags == ["O"] * 3
    assert [[" ".join(one.tokens[a:b]) for _, a, b in to_spans(one.tags)] for one in found[1:]] == [
        ["Ada Lovelace", "London"],
        [],
        ["New York"],
    ]


def test_one_text_by_either_name(folder):
    by_text, by_annotation = list(read_brat(folder / "b.txt")), list(read_brat(folder / "b.ann"))
    assert by_text == by_annotation
    assert len(by_text) == 3


def test_untagged_needs_no_annotation(folder):
    (folder / "b.ann").unlink()
    assert [one.tags for one in read_brat(folder / "b.txt", tagged=False)] == [None] * 4


def test_texts_that_are_read_are_written_where_they_were(folder, tmp_path):
    target = tmp_path / "out"
    write_brat(read_brat(folder), target)
    assert sorted(file.name for file in target.iterdir()) == ["000000.ann", "000000.txt", "000001.ann", "000001.txt"]
    written = (target / "000001.txt").read_bytes().decode()
    assert [character for character in written if not character.isspace()] == [c for c in TEXT if not c.isspace()]
    assert written.index("London") == TEXT.index("London")
    assert (target / "000001.ann").read_text() == (
        "T1\tPER 0 12\tAda Lovelace\nT2\tLOC 25 31\tLondon\nT3\tLOC 45 54\tNew York\n"
    )


@patient
@given(corpora(word=plain_words))
def test_entities_come_back(tmp_path_factory, sentences):
    target = tmp_path_factory.mktemp("brat") / "out"
    write_brat(sentences, target)
    found = list(read_brat(target, DataConfig(tokenizer="whitespace")))

    def entities(corpus):
        return [(one.document, label, one.tokens[a:b]) for one in corpus for label, a, b in to_spans(one.tags)]

    def by_document(corpus):
        return {number: [t for one in corpus if one.document == number for t in one.tokens] for number in range(5)}

    assert entities(found) == entities(sentences)
    assert by_document(found) == by_document(sentences)


def test_a_single_document_into_a_pair_of_files(tmp_path):
    write_brat([Sentence(["Ada"], ["S-PER"])], tmp_path / "one.ann")
    assert (tmp_path / "one.txt").read_text() == "Ada\n"
    assert (tmp_path / "one.ann").read_text() == "T1\tPER 0 3\tAda\n"
    write_brat([], tmp_path / "none.txt")
    assert (tmp_path / "none.ann").read_text() == ""


def test_nothing_half_written_stands_under_the_final_name(tmp_path):
    def failing():
        yield Sentence(["Ada"], ["B-PER"])
        yield Sentence(["Bob"], ["B-PER"], document=1)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_brat(failing(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        write_brat([], tmp_path / "kept")
    with pytest.raises(DataError, match="white space"):
        write_brat([Sentence(["Ada"], ["B-a b"])], tmp_path / "one.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_a_pair_is_replaced_together(tmp_path):
    write_brat([Sentence(["Ada"], ["B-PER"])], tmp_path / "a.ann")
    with pytest.raises(DataError, match="half of a surrogate pair"):
        write_brat([Sentence(["Bob"], ["B-\ud800"])], tmp_path / "a.ann")  # no fault of the text
    assert (tmp_path / "a.txt").read_text() == "Ada\n", "or the entities of the old text would be beside the new one"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.ann", "a.txt"]


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match=r"No such file or directory\. Make the folder around it"):
        write_brat([], tmp_path / "no" / "out")
    two = [Sentence(["a"], ["O"]), Sentence(["b"], ["O"], document=1)]
    with pytest.raises(DataError, match="more than one document"):
        write_brat(two, tmp_path / "one.txt")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    write_brat(two, tmp_path / "empty")
    assert len(list((tmp_path / "empty").iterdir())) == 4
