"""How long runs of one origin take: remembered as they succeed; looked up once after a restart, in
the archive where none is there any more. The archive is gone through once, for all origins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toolkit.resource.cluster import Cluster
from toolkit.resource.resource import Body
from toolkit.workflow.measures.estimate import SOURCES, Estimate, durations_of, source_of
from toolkit.workflow.nodes import SUCCEEDED
from toolkit.workflow.ports import Origin, RunArchive, RunStore
from toolkit.workflow.run import Run, load
from toolkit.workflow.status.projection import PHASE_LABEL
from toolkit.workflow.submission.submission import WORKFLOW

_MOST: Final = 1000
"""Origins that are remembered; the one that was asked for longest ago goes first."""


class Estimates:
    """Of one cluster. On the controller's loop only."""

    def __init__(self, name: str, cluster: Cluster, runs: RunStore, archive: RunArchive) -> None:
        self._name = name
        self._cluster = cluster
        self._runs = runs
        self._archive = archive
        self._known: dict[Origin, Estimate | None] = {}
        self._archived: Mapping[Origin, str] | None = None  # as it was when it was first needed

    def of(self, workflow: Body) -> Estimate | None:
        """What the runs before let expect of a new one. Raises ClusterError."""
        key = _key(workflow)
        if key is None:
            return None
        found = self._known.pop(key) if key in self._known else self._look_up(key)
        self._remember(key, found)
        return found

    def ended(self, run: Run, workflow: Body) -> None:
        """A run has ended, and ``workflow`` shows it."""
        key = _key(workflow)
        if key is not None and run.phase == SUCCEEDED:
            self._known.pop(key, None)
            self._remember(key, durations_of(run))

    def _remember(self, key: Origin, found: Estimate | None) -> None:
        self._known[key] = found
        if len(self._known) > _MOST:
            del self._known[next(iter(self._known))]

    def _look_up(self, key: Origin) -> Estimate | None:
        namespace, label, value = key
        selector = f"{label}={value},{PHASE_LABEL}={SUCCEEDED}"
        bodies = self._cluster.list(WORKFLOW, namespace, label_selector=selector).items
        for body in sorted(bodies, key=_created, reverse=True):
            stored = self._runs.find(str(body["metadata"]["uid"]))
            if stored is not None:
                return durations_of(load(stored.run, stored.nodes))
        return self._look_up_archived(key)

    def _look_up_archived(self, key: Origin) -> Estimate | None:
        if self._archived is None:
            self._archived = self._archive.last_succeeded(self._name, SOURCES)
        uid = self._archived.get(key)
        gone = self._archive.find_archived(self._name, uid) if uid else None
        return durations_of(load(gone.run, gone.nodes)) if gone else None


def _key(workflow: Body) -> Origin | None:
    source = source_of(workflow)
    namespace = str(workflow["metadata"].get("namespace") or "")
    return None if source is None else (namespace, *source)


def _created(body: Body) -> str:
    return str(body["metadata"].get("creationTimestamp") or "")
