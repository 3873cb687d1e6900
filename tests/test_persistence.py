from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import sys
from bisect import bisect
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import ner
from ner.config import FeatureConfig, ModelConfig, TaggingConfig
from ner.description import EXPORTED_FORMAT, FORMAT, can_be_described, describe, model_folder
from ner.errors import ModelError
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.persistence import load_model, save_model
from ner.schemes import inventory

READ = ["config.json", "model.safetensors", "words.txt", "characters.txt"]
SENTENCES = [["Ada", "Lovelace", "lives", "in", "London", "."], ["unheard-of", "wörds"], []]


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the model to do harm to."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit ``config.json`` as an attacker would, who can make checksums."""
    path = folder / "config.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    edit(tree)
    path.write_text(json.dumps(tree), encoding="utf-8")


def sign(folder: Path, *names: str) -> None:
    """Put the checksums of files into ``config.json``."""
    sums = {name: sha256((folder / name).read_bytes()).hexdigest() for name in names}
    change(folder, lambda tree: tree["files"].update(sums))


def refused(folder: Path, *parts: str) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    message = str(caught.value)
    assert str(folder) in message and all(part in message for part in parts), message
    assert "Traceback" not in message and len(message) < 2000
    return message


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_saved_is_what_is_loaded(tiny_model: Path, tmp_path: Path) -> None:
    model, encoder, tagset, description = load_model(tiny_model)
    extra = {"README.md": "Grüße", "metrics.json": "{}"}
    again = tmp_path / "deep" / "model"
    save_model(again, model, encoder, tagset, description.model, description.tagging, extra, 1.5, None, "a" * 64)
    other, _, _, described = load_model(again)
    assert described == description.model_copy(update={"temperature": 1.5, "configuration": "a" * 64})
    assert (again / "README.md").read_text(encoding="utf-8") == "Grüße"
    state = other.state_dict()
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in model.state_dict().items())
    assert [path.name for path in again.parent.iterdir()] == ["model"]


def test_the_loaded_model_gives_the_same_bits(tiny_model: Path, tmp_path: Path) -> None:
    model, encoder, tagset, description = load_model(tiny_model)
    config, tagging, temperature = description.model, description.tagging, description.temperature
    save_model(tmp_path / "model", model, encoder, tagset, config, tagging, {}, temperature)
    one, other = ner.load(tiny_model), ner.load(tmp_path / "model")
    found, again = one.predict(SENTENCES), other.predict(SENTENCES)
    assert found.tags.tolist() == again.tags.tolist() and found.scores.tolist() == again.scores.tolist()
    assert len(found.scores) >= 2
    predictors = one.predictor, other.predictor
    emitted, repeated = (torch.cat([b.emissions for b in p.emitter.emit(SENTENCES[:1])]) for p in predictors)
    assert torch.equal(emitted, repeated)


def test_a_model_with_lists_of_names_and_clusters(tmp_path: Path) -> None:
    (tmp_path / "paths").write_text("Ada\t01\nLondon\t11\n", encoding="utf-8")
    names = os.fsdecode(os.fsencode(tmp_path) + b"/n\xe4mes")  # in Latin-1: no UTF-8
    Path(names).write_text("New York\n", encoding="utf-8")
    features = FeatureConfig(clusters=str(tmp_path / "paths"), gazetteers=[names])
    config = ModelConfig(features=features)
    encoder = FeatureEncoder.build(config, SENTENCES, [])
    tagset = TagSet.of([["B-PER"]], "IOBES")
    model = SequenceTagger(config, encoder.sizes, tagset, 4)
    save_model(tmp_path / "model", model, encoder, tagset, config, TaggingConfig(), {})
    for name in ("paths", names):
        (tmp_path / name).unlink()  # loading needs only the folder
    loaded, features_loaded, _, description = load_model(tmp_path / "model")
    assert description.model == config.without_folders()
    told = (tmp_path / "model" / "config.json").read_bytes()
    assert b'"clusters": "paths"' in told and os.fsencode(tmp_path) not in told, (
        "where files lay is nobody's business"
    )
    assert features_loaded.sizes == encoder.sizes
    batch = torch.tensor([0])
    types, others = encoder.encode(["Ada"]), features_loaded.encode(["Ada"])
    assert types.clusters.tolist() == others.clusters.tolist() and types.clusters.all()
    with torch.no_grad():
        arguments = [torch.from_numpy(a) for a in (types.words, types.chars, types.shapes, types.clusters)]
        assert torch.equal(loaded.words(*arguments)[batch], model.eval().words(*arguments)[batch])


