from __future__ import annotations

import os
from pathlib import Path

import pytest

from ner.errors import ConfigError, DataError
from ner.integrations.ray.inputs import check_unchanged, find_inputs, kind_of


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "b.jsonl",
        "a.jsonl",
        "deep/er/c.jsonl",
        ".hidden.jsonl",
        "_job.json",
        "deep/_temporary/d.jsonl",
        "[x].txt",
    ):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (["corpus/b.jsonl", "corpus/a.jsonl"], ["corpus/b.jsonl", "corpus/a.jsonl"]),
        (["corpus"], ["corpus/[x].txt", "corpus/a.jsonl", "corpus/b.jsonl", "corpus/deep/er/c.jsonl"]),
        (["corpus/deep/"], ["corpus/deep/er/c.jsonl"]),
        (["corpus/*.jsonl"], ["corpus/a.jsonl", "corpus/b.jsonl"]),
        (["corpus/**/*.jsonl"], ["corpus/a.jsonl", "corpus/b.jsonl", "corpus/deep/er/c.jsonl"]),
        (["corpus/[!b].jsonl"], ["corpus/a.jsonl"]),
        (["c*/*/er/?.jsonl", "corpus/[x].txt"], None),
        (["c*/*/er/[a-c].jsonl", "corpus/[x].txt"], ["corpus/deep/er/c.jsonl", "corpus/[x].txt"]),
    ],
)
def test_files_folders_and_patterns(corpus: Path, named: list[str], expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(DataError, match="no file has a name like that"):
            find_inputs(named)
        return
    assert [one.shown for one in find_inputs(named)] == expected


def test_the_same_files_by_an_address(corpus: Path) -> None:
    by_path, by_uri = find_inputs(["corpus"]), find_inputs([f"file://{corpus}"])
    assert (
        [one.name for one in by_uri]
        == [one.name for one in by_path]
        == [str(corpus / name) for name in ("[x].txt", "a.jsonl", "b.jsonl", "deep/er/c.jsonl")]
    )
    assert by_path[1].size == len("a.jsonl\n") and by_path[1].modified == (corpus / "a.jsonl").stat().st_mtime_ns


def test_files_in_another_file_system() -> None:
    import fsspec  # type: ignore[import-untyped]

    memory = fsspec.filesystem("memory")
    for name in ("b.txt", "a.txt", "sub/c.txt"):
        memory.pipe(f"/inputs/{name}", b"Ada\n")
    for named in ("memory://inputs", "memory://inputs/**/*.txt"):
        found = find_inputs([named])
        assert [one.shown for one in found] == [f"memory://inputs/{name}" for name in ("a.txt", "b.txt", "sub/c.txt")]
        assert {one.size for one in found} == {4}
        assert find_inputs([one.name for one in found]) == found


def test_what_cannot_be_found_is_named(corpus: Path) -> None:
    (corpus / "empty").mkdir()
    for named, fault in (
        (["corpus/none.txt"], "corpus/none.txt: no such file"),
        (["corpus/*.csv"], r"corpus/\*.csv: no file has a name like that"),
        (["corpus/empty"], "corpus/empty: there is no file in the folder"),
        (["corpus", "corpus/a.jsonl"], "corpus/a.jsonl: is among the inputs twice"),
        (["nowhere://x/y.txt"], "nowhere://x: cannot be reached"),
    ):
        with pytest.raises(DataError, match=fault):
            find_inputs(named)
    with pytest.raises(ConfigError, match="no input"):
        find_inputs([])
    (corpus / "saved").mkdir()
    (corpus / "saved" / "state.json").write_text("{}")
    with pytest.raises(DataError, match="a data set that save_to_disk wrote"):
        find_inputs(["corpus/saved"])


def test_links_that_lead_to_a_file_twice_are_refused(corpus: Path) -> None:
    before = find_inputs(["corpus"])
    (corpus / "dead.txt").symlink_to("nowhere")
    (corpus.parent / "far").mkdir()
    (corpus.parent / "far" / "z.txt").write_text("z")
    (corpus / "z").symlink_to("../far")
    assert [one.shown for one in find_inputs(["corpus"])] == [*(one.shown for one in before), "corpus/z/z.txt"]
    (corpus / "z").unlink()
    (corpus / "deep" / "up").symlink_to("..")
    with pytest.raises(DataError, match=r"corpus/deep/up: its links lead to .*/corpus twice"):
        find_inputs(["corpus"])
    (corpus / "deep" / "up").unlink()
    (corpus / "z.txt").symlink_to("a.jsonl")
    with pytest.raises(DataError, match=r"corpus/z.txt: is among the inputs twice, perhaps by a link"):
        find_inputs(["corpus"])


def test_a_name_that_is_not_utf8(corpus: Path) -> None:
    odd = os.fsdecode(os.fsencode(corpus / "deep") + b"/\xff.txt")
    try:
        Path(odd).write_text("Ada")
    except OSError:
        pytest.skip("this file system refuses such names")
    for named in (odd, "corpus/deep"):
        with pytest.raises(DataError, match="its name is not UTF-8"):
            find_inputs([named])


def test_one_may_be_named_by_itself(corpus: Path) -> None:
    assert find_inputs("corpus/a.jsonl") == find_inputs(Path("corpus/a.jsonl")) == find_inputs(["corpus/a.jsonl"])
    with pytest.raises(ConfigError, match="an input without a name"):
        find_inputs("")


def test_a_file_that_was_changed_is_noticed(corpus: Path) -> None:
    (one,) = find_inputs("corpus/a.jsonl")
    check_unchanged(one)
    os.utime("corpus/a.jsonl", ns=(1, 1))
    with pytest.raises(DataError, match=r"corpus/a.jsonl: is not what it was when the job began"):
        check_unchanged(one)
    Path("corpus/a.jsonl").unlink()
    with pytest.raises(DataError, match=r"corpus/a.jsonl: is not what it was"):
        check_unchanged(one)


def test_what_a_plain_command_refuses_is_refused(corpus: Path) -> None:
    (corpus / "deep" / "table.csv").write_text("Ada,1\n")
    with pytest.raises(ConfigError, match=r"corpus/deep/table.csv: .csv tells no format that is tagged"):
        kind_of(find_inputs("corpus/deep"), None)
    assert kind_of(find_inputs("corpus/deep"), "text") == "text"


def test_all_inputs_are_of_one_kind(corpus: Path) -> None:
    assert kind_of(find_inputs(["corpus/deep"]), None) == "jsonl"
    assert kind_of(find_inputs(["corpus/[x].txt"]), None) == "text"
    assert kind_of(find_inputs(["corpus"]), "text") == "text"
    with pytest.raises(ConfigError, match=r"several kinds, jsonl \(corpus/.*\), text \(corpus/\[x\].txt\)"):
        kind_of(find_inputs(["corpus"]), None)
    with pytest.raises(ConfigError, match="--from dataset: --engine ray reads text, conll, jsonl, parquet"):
        kind_of(find_inputs(["corpus"]), "dataset")
