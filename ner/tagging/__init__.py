"""Files through a tagger: read as a stream, tagged in windows, written in order."""

from __future__ import annotations

from ner.tagging.options import TagOptions
from ner.tagging.pipeline import INPUTS, OUTPUTS, tag_file

__all__ = ["INPUTS", "OUTPUTS", "TagOptions", "tag_file"]