def test_a_model_is_ready_for_use_and_may_be_trained_on(tiny_model: Path) -> None:
    model, encoder, tagset, description = load_model(tiny_model)
    fresh = SequenceTagger(description.model, encoder.sizes, tagset, description.word_dim)
    assert not any(module.training for module in model.modules())
    trained, expected = ({name: p.requires_grad for name, p in net.named_parameters()} for net in (model, fresh))
    assert trained == expected and trained["words.table.weight"]


def test_others_may_read_what_the_umask_lets_them(folder: Path, tmp_path: Path) -> None:
    model, encoder, tagset, description = load_model(folder)
    before = os.umask(0o027)
    try:
        save_model(tmp_path / "new", model, encoder, tagset, description.model, description.tagging, {"x": ""})
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {0o640}, modes


def test_the_run_folder_stands_for_its_model(tiny_model: Path) -> None:
    assert model_folder(tiny_model.parent) == tiny_model == model_folder(tiny_model)
    assert load_model(tiny_model.parent)[3] == load_model(tiny_model)[3]


@pytest.mark.parametrize("name", READ)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, name)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("keep", [0, 1, -2])
def test_a_truncated_file_is_named(folder: Path, name: str, keep: int) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:keep])
    refused(folder, name)


@pytest.mark.parametrize("name", READ[1:])
def test_a_byte_that_changed_is_noticed(folder: Path, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(folder, name, "checksum", "copy the folder again")


@pytest.mark.parametrize("name", READ)
def test_a_file_that_is_a_folder(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(folder, name)


@pytest.mark.parametrize("name", READ)
def test_no_link_is_followed(folder: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    shutil.move(folder / name, outside)
    (folder / name).symlink_to(outside)
    refused(folder, name)


def test_metrics_and_card_are_free_to_edit(folder: Path) -> None:
    for name in ("metrics.json", "README.md"):
        (folder / name).write_text("mine")
    load_model(folder)
    (folder / "README.md").unlink()
    load_model(folder)


def test_no_such_folder_and_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="not a model folder"):
        load_model(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="is a file, and a model is a folder"):
        load_model(tmp_path / "file")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b"{}", b'"x"', b"[" * 100_000, b'{"format": 1}', b'{"format": "x"}'],
)
def test_a_description_that_is_none(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    refused(folder, "config.json")


def test_a_newer_format_says_what_to_do(folder: Path) -> None:
    change(folder, lambda tree: tree.update(format=EXPORTED_FORMAT + 1, version="99.1", unheard={"of": 1}))
    refused(folder, f"format {EXPORTED_FORMAT + 1}", "99.1", "upgrade")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 0),
        ("word_dim", 0),
        ("trained", -1),
        ("temperature", 0),
        ("temperature", float("inf")),
        ("temperature", float("nan")),
        ("tags", "O"),
        ("files", ["model.safetensors"]),
        ("model", {"encoder": {"hidden": "many"}}),
        ("model", {"backdoor": True}),
    ],
)
def test_a_value_that_cannot_be(folder: Path, key: str, value: Any) -> None:
    change(folder, lambda tree: tree.update({key: value}))
    refused(folder, "config.json", key)


@pytest.mark.parametrize("name", READ[1:])
def test_every_file_that_is_read_has_a_checksum(folder: Path, name: str) -> None:
    change(folder, lambda tree: tree["files"].pop(name))
    refused(folder, "no checksum", name)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a\0b", "", ".", "deep/../../outside"])
