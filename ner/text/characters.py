"""One token a character for scripts written without blanks, cut out of a folded chunk (see `ner.text.fold`)."""

from __future__ import annotations

import re

from ner.text.fold import HEBREW

_RUN = f"[A-Za-z0-9{HEBREW}]+"
_PIECE = re.compile(rf"{_RUN}(?:(?<=[0-9])[.,](?=[0-9]){_RUN})*|.", re.DOTALL)


def character_cuts(picture: str) -> list[int]:
    """Where the tokens of a folded chunk end.

    Han characters, kana and bopomofo are a token each, and so is every punctuation mark; letters and digits of other
    scripts stay together in runs, and so do the digits of 1,000.50.
    """
    return [match.end() for match in _PIECE.finditer(picture)]
