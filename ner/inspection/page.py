"""A picture as one HTML page that needs nothing but itself: no script, no font, no other file, safe for any text."""

from __future__ import annotations

from collections.abc import Iterable

from ner.html import HEAD, colour, escaped
from ner.inspection.picture import LYING, HeatMap, Picture, Scale, readable

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem; color: #111; background: #fff; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; }
figure { margin: 0 0 1.2rem; } figcaption b { display: block; }
.bar { display: inline-block; width: 9rem; height: .7rem; margin: 0 .4rem; vertical-align: baseline; }
.unit, .note { color: #444; } .unit { margin-left: .8rem; } .note { max-width: 60rem; }
.scroll { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 1px; font-size: .85rem; font-variant-numeric: tabular-nums; }
td { min-width: 2.3rem; height: 1.5rem; padding: 0 .25rem; text-align: center; white-space: nowrap; }
thead th { vertical-align: bottom; }
th { font-weight: 400; white-space: nowrap; padding: 0 .4rem; }
th[scope=row] { text-align: right; position: sticky; left: 0; background: #fff; min-width: 9rem; }
.upright { writing-mode: vertical-rl; padding-top: .2rem; transform: rotate(180deg); text-align: left; margin: auto; }
.entity { font-weight: 600; border-radius: .3rem; }
.left { border-left: 2px solid #111; } .right { border-right: 2px solid #111; }
"""


def page(picture: Picture) -> str:
    """The picture as HTML: tables with coloured cells, the exact value of each in its tooltip."""
    title = escaped(picture.title)
    figures = "".join(_figure(picture, heat_map) for heat_map in picture.maps)
    return (
        f"{HEAD}<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{figures}"
        f'<p class="note">{escaped(picture.caption)}</p>\n</body>\n</html>\n'
    )


def _figure(picture: Picture, heat_map: HeatMap) -> str:
    edges = {edge for _, start, end, _ in picture.entities for edge in (start, end)}
    rows = "".join(_row(picture, heat_map, number, edges) for number in range(len(heat_map.rows)))
    return (
        f"<figure>\n<figcaption><b>{escaped(heat_map.title)}</b>{_legend(heat_map.scale)}</figcaption>\n"
        f'<div class="scroll"><table>\n<thead>{_entities(picture)}{_names(picture.columns)}</thead>\n'
        f"<tbody>\n{rows}</tbody></table></div>\n</figure>\n"
    )


def _legend(scale: Scale) -> str:
    return (
        f'{scale.low:{scale.style}}<span class="bar" style="background:linear-gradient(to right,'
        f'{",".join(scale.stops)})"></span>{scale.high:{scale.style}}<span class="unit">{escaped(scale.unit)}</span>'
    )


def _entities(picture: Picture) -> str:
    """A row with a bar over every entity."""
    if not picture.entities:
        return ""
    cells, position = ["<td></td>"], 0
    for label, start, end, _ in picture.entities:
        cells += ["<td></td>"] * (start - position)
        cells.append(
            f'<td class="entity" colspan="{end - start}" style="background:{colour(label)}">{escaped(label)}</td>'
        )
        position = end
    return f"<tr>{''.join(cells)}</tr>\n"


def _names(columns: Iterable[str]) -> str:
    names = list(columns)
    upright = len(names) > LYING
    turned = ' class="upright"' if upright else ""
    cells = (
        f'<th scope="col" title="{escaped(name)}"><div dir="auto"{turned}>{escaped(readable(name))}</div></th>'
        for name in names
    )
    return f"<tr><td></td>{''.join(cells)}</tr>"


def _row(picture: Picture, heat_map: HeatMap, number: int, edges: set[int]) -> str:
    name, scale = heat_map.rows[number], heat_map.scale
    cells, last = [], len(picture.columns)
    for column, (value, text) in enumerate(
        zip(heat_map.values[number].tolist(), heat_map.texts[number], strict=True)
    ):
        sides = " ".join(("left",) * (column in edges) + ("right",) * (column + 1 == last and last in edges))
        tip = f"{name}, {picture.columns[column]}: {text if value != value else format(value, '.4g')}"
        cells.append(
            f'<td class="{sides}" style="background:{scale.colour(value)};color:{scale.ink(value)}" '
            f'title="{escaped(tip)}">{escaped(text)}</td>'
        )
    return f'<tr><th scope="row" dir="auto">{escaped(name)}</th>{"".join(cells)}</tr>\n'
