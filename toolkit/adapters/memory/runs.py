"""The RunStore port in memory: the twin for tests and simulations."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime

from toolkit.resource.copying import copy_json
from toolkit.resource.resource import Body
from toolkit.workflow.codec import command_from_row, command_to_row
from toolkit.workflow.locks.locks import LockRequest, lock_request_from_row, lock_request_to_row
from toolkit.workflow.nodes import SUCCEEDED, Row
from toolkit.workflow.ports import ArchivedRun, Change, Origin, StoredRun
from toolkit.workflow.run import AuditEvent, Run, Transition


@dataclass(slots=True)
class _Rows:
    cluster: str
    run: Row
    is_settled: bool = False
    workflow: Body | None = None
    gone_at: datetime | None = None
    nodes: dict[str, Row] = field(default_factory=dict)
    commands: dict[str, Row] = field(default_factory=dict)
    lock_requests: dict[str, tuple[int, Row]] = field(default_factory=dict)
    audit: list[tuple[datetime, AuditEvent]] = field(default_factory=list)

    @property
    def is_archived(self) -> bool:
        return self.workflow is not None and Run(self.run).is_finished


class MemoryRuns:
    """Rows of runs that last as long as the object. Thread-safe."""

    def __init__(self) -> None:
        self._runs: dict[str, _Rows] = {}
        self._lock = threading.Lock()
        self._asked = 0

    def begin(self, cluster: str, transition: Transition, at: datetime) -> None:
        run = Run.start(transition)
        with self._lock:
            if run.uid not in self._runs:
                self._runs[run.uid] = _Rows(cluster, deepcopy(run.row))
                self._write(run.uid, transition, at)

    def commit(self, *changes: Change) -> None:
        with self._lock:
            if missing := [change.uid for change in changes if change.uid not in self._runs]:
                raise KeyError(missing[0])
            for change in changes:
                for command_id in change.answered:
                    self._runs[change.uid].commands.pop(command_id, None)
                self._write(change.uid, change.transition, change.at)

    def find(self, uid: str) -> StoredRun | None:
        with self._lock:
            return self._stored(uid) if uid in self._runs else None

    def unsettled(self, cluster: str) -> tuple[StoredRun, ...]:
        with self._lock:
            return tuple(
                self._stored(uid)
                for uid, rows in sorted(self._runs.items())
                if rows.cluster == cluster and not rows.is_settled
            )

    def settle(self, uid: str, workflow: Body | None = None) -> None:
        with self._lock:
            rows = self._runs.get(uid)
            if rows is not None and Run(rows.run).is_finished:
                rows.is_settled, rows.workflow = True, deepcopy(workflow)
                rows.commands.clear()

    def retire(self, uid: str, at: datetime) -> None:
        with self._lock:
            rows = self._runs.get(uid)
            if rows is None:
                return
            if rows.is_archived:
                rows.gone_at = rows.gone_at or at
            else:
                del self._runs[uid]

    def adopt(self, uid: str, new_uid: str) -> bool:
        with self._lock:
            rows = self._runs.get(uid)
            if rows is None or rows.gone_at is None or new_uid in self._runs:
                return False
            del self._runs[uid]
            rows.run = {**rows.run, "uid": new_uid}
            rows.is_settled, rows.workflow, rows.gone_at = False, None, None
            self._runs[new_uid] = rows
            return True

    def uids(self, cluster: str) -> frozenset[str]:
        with self._lock:
            return frozenset(
                uid
                for uid, rows in self._runs.items()
                if rows.cluster == cluster and rows.gone_at is None
            )

    def outstanding(self) -> frozenset[str]:
        with self._lock:
            return frozenset(key for rows in self._runs.values() for key in rows.commands)

    def lock_requests(self) -> tuple[tuple[str, LockRequest], ...]:
        with self._lock:
            found = {
                number: (rows.cluster, lock_request_from_row(deepcopy(row)))
                for rows in self._runs.values()
                for number, row in rows.lock_requests.values()
            }
        return tuple(found[number] for number in sorted(found))

    def audit(self, uid: str) -> tuple[tuple[datetime, AuditEvent], ...]:
        with self._lock:
            return tuple(self._runs[uid].audit) if uid in self._runs else ()

    def remove(self, uid: str) -> None:
        with self._lock:
            self._runs.pop(uid, None)

    def archived(self, cluster: str) -> tuple[ArchivedRun, ...]:
        with self._lock:
            found = [
                self._archived(uid)
                for uid, rows in self._runs.items()
                if rows.cluster == cluster and rows.is_archived
            ]
        return tuple(sorted(found, key=lambda entry: str(entry.run.get("started")), reverse=True))

    def find_archived(self, cluster: str, uid: str) -> ArchivedRun | None:
        with self._lock:
            rows = self._runs.get(uid)
            if rows is None or rows.cluster != cluster or not rows.is_archived:
                return None
            return replace(self._archived(uid), nodes=tuple(deepcopy(sorted(rows.nodes.items()))))

    def last_succeeded(self, cluster: str, labels: Collection[str]) -> Mapping[Origin, str]:
        found = [run for run in self.archived(cluster) if run.run["phase"] == SUCCEEDED]
        return {
            (run.run["namespace"], label, has[label]): run.uid
            for run in sorted(found, key=lambda run: str(run.run["finished"]))
            for has in (run.workflow["metadata"].get("labels") or {},)
            for label in labels
            if label in has
        }

    def remove_archived(self, cluster: str, uid: str) -> None:
        with self._lock:
            rows = self._runs.get(uid)
            if rows is None or rows.cluster != cluster:
                return
            rows.workflow = None
            if rows.gone_at is not None:
                del self._runs[uid]

    def _archived(self, uid: str) -> ArchivedRun:
        rows = self._runs[uid]
        return ArchivedRun(uid, deepcopy(rows.workflow or {}), deepcopy(rows.run), rows.gone_at)

    def _write(self, uid: str, transition: Transition, at: datetime) -> None:
        rows = self._runs[uid]
        if transition.run is not None:
            rows.run, rows.is_settled = copy_json(transition.run), False
        for node_id in transition.removed:
            rows.nodes.pop(node_id, None)
        for node_id, row in transition.nodes:
            rows.nodes[node_id] = copy_json(row)
        for command in transition.commands:
            rows.commands.setdefault(command.id, deepcopy(command_to_row(command)))
        for node_id, request in transition.lock_requests:
            self._asked += 1
            rows.lock_requests.pop(node_id, None)
            if request is not None:
                rows.lock_requests[node_id] = (self._asked, deepcopy(lock_request_to_row(request)))
        rows.audit.extend((at, event) for event in transition.audit)

    def _stored(self, uid: str) -> StoredRun:
        rows = self._runs[uid]
        return StoredRun(
            uid=uid,
            cluster=rows.cluster,
            run=copy_json(rows.run),
            nodes=tuple((id, copy_json(row)) for id, row in sorted(rows.nodes.items())),
            commands=tuple(command_from_row(deepcopy(row)) for row in rows.commands.values()),
        )