def test_what_else_has_a_checksum_is_not_looked_at(folder: Path, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "outside")  # reading this would wait for ever
    change(folder, lambda tree: tree["files"].update({name: "0" * 64}))
    load_model(folder)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("word_dim",), 10**7, "words.table.fixed"),
        (("word_dim",), 10**18, "config.json"),
        (("word_dim",), 10**40, "config.json"),
        (("model", "encoder", "hidden"), 10**7, "encoder"),
        (("model", "encoder", "hidden"), 10**15, "config.json"),
        (("model", "encoder", "layers"), 10**9, "layers"),
        (("model", "encoder", "layers"), 2, "encoder"),
        (("model", "chars", "filters"), 10**12, "words.chars"),
        (("model", "chars", "dim"), 10**40, "config.json"),
        (("model", "chars", "widths"), [3] * 30, "words.chars"),
        (("model", "chars", "widths"), [3] * 50, "config.json"),
        (("model", "chars", "widths"), [10**30], "config.json"),
        (("model", "features", "shape_dim"), 10**12, "words.shapes"),
        (("trained",), 10**9, "words.txt"),
        (("trained",), 1, "words.table.fixed"),
        (("model", "encoder", "kind"), "gru", "encoder"),
        (("model", "features", "clusters"), "x", "clusters.txt"),
        (("tags",), [f"{p}-{n}" for n in range(5_000) for p in "BIES"], "20000 tags"),
        (("tags",), ["O"], "1 tags"),
    ],
)
def test_sizes_that_the_weights_do_not_have_cost_nothing(
    folder: Path, place: tuple[str, ...], value: Any, said: str
) -> None:
    def put(tree: dict[str, Any]) -> None:
        for key in place[:-1]:
            tree = tree[key]
        tree[place[-1]] = value

    change(folder, put)
    refused(folder, said)


@pytest.mark.parametrize("scheme", ["IOB2", "BILOU"])
def test_tags_of_another_scheme(folder: Path, scheme: str) -> None:
    change(folder, lambda tree: tree["model"].update(scheme=scheme))
    refused(folder, scheme)


def weights(folder: Path, edit: Callable[[dict[str, torch.Tensor]], object]) -> None:
    state = dict(load_file(folder / "model.safetensors"))
    edit(state)
    save_file(state, folder / "model.safetensors")
    sign(folder, "model.safetensors")


def test_weights_of_another_network(folder: Path) -> None:
    weights(folder, lambda state: state.update({"project.bias": torch.zeros(3)}))
    refused(folder, "project.bias", "[3]", "instead of")
    weights(folder, lambda state: state.pop("project.bias"))
    refused(folder, "project.bias", "None instead of")
    weights(folder, lambda state: state.update(extra=torch.zeros(3)))
    refused(folder, "extra")
    weights(folder, lambda state: state.pop("crf.transitions"))
    refused(folder, "transitions")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int8])
