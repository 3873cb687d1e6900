"""Tagged text as HTML: safe for any text and label, no script, no outside resource."""

from __future__ import annotations

import math
from colorsys import hls_to_rgb
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from ner.document import Document, Entity

# How every page of ours begins: with the order to run and to load nothing, whatever stands in it.
HEAD = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
)

# Pale grounds under dark text; the label is written out, so no one depends on the colour. In degrees:
_HUES = {
    "per": 200,
    "person": 200,
    "org": 35,
    "organization": 35,
    "loc": 110,
    "location": 110,
    "gpe": 110,
    "misc": 285,
}
_APART = 15  # of the hues of other labels, which are told by their letters,
_START = 609  # so that those of the usual corpora (chemicals and diseases, genes and proteins) lie well apart
_LIGHTNESS, _SATURATION = 0.86, 0.75

_MARK = "padding:.1em .3em;border-radius:.3em;color:#111;background:{colour};-webkit-box-decoration-break:clone"
_LABEL = "font-size:.7em;font-weight:600;margin-left:.35em;vertical-align:middle;color:#333"


@lru_cache(maxsize=1024)
def colour(label: str) -> str:
    """The ground colour of a label, ``#rrggbb``, the same on every page and in every run."""
    name = label.casefold()
    hue = _HUES.get(name, crc32(name.encode("utf-8", "surrogatepass"), _START) % (360 // _APART) * _APART)
    red, green, blue = hls_to_rgb(hue / 360, _LIGHTNESS, _SATURATION)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


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
        f"{HEAD}<title>{escaped(title)}</title>\n"
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
