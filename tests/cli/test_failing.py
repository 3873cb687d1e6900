"""What goes wrong is one message that says where and what to do, exit status 1, and no traceback."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from ner.cli.failing import explained
from ner.cli.options import as_typed, reads_data
from ner.errors import DataError
from tests.cli.conftest import Run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


FILES = {
    "latin1.conll": "Ada B-PER\nZoë B-PER\n".encode("latin-1"),
    "empty.conll": b"",
    "ragged.conll": b"Ada B-PER\nleft\n",
    "wrong.conll": b"Ada NNP B-PER x1\nleft VBD O x2\n",
    "plain.conll": b"it O\nrained O\n",
    "words.conll": b"it\nrained\n",
    "bad.jsonl": b'{"text": "Ada"}\n{"text": \n',
}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("tag nothing FILE", "nothing: no such folder; a training writes its model into OUTPUT/model"),
        ("tag . FILE", ".: not a model folder, it has no config.json"),
        ("info nothing", "nothing: no such folder"),
        ("evaluate nothing test.conll", "nothing: no such folder"),
        ("tag MODEL nothing.txt", "nothing.txt: no such file. Check the path"),
        ("tag MODEL .", ".: cannot be read: Is a directory"),
        ("tag MODEL latin1.conll", "latin1.conll:2: byte 0xeb at position 3 of the line is not UTF-8. Convert"),
        ("tag MODEL ragged.conll", "ragged.conll:2: 1 column, but line 1 has 2. Columns are separated by"),
        ("tag MODEL ragged.conll", "or try --separator tab."),
        ("tag MODEL bad.jsonl", "bad.jsonl:2: is no JSON: "),
        ("tag MODEL plain.conll -o no/out", "no/out: cannot be written: No such file or directory. Make the folder"),
        ("tag MODEL plain.conll --device nonsense", "device nonsense: cannot be used here: "),
        ("evaluate MODEL nothing.conll", "nothing.conll: no such file. Check the path"),
        ("evaluate MODEL empty.conll", "empty.conll: holds no sentence."),
        ("evaluate MODEL words.conll", "words.conll:1: words without tags."),
        ("evaluate MODEL wrong.conll", "wrong.conll:1: 'x1' in column 3 (counted from 0) is no tag"),
        ("evaluate MODEL wrong.conll", "Column 2 looks like tags: set --tag-column 2."),
        ("evaluate MODEL plain.conll --tag-column 5", "no column 5: the line has 2, counted from 0. Set --tag-"),
        ("evaluate MODEL plain.conll --json no/s.json", "no/s.json: cannot be written: No such file or directory."),
        ("convert nothing.conll out.jsonl", "nothing.conll: no such file."),
        ("convert plain.conll out.conll --scheme BIO", "unknown scheme BIO."),
        ("convert plain.conll out.conll --to xml", "as xml. The formats are columns, jsonl, spans, brat."),
        ("check nothing.conll", "nothing.conll: no such file."),
        ("check plain.conll --vectors nothing.txt", "nothing.txt: "),
        ("check nothing.yaml", "nothing.yaml: no such file; configurations to start from are in configs/"),
        ("train nothing.yaml", "nothing.yaml: no such file; configurations to start from are in configs/"),
        ("train CONFIG training.epoch=3 model.hidden=9", "2 faults"),
        ("train CONFIG training.epoch=3", "training.epoch: unknown key; did you mean epochs?"),
        (
            "train CONFIG data.train=plain.conll",
            "plain.conll: the check found what would spoil a training:\n  train has",
        ),
        ("train CONFIG data.train=wrong.conll", "Column 2 looks like tags: set data.tag_column=2."),
        ("train CONFIG vectors=cut.txt", "cut.txt:2: expected a word and 3 numbers, found 2 numbers."),
    ],
)  # fmt: skip
def test_messages(
    run: Run, place: Path, tiny_model: Path, tiny_config: dict[str, Any], command: str, message: str
) -> None:
    for name, content in FILES.items():
        (place / name).write_bytes(content)
    (place / "cut.txt").write_text("ada 0.1 0.2 0.3\noslo 0.4 0.")
    (place / "my.yaml").write_text(yaml.safe_dump(tiny_config))
    names = {"MODEL": str(tiny_model), "CONFIG": "my.yaml"}
    result = run(*(names.get(word, word) for word in command.split(" ")), input="Ada", status=1)
    assert result.stderr.startswith("error: ") and message in result.stderr
    assert "Traceback" not in result.output
    assert not [path for path in place.iterdir() if path.name.startswith((".", "out"))]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", None, "model.safetensors"),
        ("model.safetensors", b"", "model.safetensors"),
        ("words.txt", b"x\n", "words.txt"),
        ("config.json", b"{", "config.json: cannot be read, the folder is damaged"),
        ("config.json", b'{"format": 99, "version": "9.9"}', "upgrade the package"),
    ],
)
def test_model_folders_cut_short(
    run: Run, tiny_model: Path, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    for command in (["tag", copy], ["evaluate", copy, tmp_path]):
        result = run(*command, input="Ada", status=1)
        assert result.stderr.startswith(f"error: {copy}") and message in result.stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("tga x", "No such command 'tga'. Did you mean 'tag'?"),
        ("tag x --to xml", "'--to'"),
        ("tag x --scheme BIO", "'--scheme'"),
        ("evaluate x", "Missing argument 'DATA'"),
        ("evaluate x y --tag-column one", "'--tag-column'"),
        ("evaluate x y --format xml", "'--format'"),
        ("convert x y --cut-spans maybe", "'--cut-spans'"),
        ("train x --resum", "No such option: --resum"),
    ],
)
def test_typing_mistakes(run: Run, command: str, message: str) -> None:
    output = run(*command.split(" "), status=2).output
    assert message in output and "Traceback" not in output


def test_keys_become_the_options_of_the_command() -> None:
    @reads_data("tag_column", "scheme")
    def some(options: Any) -> None:
        """Does nothing."""

    message = "Set data.tag_column=-1, data.scheme or data.separator=tab; not metadata.scheme."
    expected = "Set --tag-column -1, --input-scheme or data.separator=tab; not metadata.scheme."
    assert as_typed(message, some) == expected
    assert as_typed(message, print) == message


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (DataError("is bad.", "a.conll", 3, "Mend it."), 1, "error: a.conll:3: is bad. Mend it.\n"),
        (OSError(28, "No space left on device", "x"), 1, "error: [Errno 28] No space left on device: 'x'\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (BrokenPipeError(), 0, ""),
        (typer.Exit(3), 3, ""),
        (None, 0, ""),
    ],
)
def test_how_a_command_ends(error: BaseException | None, status: int, message: str) -> None:
    app = typer.Typer()

    @app.command()
    @explained
    def some() -> None:
        print("before")
        if error is not None:
            raise error

    result = CliRunner().invoke(app, [])
    assert (result.exit_code, result.stderr, result.stdout) == (status, message, "before\n")


def test_mistakes_of_the_program_are_not_hidden() -> None:
    def some() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        explained(some)()


def ner(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ner", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_streams_are_answered_before_they_end_and_a_gone_reader_is_no_error(tiny_model: Path) -> None:
    with ner("tag", tiny_model, "--to", "text") as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        for number in range(3):
            process.stdin.write(f"line {number}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline() == f"line {number}\n".encode()
        process.stdout.close()
        process.stdin.write(b"nobody reads this\n" * 1000)
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_one_message(tiny_model: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "ner", "info", tiny_model]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: [Errno 28] No space left on device\n"


def test_a_stop_leaves_nothing_half_written(tiny_model: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    with ner("tag", tiny_model, "-o", target) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(b"Ada lives in London.\n")
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"stopped\n"
    assert list(tmp_path.iterdir()) == []
