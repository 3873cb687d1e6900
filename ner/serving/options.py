"""What a server is told: who may ask, and how much."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ner.errors import ConfigError

_TOKEN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """One object for all that a server can be told.

    Attributes:
        token: that every request has to bring as ``Authorization: Bearer TOKEN``, but for the page's own files, the
            description of the interface and the health; None for no token.
        hosts: names in ``Host`` headers, without port, by which the server may be asked for, ``*.example.org`` for
            all that end so; others are refused with 400, so that no page of another site reaches a server on this
            machine by a name of its own (DNS rebinding). Empty for any name.
        max_bytes: of a request's body; larger ones are answered with 413.
        max_seconds: to send the body in, else 408, and then to be answered in, else 504.
        max_queue: requests that wait; further ones are answered with 503.
        batch: requests that are tagged together at most; 1 tags each by itself.
        wait: seconds that a request waits for others to be tagged with. While a batch is being tagged, the next one
            gathers anyway.

    Raises:
        ConfigError: a value that is not allowed.
    """

    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    max_bytes: int = 1 << 20
    max_seconds: float = 30.0
    max_queue: int = 256
    batch: int = 64
    wait: float = 0.0

    def __post_init__(self) -> None:
        for name, number in (("max-bytes", self.max_bytes), ("max-queue", self.max_queue), ("batch", self.batch)):
            if number < 1:
                raise ConfigError(f"--{name} {number}: expected at least 1")
        if not 0 < self.max_seconds <= 3600:
            raise ConfigError(f"--max-seconds {self.max_seconds}: expected more than 0, and at most 3600")
        if not 0 <= self.wait <= 1:
            raise ConfigError(f"--wait {self.wait}: expected seconds, from 0 to 1")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise ConfigError("the token: expected at least one character, printable ASCII and no blank each")
