"""Reads a deploy commit: all of its tree, as its index says, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from toolkit.errors import PublishError, RefusedError
from toolkit.publish.index import INDEX_PATH, Index, IndexEntry, parse_index
from toolkit.publish.manifest import parse_manifest
from toolkit.publish.ports import DeployRepository
from toolkit.publish.provenance import TREE_DIGEST, parse_trailers
from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body


class DeployTree:
    """Reads commits of one deploy branch. What was parsed once is kept by its blob's id, as long
    as the last commit read holds it: the next commit costs what it changed.
    """

    def __init__(self, deploy: DeployRepository, environment: str) -> None:
        self._deploy = deploy
        self._environment = environment
        self._parsed: dict[str, Body] = {}

    def bodies(self, commit: str) -> tuple[Body, ...]:
        """The objects of a commit, by path. They are shared: not to be changed.

        Raises PublishError where a file is missing, is not what the index says, or is no object;
        RefusedError where the tree is another environment's.
        """
        files = self._deploy.files(commit)
        index = self._index(commit, files)
        self._read_new(index, files)
        bodies = tuple(self._parsed[files[entry.path]] for entry in index.entries)
        kept = {files[entry.path] for entry in index.entries}
        self._parsed = {blob: body for blob, body in self._parsed.items() if blob in kept}
        return bodies

    def _index(self, commit: str, files: Mapping[str, str]) -> Index:
        if INDEX_PATH not in files:
            raise PublishError(
                f"deploy commit {commit[:12]} has no {INDEX_PATH}: gitops did not publish it",
                hints=[f"publish into the branch: gitops publish {self._environment}"],
            )
        blob = files[INDEX_PATH]
        index = parse_index(self._deploy.read([blob])[blob])
        if index.environment != self._environment:
            raise RefusedError(
                f"deploy commit {commit[:12]} is of {index.environment!r}, "
                f"not of {self._environment!r}"
            )
        self._verify_trailer(commit, index)
        missing = [entry.path for entry in index.entries if entry.path not in files]
        if missing:
            raise PublishError(f"deploy commit {commit[:12]} lacks {missing[0]}, which it lists")
        return index

    def _verify_trailer(self, commit: str, index: Index) -> None:
        """A commit by gitops names the digest of its tree; somebody else's names none."""
        named = parse_trailers(self._deploy.commit(commit).message).get(TREE_DIGEST)
        if named and named != f"sha256:{index.digest}":
            raise PublishError(
                f"deploy commit {commit[:12]} does not hold the tree that its trailer names",
                hints=[f"publish again: gitops publish {self._environment}"],
            )

    def _read_new(self, index: Index, files: Mapping[str, str]) -> None:
        new = {
            files[entry.path]: entry
            for entry in index.entries
            if files[entry.path] not in self._parsed
        }
        contents = self._deploy.read(new)
        parsed = {blob: _verified(entry, contents[blob]) for blob, entry in new.items()}
        self._parsed.update(parsed)


def _verified(entry: IndexEntry, content: bytes) -> Body:
    if sha256(content).hexdigest() != entry.sha256:
        raise PublishError(
            f"{entry.path} is not what was published: somebody changed it in the deploy repository",
            hints=["make the change in the source, and publish"],
        )
    body = parse_manifest(content, entry.path)
    if ResourceId.of(body) != entry.resource:
        raise PublishError(f"{entry.path} holds {ResourceId.of(body).short}, not what it lists")
    return body
