"""Files as small and as large as they come: nothing lost, or an error that names the file."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ner.errors import DataError
from ner.tagger import Tagger
from ner.tagging import tag_file
from tests.tagging.names import PAGES, STREAMS, NameTagger


@pytest.mark.parametrize("write", PAGES)
@pytest.mark.parametrize("read", STREAMS)
def test_every_file_of_one_byte(tagger: NameTagger, tmp_path: Path, read: str, write: str) -> None:
    source, target = tmp_path / "one", tmp_path / "out"
    for byte in range(256):
        source.write_bytes(bytes([byte]))
        try:
            tag_file(tagger, source, target, read=read, write=write)
        except DataError as error:
            assert str(error).startswith(f"{source}:1: ") and not target.exists()
            assert byte >= 0x80 or read == "jsonl" or (write == "conll" and read == "text"), (byte, str(error))
            continue
        assert byte < 0x80
        text = target.read_bytes().decode()
        target.unlink()
        if write == "jsonl" and read == "text":
            assert json.loads(text)["text"] == bytes([byte]).decode().strip("\n\r"), byte
        if write == "text" and read == "text":
            assert text.removesuffix("\n") == chr(byte).strip("\n\r"), byte
        if write == "conll" and read == "conll" and not chr(byte).isspace():
            assert text.startswith(chr(byte)), byte
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("write", PAGES)
def test_a_sentence_and_a_word_of_a_hundred_thousand(tiny_tagger: Tagger, tmp_path: Path, write: str) -> None:
    source, target = tmp_path / "long.conll", tmp_path / "out"
    words = ["Ada", "lives", "in", "London", "."] * 20_000
    source.write_text("\n".join(words) + "\n\n" + "x" * 100_000 + "\n\n\n", encoding="utf-8")
    begun = time.process_time()
    assert tag_file(tiny_tagger, source, target, read="conll", write=write) == 100_001
    assert time.process_time() - begun < 60
    text = target.read_text(encoding="utf-8")
    if write == "conll":
        rows = text.split("\n")
        assert [row.split("\t")[0].split(" ")[0] for row in rows] == [*words, "", "x" * 100_000, "", "", ""]
        assert sum(row.endswith("B-PER") for row in rows) > 10_000
    elif write == "jsonl":
        first, second = map(json.loads, text.splitlines())
        assert [token["text"] for token in first["tokens"]] == words
        assert len(first["entities"]) > 20_000 and second["text"] == "x" * 100_000
    else:
        assert text.count("lives") == 20_000 and "x" * 100_000 in text
