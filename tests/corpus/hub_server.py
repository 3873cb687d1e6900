"""A hub on this machine: answers what `datasets` asks of the Hugging Face hub, from repositories in memory.

The libraries that speak to it are the real ones, which is the point: ``HF_ENDPOINT`` leads them here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

Files = Mapping[str, bytes]
Repositories = Mapping[str, Mapping[str, Files]]
"""By OWNER/NAME, revision, and path."""


@contextmanager
def serving(repositories: Repositories) -> Iterator[str]:
    """The address, for as long as the context lasts."""
    handler = type("Handler", (_Handler,), {"repositories": repositories})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    repositories: ClassVar[Repositories] = {}

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        parts = [unquote(part) for part in address.path.removeprefix("/api").strip("/").split("/")]
        _, owner, name, kind, version, *rest = [*parts, *["revision", "main"][len(parts) - 3 :]] + [""] * 5
        revisions = self.repositories.get(f"{owner}/{name}")
        if revisions is None:
            return self._refuse("RepoNotFound")
        revision = next((one for one in revisions if version in (one, _hash(one))), None)
        if revision is None:
            return self._refuse("RevisionNotFound")
        files, path = revisions[revision], "/".join(filter(None, rest))
        if kind == "resolve" and path in files:
            return self._answer(files[path], revision)
        if kind == "revision":
            siblings = [{"rfilename": file} for file in files]
            return self._answer({"id": f"{owner}/{name}", "sha": _hash(revision), "siblings": siblings}, revision)
        if kind == "tree" and (not path or _entry(files, path)):
            deep = "true" in parse_qs(address.query.lower()).get("recursive", ())
            below = {part for file in files for part in _parts(file) if part.startswith(f"{path}/" if path else "")}
            depth = path.count("/") + 1 if path else 0
            found = [_entry(files, part) for part in sorted(below) if deep or part.count("/") == depth]
            return self._answer(found, revision)
        if kind == "paths-info":
            found = [_entry(files, one) for one in parse_qs(asked).get("paths", ())]
            return self._answer([one for one in found if one], revision)
        return self._refuse("EntryNotFound")

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None: ...

    def _answer(self, body: Any, revision: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"ETag": f'"{sha1(content).hexdigest()}"', "X-Repo-Commit": _hash(revision)}
        self._send(200, content, headers)

    def _refuse(self, code: str) -> None:
        self._send(404, b"", {"X-Error-Code": code})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _hash(text: str) -> str:
    return sha1(text.encode()).hexdigest()


def _parts(file: str) -> list[str]:
    pieces = file.split("/")
    return ["/".join(pieces[:number]) for number in range(1, len(pieces) + 1)]


def _entry(files: Files, path: str) -> dict[str, Any] | None:
    if path in files:
        return {"type": "file", "path": path, "size": len(files[path]), "oid": sha1(files[path]).hexdigest()}
    if any(file.startswith(f"{path}/") for file in files):
        return {"type": "directory", "path": path, "oid": _hash(path)}
    return None
