"""Models and configurations that were made to do harm, and what each gives: a message, or a model that is harmless.

    python scripts/hostile_models.py

Every case is loaded and used with a bound on memory and time. `tests/test_hostile.py` holds the same cases against
what they say.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import resource
import shutil
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file

import ner
from ner.information import describe_model

WEIGHTS, WORDS, CHARACTERS, DESCRIPTION = "model.safetensors", "words.txt", "characters.txt", "config.json"
CORPUS = {
    "train": "Ada B-PER\nlives O\nin O\nOslo B-LOC\n. O\n\nMei B-PER\nLin I-PER\nleft O\nRome B-LOC\n. O\n",
    "dev": "Otto B-PER\nleft O\nOslo B-LOC\n. O\n",
}
MEGABYTES, SECONDS = 512, 30

Harm = Callable[[Path, Path], object]


class Attack(NamedTuple):
    """What is done to a model folder, and what its user then reads.

    Attributes:
        do: is called with the folder and with another one outside of it, to lead there.
        says: a part of the message; empty where the model loads and does no harm.
    """

    do: Harm
    says: str


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


def describe(folder: Path, *place: str, value: Any) -> None:
    """Put a value into ``config.json``."""
    tree = branch = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    for key in place[:-1]:
        branch = branch[key]
    branch[place[-1]] = value
    (folder / DESCRIPTION).write_text(json.dumps(tree), encoding="utf-8")


def put(folder: Path, name: str, content: bytes) -> None:
    """Write a file, and its checksum into ``config.json``: an attacker can make checksums."""
    (folder / name).write_bytes(content)
    if name != DESCRIPTION:
        describe(folder, "files", name, value=sha256(content).hexdigest())


def describing(*place: str, value: Any) -> Harm:
    """`describe`, later."""
    return lambda folder, outside: describe(folder, *place, value=value)


def putting(name: str, content: bytes) -> Harm:
    """`put`, later."""
    return lambda folder, outside: put(folder, name, content)


def listed(feature: str, name: str, value: Any) -> Harm:
    """A feature that the model is said to have, whose file holds something else."""

    def do(folder: Path, outside: Path) -> None:
        describe(folder, "model", "features", feature, value=value)
        put(folder, name, b"{}\n")

    return do


def pickled(name: str) -> Harm:
    """A pickle in place of a file."""
    return lambda folder, outside: put(folder, name, pickle.dumps(Bomb(outside / "exploded")))


def torch_saved(folder: Path, outside: Path) -> None:
    """What ``torch.save`` writes, in place of safetensors."""
    torch.save({"project.bias": Bomb(outside / "exploded")}, folder / WEIGHTS)
    put(folder, WEIGHTS, (folder / WEIGHTS).read_bytes())


def linked(name: str) -> Harm:
    """A symbolic link to the very file, which now lies outside."""

    def do(folder: Path, outside: Path) -> None:
        shutil.move(folder / name, outside / name)
        (folder / name).symlink_to(outside / name)

    return do


def replaced(name: str, make: Callable[[Path], object]) -> Harm:
    """Something else in place of a file."""

    def do(folder: Path, outside: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return do


def listening(path: Path) -> None:
    """A socket as a file."""
    here = Path.cwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def weights(edit: Callable[[dict[str, torch.Tensor]], object]) -> Harm:
    """Other weights, properly written."""

    def do(folder: Path, outside: Path) -> None:
        state = {name: tensor.clone() for name, tensor in load_file(folder / WEIGHTS).items()}
        edit(state)
        save_file(state, folder / WEIGHTS)
        put(folder, WEIGHTS, (folder / WEIGHTS).read_bytes())

    return do


def header(text: str | bytes, size: int | None = None, data: bytes = b"\0" * 8) -> Harm:
    """Safetensors with a header of one's own."""
    text = text if isinstance(text, bytes) else text.encode()
    return putting(WEIGHTS, struct.pack("<Q", len(text) if size is None else size) + text + data)


def rewritten(edit: Callable[[bytes], bytes], name: str = DESCRIPTION) -> Harm:
    """A file with its bytes changed."""
    return lambda folder, outside: put(folder, name, edit((folder / name).read_bytes()))


def unsigned(folder: Path, outside: Path) -> None:
    """A byte more, without its checksum."""
    with (folder / WEIGHTS).open("ab") as file:
        file.write(b"\0")


TENSOR = '{"project.bias":{"dtype":"%s","shape":[%d],"data_offsets":[0,%d]}}'

