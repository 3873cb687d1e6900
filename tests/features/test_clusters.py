from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from ner.errors import DataError, ModelError
from ner.features.clusters import Clusters
from ner.features.lookup import spellings
from ner.features.packed_words import PackedWords
from ner.features.vectors import Vectors
from ner.features.word_lists import read_words, write_words

PATHS = {"the": "00", "rome": "0100", "paris": "0101", "0000": "10", "München": "0101110"}
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), max_size=4)
BITS = st.text("01", min_size=1, max_size=6)


def write(folder, lines: list[str]):
    path = folder / "paths.tsv"
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    return path


FORMS = {
    "word and path": [f"{word}\t{path}" for word, path in PATHS.items()],
    "prefixes": [
        f"{w}\t{' '.join(p[:n] for n in range(2, len(p), 2))} {p}".replace("\t ", "\t") for w, p in PATHS.items()
    ],
    "path first": [f"{path}\t{word}\t17" for word, path in PATHS.items()],
}


@pytest.mark.parametrize("lines", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_the_three_forms_plain_and_packed(tmp_path, lines, packed):
    path = write(tmp_path, lines)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    clusters = Clusters.build(path, [2, 4])
    assert {word: clusters.paths[clusters.path_of_word[row]] for row, word in enumerate(clusters.words)} == PATHS


def test_the_shared_form(tmp_path):
    assert FORMS["prefixes"][4] == "München\t01 0101 010111 0101110"  # the form that the test above relies on
    assert FORMS["prefixes"][0] == "the\t00"


def test_words_with_one_prefix_have_one_number(tmp_path):
    clusters = Clusters.build(write(tmp_path, FORMS["word and path"]), [2, 4, 20])
    the, rome, paris, year, munich, never = clusters.encode(
        ["the", "Rome", "PARIS", "1984", "München", "never"]
    ).tolist()
    assert never == [0, 0, 0]
    assert rome[0] == paris[0] == munich[0] != the[0]
    assert rome[1] != paris[1] == munich[1]
    assert paris[2] != munich[2]
    assert the[0] != 0 != year[0]
    assert clusters.sizes == [4, 5, 6]


@given(st.dictionaries(WORDS, BITS, min_size=1), st.lists(st.integers(1, 8), max_size=3), st.lists(WORDS))
def test_numbers_stand_for_prefixes(tmp_path_factory, paths, prefixes, others):
    folder = tmp_path_factory.mktemp("clusters")
    clusters = Clusters.build(write(folder, [f"{word}\t{path}" for word, path in paths.items()]), prefixes)
    clusters.save(folder / "clusters.txt")
    loaded = Clusters.load(folder / "clusters.txt")
    asked = [*paths, *others]
    encoded = clusters.encode(asked)
    assert encoded.shape == (len(asked), len(prefixes))
    assert encoded.dtype == np.int64
    found = [next((paths[spelling] for spelling in spellings(word) if spelling in paths), None) for word in asked]
    for column, (length, size) in enumerate(zip(prefixes, clusters.sizes, strict=True)):
        numbers = encoded[:, column].tolist()
        pairs = {
            (None if path is None else path[:length], number) for path, number in zip(found, numbers, strict=True)
        }
        assert len(pairs) == len({prefix for prefix, _ in pairs}) == len({number for _, number in pairs})
        assert (None, 0) in pairs or 0 not in numbers
        assert {number for _, number in pairs} | {0} == set(range(size))
    assert (loaded.encode(asked) == encoded).all()
    assert loaded.sizes == clusters.sizes


def test_of_a_repeated_word_the_first_path_counts(tmp_path):
    clusters = Clusters.build(write(tmp_path, ["a\t01", "b\t11", "", "a\t11"]), [2])
    assert clusters.encode(["a"]) != clusters.encode(["b"])


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["a\t01", "b 01"], 2),
        (["a\t01", "b\t012"], 2),
        (["a\t01", "", "b\t01\t01"], 3),
        (["a\t01  11"], 1),
        (["01\ta"], 1),
    ],
)
def test_a_line_in_no_form_is_named(tmp_path, lines, line):
    with pytest.raises(DataError, match="expected a word and its cluster path, found") as caught:
        Clusters.build(write(tmp_path, lines), [4])
    assert caught.value.line == line


