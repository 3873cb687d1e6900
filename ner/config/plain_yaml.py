"""YAML as configurations use it: values alone. What could execute, hide or explode is an error."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from ner.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """Without aliases, of which a few lines can make billions of values, and without a key that stands twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(
                None, None, "found an alias, expected the value itself", self.peek_event().start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"found the key {key.value!r} twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        ConfigError: it is not valid, has a tag of Python, an alias, or a key twice.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise ConfigError(f"is not valid YAML: {error}") from None
    except RecursionError:
        raise ConfigError("is not valid YAML: it is nested too deep") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # of dates, numbers and truth values
        raise ConfigError(f"is not valid YAML: a value is not what it looks like: {str(error)[:100]}") from None


def read(path: Path, missing: str) -> Any:
    """The value of a YAML file.

    Args:
        path: the file.
        missing: what to say of a file that is not there.

    Raises:
        ConfigError: it cannot be read, or `parse` refuses it; the file is named.
    """
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; {missing}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
