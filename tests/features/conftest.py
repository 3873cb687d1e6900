from __future__ import annotations

from hypothesis import settings

# Many of these tests write files, and a busy machine is no defect.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")
