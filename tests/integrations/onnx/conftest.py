from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def exported(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_model`, exported. Not to be written to: copy it first."""
    from ner.integrations.onnx.export import export

    return export(tiny_model, tmp_path_factory.mktemp("exported") / "model")
