"""Model folders for torch, written whole or not at all; loading executes nothing.

What lies in them says `ner.description`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ner.config import ModelConfig, TaggingConfig
from ner.description import (
    DESCRIPTION,
    FORMAT,
    LARGEST_WEIGHT,
    WEIGHTS,
    Description,
    check_files,
    check_tags,
    checksum,
    describe,
    model_folder,
)
from ner.errors import DataError, ModelError
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.modules.unfilled import unfilled
from ner.version import __version__
from ner.whole_folder import whole_folder

TRAINING_ONLY = ("auxiliary.", "language_model.")  # how the names of weights begin that tagging does without


def save_model(
    folder: Path,
    model: SequenceTagger,
    encoder: FeatureEncoder,
    tagset: TagSet,
    config: ModelConfig,
    tagging: TaggingConfig,
    extra: dict[str, str],
    temperature: float = 1.0,
    threshold: float | None = None,
    configuration: str | None = None,
) -> None:
    """Write a model folder; one that stands there already is replaced by the whole new one.

    Args:
        extra: further files by name, free to edit, such as the model card.

    Raises:
        OSError: the folder cannot be written; what stood there is untouched.
    """
    try:
        with whole_folder(folder) as fresh:
            state = {
                name: tensor.detach().cpu().contiguous()
                for name, tensor in model.state_dict().items()
                if not name.startswith(TRAINING_ONLY)
            }
            save_file(state, fresh / WEIGHTS)
            encoder.save(fresh)
            description = Description(
                format=FORMAT,
                version=__version__,
                model=config,
                tagging=tagging,
                tags=tagset.tags,
                word_dim=model.words.table.weight.shape[1],
                trained=encoder.sizes.trained,
                temperature=temperature,
                threshold=threshold,
                configuration=configuration,
                files={path.name: checksum(path) for path in sorted(fresh.iterdir())},
            )
            (fresh / DESCRIPTION).write_bytes(description.to_bytes())
            for name, text in extra.items():
                (fresh / name).write_text(text, encoding="utf-8")
            shutil.copymode(fresh / DESCRIPTION, fresh / WEIGHTS)  # safetensors lets the owner alone read it
    except SafetensorError as error:  # so it reports a full disk
        raise OSError(str(error)) from None


def load_model(folder: str | os.PathLike[str]) -> tuple[SequenceTagger, FeatureEncoder, TagSet, Description]:
    """Read a model folder, and nothing outside of it.

    Raises:
        ModelError: the folder is missing, cut short, altered, of a newer format, or describes another network than
            its weights are of.
    """
    folder = model_folder(folder)
    description = describe(folder)
    if description.runtime != "torch":
        raise ModelError(
            f"{folder}: an exported model tags, and does nothing else; name the model that it was exported from"
        )
    try:
        check_files(folder, description, description.read)
        state = load_file(folder / WEIGHTS)
        _check_sizes(description, state)
        _check_numbers(state)
        tagset = TagSet(description.tags, description.model.scheme)
        check_tags(tagset)
        encoder = FeatureEncoder.load(folder, description.model, description.trained)
        model = _assemble(description, encoder, tagset, state)
    except (SafetensorError, DataError, ValueError, OSError) as error:
        raise ModelError(f"{folder}: {error}") from None
    return model, encoder, tagset, description


def _check_sizes(description: Description, state: dict[str, torch.Tensor]) -> None:
    """What is laid out for the tags and the layers is not out of proportion to the weights.

    Raises:
        ValueError: it is.
    """
    tags, found = len(description.tags), state.get("crf.transitions", torch.empty(0)).shape
    if found != (tags, tags):
        raise ValueError(f"{DESCRIPTION} has {tags} tags, but {WEIGHTS} transitions of shape {list(found)}")
    if description.model.encoder.layers > len(state):
        raise ValueError(f"{DESCRIPTION} has {description.model.encoder.layers} layers, {WEIGHTS} fewer")


def _check_numbers(state: dict[str, torch.Tensor]) -> None:
    """The weights are numbers: with one that is none, every answer would be nonsense.

    Raises:
        ValueError: one of them is not.
    """
    for name, tensor in state.items():
        low, high = tensor.aminmax() if tensor.numel() else (0, 0)
        if not (low >= -LARGEST_WEIGHT and high <= LARGEST_WEIGHT):  # as is neither with NaN
            raise ValueError(
                f"{WEIGHTS}: {name} holds NaN or numbers beyond {LARGEST_WEIGHT:.0e}; the training diverged, or the "
                "file was altered"
            )


def _assemble(
    description: Description, encoder: FeatureEncoder, tagset: TagSet, state: dict[str, torch.Tensor]
) -> SequenceTagger:
    """The network around its weights; types and shapes are compared before anything is allocated.

    Raises:
        ValueError: the weights are those of another network.
    """
    try:
        with unfilled():
            model = SequenceTagger(description.model, encoder.sizes, tagset, description.word_dim)
    except (RuntimeError, TypeError) as error:  # sizes beyond what a tensor can have
        raise ValueError(f"{DESCRIPTION} describes a network that cannot be: {str(error).splitlines()[0]}") from None
    expected = {name: _layout(tensor) for name, tensor in model.state_dict().items()}
    found = {name: _layout(tensor) for name, tensor in state.items()}
    if expected != found:
        odd = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        listed = ", ".join(f"{name} {found.get(name)} instead of {expected.get(name)}" for name in odd[:3])
        raise ValueError(f"the weights are not of the network that {DESCRIPTION} describes: {listed}")
    model.load_state_dict(state, assign=True)
    return model.eval()


def _layout(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