ATTACKS: dict[str, Attack] = {
    "pickle as weights": Attack(pickled(WEIGHTS), "deserializing header"),
    "torch.save as weights": Attack(torch_saved, "deserializing header"),
    "pickle as words": Attack(pickled(WORDS), "cannot be read as a list of words"),
    "pickle as description": Attack(pickled(DESCRIPTION), "cannot be read, the folder is damaged"),
    "checksum for ../secret": Attack(describing("files", "../outside/secret", value="0" * 64), ""),
    "checksum for /dev/zero": Attack(describing("files", "/dev/zero", value="0" * 64), ""),
    "clusters at ../secret": Attack(
        describing("model", "features", "clusters", value="../outside/secret"), "no checksum for clusters.txt"
    ),
    "gazetteer at /etc/passwd": Attack(
        describing("model", "features", "gazetteers", value=["/etc/passwd"]), "no checksum for gazetteers.json"
    ),
    "tokenizer at ../secret": Attack(
        describing("tagging", "tokenizer", value="../outside/secret"), "there is no tokenizer"
    ),
    "tokenizer of a module": Attack(describing("tagging", "tokenizer", value="spacy:os.path"), "spacy"),
    "words of 10^18 dimensions": Attack(describing("word_dim", value=10**18), "a network that cannot be"),
    "10^9 units": Attack(describing("model", "encoder", "hidden", value=10**9), "a network that cannot be"),
    "10^9 layers": Attack(describing("model", "encoder", "layers", value=10**9), "1000000000 layers"),
    "windows of 10^30": Attack(describing("model", "chars", "widths", value=[10**30]), "a network that cannot be"),
    "10^12 trained rows": Attack(describing("trained", value=10**12), "trained rows do not fit"),
    "20,000 tags": Attack(
        describing("tags", value=["O", *(f"B-{number}" for number in range(20_000))]), "has 20001 tags"
    ),
    "tags twice": Attack(rewritten(lambda text: text.replace(b'"B-PER"', b'"B-LOC"')), "the tags are not those"),
    "tag with a line end": Attack(
        rewritten(lambda text: text.replace(b"-PER", rb"-PER\nO")), "the tags are not those"
    ),
    "temperature of 1e-300": Attack(describing("temperature", value=1e-300), "temperature"),
    "200,000 faults": Attack(describing("tags", value=[0] * 200_000), "and 199997 more"),
    "header of 2^60 bytes": Attack(header("{}", 1 << 60), "deserializing header"),
    "header longer than file": Attack(header("{}", 1 << 26), "deserializing header"),
    "header nested 10^6 deep": Attack(header("[" * 10**6), "deserializing header"),
    "shape beyond the file": Attack(header(TENSOR % ("F32", 10**12, 4 * 10**12)), "deserializing header"),
    "shape unlike the bytes": Attack(header(TENSOR % ("F32", 10**12, 8)), "deserializing header"),
    "shape that overflows": Attack(header(TENSOR % ("F32", 2**62 + 2, 8)), "deserializing header"),
    "type unheard of": Attack(header(TENSOR % ("pickle", 2, 8)), "deserializing header"),
    "description as a link": Attack(linked(DESCRIPTION), "not a model folder"),
    "weights as a link": Attack(linked(WEIGHTS), f"{WEIGHTS} is a symbolic link"),
    "words as a link": Attack(linked(WORDS), f"{WORDS} is a symbolic link"),
    "words as a link to /dev/zero": Attack(
        replaced(WORDS, lambda path: path.symlink_to("/dev/zero")), f"{WORDS} is a symbolic link"
    ),
    "words as a link to itself": Attack(
        replaced(WORDS, lambda path: path.symlink_to(path.name)), f"{WORDS} is a symbolic link"
    ),
    "description as a FIFO": Attack(replaced(DESCRIPTION, os.mkfifo), "not a model folder"),
    "weights as a FIFO": Attack(replaced(WEIGHTS, os.mkfifo), f"{WEIGHTS} is missing"),
    "metrics as a FIFO": Attack(replaced("metrics.json", os.mkfifo), ""),
    "characters as a socket": Attack(replaced(CHARACTERS, listening), f"{CHARACTERS} is missing"),
    "words as a folder": Attack(replaced(WORDS, Path.mkdir), f"{WORDS} is missing"),
    "wrong checksum": Attack(unsigned, f"the checksum of {WEIGHTS} is not that"),
    "no checksum": Attack(describing("files", value={}), "no checksum for"),
    "JSON nested 10^6 deep": Attack(putting(DESCRIPTION, b"[" * 10**6), "cannot be read"),
    "JSON number of 10^6 digits": Attack(
        rewritten(lambda text: text.replace(b'"trained": ', b'"trained": ' + b"1" * 10**6)), "cannot be read"
    ),
    "JSON with a key twice": Attack(
        rewritten(lambda text: text.replace(b'"format": 1', b'"format": 9, "format": 1')), "the key 'format' twice"
    ),
    "JSON of 2 megabytes": Attack(rewritten(lambda text: text + b" " * (2 << 20)), "it has more than"),
    "JSON that is no UTF-8": Attack(rewritten(lambda text: b"\xff" + text), "cannot be read"),
    "format of the future": Attack(describing("format", value=99), "upgrade the package"),
    "version of 10^6 letters": Attack(
        rewritten(lambda text: text.replace(b'"format": 1', b'"format": 9, "x": "%s"' % (b"x" * 10**6))), "upgrade"
    ),
    "weights that are NaN": Attack(
        weights(lambda state: state["project.weight"].fill_(float("nan"))), "project.weight holds NaN"
    ),
    "weights that are infinite": Attack(
        weights(lambda state: state["project.bias"].fill_(float("inf"))), "project.bias holds NaN"
    ),
    "weights that overflow": Attack(
        weights(lambda state: state["project.weight"].fill_(3e38)), "project.weight holds NaN or numbers beyond"
    ),
    "weights of another shape": Attack(
        weights(lambda state: state.update({"project.bias": torch.zeros(3)})), "project.bias float32 [3] instead of"
    ),
    "fewer words than rows": Attack(
        rewritten(lambda text: text[: text.rindex(b"\n", 0, -1) + 1], WORDS), "trained rows do not fit"
    ),
    "words out of order": Attack(
        rewritten(lambda text: b"\n".join([*text.split(b"\n")[-2::-1], b""]), WORDS), "not distinct and in"
    ),
    "words cut short": Attack(rewritten(lambda text: text[:-1], WORDS), "the last line is cut short"),
    "characters twice": Attack(rewritten(lambda text: text * 2, CHARACTERS), f"{CHARACTERS}: "),
    "clusters that are none": Attack(listed("clusters", "clusters.txt", "x"), "clusters.txt: holds no clusters: "),
    "names that are none": Attack(
        listed("gazetteers", "gazetteers.json", ["x"]), "gazetteers.json: cannot be read as lists of names: "
    ),
    "half of an escape": Attack(rewritten(lambda text: b"\\u12\n" + text, WORDS), "four hexadecimal digits"),
}

