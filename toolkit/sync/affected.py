"""What a change of the repository does to one environment."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.sync.difference import ObjectChange


@dataclass(frozen=True, slots=True)
class AffectedEnvironment:
    """``changes`` by object id; ``files`` are those that differ and that it is built from.

    ``failure`` says why the state before cannot be built, "" where it can; with one, ``changes``
    is empty, because there is nothing to compare with.
    """

    name: str
    changes: tuple[ObjectChange, ...]
    files: tuple[str, ...]
    failure: str = ""
