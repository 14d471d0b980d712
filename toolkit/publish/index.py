"""The index of a rendered tree: what the toolkit wrote, so that it reads all of it or nothing, and
deletes nothing else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from toolkit.errors import PublishError
from toolkit.resource.identity import ResourceId

INDEX_PATH = "gitops-index.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """``sha256`` is of the file's bytes, in hex."""

    path: str
    resource: ResourceId
    sha256: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A rollback holds the branch: the next publish must clear it explicitly. ``revision`` is the
    deploy commit whose tree stands here again.
    """

    revision: str
    reason: str


@dataclass(frozen=True, slots=True)
class Index:
    """``entries`` are sorted by path."""

    environment: str
    entries: tuple[IndexEntry, ...]
    hold: Hold | None = None

    @property
    def digest(self) -> str:
        """sha256 over every path and content, in hex."""
        lines = "".join(f"{entry.sha256}  {entry.path}\n" for entry in self.entries)
        return sha256(lines.encode()).hexdigest()

    def held(self, hold: Hold | None) -> Index:
        """The same entries under another hold."""
        return replace(self, hold=hold)


def index_bytes(index: Index) -> bytes:
    """Deterministic JSON, a line an entry, so that git's own diff stays readable."""
    document: dict[str, Any] = {
        "version": _VERSION,
        "environment": index.environment,
        "digest": index.digest,
        "files": {
            entry.path: {"id": str(entry.resource), "sha256": entry.sha256}
            for entry in index.entries
        },
    }
    if index.hold:
        document["hold"] = {"revision": index.hold.revision, "reason": index.hold.reason}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def parse_index(content: bytes) -> Index:
    """Raises PublishError for an index that is broken, newer, or does not match its own digest."""
    try:
        document = json.loads(content)
        version = document["version"]
        if version != _VERSION:
            raise PublishError(
                f"{INDEX_PATH} has version {version}; this program knows {_VERSION}",
                hints=["install the newer gitops"],
            )
        index = _index_of(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"{INDEX_PATH} in the deploy repository is broken: {error}") from error
    if index.digest != document.get("digest"):
        raise PublishError(f"{INDEX_PATH} in the deploy repository does not match its own digest")
    return index


def _index_of(document: dict[str, Any]) -> Index:
    entries = tuple(
        IndexEntry(path, ResourceId.parse(entry["id"]), entry["sha256"])
        for path, entry in sorted(document["files"].items())
    )
    hold = document.get("hold")
    return Index(
        str(document["environment"]),
        entries,
        Hold(hold["revision"], hold["reason"]) if hold else None,
    )
