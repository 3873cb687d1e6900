"""Tagged text as HTML: safe for any text and label, no script, no outside resource."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ner.document import Document, Entity

# Pale grounds under dark text (contrast above 7:1); the label is written out, so no one depends on the colour.
_COLOURS = ("#bfe3f7", "#ffd9a8", "#c9ecc4", "#e6cff2", "#f9cdd0", "#f4ecab", "#c3ece4", "#dcdcdc")
_KNOWN = {"PER": 0, "PERSON": 0, "ORG": 1, "LOC": 2, "GPE": 2, "MISC": 3}

_MARK = "padding:.1em .3em;border-radius:.3em;color:#111;background:{colour};-webkit-box-decoration-break:clone"
_LABEL = "font-size:.7em;font-weight:600;margin-left:.35em;vertical-align:middle;color:#333"


def colour(label: str) -> str:
    """The ground colour of a label: fixed for the usual ones, else by the sum of its letters."""
    return _COLOURS[_KNOWN.get(label, sum(map(ord, label)) % len(_COLOURS))]


def highlight(document: Document) -> str:
    """A ``div`` that shows the text with its entities marked; the score is in the tooltip."""
    pieces, position = [], 0
    for entity in document.entities:
        pieces += [escaped(document.text[position : entity.start]), _mark(entity)]
        position = entity.end
    pieces.append(escaped(document.text[position:]))
    return f'<div class="ner" style="line-height:1.9;white-space:pre-wrap">{"".join(pieces)}</div>'


def page(title: str) -> tuple[str, str]:
    """The head and the foot of a page; the fragments are written in between."""
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n"
        "<style>body{font:1rem/1.6 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#111;"
        "background:#fff}</style>\n"
        f"</head>\n<body>\n"
    )
    return head, "</body>\n</html>\n"


def _mark(entity: Entity) -> str:
    score = "" if math.isnan(entity.score) else f' title="{escaped(entity.label)}, probability {entity.score:.3f}"'
    style = _MARK.format(colour=colour(entity.label))
    label = f'<span style="{_LABEL}">{escaped(entity.label)}</span>'
    return f'<mark style="{style}"{score}>{escaped(entity.text)}{label}</mark>'


def escaped(text: str) -> str:
    """Escaped, and without the characters that HTML cannot hold (NUL, lone surrogates)."""
    kept = "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text)
    return escape(kept, quote=True)