def test_other_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="holds no cluster paths"):
        Clusters.build(write(tmp_path, [""]), [4])
    with pytest.raises(DataError, match="no such file"):
        Clusters.build(tmp_path / "none", [4])
    (tmp_path / "latin").write_bytes(b"a\t01\ncaf\xe9\t11\n")
    with pytest.raises(DataError, match=r"latin:2: the line is not UTF-8"):
        Clusters.build(tmp_path / "latin", [4])


GOOD = {"paths": ["0", "10"], "path_of_word": [0, 1, 1], "prefixes": [1]}


@pytest.mark.parametrize(
    "change",
    [
        {"paths": ["0", "x"]},
        {"paths": ["0", 1]},
        {"paths": None},
        {"paths": ["0"]},
        {"path_of_word": [0, 1]},
        {"path_of_word": [0, 1, 2]},
        {"path_of_word": [0, 1, -1]},
        {"path_of_word": [0, 1, True]},
        {"path_of_word": [0, 1, 1.0]},
        {"path_of_word": [0, 1, 10**30]},
        {"prefixes": [0]},
        {"prefixes": ["1"]},
        {"prefixes": [1] * 33},
        {"paths": ["0", "0"]},
    ],
)
def test_a_saved_head_that_is_wrong_is_refused(tmp_path, change):
    path = tmp_path / "clusters.txt"
    write_words(path, [json.dumps(GOOD), "a", "b", "c"])
    assert Clusters.load(path).encode(["a", "c"]).tolist() == [[1], [2]]
    write_words(path, [json.dumps(GOOD | change), "a", "b", "c"])
    with pytest.raises(ModelError, match=r"clusters\.txt: holds no clusters"):
        Clusters.load(path)


@pytest.mark.parametrize("lines", [[], ["a"], ["[]", "a"], ["[" * 100_000], [json.dumps(GOOD), "b", "a", "c"]])
def test_a_saved_file_that_is_wrong_is_refused(tmp_path, lines):
    write_words(tmp_path / "clusters.txt", lines)
    with pytest.raises(ModelError, match=r"clusters\.txt: holds no clusters"):
        Clusters.load(tmp_path / "clusters.txt")


def test_the_saved_file_is_text(tmp_path):
    Clusters.build(write(tmp_path, ["b\t01", "a\t11"]), [2]).save(tmp_path / "clusters.txt")
    head, *words = read_words(tmp_path / "clusters.txt")
    assert json.loads(head) == {"paths": ["01", "11"], "path_of_word": [1, 0], "prefixes": [2]}
    assert words == ["a", "b"]


