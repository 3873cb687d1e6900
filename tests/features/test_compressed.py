from __future__ import annotations

import gzip
import io
import lzma
import zipfile

import pytest

from ner.errors import DataError
from ner.features.compressed import locate, open_binary

CONTENT = b"the 0.1 0.2\n" * 1000


def archive(**members: bytes) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/"), content)
    return memory.getvalue()


PACKED = {
    "plain": CONTENT,
    "gzip": gzip.compress(CONTENT),
    "xz": lzma.compress(CONTENT),
    "zip": archive(only=CONTENT),
}


def read(path) -> bytes:
    with open_binary(path) as stream:
        return stream.read()


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_the_content_decides_not_the_name(tmp_path, packed):
    (tmp_path / "vectors.dat").write_bytes(packed)
    assert read(tmp_path / "vectors.dat") == CONTENT
    assert read(str(tmp_path / "vectors.dat")) == CONTENT


def test_a_member_of_an_archive_is_named_behind_it(tmp_path):
    path = tmp_path / "glove.zip"
    path.write_bytes(archive(a=b"first", folder__b=b"second"))
    assert read(path / "a") == b"first"
    assert read(path / "folder" / "b") == b"second"
    assert locate(path / "folder" / "b") == (path, "folder/b")
    assert locate(path) == (path, None)


@pytest.mark.parametrize("kind", ["gzip", "xz", "zip"])
def test_a_file_cut_short_is_reported(tmp_path, kind):
    (tmp_path / "vectors").write_bytes(PACKED[kind][:-20])
    with pytest.raises(DataError, match="vectors: the file is damaged or cut short"):
        read(tmp_path / "vectors")


@pytest.mark.parametrize("kind", ["gzip", "xz", "zip"])
def test_damaged_bytes_are_reported(tmp_path, kind):
    packed = bytearray(PACKED[kind])
    middle = len(packed) // 2
    packed[middle : middle + 4] = b"\xff\x00\xff\x00"
    (tmp_path / "vectors").write_bytes(packed)
    with pytest.raises(DataError, match="vectors: "):
        read(tmp_path / "vectors")


def test_what_is_wrong_with_a_path_is_said(tmp_path):
    with pytest.raises(DataError, match=r"none: no such file"):
        read(tmp_path / "none")
    with pytest.raises(DataError, match=r"cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "plain").write_bytes(CONTENT)
    with pytest.raises(DataError, match=r"plain/member: .*no zip archive"):
        read(tmp_path / "plain" / "member")
    (tmp_path / "two.zip").write_bytes(archive(a=b"", b=b""))
    with pytest.raises(DataError, match=r"expected one file in the archive, found 2: a, b\. Name one"):
        read(tmp_path / "two.zip")
    with pytest.raises(DataError, match=r"there is no c in the archive, which holds a, b"):
        read(tmp_path / "two.zip" / "c")


def test_an_archive_with_a_password_is_reported(tmp_path):
    packed = bytearray(archive(a=CONTENT))
    for header in (b"PK\x03\x04", b"PK\x01\x02"):
        flags = packed.index(header) + (6 if header == b"PK\x03\x04" else 8)
        packed[flags] |= 1
    (tmp_path / "locked.zip").write_bytes(packed)
    with pytest.raises(DataError, match=r"locked\.zip: the archive cannot be read: .*(encrypted|password)"):
        read(tmp_path / "locked.zip")
