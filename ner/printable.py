"""Text as it may be shown: what would steer a terminal, hide what stands there, or fit no encoding is spelled out."""

from __future__ import annotations

import re

# Controls but for tab and LF, separators that end lines, overrides of the direction of writing, halves of pairs.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text from a file that nobody vouches for, as a message or a table may hold it."""
    return _UNFIT.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
