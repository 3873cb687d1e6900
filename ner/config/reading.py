"""Reading and checking a configuration."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ner.config.sections import Config
from ner.config.values import Section
from ner.errors import ConfigError


def load_config(source: str | Path | Mapping[str, Any] | Config, overrides: Sequence[str] = ()) -> Config:
    """Read and check a configuration.

    Args:
        source: a YAML file, a mapping of the same shape, or a `Config`.
        overrides: ``section.key=value`` texts, the value in YAML; later ones win.

    Raises:
        ConfigError: the file cannot be read, or anything in it or in the overrides is wrong; it names everything.
    """
    name, tree = _read(source)
    faults = _override(tree, overrides) if overrides else []
    try:
        config = Config.model_validate(tree, strict=False)
    except ValidationError as error:
        listed = error.errors()
        faults += [_explain(fault) for fault in listed]
        faults += _conflicts(tree, {fault["loc"] for fault in listed})
    if faults:
        raise ConfigError(
            f"{name}: " + ("" if len(faults) == 1 else f"{len(faults)} faults\n  ") + "\n  ".join(faults)
        )
    return config


def checksum(config: Config) -> str:
    """By which a report says what configuration it is of: SHA-256 of all values as JSON, save where its run lies."""
    tree = config.model_dump(mode="json", exclude={"output"})
    return sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _read(source: str | Path | Mapping[str, Any] | Config) -> tuple[str, dict[str, Any]]:
    if isinstance(source, Config):
        return "configuration", source.model_dump()
    if isinstance(source, Mapping):
        return "configuration", _copy(source)
    path = Path(source)
    from ner.config import plain_yaml  # takes a while to import, and is for files alone

    tree = plain_yaml.read(path, "configurations to start from are in configs/")
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: expected keys and values, got a {type(tree).__name__}")
    return str(path), tree


def _copy(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, Mapping) else value for key, value in tree.items()}


def _override(tree: dict[str, Any], overrides: Iterable[str]) -> list[str]:
    from ner.config.plain_yaml import parse

    faults = []
    for override in overrides:
        key, equals, text = override.partition("=")
        *sections, last = key.strip().split(".")
        if not equals or not all([*sections, last]):
            faults.append(f"{override!r}: expected section.key=value, such as training.epochs=10")
            continue
        try:
            value = parse(text)
        except ConfigError:
            faults.append(f"{override!r}: the value is not valid YAML")
            continue
        _put(tree, [*sections, last], value)
    return faults


def _conflicts(tree: Mapping[str, Any], faulty: Collection[tuple[int | str, ...]]) -> list[str]:
    """What cannot stand together in sections that were not looked at for it, because a key in them is wrong."""
    found = []
    for name, section in sections():
        place = tuple(name.split("."))
        given: Any = tree
        for part in place:
            given = given.get(part) if isinstance(given, Mapping) else None
        unseen = place not in faulty and any(key[: len(place)] == place for key in faulty)
        if unseen and isinstance(given, Mapping):
            found += [f"{name}: {conflict}" for conflict in section.conflicts(given)]
    return found


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """The configuration with other values of some keys.

    Args:
        config: is left as it is.
        values: by full dotted name; a whole section may be given as a mapping.

    Raises:
        ConfigError: a key that does not exist, a wrong value, an impossible combination.
    """
    tree = config.model_dump()
    for key, value in values.items():
        _put(tree, key.split("."), value)
    return load_config(tree)


def value_of(config: Config, key: str) -> Any:
    """The value of a key by its full dotted name; of a section, a mapping."""
    value: Any = config.model_dump()
    for part in key.split("."):
        value = value[part]
    return value


def value_faults(config: Config, key: str, value: Any) -> list[str]:
    """What is wrong with a value of a key by itself, whatever the other keys hold; empty where nothing is."""
    tree, path = config.model_dump(), tuple(key.split("."))
    _put(tree, path, value)
    try:
        Config.model_validate(tree, strict=False)
    except ValidationError as error:
        return [
            _explain(fault)
            for fault in error.errors()
            if fault["loc"][: len(path)] == path
            or (fault["loc"] == path[: len(fault["loc"])] and fault["type"] != "value_error")
        ]
    return []


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *sections, last = path
    for section in sections:
        if not isinstance(tree.get(section), dict):
            tree[section] = {}
        tree = tree[section]
    tree[last] = value


def _explain(fault: Any) -> str:
    place = fault["loc"]
    name = ".".join(str(part) for part in place)
    if fault["type"] == "extra_forbidden":
        known = _keys(place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        near = [".".join([*map(str, place[:-1]), *near])] if near else _elsewhere(str(place[-1]))
        hint = f"did you mean {near[0]}?" if near else f"the keys here are {', '.join(known)}"
        return f"{name}: unknown key; {hint}"
    message = fault["msg"].removeprefix("Value error, ")
    got = f" (got {fault['input']!r:.80})" if fault["type"] != "value_error" else ""
    return f"{name}: {message}{got}"


def _keys(place: Iterable[Any]) -> list[str]:
    section: Any = Config
    for part in place:
        section = section.model_fields[part].annotation
    return list(section.model_fields)


def _elsewhere(key: str) -> list[str]:
    """The full names of a key that stands in another section."""
    return [name for name in field_names() if name.split(".")[-1] == key]


def sections(section: type[Section] = Config, prefix: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Every section within the configuration, by its full dotted name."""
    for key, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield prefix + key, kind
            yield from sections(kind, f"{prefix}{key}.")


def field_names(section: type[Section] = Config, prefix: str = "") -> list[str]:
    """Every key of the configuration by its full dotted name."""
    names = []
    for key, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            names += field_names(kind, f"{prefix}{key}.")
        else:
            names.append(prefix + key)
    return names
