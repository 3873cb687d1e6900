"""Files through workers in this process: what they write is what a plain ``ner tag`` writes."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

import ner
from ner.errors import ConfigError, DataError, NerError
from ner.integrations.ray.job import DONE, MANIFEST, Job
from ner.integrations.ray.places import locate
from ner.integrations.ray.tagging import Progress, tag_files
from ner.integrations.ray.worker import Done, Worker, error_of, fault_of
from ner.tagging.options import TagOptions
from tests.integrations.ray.conftest import MODEL, here

WORDS = Path(__file__).parents[3] / "data" / "sample" / "test.conll"


@pytest.fixture(scope="module")
def texts() -> list[str]:
    stretches = WORDS.read_text(encoding="utf-8").split("\n\n")
    sentences = [" ".join(line.split("\t")[0] for line in one.splitlines()) for one in stretches]
    return [" ".join(sentences[number : number + 1 + number % 3]) for number in range(90)]


def written(folder: Path) -> bytes:
    """The parts, in the order of their names."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("part-*")))


def shuffled(job: Job, output: str, numbers: Sequence[int]) -> Iterator[Done]:
    """Two workers, each with a model that has seen something else, and parts in any order."""
    workers = [Worker(job, output), Worker(job, output)]
    for place, number in enumerate([*numbers[1::2], *numbers[::2][::-1]]):
        yield workers[place % 2].tag(number)


