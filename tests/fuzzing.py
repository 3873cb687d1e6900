"""A plugin of pytest for `scripts/fuzz.sh`: property tests alone, each with many more examples than it asks for."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings


def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    """Keep the property tests, and give them ``FUZZ_EXAMPLES`` examples and all the time they take."""
    examples = int(os.environ.get("FUZZ_EXAMPLES", "1000"))
    kept = [item for item in items if is_hypothesis_test(getattr(item, "obj", None))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
    for item in kept:
        function = getattr(item.obj, "__func__", item.obj)
        function._hypothesis_internal_use_settings = settings(
            function._hypothesis_internal_use_settings,
            max_examples=examples,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
