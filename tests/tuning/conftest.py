"""A space around the tiny configuration."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def tiny_space() -> dict[str, Any]:
    """Five keys of every kind; the tiny configuration lies within."""
    return {
        "model.encoder.hidden": [4, 8, 12],
        "model.chars.widths": [[3], [2, 3]],
        "model.encoder.dropout": {"low": 0.0, "high": 0.5},
        "training.batch_size": {"low": 4, "high": 16, "step": 4},
        "training.optimizer.lr": {"low": 0.001, "high": 0.1, "log": True},
    }