STEPS = [(chr(code), chr(code + 1)) for code in range(ord("a"), ord("x"))]
BOMB = "a: &a [x, x]\n" + "".join(f"{two}: &{two} [*{one}, *{one}]\n" for one, two in STEPS)
MERGE = "a: &a {x: 1}\n" + "".join(f"{two}: &{two} {{<<: [*{one}, *{one}]}}\n" for one, two in STEPS)

CONFIGURATIONS: dict[str, tuple[bytes, str]] = {
    "object to make": (b"output: !!python/object/apply:os.mkdir [exploded]\n", "is not valid YAML"),
    "module to import": (b"output: !!python/module:antigravity ''\n", "is not valid YAML"),
    "aliases of aliases": (f"{BOMB}output: *x\n".encode(), "an alias"),
    "merged aliases": (f"{MERGE}output: *x\n".encode(), "an alias"),
    "list in itself": (b"output: &a [*a]\n", "an alias"),
    "nested 10^5 deep": (b"output: " + b"[" * 10**5, "is not valid YAML"),
    "key twice": (b"output: here\noutput: there\n", "the key 'output' twice"),
    "section twice": (b"training: {epochs: 1, epochs: 2}\n", "the key 'epochs' twice"),
    "impossible date": (b"output: 2026-99-99\n", "is not valid YAML"),
    "impossible truth": (b"output: !!bool perhaps\n", "is not valid YAML"),
    "number of 10^5 digits": (b"training: {epochs: " + b"1" * 10**5 + b"}\n", "is not valid YAML"),
    "NUL": (b"output: a\0b\n", "is not valid YAML"),
    "not UTF-8": (b"output: \xff\n", "cannot be read"),
    "keys that are no text": (b"{1: 2, null: 3}\n", "1: "),
    "list": (b"- output\n", "expected keys and values, got a list"),
    "value of 10^6 letters": (b"training: {epochs: " + b"x" * 10**6 + b"}\n", "training.epochs"),
}  # fmt: skip