def test_weights_of_another_type(folder: Path, dtype: torch.dtype) -> None:
    weights(folder, lambda state: state.update({"project.weight": state["project.weight"].to(dtype)}))
    refused(folder, "project.weight", str(dtype).removeprefix("torch."))


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", READ[1:])
def test_a_pickle_is_not_opened(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    sign(folder, name)
    refused(folder)
    torch.save({"state": Bomb(tmp_path / "exploded")}, folder / name)
    sign(folder, name)
    refused(folder)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "header",
    [
        (1 << 60).to_bytes(8, "little"),
        (1 << 30).to_bytes(8, "little") + b"{}",
        (64).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,4]}}',
        (62).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999]}} ' + b"0000",
    ],
)
def test_headers_that_lie(folder: Path, header: bytes) -> None:
    (folder / "model.safetensors").write_bytes(header)
    sign(folder, "model.safetensors")
    refused(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("words.txt", b"b\na\n"),
        ("words.txt", b"a\na\n"),
        ("words.txt", b"\xff\n"),
        ("words.txt", b"a"),
        ("characters.txt", b"ab\n"),
        ("characters.txt", b"a\na\n"),
        ("characters.txt", b"[]"),
    ],
)
def test_vocabularies_that_are_none(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    sign(folder, name)
    refused(folder, name)


def test_an_unreadable_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    refused(folder, "Permission denied")


def saving(folder: Path, source: Path) -> Callable[[], None]:
    model, encoder, tagset, description = load_model(source)
    with torch.no_grad():
        model.project.bias.add_(1)  # so that the new one is another
    return lambda: save_model(
        folder, model, encoder, tagset, description.model, description.tagging, {"README.md": ""}
    )


@pytest.mark.parametrize(
    "fault",
    ["ner.persistence.save_file", "ner.features.encoder.FeatureEncoder.save", "pathlib.Path.write_text", "os.fsync"],
)
def test_a_failed_write_leaves_the_old_model(folder: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save, before = saving(folder, folder), everything(folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fault, full)
    with pytest.raises(OSError, match="No space left"):
        save()
    assert everything(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]  # nor is the room taken


def test_a_disk_that_fills_up_under_safetensors(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, before = saving(folder, folder), everything(folder)
    with monkeypatch.context() as patched, pytest.raises(OSError, match="No such file"):
        patched.setattr(Path, "mkdir", lambda *_, **__: None)  # safetensors has an error type of its own
        save()
    assert everything(folder) == before


def test_a_failed_exchange_puts_the_old_model_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, before, rename = saving(folder, folder), everything(folder), Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.name.endswith(".new"):
            raise OSError(1, "Operation not permitted")
        return rename(path, target)

    monkeypatch.setattr("ner.whole_folder._exchange", lambda one, other: False)
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="not permitted"):
        save()
    assert everything(folder) == before
    monkeypatch.undo()
    save()
    assert everything(folder) != before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    load_model(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="there is a moment without a model elsewhere")
def test_there_is_no_moment_without_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, before = saving(folder, folder), everything(folder)

    def never(*_: object) -> None:
        raise AssertionError("renamed")

    monkeypatch.setattr(Path, "rename", never)
    save()
    assert everything(folder) != before and [path.name for path in folder.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("library", [object(), None])
def test_without_an_exchange_there_are_two_renames(
    folder: Path, monkeypatch: pytest.MonkeyPatch, library: object
) -> None:
    save, before = saving(folder, folder), everything(folder)

    def load(name: None) -> object:
        if library is None:
            raise TypeError
        return library

    monkeypatch.setattr("ctypes.CDLL", load)
    save()
    assert everything(folder) != before and [path.name for path in folder.parent.iterdir()] == ["model"]
    load_model(folder)


def test_what_a_killed_process_left_is_no_hindrance(folder: Path) -> None:
    save = saving(folder, folder)
    for name in ("model.new", "model.old"):
        shutil.copytree(folder, folder.with_name(name))
        (folder.with_name(name) / "rubbish").write_text("x")
    save()
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert not (folder / "rubbish").exists()


def test_what_may_be_trained_is_read_again(tiny_model: Path, tmp_path: Path) -> None:
    model, encoder, tagset, described = load_model(tiny_model)

    def tags(length: int) -> list[str]:
        return inventory(['"' + "é" * length], tagset.scheme)

    def too_long(length: int) -> bool:
        return not can_be_described(described.model, described.tagging, tags(length))

    longest = bisect(range(1 << 20), False, key=too_long) - 1
    assert longest > 100_000 and too_long(longest + 1)
    large = TagSet(tags(longest), tagset.scheme)
    scores = (1 / 3, 0.001 / 7, "0" * 64)
    save_model(tmp_path / "model", model, encoder, large, described.model, described.tagging, {}, *scores)
    assert describe(tmp_path / "model").tags == large.tags
    larger = TagSet(tags(longest + 100), tagset.scheme)
    save_model(tmp_path / "model", model, encoder, larger, described.model, described.tagging, {}, *scores)
    refused(tmp_path / "model", "it has more than 1048576 bytes")


def test_describing_reads_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert describe(folder).format == FORMAT
