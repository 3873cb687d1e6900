"""Several seeds of one training as one tagger: their scores are averaged, then decoded together.

A CRF's score of a tag sequence is a sum of emissions and transitions. The mean of the members' scores is therefore
the score under the mean emissions and the mean transitions: one CRF, in which the probability of a sequence is the
geometric mean of the members', made to sum to one (a product of experts; Hinton 2002). So the ensemble tells
everything that a single model tells, from entities' probabilities to n-best readings.
"""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import torch
from torch import Tensor, nn

from ner.description import WEIGHTS, Description
from ner.errors import ModelError
from ner.model import SequenceTagger
from ner.persistence import load_model
from ner.prediction import Precision
from ner.runs import runs_in
from ner.tagger import Tagger, load, on_torch, require_same


class Ensemble(Tagger):
    """Tags as the mean of several models does; stands wherever a tagger may stand, except for looking inside.

    The temperature, and the threshold of span decoding, are the means of the members': each was fitted on dev.

    Args:
        models: a folder of runs with several seeds, or model and run folders: at least one.
        device: where the networks run, such as ``cpu`` or ``cuda``.
        precision: of the recurrent layers, ``fp32`` or ``bf16``; see `ner.load`.

    Raises:
        ModelError: a model cannot be loaded, or the models differ in tags, vocabularies or decoding.
        ConfigError: there is no such device here, or no such precision.
    """

    def __init__(
        self,
        models: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        device: str = "cpu",
        precision: Precision = "fp32",
    ) -> None:
        paths = runs_in(Path(models)) if isinstance(models, (str, os.PathLike)) else list(models)
        if not paths:
            raise ModelError("no model: expected at least one")
        members = [load(path, device) for path in paths]
        first, *others = members
        for other in others:
            if differing := _difference(first.description, other.description):
                raise ModelError(
                    f"{other.path} and {first.path} cannot be averaged: they differ in {differing}. Expected the "
                    "seeds of one configuration on the same data; without data.dev, each holds out other sentences"
                )
        network = MeanTagger([member.predictor.model for member in members])
        _, encoder, tagset, _ = load_model(first.path)
        description = _mean([member.description for member in members])
        folder = Path(os.path.commonpath([member.path.absolute() for member in members]))
        predictor = on_torch(cast(SequenceTagger, network), encoder, tagset, description, device, precision)
        super().__init__(predictor, description, folder, device, precision)
        self._members = [str(member.path.absolute()) for member in members]

    def __reduce__(self) -> tuple[Any, ...]:
        """What goes to another process, where the members are loaded again: their folders and checksum."""
        return _reload, (self._members, self.device, self.precision, self.identity()["sha256"])


class MeanTagger(nn.Module):
    """The mean of networks, with the parts of a `SequenceTagger` that tagging uses.

    Args:
        members: networks over the same features and tags; their sizes may differ.
    """

    def __init__(self, members: Sequence[SequenceTagger]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.words = _SideBySide(member.words for member in members)
        self.encoder = nn.ModuleList(member.encoder for member in members)
        self.project = _Projections(member.project for member in members)
        self.crf = copy.deepcopy(members[0].crf)
        with torch.no_grad():
            for parameter, *own in zip(self.crf.parameters(), *(m.crf.parameters() for m in members), strict=True):
                parameter.copy_(torch.stack(own).mean(0))
        self.context = members[0].context
        self._sizes = [member.words.output_size for member in members]

    def emissions(
        self,
        table: Tensor,
        index: Tensor,
        lengths: Tensor,
        gazetteers: Tensor | None = None,
        around: Tensor | None = None,
    ) -> Tensor:
        """The mean of the members' scores of every tag for every token, [B, T, K]; see `SequenceTagger.emissions`.

        Args:
            table: the members' vectors of word types side by side, [W, D], from ``words``.
            index, lengths, gazetteers, around: as there.
        """
        parts = zip(self.members, table.split(self._sizes, dim=1), strict=True)
        scores = [cast(Any, member).emissions(part, index, lengths, gazetteers, around) for member, part in parts]
        return torch.stack(scores).mean(0)


class _SideBySide(nn.ModuleList):
    """The members' vectors of word types, [W, D] with D the sum of theirs."""

    def forward(self, *features: Tensor) -> Tensor:
        return torch.cat([part(*features) for part in self], dim=1)


class _Projections(nn.ModuleList):
    """The members' projections; ``weight`` tells device and type, as that of a single one does."""

    @property
    def weight(self) -> Tensor:
        return cast(Tensor, self[0].weight)


def _reload(members: list[str], device: str, precision: Precision, checksum: str) -> Ensemble:
    """The same members in another process.

    Raises:
        ModelError: they are not there any more, or others are.
    """
    ensemble = Ensemble(members, device, precision)
    require_same(ensemble, checksum)
    return ensemble


def _difference(one: Description, other: Description) -> str:
    """What keeps two models from being averaged; empty where nothing does."""
    vocabularies = [{name: sum_ for name, sum_ in each.files.items() if name != WEIGHTS} for each in (one, other)]
    differs = {
        "their tags": one.tags != other.tags,
        "their vocabularies": vocabularies[0] != vocabularies[1],
        "model.chars.max_length": one.model.chars.max_length != other.model.chars.max_length,
        "model.encoder.context": one.model.encoder.context != other.model.encoder.context,
        "tagging.decoding": (one.threshold is None) != (other.threshold is None),
    }
    return ", ".join(name for name, does in differs.items() if does)


def _mean(descriptions: Sequence[Description]) -> Description:
    """The first description with the means of what was fitted, and checksums over all members' own."""
    thresholds = [one.threshold for one in descriptions if one.threshold is not None]
    configurations = "".join(one.configuration or "" for one in descriptions).encode()
    weights = hashlib.sha256("".join(one.files[WEIGHTS] for one in descriptions).encode()).hexdigest()
    return descriptions[0].model_copy(
        update={
            "temperature": fmean(one.temperature for one in descriptions),
            "threshold": fmean(thresholds) if thresholds else None,
            "configuration": hashlib.sha256(configurations).hexdigest(),
            "files": {**descriptions[0].files, WEIGHTS: weights},
        }
    )
