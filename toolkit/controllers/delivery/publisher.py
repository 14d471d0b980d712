"""Puts a rendered tree onto a deploy branch.

A push names the tip it was made for. Where others were faster and
the branch moved on, the tree is laid onto the new tip again. Rendered trees are never rebased: two
of them merged textually would be a state that nobody rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toolkit.clock import Clock
from toolkit.errors import PublishError, PushRejectedError, RefusedError
from toolkit.publish.index import INDEX_PATH, Hold, Index, index_bytes, parse_index
from toolkit.publish.ports import DeployCommit, DeployRepository
from toolkit.publish.provenance import (
    Provenance,
    parse_provenance,
    publish_message,
    rollback_message,
)
from toolkit.publish.publication import Publication, TreeChanges, tree_changes
from toolkit.publish.tree import RenderedTree

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Base:
    """A deploy branch as a publisher finds it. ``commit`` is "" where there is no branch."""

    commit: str
    files: Mapping[str, str]
    index: Index | None


class Publisher:
    """Publishes into one deploy repository. ``version`` is the toolkit's, for the trailers."""

    def __init__(self, deploy: DeployRepository, clock: Clock, *, version: str) -> None:
        self._deploy = deploy
        self._clock = clock
        self._version = version

    def publish(
        self,
        tree: RenderedTree,
        *,
        branch: str,
        provenance: Provenance,
        is_newer: Callable[[Provenance], bool] = lambda _: False,
        clear_hold: bool = False,
        dry_run: bool = False,
    ) -> Publication:
        """One commit, or none where nothing changes.

        ``is_newer`` says of what stands in the branch that its source is newer than ours. Raises
        RefusedError for a branch that is held, newer, or another environment's; PublishError where
        the race was lost too often. The branch is then as it was.
        """

        def commit_onto(base: Base) -> tuple[TreeChanges, str]:
            self._guard(base, tree.environment, provenance, is_newer)
            _refuse_held(base, tree.environment, is_cleared=clear_hold)
            changes = tree_changes(tree.files, base.files, base.index)
            message = publish_message(
                provenance,
                environment=tree.environment,
                digest=tree.digest,
                counts=str(changes.counts),
                version=self._version,
            )
            return changes, message

        return self._push(tree.environment, branch, provenance, commit_onto, dry_run=dry_run)

    def rollback(
        self, environment: str, *, branch: str, revision: str, dry_run: bool = False
    ) -> Publication:
        """A new commit with the tree of ``revision``, and a hold that the next publish must clear.

        Raises GitError for a revision that is not of the branch, PublishError for one without an
        index.
        """
        sha = self._deploy.resolve(branch, revision)
        past = self._base(sha)
        if past.index is None:
            raise PublishError(f"{revision} holds no tree that gitops published")
        index = past.index.held(Hold(sha, "rollback"))
        provenance = parse_provenance(self._deploy.commit(sha).message)
        target = self._contents(past, index)
        message = rollback_message(
            provenance,
            environment=environment,
            digest=index.digest,
            revision=sha,
            version=self._version,
        )

        def commit_onto(base: Base) -> tuple[TreeChanges, str]:
            self._guard(base, environment, provenance, lambda _: False)
            return tree_changes(target, base.files, base.index), message

        return self._push(environment, branch, provenance, commit_onto, dry_run=dry_run)

    def hold(self, branch: str) -> Hold | None:
        """What holds the branch, if anything does."""
        index = self._base(self._deploy.tip(branch)).index
        return index.hold if index else None

    def _push(
        self,
        environment: str,
        branch: str,
        provenance: Provenance,
        commit_onto: Callable[[Base], tuple[TreeChanges, str]],
        *,
        dry_run: bool,
    ) -> Publication:
        for _ in range(_TRIES):
            base = self._base(self._deploy.tip(branch))
            changes, message = commit_onto(base)
            sha = base.commit
            if changes.paths and not dry_run:
                try:
                    sha = self._commit(branch, base, changes, message, provenance)
                except PushRejectedError:
                    continue
            return Publication(
                environment=environment,
                branch=branch,
                commit=sha,
                parent=base.commit,
                changed=changes.counts,
                source=provenance,
                is_unchanged=not changes.paths,
                is_dry_run=dry_run,
            )
        raise PublishError(
            f"{branch} moved on {_TRIES} times while {environment} was being published",
            hints=["somebody else publishes at the same time: try again"],
        )

    def _commit(
        self,
        branch: str,
        base: Base,
        changes: TreeChanges,
        message: str,
        provenance: Provenance,
    ) -> str:
        return self._deploy.push(
            DeployCommit(
                branch, base.commit, changes.paths, message, provenance.author, self._clock.now()
            )
        )

    def _base(self, commit: str) -> Base:
        if not commit:
            return Base("", {}, None)
        files = self._deploy.files(commit)
        if INDEX_PATH not in files:
            return Base(commit, files, None)
        blob = files[INDEX_PATH]
        return Base(commit, files, parse_index(self._deploy.read([blob])[blob]))

    def _contents(self, past: Base, index: Index) -> dict[str, bytes]:
        blobs = self._deploy.read(past.files[entry.path] for entry in index.entries)
        target = {entry.path: blobs[past.files[entry.path]] for entry in index.entries}
        target[INDEX_PATH] = index_bytes(index)
        return target

    def _guard(
        self,
        base: Base,
        environment: str,
        provenance: Provenance,
        is_newer: Callable[[Provenance], bool],
    ) -> None:
        if base.index is not None and base.index.environment != environment:
            raise RefusedError(
                f"the branch holds {base.index.environment!r}, not {environment!r}",
                hints=["give each environment its own branch in gitops.yaml"],
            )
        if not base.commit or base.index is None:
            return
        published = parse_provenance(self._deploy.commit(base.commit).message)
        if published.repository == provenance.repository and is_newer(published):
            raise RefusedError(
                f"{environment} holds source commit {published.commit[:12]}, which is newer than "
                f"{provenance.commit[:12]}",
                hints=["check out the newer commit, or go back with gitops rollback"],
            )


def _refuse_held(base: Base, environment: str, *, is_cleared: bool) -> None:
    hold = base.index.hold if base.index else None
    if hold and not is_cleared:
        raise RefusedError(
            f"{environment} is held at {hold.revision[:12]} by a {hold.reason}",
            hints=[f"when its cause is mended: gitops publish {environment} --clear-hold"],
        )