@given(st.text("ab01 \t\n\r"))
def test_any_text_gives_clusters_or_an_error_with_the_name(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("clusters") / "paths.tsv"
    path.write_bytes(text.encode())
    try:
        clusters = Clusters.build(path, [2])
    except DataError as error:
        assert str(error).startswith(str(path))
    else:
        assert (clusters.encode(clusters.words) > 0).all()


def test_a_prefix_has_the_mean_vector_of_its_words(tmp_path):
    clusters = Clusters.build(write(tmp_path, FORMS["word and path"]), [2, 4])
    one = Vectors(["rome", "paris", "München", "berlin"], np.eye(4, dtype=np.float32), "one", "")
    two = Vectors(["the", "paris"], np.array([[7], [9]], np.float32), "two", "")
    short, long = clusters.means([one, two])
    assert [len(short), len(long)] == clusters.sizes
    thirds, unseen = [1 / 3, 1 / 3, 1 / 3, 0, 3], [0, 0, 0, 0, 0]
    number = dict(zip(PATHS, clusters.encode(PATHS).tolist(), strict=True))
    assert short[number["rome"][0]] == pytest.approx(thirds)
    assert short[number["the"][0]].tolist() == [0, 0, 0, 0, 7]
    assert long[number["rome"][1]].tolist() == [1, 0, 0, 0, 0]
    assert long[number["paris"][1]] == pytest.approx([0, 0.5, 0.5, 0, 4.5])
    assert long[number["München"][1]].tolist() == long[number["paris"][1]].tolist()
    assert long[number["0000"][1]].tolist() == unseen and short[0].tolist() == unseen


ANY_WORDS = st.lists(st.text(max_size=5), max_size=20, unique=True).map(sorted)  # halves of surrogate pairs, too


@given(ANY_WORDS, st.lists(st.text(max_size=5), max_size=10))
def test_packed_clusters_answer_as_others_do(tmp_path_factory, words, others):
    clusters = Clusters(words, ["0", "10", "11"], [number % 3 for number in range(len(words))], [1, 2])
    path = tmp_path_factory.mktemp("packed") / "clusters.safetensors"
    clusters.save_packed(path)
    packed = Clusters.load_packed(path)
    assert packed.encode([*words, *others]).tolist() == clusters.encode([*words, *others]).tolist()
    assert packed.sizes == clusters.sizes and packed.prefixes == [1, 2] and packed.paths == clusters.paths
    packed.save_packed(path.with_name("again"))
    assert path.with_name("again").read_bytes() == path.read_bytes()
    packed.save(path.with_name("text"))
    assert Clusters.load(path.with_name("text")).words == words


def test_many_questions_are_answered_as_the_first_ones(monkeypatch):
    monkeypatch.setattr("ner.features.packed_words._WORTH", 3)
    words = PackedWords.pack(["a", "b", "\ud800", "😀"])
    for _ in range(3):
        assert [words.find(word) for word in ("a", "b", "\ud800", "😀", "", "c")] == [0, 1, 2, 3, None, None]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ends": np.array([1, 3], np.uint32)}, "do not end"),
        ({"ends": np.array([2, 1], np.uint32)}, "do not end"),
        ({"ends": np.array([1, 2], np.int64)}, "not the arrays"),
        ({"path_of_word": np.array([0], np.uint32)}, "not every word"),
        ({"path_of_word": np.array([0, 9], np.uint32)}, "not there"),
        ({"paths": np.frombuffer(b"0 x", np.uint8)}, "anything but 0 and 1"),
        ({"paths": np.frombuffer(b"0 \xff", np.uint8)}, "ascii"),
        ({"prefixes": np.array([0])}, "no bit"),
        ({"prefixes": np.arange(1, 34)}, "there are 33 prefixes, and 32 are the most"),
        ({"paths": np.frombuffer(b"0 0 0", np.uint8)}, "a path stands there twice"),
        ({"more": np.array([0])}, "not the arrays"),
        (None, "safetensors|[Hh]eader"),
        (b"BF16", "holds no clusters"),  # types that numpy does not have
        (b"F8_E4M3", "holds no clusters"),
    ],
)
def test_what_is_no_packed_file_is_refused(tmp_path, changed, said):
    path = tmp_path / "clusters.safetensors"
    Clusters(["a", "b"], ["0", "10"], [0, 1], [1]).save_packed(path)
    if changed is None:
        path.write_bytes(path.read_bytes()[:20])
    elif isinstance(changed, bytes):
        size = 1 + (changed == b"BF16")
        head = {"words": {"dtype": changed.decode(), "shape": [2 // size], "data_offsets": [0, 2]}}
        path.write_bytes(len(text := json.dumps(head).encode()).to_bytes(8, "little") + text + b"ab")
    else:
        save_file({**load_file(path), **changed}, path)
    with pytest.raises(ModelError, match=said):
        Clusters.load_packed(path)
    with pytest.raises(ModelError, match="holds no clusters"):
        Clusters.load_packed(tmp_path / "none")
