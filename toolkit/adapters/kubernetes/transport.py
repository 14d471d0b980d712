"""What the REST client asks of a connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HttpCall:
    """``path`` is below the cluster's own address, quoted, with its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class LineReply:
    """An answer under way. ``lines`` come without their ends, and stop with the connection, or
    where nothing came for the read timeout.
    """

    status: int
    lines: Iterator[bytes]


class Transport(Protocol):
    """Thread-safe. Raises UnreachableError where there is no answer."""

    def send(self, call: HttpCall) -> Reply: ...

    def stream(
        self, call: HttpCall, *, read_timeout_s: float | None
    ) -> AbstractContextManager[LineReply]:
        """The connection is closed at the end of the ``with`` block."""
        ...

    def close(self) -> None: ...
