"""How a rendered tree goes onto a deploy branch: which paths change, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1, sha256

from toolkit.errors import RefusedError
from toolkit.publish.index import INDEX_PATH, Index
from toolkit.publish.provenance import Provenance


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """Manifests, without the index."""

    added: int = 0
    updated: int = 0
    removed: int = 0

    @property
    def total(self) -> int:
        return self.added + self.updated + self.removed

    def __str__(self) -> str:
        parts = [
            f"{count} {word}"
            for count, word in (
                (self.added, "added"),
                (self.updated, "updated"),
                (self.removed, "removed"),
            )
            if count
        ]
        return ", ".join(parts) or "no object changed"


@dataclass(frozen=True, slots=True)
class TreeChanges:
    """``paths`` maps a path to its new bytes, None deletes it; empty: nothing to commit."""

    paths: Mapping[str, bytes | None]
    counts: ChangeCounts


@dataclass(frozen=True, slots=True)
class Publication:
    """One environment published. ``commit`` is the branch's tip afterwards, ``parent`` what it was
    before ("" for a new branch). Where nothing changes there is no commit, and both are the same;
    in a dry run, which commits nothing, both are the same always.
    """

    environment: str
    branch: str
    commit: str
    parent: str
    changed: ChangeCounts
    source: Provenance
    is_unchanged: bool
    is_dry_run: bool = False


def tree_changes(
    target: Mapping[str, bytes], base: Mapping[str, str], base_index: Index | None
) -> TreeChanges:
    """What leads from ``base`` (path → git blob id) to ``target`` (path → bytes).

    Only paths that our own previous index lists are deleted: foreign files stay. A path of ours
    that a foreign file occupies is overwritten only where the previous index lists it, too.
    Raises RefusedError otherwise.
    """
    ours = {entry.path for entry in base_index.entries} if base_index else set()
    changed: dict[str, bytes | None] = {}
    added = updated = 0
    for path, content in target.items():
        if path in base and base[path] == blob_id(content, like=base[path]):
            continue
        if path in base and path not in ours and path != INDEX_PATH:
            raise RefusedError(
                f"{path} exists in the deploy repository, and gitops did not write it",
                hints=["remove or rename that file in the deploy branch, then publish again"],
            )
        changed[path] = content
        if path != INDEX_PATH:
            added, updated = added + (path not in base), updated + (path in base)
    gone = sorted(path for path in ours if path not in target and path in base)
    changed.update(dict.fromkeys(gone))
    return TreeChanges(changed, ChangeCounts(added, updated, len(gone)))


def blob_id(content: bytes, *, like: str = "") -> str:
    """The id git gives to these bytes, by the hash of the repository that gave ``like``."""
    blob = b"blob %d\0%b" % (len(content), content)
    if len(like) == 64:
        return sha256(blob).hexdigest()
    return sha1(blob, usedforsecurity=False).hexdigest()
