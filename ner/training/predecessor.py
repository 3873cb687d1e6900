"""A model that a training starts from: what it learnt on another corpus, taken over part by part.

Words and characters are matched by what they are, tags by their names; a new one gets a row of its own beside the
old. Everything between them, the character CNN and the encoder, is taken over as it is, and so must have the same
sizes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ner.config import Config, ModelConfig
from ner.errors import ConfigError
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.features.vectors import Vectors
from ner.model import SequenceTagger

_MATCHED = ("words.table.", "words.chars.embedding.", "project.", "crf.")  # by words, characters, tags


class Predecessor:
    """A trained model as the beginning of another.

    Args:
        path: the model's folder, as the user named it.
        model, encoder, tagset: the parts of the model.
        config: what its network was made of.
    """

    def __init__(
        self, path: str, model: SequenceTagger, encoder: FeatureEncoder, tagset: TagSet, config: ModelConfig
    ) -> None:
        self.path, self.model, self.encoder, self.tagset, self.config = path, model, encoder, tagset, config

    @property
    def vectors(self) -> Vectors:
        """Its words and their vectors, as if read from a file; all but the unknown word's."""
        return Vectors(list(self.encoder.vocabulary.words), self._table()[1:].numpy(), self.path, sha256="")

    @property
    def unknown(self) -> np.ndarray:
        """The unknown word's vector, [D]."""
        return self._table()[0].numpy()

    def hand_over(self, model: SequenceTagger, config: ModelConfig, encoder: FeatureEncoder, tagset: TagSet) -> None:
        """Give a new network all that it shares with the old one, word vectors excepted: these are in its table.

        Args:
            model: whose parameters are overwritten.
            config, encoder, tagset: of that network.

        Raises:
            ConfigError: its parts have other sizes than the old one's.
        """
        new, old = model.state_dict(), self.model.state_dict()
        shared = [name for name in {**old, **new} if not name.startswith(_MATCHED)]
        chars = "words.chars.embedding.weight"
        if any(_size(new.get(name)) != _size(old.get(name)) for name in shared) or (
            _size(new.get(chars))[1:] != _size(old.get(chars))[1:]
        ):
            raise ConfigError(
                f"training.start_from: the network is not that of {self.path}, whose weights it is to take over; "
                f"make these keys alike: {_differences(config, self.config)}"
            )
        with torch.no_grad():
            for name in shared:
                new[name].copy_(old[name])
            if chars in new:
                known = encoder.characters.characters
                theirs = self.encoder.characters.encode(known, 1)[:, 0] if known else np.zeros(0, np.int64)
                _copy_rows(new[chars], old[chars], np.append([0, 1], theirs))
            if tagset.scheme == self.tagset.scheme:
                self._hand_over_tags(model, tagset)

    def _hand_over_tags(self, model: SequenceTagger, tagset: TagSet) -> None:
        """Scores and transitions of the tags that both know."""
        both = [tag for tag in tagset.tags if tag in self.tagset.tags]
        mine = torch.tensor([tagset.number(tag) for tag in both])
        theirs = torch.tensor([self.tagset.number(tag) for tag in both])
        old = self.model
        model.project.weight[mine] = old.project.weight[theirs]
        model.project.bias[mine] = old.project.bias[theirs]
        if model.crf.transitions.requires_grad:  # of a softmax head they stay at zero
            model.crf.start_transitions[mine] = old.crf.start_transitions[theirs]
            model.crf.end_transitions[mine] = old.crf.end_transitions[theirs]
            model.crf.transitions[mine[:, None], mine] = old.crf.transitions[theirs[:, None], theirs]

    def _table(self) -> Tensor:
        table = self.model.words.table
        return torch.cat([table.weight.detach(), table.fixed])


def predecessor(config: Config) -> Predecessor | None:
    """The model that the configured training starts from; None where none is configured.

    Raises:
        ModelError: it cannot be loaded.
        ConfigError: it is several models.
    """
    path = config.training.start_from
    if path is None:
        return None
    from ner.ensemble import Ensemble
    from ner.tagger import load

    tagger = load(path)
    if isinstance(tagger, Ensemble):
        raise ConfigError(f"training.start_from: {path} holds several models; name the folder of one of them")
    predictor = tagger.predictor
    return Predecessor(path, predictor.model, predictor.encoder, tagger.tagset, tagger.description.model)


def _size(tensor: Tensor | None) -> list[int]:
    return [] if tensor is None else list(tensor.shape)


def _copy_rows(new: Tensor, old: Tensor, rows: np.ndarray) -> None:
    """Row ``rows[i]`` of the old table becomes row i of the new one, where the old one knows it."""
    known = torch.from_numpy(rows != 1)  # 1 is the unknown character
    known[1] = True
    new[known] = old[torch.from_numpy(rows)[known]]


def _differences(config: ModelConfig, other: ModelConfig) -> str:
    """The keys that shape a network and differ, with their values here and there."""
    here, there = (_flat(one.without_folders().model_dump()) for one in (config, other))
    free = ("words.", "scheme", "head", "constrained_training")
    found = [
        f"model.{key}={there[key]} (here {value})"
        for key, value in here.items()
        if value != there[key] and not key.startswith(free) and "dropout" not in key
    ]
    return ", ".join(found) or "none that is known; its clusters or shapes are others"


def _flat(tree: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
    return found
