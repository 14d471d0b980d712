"""Sweeps the shelves of one environment: what is over its limits goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from toolkit.clock import Clock
from toolkit.controllers.runs.projecting import WORKFLOW, remove_pods
from toolkit.errors import ConflictError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.workflow.nodes import parse_instant
from toolkit.workflow.ports import ArchivedRun, RunArchive, RunStore
from toolkit.workflow.retention.retention import Kept, Limits, Shelf, Swept, over_limits


@dataclass(frozen=True, slots=True)
class Shelves:
    """The shelves of an environment, each with its limits, in the order they are swept: a run's
    Workflow goes before the archive is looked at.
    """

    environment: str
    shelves: Mapping[str, tuple[Shelf, Limits]]

    def sweep(self, now: datetime, *, dry_run: bool = False) -> tuple[Swept, ...]:
        """Removes what is over the limits. Returns what went; with ``dry_run``, what would."""
        swept = []
        for name, (shelf, limits) in self.shelves.items():
            removals = over_limits(shelf.items(), limits, now)
            for removal in () if dry_run else removals:
                shelf.remove(removal.item)
            swept.append(Swept(self.environment, name, removals))
        return tuple(swept)


class RunShelf:
    """Workflows that have ended and are still there. What goes stays in the archive."""

    def __init__(
        self, name: str, cluster: Cluster, runs: RunStore, archive: RunArchive, clock: Clock
    ) -> None:
        self._name = name
        self._cluster = cluster
        self._runs = runs
        self._archive = archive
        self._clock = clock

    def items(self) -> Sequence[Kept]:
        found = self._archive.archived(self._name)
        return [_kept(run, run.run["finished"]) for run in found if run.gone_at is None]

    def remove(self, item: Kept) -> None:
        run = self._archive.find_archived(self._name, item.key)
        if run is None:
            return
        metadata = run.workflow["metadata"]
        ref = ObjectRef(WORKFLOW, str(metadata["namespace"]), str(metadata["name"]))
        with suppress(NotFoundError, ConflictError):  # gone, or another of its name
            self._cluster.delete(ref, uid=run.uid)
        remove_pods(self._cluster, run.workflow)
        self._runs.retire(run.uid, self._clock.now())


class ArchiveShelf:
    """Runs whose Workflows are gone."""

    def __init__(self, name: str, archive: RunArchive) -> None:
        self._name = name
        self._archive = archive

    def items(self) -> Sequence[Kept]:
        found = self._archive.archived(self._name)
        return [_kept(run, run.run["finished"]) for run in found if run.gone_at is not None]

    def remove(self, item: Kept) -> None:
        self._archive.remove_archived(self._name, item.key)


def _kept(run: ArchivedRun, finished: str) -> Kept:
    metadata = run.workflow["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    return Kept(run.uid, name, parse_instant(finished), run.size_bytes)