@pytest.mark.parametrize("kind", ["txt", "jsonl"])
@pytest.mark.parametrize("options", [TagOptions(), TagOptions(min_score=0.3, probabilities=True, n_best=2)])
def test_parts_together_are_what_one_reader_writes_bit_by_bit(
    small: int, texts: list[str], tmp_path: Path, kind: str, options: TagOptions
) -> None:
    source = tmp_path / f"in.{kind}"
    rows = texts if kind == "txt" else [json.dumps({"id": id_, "text": text}) for id_, text in enumerate(texts)]
    source.write_text("\n".join([*rows[:40], "", *rows[40:]]), encoding="utf-8")
    ner.tag_file(ner.load(MODEL, threads=1), source, tmp_path / "plain.jsonl", options=options, window=300)
    for times in (1, 3):
        out = tmp_path / f"out{times}"
        progress = tag_files(MODEL, [source], out, options=options, part_size=times * small, runner=shuffled)
        assert progress.done == progress.parts == -(-source.stat().st_size // (times * small)) > 5
        assert written(out) == (tmp_path / "plain.jsonl").read_bytes()
        assert (out / DONE).exists()


def test_without_a_stretch_of_its_own_the_last_digits_would_differ(texts: list[str], tmp_path: Path) -> None:
    """The test above could not fail if scores did not hang on what a sentence is computed with."""
    tagger = ner.load(MODEL, threads=1)
    spans = [
        tagger.predict([text.split() for text in chosen]).scores.tolist()
        for chosen in (texts, texts[:41], texts[41:])
    ]
    assert spans[0] != [*spans[1], *spans[2]]
    assert spans[0] == pytest.approx([*spans[1], *spans[2]], abs=1e-5)


@pytest.mark.parametrize("column", ["text", "tokens"])
def test_tables(small: int, texts: list[str], tmp_path: Path, column: str) -> None:
    source = tmp_path / "in.parquet"
    values = texts if column == "text" else [text.split() for text in texts]
    table = pyarrow.table({"id": range(len(texts)), column: values})
    pyarrow.parquet.write_table(table, source, row_group_size=4)
    ner.tag_file(ner.load(MODEL, threads=1), source, tmp_path / "plain.parquet")
    progress = tag_files(MODEL, [source], tmp_path / "out", part_size=2 * small, runner=shuffled)
    assert progress.parts > 5
    parts = [pyarrow.parquet.read_table(path) for path in sorted((tmp_path / "out").glob("part-*"))]
    assert pyarrow.concat_tables(parts) == pyarrow.parquet.read_table(tmp_path / "plain.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "out").num_rows == len(texts), "the folder reads as one table"
    tag_files(MODEL, [source], tmp_path / "one", part_size=1024 * small, runner=here)
    assert written(tmp_path / "one") == (tmp_path / "plain.parquet").read_bytes()


def test_files_that_are_not_cut(small: int, texts: list[str], tmp_path: Path) -> None:
    tagger = ner.load(MODEL, threads=1)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt.gz").write_bytes(gzip.compress("\n".join(texts).encode()))
    (tmp_path / "in" / "b.txt").write_bytes(b"")
    (tmp_path / "in" / "c.txt").write_text("Ada lives in Oslo.\n")
    for name in ("a.txt.gz", "c.txt"):
        ner.tag_file(tagger, tmp_path / "in" / name, tmp_path / f"{name}.jsonl")
    progress = tag_files(MODEL, [tmp_path / "in"], tmp_path / "out", part_size=small, runner=here)
    assert progress.parts == 2
    assert written(tmp_path / "out") == b"".join(
        (tmp_path / f"{name}.jsonl").read_bytes() for name in ("a.txt.gz", "c.txt")
    )
    ner.tag_file(tagger, WORDS, tmp_path / "plain.conll")
    tag_files(MODEL, [WORDS], tmp_path / "columns", part_size=small, runner=here)
    assert written(tmp_path / "columns") == (tmp_path / "plain.conll").read_bytes()


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n", "\r\n\r\n"])
def test_a_sentence_does_not_go_on_in_the_next_file(small: int, tmp_path: Path, end: str) -> None:
    tagger, plain = ner.load(MODEL, threads=1), []
    for name in ("a", "b"):
        source = tmp_path / "in" / f"{name}.conll"
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(f"Ada O\nleft O{end}".encode())
        ner.tag_file(tagger, source, tmp_path / name)
        plain.append((tmp_path / name).read_bytes())
    tag_files(MODEL, tmp_path / "in", tmp_path / "out", part_size=small, runner=here)
    whole = end if end.count("\n") == 2 else 2 * (end or "\n")
    assert written(tmp_path / "out") == plain[0].removesuffix(end.encode()) + whole.encode() + plain[1]


def test_after_a_kill_only_what_is_missing_is_tagged(small: int, texts: list[str], tmp_path: Path) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out"
    source.write_text("\n".join(texts))
    begun: list[int] = []

    def killed(job: Job, output: str, numbers: Sequence[int]) -> Iterator[Done]:
        begun.extend(numbers)
        yield from shuffled(job, output, numbers[::3])
        (Path(output) / f".{job.name_of(1)}.0123abcd.new").write_text("half a li")
        raise KeyboardInterrupt

    told: list[Progress] = []
    with pytest.raises(KeyboardInterrupt):
        tag_files(MODEL, [source], out, part_size=small, runner=killed, listener=told.append)
    stood = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert not (out / DONE).exists() and 0 < len(stood) < len(begun) == told[0].parts
    progress = tag_files(MODEL, [source], out, part_size=small, runner=here)
    assert (progress.before, progress.done) == (len(stood), len(begun) - len(stood))
    assert {name: (out / name).stat().st_mtime_ns for name in stood} == stood
    ner.tag_file(ner.load(MODEL, threads=1), source, tmp_path / "plain.jsonl")
    assert written(out) == (tmp_path / "plain.jsonl").read_bytes()
    again = tag_files(MODEL, [source], out, part_size=small, runner=killed)
    assert again == Progress(len(begun), len(begun), 0, 0), "what is done is not begun again"


def test_a_bad_line_is_named_and_what_is_done_stays(small: int, texts: list[str], tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out"
    good = [json.dumps({"text": text}) for text in texts]
    source.write_text("\n".join([*good[:60], '{"words": 3}', *good[60:]]))
    with pytest.raises(DataError, match=r"in.jsonl:61: has the keys words") as caught:
        tag_files(MODEL, [source], out, part_size=small, runner=here)
    assert caught.value.line == 61 and caught.value.remedy
    stood = sorted(path.name for path in out.glob("part-*"))
    assert stood and not (out / DONE).exists()
    source.write_text("\n".join(good))
    with pytest.raises(DataError, match="as it was before it was changed"):
        tag_files(MODEL, [source], out, part_size=small, runner=here)
    table = tmp_path / "in.parquet"
    rows = [["Ada"]] * 50 + [["Ada", None]] + [["Ada"]] * 9
    pyarrow.parquet.write_table(pyarrow.table({"tokens": rows, "x": ["y" * 90] * 60}), table, row_group_size=5)
    with pytest.raises(DataError, match=r"in.parquet:51: tokens holds a null among its tokens"):
        tag_files(MODEL, [table], tmp_path / "table", part_size=small, runner=here)


def test_a_file_that_is_changed_meanwhile_ends_the_job(small: int, texts: list[str], tmp_path: Path) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out"
    source.write_text("\n".join(texts))

    def meanwhile(job: Job, output: str, numbers: Sequence[int]) -> Iterator[Done]:
        yield from here(job, output, numbers[:1])
        source.write_text("\n".join(texts[1:]))
        yield from here(job, output, numbers[1:])

    with pytest.raises(DataError, match=r"in.txt: is not what it was when the job began"):
        tag_files(MODEL, source, out, part_size=small, runner=meanwhile)
    assert not (out / DONE).exists() and len(list(out.glob("part-*"))) == 1


@pytest.mark.parametrize("within", ["{}/in/out", "memory://within/in/out"])
def test_the_output_may_lie_among_the_inputs(tmp_path: Path, within: str) -> None:
    (tmp_path / "in").mkdir()
    out = locate(within.format(tmp_path))
    folder = out.of(out.path.removesuffix("/out"))
    folder.system.create_dir(folder.path, recursive=True)
    with folder.system.open_output_stream(folder.beside("a.txt").path) as file:
        file.write(b"Ada\n")
    assert tag_files(MODEL, folder.name, out.name, runner=here) == Progress(1, 0, 1, 1)
    assert tag_files(MODEL, folder.name, out.name, runner=here) == Progress(1, 1, 0, 0)
    with pytest.raises(DataError, match="lies in the output folder"):
        tag_files(MODEL, [folder.name, f"{out.name}/part-00000.jsonl"], out.name, runner=here)


def test_an_object_store(small: int, texts: list[str], tmp_path: Path) -> None:
    import fsspec  # type: ignore[import-untyped]

    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/in/a.txt", "\n".join(texts).encode())
    (tmp_path / "a.txt").write_text("\n".join(texts))
    tag_files(MODEL, ["memory://bucket/in/*.txt"], "memory://bucket/out", part_size=small, runner=shuffled)
    ner.tag_file(ner.load(MODEL, threads=1), tmp_path / "a.txt", tmp_path / "plain.jsonl")
    names = sorted(Path(name).name for name in memory.ls("/bucket/out", detail=False))
    assert names[:2] == [MANIFEST, DONE] or names[:2] == [DONE, MANIFEST]
    assert (
        b"".join(memory.cat(f"/bucket/out/{name}") for name in names[2:]) == (tmp_path / "plain.jsonl").read_bytes()
    )
    assert all(name.startswith("part-") for name in names[2:])


def test_what_cannot_be_put_together_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Ada"}\n')
    for arguments, fault in (
        ({"write": "html"}, "--to html: --engine ray writes text, conll, jsonl, parquet"),
        ({"write": "parquet"}, "--to parquet: the parts of JSONL may have other keys"),
        ({"write": "text", "options": TagOptions(n_best=2)}, "--n-best has no place in text"),
        ({"part_size": 3}, "--part-size 3"),
    ):
        options: dict[str, Any] = arguments
        with pytest.raises(ConfigError, match=fault):
            tag_files(MODEL, [tmp_path / "a.jsonl"], tmp_path / "out", runner=here, **options)
    with pytest.raises(DataError, match="lies in the output folder"):
        tag_files(MODEL, [tmp_path / "a.jsonl"], tmp_path, runner=here)
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_another_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ada\n")

    def elsewhere(job: Job, output: str, numbers: Sequence[int]) -> Iterator[Done]:
        yield from here(dataclasses.replace(job, checksum="0" * 64), output, numbers)

    with pytest.raises(ner.ModelError, match="another model than where the job was begun"):
        tag_files(MODEL, [tmp_path / "a.txt"], tmp_path / "out", runner=elsewhere)
    with pytest.raises(DataError, match=r"1 parts are missing that were written, part-00000.jsonl among them"):
        tag_files(MODEL, [tmp_path / "a.txt"], tmp_path / "out", runner=lambda *_: iter([Done(0, 1)]))


def test_faults_go_to_other_processes_as_text() -> None:
    for error in (
        DataError("is odd.", "a.txt", 3, "Mend it."),
        ConfigError("--x: no"),
        ner.ModelError("no"),
        ner.MissingExtraError("The hub", "hub"),
        OSError(5, "Input/output error", "a.txt"),
    ):
        back = error_of(fault_of(error))
        assert str(back) == str(error) and isinstance(back, NerError)
    assert type(error_of(fault_of(ner.ModelError("no")))) is ner.ModelError


def test_warnings_come_back_and_only_of_the_beginning(
    small: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.txt").write_text("".join(f"Ada {number} B-PER\n" for number in range(200)))
    done: list[Done] = []

    def watched(job: Job, output: str, numbers: Sequence[int]) -> Iterator[Done]:
        for one in here(job, output, numbers):
            done.append(one)
            yield one

    tag_files(MODEL, [tmp_path / "a.txt"], tmp_path / "out", part_size=small, runner=watched)
    assert len(done) > 3
    assert [one.part for one in done if one.warnings] == [0]
    assert "a.txt:3: the lines look like tokens with their tags" in done[0].warnings
    assert [record.getMessage() for record in caplog.records if record.name == "ner.integrations.ray.tagging"] == [
        done[0].warnings
    ]
