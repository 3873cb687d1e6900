"""The space of a search: which keys of the configuration are varied, and within what.

.. code-block:: yaml

    model.encoder.hidden: [100, 200, 300]               # one of these
    training.batch_size: {low: 8, high: 32, step: 8}    # whole numbers, since the key takes no others
    training.optimizer.lr: {low: 0.0005, high: 0.005, log: true}
"""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.config import Config, plain_yaml, value_faults, value_of, with_values
from ner.errors import ConfigError

GRID_LIMIT = 1_000
"""Points of a grid, beyond which nobody waits for its end."""

_DRAWS = 200
_FIXED = {
    "output": "every trial has a folder of its own in it",
    "training.seed": "a seed is luck, and the luckiest would be found; compare seeds with ner train --seeds",
    **dict.fromkeys(
        ("data.dev", "data.test", "data.dataset", "data.revision", "data.dev_fraction", "data.limit"),
        "all trials are held against the same dev data",
    ),
}
_EXPECTED = (
    "expected a list of values, or a range such as {low: 0.1, high: 0.5}, with log: true or step: 0.1 if wanted"
)


@dataclass(frozen=True)
class Choice:
    """One of several values, of any kind; those that are no plain scalars are known to the sampler by their JSON."""

    values: tuple[Any, ...]

    def names(self) -> list[Any]:
        """The values as the sampler knows them."""
        return [_name(value) for value in self.values]

    def suggest(self, trial: Any, key: str) -> Any:
        """The value that a trial is to take."""
        return self.value(trial.suggest_categorical(key, self.names()))

    def value(self, name: Any) -> Any:
        """The value of this name."""
        return self.values[self.names().index(name)]

    def draw(self, chance: random.Random) -> Any:
        """One of these."""
        return chance.choice(self.values)

    def holds(self, value: Any) -> bool:
        """Whether a value is one of these."""
        return _name(value) in self.names()

    def grid(self) -> list[Any] | None:
        """All of it, as the sampler knows it."""
        return self.names()


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; ``whole`` where the key takes no others."""

    low: float
    high: float
    log: bool
    step: float | None
    whole: bool

    def suggest(self, trial: Any, key: str) -> Any:
        """The value that a trial is to take."""
        if self.whole:
            return trial.suggest_int(key, self.low, self.high, step=self.step or 1, log=self.log)
        return trial.suggest_float(key, self.low, self.high, step=self.step, log=self.log)

    def value(self, name: Any) -> Any:
        """The number, which is its own name."""
        return name

    def draw(self, chance: random.Random) -> Any:
        """A number of the range, on no step but whole where it must be: enough to see what goes together."""
        number = chance.uniform(self.low, self.high)
        return round(number) if self.whole else number

    def holds(self, value: Any) -> bool:
        """Whether a value lies within, and on a step."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-9

    def grid(self) -> list[Any] | None:
        """All of it; None where it has no steps."""
        if self.log or (self.step is None and not self.whole):
            return None
        step = self.step or 1
        count = int((self.high - self.low) / step + 1e-9) + 1
        values = [self.low + place * step for place in range(count)]
        return values if self.whole else [round(value, 12) for value in values]


