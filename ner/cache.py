"""Where files are kept that can always be made or fetched anew."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """A folder of the cache: under ``$NER_CACHE``, by default ``~/.cache/ner``. It need not exist yet.

    Raises:
        RuntimeError: there is no home directory, and ``$NER_CACHE`` is not set.
    """
    return Path(os.environ.get("NER_CACHE") or Path.home() / ".cache" / "ner") / name
