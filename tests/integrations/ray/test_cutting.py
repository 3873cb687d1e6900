from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.corpus.source import stretch_lines
from ner.errors import ConfigError, DataError
from ner.integrations.ray.cutting import Part, check_size, cut
from ner.integrations.ray.inputs import find_inputs
from ner.integrations.ray.pieces import opened_part

LINES = st.lists(st.sampled_from(["", "Ada", "\ufeffAda", "a\rb", "x\r", "ä" * 40, "y" * 200]), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, at_end=st.sampled_from(["", "\n"]), times=st.integers(1, 3))
def test_every_line_is_in_one_part_with_the_number_it_has(
    small: int, tmp_path: Path, lines: list[str], at_end: str, times: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(("\n".join(["first", *lines]) + at_end).encode())
    whole = list(stretch_lines(str(path)))
    inputs = find_inputs([path])
    found, seen = b"", []
    parts = cut(inputs, "text", times * small)
    for part in parts:
        with opened_part(inputs[0], part, "text") as stream:
            own = list(stretch_lines(stream))
        assert not own or own[0][2], "a part begins with a stretch"
        seen += [(line, begins) for _, line, begins in own]
        with opened_part(inputs[0], part, "text") as stream:
            found += stream.read()
    assert seen == [(line, begins) for _, line, begins in whole]
    assert found == path.read_bytes()
    assert len(parts) == max(1, -(-path.stat().st_size // (times * small)))


def test_a_fault_has_the_line_that_it_has_in_the_file(small: int, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"".join(b"%d\n" % number for number in range(500)))
    inputs = find_inputs([path])
    part = cut(inputs, "text", small)[2]
    assert part == Part(0, 2 * small, 3 * small)
    with opened_part(inputs[0], part, "text") as stream:
        _, first, _ = next(stretch_lines(stream))
    with (
        pytest.raises(DataError, match=rf"a.txt:{int(first) + 2}: odd"),
        opened_part(inputs[0], part, "text") as stream,
    ):
        raise DataError("odd", stream.name, 2)


def test_what_cannot_be_cut_stays_whole(small: int, tmp_path: Path) -> None:
    text = b"Ada left .\n" * 200
    for name, content in (
        ("a.conll", text),
        ("b.jsonl", gzip.compress(bytes(range(256)) * 40 + text)),
        ("c.txt", text),
    ):
        (tmp_path / name).write_bytes(content)
        inputs = find_inputs([tmp_path / name])
        read = {"a.conll": "conll", "b.jsonl": "jsonl", "c.txt": "text"}[name]
        assert cut(inputs, read, small, whole=name == "c.txt") == [Part(0, 0, -1)]
    (tmp_path / "c.txt").write_bytes(b"")
    inputs = find_inputs([tmp_path / "c.txt", tmp_path / "a.conll"])
    assert cut(inputs, "text", 1 << 22) == [Part(1, 0, -1)]


def test_tables_are_cut_between_row_groups(small: int, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = pyarrow.table({"text": [f"{number} {'x' * 90}" for number in range(100)]})
    pyarrow.parquet.write_table(rows, path, row_group_size=3)
    parts = cut(find_inputs([path]), "parquet", 2 * small)
    assert parts[0].start == 0 and parts[-1].stop == -1
    assert all(one.stop == other.start for one, other in pairwise(parts))
    metadata = pyarrow.parquet.read_metadata(path)
    sizes = [sum(metadata.row_group(group).total_byte_size for group in range(*part[1:])) for part in parts[:-1]]
    assert len(parts) > 9 and min(sizes) >= 2 * small
    path.write_bytes(b"x" * 10_000)
    with pytest.raises(DataError, match=r"a.parquet: is no parquet file"):
        cut(find_inputs([path]), "parquet", small)


def test_parts_are_cut_where_windows_begin_anew() -> None:
    assert check_size(16) == 16 << 20
    for odd in (0, -4, 5):
        with pytest.raises(ConfigError, match=f"--part-size {odd}: expected a multiple of 4"):
            check_size(odd)