class Space(dict[str, "Choice | Range"]):
    """What is varied, by the full dotted names of the keys."""

    def suggest(self, trial: Any) -> dict[str, Any]:
        """The values that a trial is to take."""
        return {key: dimension.suggest(trial, key) for key, dimension in self.items()}

    def read(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a point that is given as the sampler knows it."""
        return {key: dimension.value(point[key]) for key, dimension in self.items() if key in point}

    def point(self, config: Config) -> dict[str, Any] | None:
        """Where a configuration lies in the space, as the sampler knows it; None if it lies outside."""
        return None if self.outside(config) else {key: _name(value_of(config, key)) for key in self}

    def outside(self, config: Config) -> list[str]:
        """The keys whose values in a configuration are not among those that are searched."""
        return [key for key, dimension in self.items() if not dimension.holds(value_of(config, key))]

    def grid(self) -> list[dict[str, Any]]:
        """Every point, as the sampler knows it.

        Raises:
            ConfigError: a range without steps, or more points than anybody waits for.
        """
        axes = {key: dimension.grid() for key, dimension in self.items()}
        if endless := [key for key, values in axes.items() if values is None]:
            raise ConfigError(
                f"a grid needs a list of values or a step, which {', '.join(endless)} "
                f"{'has' if len(endless) == 1 else 'have'} not: give them, or take --sampler random or tpe"
            )
        size = 1
        for values in axes.values():
            size *= len(values or ())
        if size > GRID_LIMIT:
            raise ConfigError(
                f"the grid has {size:,} points, at most {GRID_LIMIT:,} are searched: take --sampler tpe"
            )
        return [dict(zip(axes, point, strict=True)) for point in itertools.product(*(v or () for v in axes.values()))]

    def to_json(self) -> dict[str, Any]:
        """The space as plain values, by which it is known again."""
        return {
            key: {"values": list(dimension.values)} if isinstance(dimension, Choice) else vars(dimension)
            for key, dimension in self.items()
        }


def load_space(source: str | os.PathLike[str] | Mapping[str, Any], config: Config) -> Space:
    """Read and check a space.

    Args:
        source: a YAML file, or a mapping of the same shape.
        config: the configuration that is varied.

    Raises:
        ConfigError: the file cannot be read, or anything in it is wrong; it names everything.
    """
    name, tree = ("space", dict(source)) if isinstance(source, Mapping) else _read(Path(source))
    space, faults = Space(), []
    for key, given in tree.items():
        found = list(_faults(config, str(key), given))
        faults += found
        if not found:
            space[str(key)] = _dimension(config, str(key), given)
    if not tree:
        faults.append(f"holds no key to vary: {_EXPECTED}")
    if not faults:
        faults += _impossible(config, space)
    if faults:
        raise ConfigError(
            f"{name}: " + ("" if len(faults) == 1 else f"{len(faults)} faults\n  ") + "\n  ".join(faults)
        )
    return space


def _read(path: Path) -> tuple[str, dict[Any, Any]]:
    tree = plain_yaml.read(path, "a space to start from is configs/spaces/usual.yaml")
    if not isinstance(tree, dict):
        kind = "nothing" if tree is None else f"a {type(tree).__name__}"
        raise ConfigError(f"{path}: expected keys of the configuration and what they may be, got {kind}")
    return str(path), tree


def _faults(config: Config, key: str, given: Any) -> Iterator[str]:
    """What is wrong with one line of the space."""
    for fixed, why in _FIXED.items():
        if fixed == key or fixed.startswith(f"{key}.") or key.startswith(f"{fixed}."):
            yield f"{key}: is not to be varied: {why}"
            return
    if isinstance(given, list):
        if len(given) < 2 or len({json.dumps(value, sort_keys=True, default=str) for value in given}) < len(given):
            yield f"{key}: expected at least two values, and none twice (got {given!r:.80})"
        values: Sequence[Any] = given or [None]
    elif (
        isinstance(given, dict) and given.keys() <= {"low", "high", "log", "step"} and {"low", "high"} <= given.keys()
    ):
        bad = list(_range_faults(key, given))
        yield from bad
        values = [None] if bad else [given["low"], given["high"]]
    else:
        yield from _unknown(config, key)
        yield f"{key}: {_EXPECTED} (got {given!r:.80})"
        return
    found = [fault for value in values if value is not None for fault in value_faults(config, key, value)]
    yield from dict.fromkeys(found or _unknown(config, key))


def _impossible(config: Config, space: Space) -> Iterator[str]:
    """Values that go with no others of the space, as far as draws tell: every trial with one of them would fail."""
    draw = random.Random(0)
    for key, dimension in space.items():
        for value in dimension.values if isinstance(dimension, Choice) else ():
            why = _refusal(config, {key: value})
            drawn = ({other: one.draw(draw) for other, one in space.items()} for _ in range(_DRAWS))
            if why and all(_refusal(config, {**others, key: value}) for others in drawn):
                yield f"{key}: {value!r:.80} goes with nothing else in space and configuration ({why}): drop it"


def _refusal(config: Config, values: Mapping[str, Any]) -> str:
    """Why a configuration cannot have some values; empty where it can."""
    try:
        with_values(config, values)
    except ConfigError as error:
        return str(error).removeprefix("configuration: ")
    return ""


def _unknown(config: Config, key: str) -> list[str]:
    return [fault for fault in value_faults(config, key, None) if "unknown key" in fault]


def _range_faults(key: str, given: Mapping[str, Any]) -> Iterator[str]:
    low, high, step, log = given["low"], given["high"], given.get("step"), given.get("log", False)
    numbers = [low, high, *([] if step is None else [step])]
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in numbers):
        yield f"{key}: low, high and step are numbers, and YAML reads 1e-3 as text (got {dict(given)!r:.80})"
    elif not low < high:
        yield f"{key}: low is not below high (got {low} and {high})"
    elif log and (low <= 0 or step is not None):
        yield f"{key}: a logarithmic range begins above 0 and has no step (got {dict(given)!r:.80})"
    elif step is not None and not 0 < step <= high - low:
        yield f"{key}: step is above 0 and at most high - low (got {step})"
    if not isinstance(log, bool):
        yield f"{key}: log is true or false (got {log!r:.80})"


def _dimension(config: Config, key: str, given: Any) -> Choice | Range:
    if isinstance(given, list):
        return Choice(tuple(given))
    low, high, step = given["low"], given["high"], given.get("step")
    middle = (low + high) / 2 + (0.25 if (low + high) % 2 == 0 else 0.0)
    whole = all(float(one).is_integer() for one in (low, high, step or 1)) and bool(value_faults(config, key, middle))
    if whole:
        low, high, step = int(low), int(high), None if step is None else int(step)
    return Range(low, high, given.get("log", False), step, whole)


def _name(value: Any) -> Any:
    plain = value is None or isinstance(value, (bool, int, float, str))
    return value if plain else json.dumps(value, sort_keys=True)
