"""The errors a user can meet. Each says what was found, what is allowed, and what to do."""

from __future__ import annotations

import os

_DISTRIBUTIONS = {
    "torch": "torch",
    "torchcrf": "pytorch-crf",
    "seqeval": "seqeval",
    "datasets": "datasets",
    "accelerate": "accelerate",
}
"""The libraries that tagging with an exported model does without, by the names they are imported by."""


class NerError(Exception):
    """Base of every error that is the input's fault, not the program's: the commands print it without a traceback."""


class ConfigError(NerError):
    """A configuration that cannot be used. One error holds everything that is wrong with the file."""


class DataError(NerError):
    """A corpus, vector or text file that cannot be read as what it was said to be.

    Args:
        message: what was found and what is allowed.
        path: the file, as the user named it.
        line: 1-based line in that file.
        remedy: what to do about it.
    """

    def __init__(
        self,
        message: str,
        path: str | os.PathLike[str] | None = None,
        line: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.message, self.path, self.line, self.remedy = message, path, line, remedy
        place = "" if path is None else f"{os.fspath(path)}: " if line is None else f"{os.fspath(path)}:{line}: "
        super().__init__(f"{place}{message}" + ("" if remedy is None else f" {remedy}"))


class ModelError(NerError):
    """A model folder that is cut short, altered, of another format, or no model at all."""


class TrainingError(NerError):
    """A training that cannot start or go on: an occupied run folder, a loss that is no number, a full disk."""


class MissingExtraError(NerError, ImportError):
    """A feature whose library is not installed. The message names the extra.

    Args:
        feature: what the user wanted to do, as the subject of a sentence.
        extra: the name of the extra in ``setup.cfg``.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'bilstm-crf-ner[{extra}]'")


class IncompleteInstallationError(NerError, ImportError):
    """A library is missing that every ordinary installation has, and one for tagging alone does without.

    Args:
        feature: what the user wanted to do or use, as the subject of a sentence.
        library: that it needs.
    """

    def __init__(self, feature: str, library: str) -> None:
        exported = "; a model that ner export wrote tags without it" if library == "torch" else ""
        super().__init__(
            f"{feature} needs {library}, which this installation, made for tagging alone, does not have: "
            f"pip install bilstm-crf-ner{exported}"
        )

    @classmethod
    def explaining(cls, error: ModuleNotFoundError, feature: str) -> IncompleteInstallationError | None:
        """What a failed import means to the user; None where it is none of these libraries."""
        library = (error.name or "").partition(".")[0]
        return cls(feature, _DISTRIBUTIONS[library]) if library in _DISTRIBUTIONS else None
