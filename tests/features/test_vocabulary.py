from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import ModelError
from ner.features.lookup import spellings
from ner.features.vectors import Vectors
from ner.features.vocabulary import UNKNOWN, Vocabulary, initial_matrix

ANY = st.text(st.characters(codec=None, exclude_categories=()))
SIMILAR = st.text(alphabet="aAb10", max_size=3)


def vectors(table: dict[str, list[float]]) -> Vectors:
    return Vectors(list(table), np.array(list(table.values()), np.float32).reshape(len(table), -1), "made up", "")


def with_words(*words: str) -> Vectors:
    return vectors({word: [float(row)] for row, word in enumerate(words)})


def test_words_are_those_of_training_and_of_the_vectors():
    files = [with_words("the", "of"), with_words("the", "a")]
    vocabulary = Vocabulary.build({"Rome": 3, "once": 1, "the": 9}, files, min_count=2)
    assert vocabulary.words == ["Rome", "the", "a", "of"]
    assert (vocabulary.trained, len(vocabulary)) == (3, 5)
    assert vocabulary.encode(["Rome", "the", "a", "of", "once"]).tolist() == [1, 2, 3, 4, 0]


def test_without_fine_tuning_only_words_without_a_vector_are_trained():
    counts = {"Rome": 1, "the": 1, "The": 1, "xyzzy": 1}
    vocabulary = Vocabulary.build(counts, [with_words("the", "of", "rome")], fine_tune=False)
    assert vocabulary.words == ["xyzzy", "Rome", "The", "of", "rome", "the"]
    assert vocabulary.trained == 2


def test_a_rare_training_word_with_a_vector_is_kept_among_the_trained():
    vocabulary = Vocabulary.build({"once": 1}, [with_words("a", "once")], min_count=2)
    assert 0 < vocabulary.lookup("once") < vocabulary.trained


def test_lookup_falls_back_and_ends_at_the_unknown_word():
    vocabulary = Vocabulary.build({"Rome": 1, "rome": 1, "of": 1, "0000": 1, "mp0": 1})
    row = {word: position + 1 for position, word in enumerate(vocabulary.words)}
    asked = ["Rome", "ROME", "Of", "1984", "MP3", "never", ""]
    assert vocabulary.encode(asked).tolist() == [row["Rome"], row["rome"], row["of"], row["0000"], row["mp0"], 0, 0]
    assert [vocabulary.lookup(word) for word in asked] == vocabulary.encode(asked).tolist()


def test_encode_takes_no_words():
    rows = Vocabulary.build({"a": 1}).encode([])
    assert rows.shape == (0,)
    assert rows.dtype == np.int64


@given(
    st.dictionaries(SIMILAR, st.integers(1, 3)),
    st.lists(st.lists(SIMILAR, unique=True, min_size=1), max_size=2),
    st.integers(1, 3),
    st.booleans(),
)
def test_rows_and_which_of_them_are_trained(counts, files, min_count, fine_tune):
    vocabulary = Vocabulary.build(counts, [with_words(*words) for words in files], min_count, fine_tune)
    in_files = {word for words in files for word in words}
    expected = {word for word, count in counts.items() if count >= min_count} | in_files
    assert sorted(vocabulary.words) == sorted(expected)
    rows = dict(zip(vocabulary.words, range(1, len(vocabulary)), strict=True))
    assert {word: vocabulary.lookup(word) for word in expected} == rows
    without = {row for word, row in rows.items() if in_files.isdisjoint(spellings(word))}
    trained = {vocabulary.lookup(word) for word in counts} if fine_tune else without
    assert set(range(vocabulary.trained)) == trained | {UNKNOWN}


@given(st.sets(ANY), st.sets(ANY, min_size=1))
def test_save_and_load(tmp_path_factory, training, pretrained):
    path = tmp_path_factory.mktemp("vocabulary") / "words.txt"
    vocabulary = Vocabulary.build(dict.fromkeys(training, 1), [with_words(*pretrained)])
    vocabulary.save(path)
    assert Vocabulary.load(path, vocabulary.trained).words == vocabulary.words


def test_the_row_of_a_word_is_the_number_of_its_line(tmp_path):
    Vocabulary.build({"b": 1, "a": 1}, [with_words("b", "B", "A")]).save(tmp_path / "words.txt")
    assert (tmp_path / "words.txt").read_text().splitlines() == ["a", "b", "A", "B"]


@pytest.mark.parametrize(
    ("content", "trained", "message"),
    [
        ("b\na\n", 1, "order"),
        ("b\na\n", 3, "order"),
        ("a\na\n", 1, "order"),
        ("a\n", 0, "0 trained rows do not fit 1 words"),
        ("a\n", 3, "3 trained rows do not fit 1 words"),
        ("a\nb", 1, "cut short"),
    ],
)
def test_what_is_no_vocabulary_is_refused(tmp_path, content, trained, message):
    (tmp_path / "words.txt").write_text(content)
    with pytest.raises(ModelError, match=rf"words\.txt: .*{message}"):
        Vocabulary.load(tmp_path / "words.txt", trained)


def test_the_first_table_has_the_vectors_and_random_rows():
    glove = vectors({"of": [1, 2], "rome": [3, 4]})
    vocabulary = Vocabulary.build({"Rome": 1, "xyzzy": 1}, [glove])
    matrix, pretrained = initial_matrix(vocabulary, [glove], 50, np.random.default_rng(1))
    assert matrix.shape == (5, 2)
    assert matrix.dtype == np.float32
    assert matrix[vocabulary.lookup("of")].tolist() == [1, 2]
    assert matrix[vocabulary.lookup("rome")].tolist() == [3, 4]
    assert matrix[vocabulary.lookup("Rome")].tolist() == [3, 4]
    assert vocabulary.lookup("Rome") != vocabulary.lookup("rome")
    assert pretrained.tolist() == [False, True, False, True, True]
    assert (np.abs(matrix[~pretrained]) <= np.sqrt(3 / 2)).all()


def test_several_files_stand_side_by_side():
    files = [vectors({"of": [1, 2], "rome": [3, 4]}), vectors({"Rome": [5], "of": [6]})]
    vocabulary = Vocabulary.build({"xyzzy": 1}, files)
    matrix, pretrained = initial_matrix(vocabulary, files, 50, np.random.default_rng(1))
    rows = {word: matrix[vocabulary.lookup(word)].tolist() for word in ("of", "rome", "Rome")}
    assert rows == {"of": [1, 2, 6], "rome": [3, 4, 0], "Rome": [3, 4, 5]}
    assert not pretrained[vocabulary.lookup("xyzzy")]


def test_random_rows_are_uniform_within_the_bound_of_ma_and_hovy():
    vocabulary = Vocabulary.build({str(number): 1 for number in range(4000)})
    matrix, pretrained = initial_matrix(vocabulary, [], 30, np.random.default_rng(5))
    bound = np.sqrt(3 / 30)
    assert matrix.shape == (4001, 30)
    assert not pretrained.any()
    assert np.abs(matrix).max() <= bound
    assert np.abs(matrix.mean()) < 0.003
    assert matrix.var() == pytest.approx(bound**2 / 3, rel=0.02)  # of a uniform distribution: 1/D
    same, _ = initial_matrix(vocabulary, [], 30, np.random.default_rng(5))
    assert (same == matrix).all()
