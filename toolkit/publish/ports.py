"""Ports of publishing: the repository that is edited, and the one that is deployed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toolkit.kustomize.ports import FileTree


@dataclass(frozen=True, slots=True)
class Commit:
    """``author`` is ``Name <email>``; ``message`` whole; ``committed_at`` aware, in UTC."""

    sha: str
    parents: tuple[str, ...]
    author: str
    committed_at: datetime
    message: str

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]


class GitRepository(Protocol):
    """The repository that people edit, read-only."""

    def commit(self, revision: str = "HEAD") -> Commit:
        """Raises GitError for an unknown revision, and where there is no commit yet."""
        ...

    def dirty_paths(self) -> tuple[str, ...]:
        """Paths that differ from HEAD under the workspace's folder, untracked ones included."""
        ...

    def origin(self) -> str:
        """The URL of the remote ``origin``, or the folder's path where there is none."""
        ...

    def tree(self, commit: str) -> FileTree:
        """The files of a commit, from the workspace's folder."""
        ...

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """False also where either is not known here."""
        ...


@dataclass(frozen=True, slots=True)
class DeployCommit:
    """What to commit: ``changes`` maps a path to its new bytes, None deletes it. ``parent`` ""
    starts a branch.
    """

    branch: str
    parent: str
    changes: Mapping[str, bytes | None]
    message: str
    author: str
    at: datetime


class DeployRepository(Protocol):
    """The deploy repository, wherever it is. Thread-safe.

    ``tip`` asks the repository itself; all that was seen once is read from a local copy.
    Failures are GitError; losing a race is its subclass PushRejectedError.
    """

    def tip(self, branch: str) -> str:
        """The branch's commit as it is now, at hand for reading; "" where there is no branch."""
        ...

    def commit(self, sha: str) -> Commit: ...

    def files(self, commit: str) -> Mapping[str, str]:
        """Path → blob id of every file in a commit."""
        ...

    def read(self, blobs: Iterable[str]) -> Mapping[str, bytes]:
        """Blob id → bytes."""
        ...

    def push(self, commit: DeployCommit) -> str:
        """Writes one commit onto ``parent`` and makes the branch point to it; returns its sha.

        Raises PushRejectedError where the branch is no longer at ``parent``: nothing changed.
        """
        ...

    def log(self, branch: str, *, limit: int) -> tuple[Commit, ...]:
        """The branch's own line (first parents), newest first; empty where there is no branch."""
        ...

    def resolve(self, branch: str, revision: str) -> str:
        """The full sha of a commit of the branch from a unique prefix. Raises GitError."""
        ...

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Reflexive. False where either is not known."""
        ...
