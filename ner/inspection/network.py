"""Which network is looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ner.errors import NerError
from ner.model import SequenceTagger

if TYPE_CHECKING:
    from ner.tagger import Tagger


def single_network(tagger: Tagger) -> SequenceTagger:
    """The network of a tagger that has one.

    Raises:
        NerError: the tagger is an ensemble.
    """
    network = tagger.predictor.model
    if not isinstance(network, SequenceTagger):
        raise NerError(
            f"{tagger.path}: an ensemble has no gates, filters and vectors of its own; load one of its models with "
            "ner.load and look into that."
        )
    return network
