from __future__ import annotations

import gzip
import hashlib
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import DataError
from ner.features import vectors as module
from ner.features.vectors import Vectors, combine, read_vectors

TABLE = "the 1 2\nrome 3 4\nMP0 5 6\nthe 7 8\n0000 9 10\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "v.txt").write_text(TABLE)
    return tmp_path


def copies(folder) -> list:
    return sorted(folder.glob("cache/vectors/*"))


def parsed(monkeypatch) -> list:
    """Grows by an entry each time that a file is parsed."""
    calls: list = []
    original = module.read_blocks
    monkeypatch.setattr(module, "read_blocks", lambda path: (calls.append(path), original(path))[1])
    return calls


@pytest.mark.parametrize("cache", [True, False])
def test_what_is_read(folder, cache):
    for _ in range(2):
        glove = read_vectors(folder / "v.txt", cache)
        assert glove.words == ["the", "rome", "MP0", "0000"]
        assert np.array(glove.matrix).tolist() == [[1, 2], [3, 4], [5, 6], [9, 10]]
        assert (glove.dim, glove.duplicates, glove.path) == (2, 1, str(folder / "v.txt"))
        assert glove.sha256 == hashlib.sha256(TABLE.encode()).hexdigest()
        assert glove.matrix.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            glove.matrix[0] = 0
    assert len(copies(folder)) == cache


def test_lookup_falls_back(folder):
    glove = read_vectors(folder / "v.txt")
    asked = ["the", "Rome", "MP3", "mp3", "1984", "never"]
    assert [glove.lookup(word) for word in asked] == [0, 1, 2, -1, 3, -1]
    assert glove.rows(asked).tolist() == [0, 1, 2, -1, 3, -1]


def test_the_second_reading_parses_nothing_and_maps_the_copy(folder, monkeypatch):
    read_vectors(folder / "v.txt")
    calls = parsed(monkeypatch)
    assert isinstance(read_vectors(str(folder / "v.txt")).matrix, np.memmap)
    monkeypatch.chdir(folder)
    read_vectors("v.txt")
    assert calls == []


def test_a_changed_file_replaces_its_copy(folder):
    read_vectors(folder / "v.txt")
    status = (folder / "v.txt").stat()
    (folder / "v.txt").write_text(TABLE.replace("1 2", "8 2"))
    os.utime(folder / "v.txt", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert read_vectors(folder / "v.txt").matrix[0, 0] == 8
    assert len(copies(folder)) == 1


def test_members_of_an_archive_have_their_own_copies(folder):
    import zipfile

    with zipfile.ZipFile(folder / "v.zip", "w") as archive:
        archive.writestr("a", "the 1 2\n")
        archive.writestr("b", "the 3 4\n")
    for _ in range(2):
        assert read_vectors(folder / "v.zip" / "a").matrix.tolist() == [[1, 2]]
        assert read_vectors(folder / "v.zip" / "b").matrix.tolist() == [[3, 4]]
    assert len(copies(folder)) == 2


@given(st.data())
def test_a_damaged_copy_is_never_believed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NER_CACHE", str(folder / "cache"))
        (folder / "v.txt").write_text(TABLE)
        expected = read_vectors(folder / "v.txt", cache=False)
        read_vectors(folder / "v.txt")
        [copy] = copies(folder)
        whole = copy.read_bytes()
        header = len(whole.partition(b" " * 100)[0])
        tail = len(whole) - 4096 - 4 * 8
        place = data.draw(st.one_of(st.integers(0, header), st.integers(len(whole) - tail, len(whole) - 1)))
        damage = data.draw(
            st.sampled_from(
                [
                    whole[:place],
                    whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :],
                    whole[:place] + b"0" + whole[place:],
                    whole[:place] + b"[" * 3000,
                    b"",
                ]
            )
        )
        copy.write_bytes(damage)
        again = read_vectors(folder / "v.txt")
        assert again.words == expected.words
        assert (again.matrix == expected.matrix).all()


def test_where_no_copy_can_be_written_the_file_is_parsed(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("NER_CACHE", str(folder / "file"))
    assert read_vectors(folder / "v.txt").words == ["the", "rome", "MP0", "0000"]


def test_a_full_disk_leaves_no_half_copy(folder, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert read_vectors(folder / "v.txt").words == ["the", "rome", "MP0", "0000"]
    assert copies(folder) == []


def test_without_a_home_there_is_no_copy(folder, monkeypatch):
    monkeypatch.delenv("NER_CACHE")
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert read_vectors(folder / "v.txt").dim == 2


def test_the_home_folder_holds_the_copies(folder, monkeypatch):
    monkeypatch.delenv("NER_CACHE")
    monkeypatch.setenv("HOME", str(folder))
    read_vectors(folder / "v.txt")
    assert len(list((folder / ".cache" / "ner" / "vectors").iterdir())) == 1


def test_many_rows_in_many_blocks(folder, monkeypatch):
    monkeypatch.setattr("ner.features.vector_files._BLOCK", 1 << 10)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3000, 4)).astype(np.float32)
    words = [f"w{number % 2500}" for number in range(3000)]
    lines = (f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, matrix.tolist(), strict=True))
    with gzip.open(folder / "v.gz", "wt") as stream:
        stream.writelines(lines)
    for cache in (False, True):
        read = read_vectors(folder / "v.gz", cache)
        assert read.words == words[:2500]
        assert (read.matrix == matrix[:2500]).all()
        assert read.duplicates == 500


@pytest.mark.parametrize("content", [b"", b"\n\n", b"0 5\n"])
def test_a_file_without_vectors(folder, content):
    (folder / "v.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"v\.txt: the file holds no vectors"):
        read_vectors(folder / "v.txt")


def test_a_missing_file(folder):
    with pytest.raises(DataError, match=r"none\.txt: no such file"):
        read_vectors(folder / "none.txt")


def test_combine():
    first = Vectors(["a", "b"], np.array([[1, 2], [3, 4]], np.float32), "first", "")
    second = Vectors(["B", "c"], np.array([[5], [6]], np.float32), "second", "")
    words = ["a", "b", "B", "C", "d"]
    matrix, found = combine([first, second], words)
    assert matrix.tolist() == [[1, 2, 0], [3, 4, 0], [3, 4, 5], [0, 0, 6], [0, 0, 0]]
    assert found.tolist() == [True, True, True, True, False]
    out = np.full((5, 3), 9, np.float32)
    assert combine([first, second], words, out)[0] is out
    assert (out == matrix).all()
    assert combine([], words)[0].shape == (5, 0)
