"""The commands that messages advise do what they promise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ner.config import DataConfig
from ner.corpus.read import read
from ner.errors import DataError


def follow(file: Path, program: str, config: DataConfig) -> list[list[str] | None]:
    """Run the command that the error of a file names, and read the tags of the file that it makes."""
    with pytest.raises(DataError) as raised:
        list(read(file, config))
    message = str(raised.value)
    command = message[message.index(f"{program} ") : message.rindex(" FILE > NEW") + len(" FILE > NEW")]
    command = command.split(" FILE > NEW")[0] + " < old.conll > new.conll"
    subprocess.run(command, shell=True, check=True, cwd=file.parent)
    return [sentence.tags for sentence in read(file.with_name("new.conll"), config)]


@pytest.mark.parametrize("before", ["", "# a comment\n\n", "-DOCSTART- O\n\n"])
@pytest.mark.parametrize("after", ["B-PER", "O"])
def test_a_header_is_taken_out_wherever_it_stands(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "old.conll"
    file.write_text(f"{before}Token Tag\nAda {after}\nleft O\n")
    assert follow(file, "sed", DataConfig()) == [[after, "O"]]


@pytest.mark.parametrize(
    "text",
    [
        "Ada PER\nKing PER\nleft O\n",
        "Ada\tPER\nKing\tPER\nleft\tO\n",
        "Ada PER\r\nKing PER\r\nleft O\r\n",
        "-DOCSTART-\n\nAda PER\nKing PER\nleft O\n",
    ],
)
def test_labels_get_prefixes(tmp_path: Path, text: str) -> None:
    (tmp_path / "old.conll").write_text(text, newline="")
    assert follow(tmp_path / "old.conll", "awk", DataConfig()) == [["I-PER", "I-PER", "O"]]


def test_labels_get_prefixes_in_any_column_though_the_first_looks_like_a_header(tmp_path: Path) -> None:
    (tmp_path / "old.conll").write_text("Ada PER x\nleft O y\n")
    assert follow(tmp_path / "old.conll", "awk", DataConfig(tag_column=1)) == [["I-PER", "O"]]
