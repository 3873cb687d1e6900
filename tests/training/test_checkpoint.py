from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ner.config import OptimizerConfig
from ner.errors import TrainingError
from ner.training import checkpoint
from ner.training.checkpoint import (
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
    trained_parameters,
)
from ner.training.optimizers import build_optimizer

GROUPS = {"weights": {"a": torch.tensor([1.5, -0.0, float("nan"), float("inf")]), "b.c/d": torch.zeros(0, 3)}}
STATE = {"epoch": 3, "best": 0.1 + 0.2, "text": "Grüße \ud83d", "none": None, "list": [{"x": 1}]}


def bits(tensor: Tensor) -> list[int]:
    return tensor.view(torch.int32).flatten().tolist()


def test_a_round_trip_keeps_every_bit(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    torch.manual_seed(1)
    groups: dict[str, dict[str, Tensor]] = {
        **GROUPS,
        "steps": {"0/step": torch.tensor(7.0), "t": torch.randn(3, 4).t()},
        "numbers": {"n": torch.tensor([2**62])},
    }
    save_checkpoint(path, groups, STATE)
    found, state = load_checkpoint(path)
    assert state == STATE
    assert {group: set(members) for group, members in found.items()} == {g: set(m) for g, m in groups.items()}
    for group, members in groups.items():
        for name, tensor in members.items():
            again = found[group][name]
            assert again.dtype == tensor.dtype and again.shape == tensor.shape
            assert bits(again.contiguous()) == bits(tensor.contiguous()), (group, name)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


def test_the_newer_one_stands_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    (tmp_path / "checkpoint.new").mkdir()  # of a process that was killed
    (tmp_path / "checkpoint.new" / ".tmp").write_text("half")
    for epoch in (1, 2):
        save_checkpoint(path, GROUPS, {"epoch": epoch})
    assert load_checkpoint(path)[1] == {"epoch": 2}
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


@pytest.mark.parametrize("fault", ["ner.training.checkpoint.save_file", "os.fsync", "pathlib.Path.replace"])
def test_a_failed_write_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, GROUPS, {"epoch": 1})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(TrainingError, match=r"No space left.*--resume") as caught:
        patched.setattr(fault, full)
        save_checkpoint(path, GROUPS, {"epoch": 2})
    assert str(path) in str(caught.value)
    assert load_checkpoint(path)[1] == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "checkpoint"
    save_checkpoint(path, GROUPS, {"epoch": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))  # the largest file that this process may write
    try:
        with pytest.raises(TrainingError, match="could not be written"):
            save_checkpoint(path, {"weights": {"a": torch.zeros(1 << 16)}}, {"epoch": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert load_checkpoint(path)[1] == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


def test_no_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no checkpoint to resume from; start anew with --overwrite"):
        load_checkpoint(tmp_path / "checkpoint")


@pytest.mark.parametrize("cut", [0, 7, 100, -1])
def test_a_damaged_one_says_so(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, GROUPS, STATE)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(TrainingError, match=r"damaged.*--overwrite"):
        load_checkpoint(path)


@pytest.mark.parametrize("metadata", [None, {}, {"state": "{"}])
def test_a_file_of_other_tensors_is_none(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "checkpoint"
    checkpoint.save_file({"a": torch.zeros(1)}, path, metadata=metadata)
    with pytest.raises(TrainingError, match="damaged"):
        load_checkpoint(path)


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.used, self.unused = nn.Linear(3, 2), nn.Linear(3, 2)
        self.frozen = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x).pow(2).sum()


def train(model: Small, optimizer: torch.optim.Optimizer, inputs: Tensor) -> None:
    for row in inputs:
        optimizer.zero_grad()
        model(row).backward()
        optimizer.step()


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "nadam"])
@pytest.mark.parametrize("done", [0, 3])
def test_an_optimizer_goes_on_as_if_nothing_had_been(name: Any, done: int, tmp_path: Path) -> None:
    config, inputs = OptimizerConfig(name=name, lr=0.1), torch.randn(6, 3)
    whole = Small()
    train(whole, build_optimizer(whole, config), inputs)

    first = Small()
    optimizer = build_optimizer(first, config)
    train(first, optimizer, inputs[:done])
    groups = {"weights": trained_parameters(first), "optimizer": optimizer_tensors(optimizer)}
    save_checkpoint(tmp_path / "checkpoint", groups, {})

    second, (groups_read, _) = Small(), load_checkpoint(tmp_path / "checkpoint")
    second.load_state_dict({**second.state_dict(), **groups_read["weights"]})
    other = build_optimizer(second, config)
    restore_optimizer(other, groups_read.get("optimizer", {}))
    train(second, other, inputs[done:])
    for key, value in whole.state_dict().items():
        assert torch.equal(second.state_dict()[key], value), key
    assert "frozen" not in groups["weights"] and len(groups["weights"]) == 4
