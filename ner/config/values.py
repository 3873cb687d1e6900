"""What a value of the configuration may be, and the section that holds values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ner.schemes import named

Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else [] if value is None else value


def _as_path(value: str) -> str:
    try:
        possible = bool(value) and "\0" not in value and bool(value.encode(errors="surrogateescape"))
    except UnicodeEncodeError:  # half of a surrogate pair, other than those that stand for bytes
        possible = False
    if not possible:
        raise ValueError(f"{value!r:.80} is no name that a file can have")
    return value


File = Annotated[str, AfterValidator(_as_path)]
Files = Annotated[list[File], BeforeValidator(_as_list)]


def _as_names(value: object) -> object:
    values = _as_list(_as_name(value))
    return [_as_name(one) for one in values] if isinstance(values, list) else values


def _as_name(value: object) -> object:
    """A column's position as its name: in files it has no other."""
    return str(value) if type(value) is int else value


def _as_scheme(value: object) -> object:
    return named(value) if isinstance(value, str) else value


AnyScheme = BeforeValidator(_as_scheme)
"""Before a field that names a scheme: takes its synonyms, too."""

Name = Annotated[str, BeforeValidator(_as_name)]
Names = Annotated[list[str], BeforeValidator(_as_names)]


class Section(BaseModel):
    """A part of the configuration.

    Unknown keys are errors. A text is taken for the number that it is (in YAML ``1e-3`` is a text), a truth value for
    none; numbers are finite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> list[str]:
        """What cannot stand together, in words.

        Args:
            given: the section's values, which need not be of the right type; absent ones are at their defaults.
        """
        return []

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_as_number(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name is not None
        values = value if isinstance(value, list) else [value]
        truths = [one for one in values if isinstance(one, bool)]
        if truths and cls.model_fields[info.field_name].annotation is not bool:
            raise ValueError(f"{str(truths[0]).lower()} is a truth value, which cannot stand here")
        return value

    @model_validator(mode="after")
    def _possible(self) -> Section:
        if found := self.conflicts(dict(self)):
            raise ValueError("; ".join(found))
        return self
