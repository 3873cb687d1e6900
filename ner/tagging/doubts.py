"""Warnings of a file that may not be what it is tagged as: a header, commas for tabs, columns read as text.

Any word may be meant, so nothing is refused here: the file is tagged as it was asked for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from ner.corpus.layout import is_tag
from ner.schemes import OUTSIDE

logger = logging.getLogger(__name__)

_HEADS = {"id", "token", "tokens", "word", "words", "form", "lemma", "text", "sentence"}
_HEADS |= {"pos", "chunk", "tag", "tags", "ner", "ner_tag", "ner_tags", "label", "labels", "entity"}
_COMMAS = re.compile(r"[^\s,]+(?:,[^\s,]+)+|,,\S+")
_SEPARATOR = re.compile("[\t ,;]")
_LOOK = 3  # lines that end in a tag: one or two may be chance


def doubt_columns(rows: Sequence[Sequence[str]], name: str, line: int) -> None:
    """Warn where the first sentence of a column file looks like a header, or its columns as separated by commas.

    Args:
        rows: the columns of its tokens.
        name: of the file.
        line: of the first of them.
    """
    if len(rows) > 1 and all(len(row) == 1 and _COMMAS.fullmatch(row[0]) for row in rows):
        remedy = "If they separate columns, put tabs: tr ',' '\\t' < FILE > NEW."
        logger.warning("%s:%d: every line holds commas, and is tagged as one word. %s", name, line, remedy)
    elif _is_header(*rows):
        _warn_of_header("words", name, line)


class TextDoubts:
    """Looks at the first lines of a text as they come.

    Args:
        name: of the file, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name, self._left = name, _LOOK

    def look(self, line: int, text: str) -> None:
        """Warn where the first line looks like a header; or where the third still looks like a token and its tag."""
        if not self._left or not text or text.isspace() or text.startswith("#"):
            return
        if self._left == _LOOK and text in _HEADS:
            _warn_of_header("text", self._name, line)
        _, *others = _SEPARATOR.split(text.strip())
        if not others or not _is_surely_tag(others[-1]):
            self._left = 0
            return
        self._left -= 1
        if not self._left:
            commas = " once commas are tabs (tr ',' '\\t' < FILE > NEW)" if "," in text else ""
            logger.warning(
                "%s:%d: the lines look like tokens with their tags, and each is tagged as a text. "
                "If they are columns, read them with --from conll%s.",
                self._name,
                line,
                commas,
            )


def _is_header(first: Sequence[str], *others: Sequence[str]) -> bool:
    if len(first) == 1:
        return first[0] in _HEADS
    tags = [row[-1] for row in others]
    named = {*tags} - {OUTSIDE}  # above O alone there may stand a label without a prefix
    return not is_tag(first[-1]) and (
        (bool(named) and all(map(is_tag, tags))) or all(field.casefold() in _HEADS for field in first)
    )


def _is_surely_tag(field: str) -> bool:
    """Whether a field is a tag, and no word that looks like one."""
    return is_tag(field) and (field == OUTSIDE or "-" in field)


def _warn_of_header(what: str, name: str, line: int) -> None:
    logger.warning(
        "%s:%d: looks like a header, and is tagged as %s. If it is one, take it out: sed %dd FILE > NEW.",
        name,
        line,
        what,
        line,
    )
