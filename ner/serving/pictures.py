"""A picture of `ner.inspection` as numbers, names and colours, for whoever draws it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ner.html import colour

if TYPE_CHECKING:
    from ner.inspection.picture import HeatMap, Picture


def as_json(picture: Picture) -> dict[str, Any]:
    """Everything that `ner.inspection.page` draws, as plain values."""
    return {
        "title": picture.title,
        "caption": picture.caption,
        "columns": list(picture.columns),
        "entities": [
            {"label": label, "start": start, "end": end, "colour": colour(label)}
            for label, start, end, _ in picture.entities
        ],
        "maps": [_map(heat_map) for heat_map in picture.maps],
    }


def _map(heat_map: HeatMap) -> dict[str, Any]:
    scale = heat_map.scale
    return {
        "title": heat_map.title,
        "unit": scale.unit,
        "low": f"{scale.low:{scale.style}}",
        "high": f"{scale.high:{scale.style}}",
        "stops": list(scale.stops),
        "rows": [
            {
                "name": name,
                "cells": [
                    {
                        "text": text,
                        "value": None if math.isnan(value) else value,
                        "colour": scale.colour(value),
                        "ink": scale.ink(value),
                    }
                    for value, text in zip(values, texts, strict=True)
                ],
            }
            for name, values, texts in zip(heat_map.rows, heat_map.values.tolist(), heat_map.texts, strict=True)
        ],
    }
