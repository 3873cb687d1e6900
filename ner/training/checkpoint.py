"""One file that holds a whole training: safetensors with the rest as JSON in its header, replaced atomically."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ner.errors import TrainingError


def save_checkpoint(path: Path, groups: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> None:
    """Write tensors by group and name, and a JSON-like state. The file is whole at every moment, the old or the new.

    Raises:
        TrainingError: the file cannot be written, the disk is full; the old file stands untouched.
    """
    tensors = {
        f"{group}/{name}": tensor.detach().cpu().contiguous()
        for group, members in groups.items()
        for name, tensor in members.items()
    }
    # In a folder of its own, because a process that is killed leaves whatever safetensors had begun to write.
    folder = path.with_name(path.name + ".new")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        fresh = folder / path.name
        save_file(tensors, fresh, metadata={"state": json.dumps(state)})
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"{path}: the checkpoint could not be written ({error}). The one before it is untouched: "
            "make room and go on with --resume."
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load_checkpoint(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Raises:
        TrainingError: there is no checkpoint, or it is damaged.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads(file.metadata()["state"])
            for key in file.keys():  # noqa: SIM118 - the file is no mapping
                group, _, name = key.partition("/")
                groups.setdefault(group, {})[name] = file.get_tensor(key)
    except FileNotFoundError:
        raise TrainingError(f"{path}: no checkpoint to resume from; start anew with --overwrite") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path}: the checkpoint is damaged ({error}); start anew with --overwrite") from None
    return groups, state


def trained_parameters(model: nn.Module) -> dict[str, Tensor]:
    """The tensors that training moves, by name."""
    return {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's state, flat: ``number/name``."""
    return {
        f"{number}/{name}": tensor
        for number, members in optimizer.state_dict()["state"].items()
        for name, tensor in members.items()
        if isinstance(tensor, Tensor)
    }


def restore_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave; rates come from the schedule anew."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition("/")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
