"""What goes wrong is one message that says where and what to do, exit status 1, and no traceback."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ner.cli.failing import explained
from ner.cli.options import as_typed, reads_data
from ner.errors import DataError
from tests.cli.conftest import Run
from tests.scripts.loading import script

provocations = script("provocations")
lay_out = script("provoking_files").lay_out

NAMES = re.compile("MODEL|CONFIG")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "message"), provocations.COMMANDS)
def test_messages(
    run: Run, place: Path, tiny_model: Path, tiny_config: dict[str, Any], command: str, message: str
) -> None:
    names = lay_out(place, tiny_model, tiny_config)
    words = (NAMES.sub(lambda match: names[match[0]], word) for word in command.split(" "))
    result = run(*words, input="Ada", status=1)
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
        ("tag x --scheme IOB3", "'--scheme'"),
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
    # A shell starts what runs in the background with interrupts ignored, and its children inherit that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, preexec_fn=heed, **pipes, **options)


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
        while not any(path.stat().st_size for path in tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)  # until the first line is in the file that is not yet under its name
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"stopped\n"
    assert list(tmp_path.iterdir()) == []
