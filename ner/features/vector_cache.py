"""Memory-mapped copies of parsed vector files.

A copy is one file: a header of 4096 bytes (JSON, then blanks), the matrix as little-endian float32, the words a line
each. It bears the name of the vector file's place, so that a file that changes replaces its copy. Nothing here raises
errors: a copy that cannot be read or written is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.cache import cache_folder
from ner.features.compressed import locate

_FORMAT = 1
_HEADER = 4096  # bytes: keeps the matrix aligned
_log = logging.getLogger(__name__)


class Contents(NamedTuple):
    """What a file of vectors holds; see `ner.features.vectors.Vectors`."""

    words: list[str]
    matrix: NDArray[np.float32]
    sha256: str
    duplicates: int


@dataclass(frozen=True)
class CacheEntry:
    """The copy of one vector file in its present state.

    Attributes:
        copy: where the copy is, or would be.
        state: the format of copies, and the vector file's size and time of change.
    """

    copy: Path
    state: list[int]

    @classmethod
    def of(cls, path: str | Path) -> CacheEntry | None:
        """The entry of a vector file; None if it cannot be found, or there is no place for copies."""
        try:
            file, member = locate(path)
            file = file.resolve(strict=True)
            status = file.stat()
            folder = cache_folder("vectors")
        except (OSError, RuntimeError):
            return None
        name = hashlib.sha256(f"{file}\0{member or ''}".encode(errors="surrogatepass")).hexdigest()
        return cls(folder / f"{name[:32]}.bin", [_FORMAT, status.st_size, status.st_mtime_ns])

    def load(self) -> Contents | None:
        """Map the copy into memory; None if there is none, it is of another state, or damaged."""
        try:
            return self._load()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            _log.info("the copy %s is not used: %s", self.copy, error)
            return None

    def _load(self) -> Contents:
        with self.copy.open("rb") as stream:
            header = json.loads(stream.read(_HEADER))
            rows, dim, length = header["rows"], header["dim"], header["words_length"]
            words_start = _HEADER + 4 * rows * dim
            if header["state"] != self.state or min(rows, dim) < 1:
                raise ValueError("it is of another state of the file")
            if os.fstat(stream.fileno()).st_size != words_start + length:
                raise ValueError("it is cut short")
            stream.seek(words_start)
            text = stream.read(length)
            words = text.decode().split("\n")
            if zlib.crc32(text) != header["words_crc"] or len(words) != rows:
                raise ValueError("its words are damaged")
            matrix = np.memmap(stream, "<f4", "r", _HEADER, (rows, dim))
        return Contents(words, matrix, str(header["sha256"]), int(header["duplicates"]))

    def save(self, contents: Contents) -> Contents | None:
        """Write the copy, under its name only once it is whole, and map it; None if it cannot be written."""
        try:
            self.copy.parent.mkdir(parents=True, exist_ok=True)
            file, name = tempfile.mkstemp(prefix=self.copy.stem, suffix=".part", dir=self.copy.parent)
            part = Path(name)
            try:
                with os.fdopen(file, "wb") as stream:
                    self._write(stream, contents)
                part.replace(self.copy)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            _log.info("no copy of the vectors is kept: %s", error)
            return None
        return self.load()

    def _write(self, stream: IO[bytes], contents: Contents) -> None:
        text = "\n".join(contents.words).encode()
        header = {
            "state": self.state,
            "rows": len(contents.matrix),
            "dim": contents.matrix.shape[1],
            "words_length": len(text),
            "words_crc": zlib.crc32(text),
            "sha256": contents.sha256,
            "duplicates": contents.duplicates,
        }
        stream.write(json.dumps(header).encode().ljust(_HEADER))
        stream.write(contents.matrix.astype("<f4", copy=False).data)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
