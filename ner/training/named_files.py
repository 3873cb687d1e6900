"""The files that a configuration names, looked for before any of them is read."""

from __future__ import annotations

from pathlib import Path

from ner.config import Config
from ner.errors import DataError


def refuse_missing(config: Config, corpus_at_hand: bool) -> None:
    """Name all missing files at once. A single one is left to its reader, who knows more about it.

    Args:
        config: whose files a training would read.
        corpus_at_hand: whether the corpus is in memory, and its files are not read.

    Raises:
        DataError: several files are missing.
    """
    data, features, named = config.data, config.model.features, []
    if not corpus_at_hand and data.dataset is None:
        named += [*data.train, *data.dev, *data.test]
    if config.training.start_from is None:
        named += [*config.vectors, *([features.clusters] if features.clusters else []), *features.gazetteers]
    missing = [name for name in dict.fromkeys(named) if not Path(name).exists()]
    if len(missing) > 1:
        raise DataError(
            f"{len(missing)} files are missing: {', '.join(missing)}.",
            remedy="Check the paths; they are relative to the folder you are in.",
        )
