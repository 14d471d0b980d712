"""Secret values out of what is kept, served or reported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

MASK = "***"
_CHUNK_BYTES = 1 << 16
_SHORTEST = 3


class Mask:
    """Replaces each of ``secrets`` by ``***``, the longest first.

    Values that surround themselves with white space are found without it too, and each line of a
    value of several lines. Values shorter than three characters are not masked: hiding every "1"
    would hide everything else and still tell what was hidden.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        values = sorted(set(_forms(secrets)), key=lambda value: (-len(value), value))
        self._longest = max((len(value.encode()) for value in values), default=0)
        self._text = re.compile("|".join(map(re.escape, values))) if values else None
        encoded = b"|".join(re.escape(value.encode()) for value in values)
        self._bytes = re.compile(encoded) if values else None

    def __bool__(self) -> bool:
        return self._text is not None

    def text(self, text: str) -> str:
        return self._text.sub(MASK, text) if self._text else text

    def file(self, path: Path) -> None:
        """Rewrites a file in place, by way of a new one; nothing is done where nothing matches."""
        pattern = self._bytes
        if pattern is None or not path.exists():
            return
        temporary = path.with_name(f".{path.name}.masked")
        with path.open("rb") as source, temporary.open("wb") as target:
            for piece in self._pieces(source, pattern):
                target.write(piece)
        temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)

    def _pieces(self, source: BinaryIO, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
        """The masked content; what could be the beginning of a secret waits for the next read."""
        held = b""
        while chunk := source.read(_CHUNK_BYTES):
            held += chunk
            safe = max(0, len(held) - self._longest + 1)
            done = 0
            for match in pattern.finditer(held):
                if match.start() >= safe:
                    break
                yield held[done : match.start()] + MASK.encode()
                done = match.end()
            safe = max(safe, done)
            yield held[done:safe]
            held = held[safe:]
        yield pattern.sub(MASK.encode(), held)


def _forms(secrets: Iterable[str]) -> Iterator[str]:
    for secret in secrets:
        for form in (secret, secret.strip(), *(line.strip() for line in secret.splitlines())):
            if len(form) >= _SHORTEST:
                yield form
