"""A tagger behind HTTP (extra ``server``): `create_app` for people who mount it, `serve` for ``ner serve``.

>>> from ner.serving import create_app  # doctest: +SKIP
>>> app = create_app(ner.load("runs/quickstart/model"))  # doctest: +SKIP

The way of a request: `guard` lets it in, `schemas` checks it, `gathering` puts it into a batch with others,
`answering` runs the tagger, and JSON goes out.
"""

from __future__ import annotations

from importlib.util import find_spec

from ner.errors import MissingExtraError

if any(find_spec(library) is None for library in ("fastapi", "prometheus_client", "uvicorn")):
    raise MissingExtraError("The server", "server")

from ner.serving.app import create_app
from ner.serving.options import ServeOptions
from ner.serving.run import Served, serve

__all__ = ["ServeOptions", "Served", "create_app", "serve"]
