from __future__ import annotations

import pytest

from tests.tagging.names import NameTagger


@pytest.fixture(scope="session")
def tagger() -> NameTagger:
    return NameTagger()
