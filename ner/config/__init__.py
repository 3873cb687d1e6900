"""The typed configuration: one object, read from YAML, checked as a whole, handed down.

Paths are relative to the working directory, as typed on the command line. A key that does not exist, a value of the
wrong kind and an impossible combination are errors, and one `ConfigError` names all of them.
"""

from __future__ import annotations

from ner.config.network import AuxiliaryConfig, CharConfig, EncoderConfig, FeatureConfig, ModelConfig, WordConfig
from ner.config.reading import checksum, field_names, load_config, value_faults, value_of, with_values
from ner.config.sections import Config, DataConfig, DistillationConfig, OptimizerConfig, TaggingConfig, TrainingConfig
from ner.config.values import Section

__all__ = [
    "AuxiliaryConfig",
    "CharConfig",
    "Config",
    "DataConfig",
    "DistillationConfig",
    "EncoderConfig",
    "FeatureConfig",
    "ModelConfig",
    "OptimizerConfig",
    "Section",
    "TaggingConfig",
    "TrainingConfig",
    "WordConfig",
    "checksum",
    "field_names",
    "load_config",
    "value_faults",
    "value_of",
    "with_values",
]
