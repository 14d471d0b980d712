"""Shows runs in the cluster: the Workflow's status and a Pod for each pod node that has begun.

The rows are the truth; what stands here may be late. A phase of the run is shown at once, changes
of nodes at most once a second, and of a large run less often: showing it costs what it is large,
and may take no more than a twentieth of the time: whoever watches it reads it whole, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from toolkit.controllers.runs import pod_events
from toolkit.errors import NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.locks.locks import Lock
from toolkit.workflow.nodes import PENDING, Row
from toolkit.workflow.retention.archive import ARCHIVED, ARCHIVING_LABEL
from toolkit.workflow.run import Run, Transition
from toolkit.workflow.status.projection import project_pod, project_workflow, put_locks

POD = GroupVersionKind("", "v1", "Pod")
WORKFLOW = GroupVersionKind("argoproj.io", "v1alpha1", "Workflow")
NODE_INTERVAL = timedelta(seconds=1)
_SHARE = 20
_PODS_AT_ONCE = 64


class Canvas(Cluster, Protocol):
    """A cluster that takes pictures."""

    def draw(self, bodies: Sequence[Body]) -> Sequence[Body]:
        """Stores objects whole, in one transaction, over what is there or anew; returns them as
        stored. Raises ConflictError where one names a resourceVersion that is not the newest, and
        NotFoundError where it is gone, or its namespace.
        """
        ...


@dataclass(slots=True)
class Shown:
    """What the cluster shows of a run. ``live``: the Workflow as last seen, or as last written but
    for its status, which may be large and is the rows' to say; ``told``: the Events written;
    ``pause``: how long the next write of node changes waits; ``begun``: nodes that work though
    they are Pending, as a resource template's.
    """

    live: Body
    phase: str = ""
    at: datetime | None = None
    pause: timedelta = NODE_INTERVAL
    is_behind: bool = True
    is_flush_due: bool = False
    nodes: dict[str, None] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)

    def note(self, transition: Transition) -> None:
        """Rows have changed."""
        if transition.run is not None or transition.nodes or transition.removed:
            self.is_behind = True
        self.nodes.update(dict.fromkeys(node_id for node_id, _ in transition.nodes))

    def next_flush(self, run: Run, now: datetime) -> datetime | None:
        """When to write next; None where the cluster shows everything."""
        if not self.is_behind:
            return None
        if self.at is None or run.phase != self.phase or run.is_finished:
            return now
        return max(now, self.at + self.pause)

    def is_newer(self, body: Body) -> bool:
        """Whether a Workflow seen is newer than what we have: not one we wrote ourselves, and not
        one that comes late. Versions of the embedded cluster are numbers.
        """
        return version_of(body) > version_of(self.live)


def draw_pods(shown: Shown, run: Run, canvas: Canvas) -> bool:
    """Draws some of the pods that have changed; whether that was all of them. A pod is only a
    picture here: one that somebody deleted is drawn again.
    """
    changed = [*islice(shown.nodes, _PODS_AT_ONCE)]
    bodies = [body for id in changed if (body := _pod(shown, run, id)) is not None]
    if bodies:
        pods = canvas.draw(bodies)
        events = [event for pod in pods for event in pod_events.news(pod, shown.told)]
        if events:
            canvas.draw(events)
    for id in changed:
        del shown.nodes[id]
    return not shown.nodes


def _pod(shown: Shown, run: Run, node_id: str) -> Body | None:
    """Nothing of a pod that waits for its turn: it is not there yet."""
    node = run.nodes.get(node_id)
    if node is None or (node.phase == PENDING and node_id not in shown.begun):
        return None
    return project_pod(run, node_id)


def draw_workflow(
    shown: Shown,
    run: Run,
    canvas: Canvas,
    *,
    waiting: Mapping[str, str],
    locks: tuple[Mapping[str, tuple[Lock, str]], Row],
) -> None:
    """Draws the Workflow, after its pods: whoever sees a node finds its pod. ``waiting``: why
    nodes wait; ``locks``: which locks they wait for, and ``status.synchronization``.

    Raises ConflictError where the Workflow was changed meanwhile: look at it and draw again.
    """
    target = project_workflow(run, shown.live)
    for node_id, reason in waiting.items():
        target["status"]["nodes"][node_id]["message"] = reason
    if run.is_finished:
        target["metadata"]["labels"][ARCHIVING_LABEL] = ARCHIVED
    put_locks(target["status"], *locks)
    (stored,) = canvas.draw([target])
    shown.live = {key: value for key, value in stored.items() if key != "status"}


def drawn(shown: Shown, run: Run, began: datetime, now: datetime) -> None:
    """Everything is shown; it took from ``began`` until now."""
    shown.is_behind, shown.phase, shown.at = False, run.phase, now
    shown.pause = max(NODE_INTERVAL, _SHARE * (now - began))


def version_of(body: Body) -> int:
    """The resource version as a number; 0 where it is none."""
    version = str(body["metadata"].get("resourceVersion") or "")
    return int(version) if version.isdigit() else 0


def remove_pods(cluster: Cluster, workflow: Body) -> None:
    """Deletes the pods of a workflow that is gone."""
    metadata = workflow["metadata"]
    namespace, uid = str(metadata["namespace"]), str(metadata["uid"])
    selector = f"workflows.argoproj.io/workflow={metadata['name']}"
    for pod in cluster.list(POD, namespace, label_selector=selector).items:
        owners = pod["metadata"].get("ownerReferences") or ()
        if any(owner.get("uid") == uid for owner in owners):
            try:
                cluster.delete(ObjectRef(POD, namespace, str(pod["metadata"]["name"])))
            except NotFoundError:
                continue
