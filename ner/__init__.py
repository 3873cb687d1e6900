"""Named entity recognition with a model that you train yourself: char-CNN, BiLSTM, CRF.

>>> import ner
>>> tagger = ner.load("runs/quickstart/model")  # doctest: +SKIP
>>> tagger.tag("Ada Lovelace was born in London.").entities  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ner.errors import (
    ConfigError,
    DataError,
    IncompleteInstallationError,
    MissingExtraError,
    ModelError,
    NerError,
    TrainingError,
)
from ner.version import __version__

if TYPE_CHECKING:
    from ner.analysing import analyse_errors
    from ner.checking import check
    from ner.comparing import compare
    from ner.config import Config, DataConfig, load_config
    from ner.corpus.beside import Beside
    from ner.corpus.convert import convert_file
    from ner.document import Document, Entity, Token
    from ner.ensemble import Ensemble
    from ner.integrations.onnx.export import export
    from ner.integrations.ray.tagging import tag_files
    from ner.integrations.word_vectors import learn_vectors
    from ner.scoring import Evaluation, evaluate
    from ner.serving import create_app
    from ner.suggesting import Suggestion, suggest
    from ner.suspecting import find_suspects
    from ner.tagger import Tagger, load
    from ner.tagging import tag_file
    from ner.training.portions import LearningCurve, learning_curve
    from ner.training.repeated import SeedRuns, train_seeds
    from ner.training.run import TrainResult, train
    from ner.tuning.result import Tuning
    from ner.tuning.search import tune

# Imported on first use, so that `import ner` and `ner --help` do not wait for torch.
_HOMES = {
    "analyse_errors": "ner.analysing",
    "compare": "ner.comparing",
    "create_app": "ner.serving",
    "Config": "ner.config",
    "DataConfig": "ner.config",
    "load_config": "ner.config",
    "check": "ner.checking",
    "Beside": "ner.corpus.beside",
    "convert_file": "ner.corpus.convert",
    "Document": "ner.document",
    "Entity": "ner.document",
    "Token": "ner.document",
    "Ensemble": "ner.ensemble",
    "Evaluation": "ner.scoring",
    "evaluate": "ner.scoring",
    "export": "ner.integrations.onnx.export",
    "Suggestion": "ner.suggesting",
    "suggest": "ner.suggesting",
    "find_suspects": "ner.suspecting",
    "learn_vectors": "ner.integrations.word_vectors",
    "Tagger": "ner.tagger",
    "load": "ner.tagger",
    "tag_file": "ner.tagging",
    "tag_files": "ner.integrations.ray.tagging",
    "LearningCurve": "ner.training.portions",
    "learning_curve": "ner.training.portions",
    "SeedRuns": "ner.training.repeated",
    "train_seeds": "ner.training.repeated",
    "TrainResult": "ner.training.run",
    "train": "ner.training.run",
    "Tuning": "ner.tuning.result",
    "tune": "ner.tuning.search",
}

__all__ = [
    "Beside",
    "Config",
    "ConfigError",
    "DataConfig",
    "DataError",
    "Document",
    "Ensemble",
    "Entity",
    "Evaluation",
    "IncompleteInstallationError",
    "LearningCurve",
    "MissingExtraError",
    "ModelError",
    "NerError",
    "SeedRuns",
    "Suggestion",
    "Tagger",
    "Token",
    "TrainResult",
    "TrainingError",
    "Tuning",
    "__version__",
    "analyse_errors",
    "check",
    "compare",
    "convert_file",
    "create_app",
    "evaluate",
    "export",
    "find_suspects",
    "learn_vectors",
    "learning_curve",
    "load",
    "load_config",
    "suggest",
    "tag_file",
    "tag_files",
    "train",
    "train_seeds",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ner' has no attribute {name!r}")
    try:
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        explained = IncompleteInstallationError.explaining(error, f"ner.{name}")
        if explained is None:
            raise
        raise explained from None
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