def bounded(run: Callable[[Path], str], path: Path) -> str:
    """The answer of a function, which a process of its own gives in bounded memory and time.

    Raises:
        RuntimeError: there was none.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(run, path, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(SECONDS):
            raise RuntimeError(f"no answer within {SECONDS} seconds")
        answer, fault = ours.recv()
    except EOFError:
        raise RuntimeError("the process died") from None
    finally:
        process.kill()
        process.join()
    if fault:
        raise RuntimeError(fault)
    return str(answer)


def _answer(run: Callable[[Path], str], path: Path, pipe: Connection) -> None:
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + (MEGABYTES << 20), resource.RLIM_INFINITY))
    try:
        pipe.send((run(path), ""))
    except BaseException as error:
        pipe.send(("", f"{type(error).__name__}: {str(error)[:200]}"))


def attacked(name: str, model: Path, place: Path) -> Path:
    """A copy of a model with an attack done to it, in ``place / "model"``; what it leads to is in ``outside``."""
    folder, outside = place / "model", place / "outside"
    shutil.copytree(model, folder)
    outside.mkdir()
    (outside / "secret").write_text("Ada\t0101\n", encoding="utf-8")
    ATTACKS[name].do(folder, outside)
    return folder


def answer_of(folder: Path) -> str:
    """What loading and using a model folder comes to: a message, or the empty text."""
    with suppress(ner.NerError):
        describe_model(folder)
    try:
        ner.load(folder).tag("Ada Lovelace lives in London.")
    except ner.NerError as error:
        return str(error)
    return ""


def answer_of_configuration(path: Path) -> str:
    """What reading a configuration comes to."""
    try:
        ner.load_config(path)
    except ner.NerError as error:
        return str(error)
    return ""


def configuration(place: Path) -> dict[str, Any]:
    """A training of a moment in a folder."""
    for name, text in CORPUS.items():
        (place / f"{name}.conll").write_text(text, encoding="utf-8")
    return {
        "data": {name: str(place / f"{name}.conll") for name in CORPUS},
        "model": {"words": {"dim": 8}, "chars": {"dim": 4, "filters": 4}, "encoder": {"hidden": 8}},
        "training": {"epochs": 1, "threads": 1},
        "output": str(place / "run"),
    }


def train_model(place: Path) -> Path:
    """A model to attack."""
    return ner.train(configuration(place)).model


def main() -> None:
    """The table; status 1 if a case says anything else than it should, or does anything."""
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        model = train_model(Path(root))
        rows: list[tuple[str, str, float, str]] = []
        for number, (name, attack) in enumerate(ATTACKS.items()):
            place = Path(root, str(number))
            place.mkdir()
            rows.append(_timed(name, lambda: bounded(answer_of, attacked(name, model, place)), attack.says, place))  # noqa: B023
        for number, (name, (content, says)) in enumerate(CONFIGURATIONS.items()):
            place = Path(root, f"configuration{number}")
            place.mkdir()
            path = place / "config.yaml"
            path.write_bytes(content)
            rows.append(_timed(f"YAML: {name}", lambda: bounded(answer_of_configuration, path), says, place))  # noqa: B023
        print(f"{'case':<30} {'seconds':>7}  what it gives")
        for name, answer, seconds, verdict in rows:
            failed += bool(verdict)
            print(
                f"{name:<30} {seconds:7.2f}  {verdict}{answer.replace(root + '/', '') or 'loads, and tags as before'}"
            )
    print(f"\n{len(rows)} cases, {failed} not as expected; at most {MEGABYTES} MB and {SECONDS} s each")
    sys.exit(bool(failed))


def _timed(name: str, run: Callable[[], str], says: str, place: Path) -> tuple[str, str, float, str]:
    begun = time.perf_counter()
    try:
        answer, verdict = run(), ""
    except RuntimeError as error:
        answer, verdict = str(error), "UNEXPECTED "
    if says not in answer or bool(says) != bool(answer) or list(place.rglob("exploded")):
        verdict = "UNEXPECTED "
    answer = " ".join(answer.split())
    return name, answer if len(answer) <= 160 else f"{answer[:157]}...", time.perf_counter() - begun, verdict


if __name__ == "__main__":
    main()
