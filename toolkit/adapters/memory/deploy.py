"""The in-memory twin of the deploy repository: tests of what publishes and reconciles use it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from hashlib import sha1

from toolkit.errors import GitError, PushRejectedError
from toolkit.publish.ports import Commit, DeployCommit
from toolkit.publish.publication import blob_id


class MemoryDeploy:
    """DeployRepository in memory. Thread-safe; share one instance to share the repository."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._branches: dict[str, str] = {}
        self._commits: dict[str, Commit] = {}
        self._trees: dict[str, dict[str, str]] = {}
        self._blobs: dict[str, bytes] = {}

    def tip(self, branch: str) -> str:
        with self._lock:
            return self._branches.get(branch, "")

    def commit(self, sha: str) -> Commit:
        if sha not in self._commits:
            raise GitError(f"no commit {sha}")
        return self._commits[sha]

    def files(self, commit: str) -> Mapping[str, str]:
        if commit not in self._trees:
            raise GitError(f"no commit {commit}")
        return dict(self._trees[commit])

    def read(self, blobs: Iterable[str]) -> Mapping[str, bytes]:
        try:
            return {blob: self._blobs[blob] for blob in blobs}
        except KeyError as error:
            raise GitError(f"no blob {error}") from error

    def push(self, commit: DeployCommit) -> str:
        with self._lock:
            if self._branches.get(commit.branch, "") != commit.parent:
                raise PushRejectedError(f"{commit.branch} moved on meanwhile")
            tree = dict(self._trees.get(commit.parent, {}))
            for path, content in commit.changes.items():
                tree.pop(path, None)
                if content is not None:
                    tree[path] = blob_id(content)
                    self._blobs[tree[path]] = content
            sha = sha1(f"{commit}{sorted(tree.items())}".encode()).hexdigest()  # noqa: S324 - as git does
            parents = (commit.parent,) if commit.parent else ()
            self._commits[sha] = Commit(sha, parents, commit.author, commit.at, commit.message)
            self._trees[sha] = tree
            self._branches[commit.branch] = sha
            return sha

    def log(self, branch: str, *, limit: int) -> tuple[Commit, ...]:
        return tuple(self._line(self.tip(branch))[:limit])

    def resolve(self, branch: str, revision: str) -> str:
        found = [
            commit.sha
            for commit in self._line(self.tip(branch))
            if len(revision) >= 4 and commit.sha.startswith(revision)
        ]
        if len(found) != 1:
            raise GitError(f"{revision!r} is no commit of {branch}")
        return found[0]

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return any(commit.sha == ancestor for commit in self._line(descendant))

    def _line(self, sha: str) -> list[Commit]:
        line = []
        while sha in self._commits:
            line.append(self._commits[sha])
            sha = next(iter(self._commits[sha].parents), "")
        return line
