"""Shows runs in the cluster: the Workflow's status and a Pod for each pod node.

The rows are the truth; what stands here may be late. A phase of the run is shown at once, changes
of nodes at most once a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toolkit.controllers import pod_events
from toolkit.errors import AlreadyExistsError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.archive import ARCHIVED, ARCHIVING_LABEL
from toolkit.workflow.locks import Lock
from toolkit.workflow.nodes import Row
from toolkit.workflow.projection import project_pod, project_workflow, put_locks
from toolkit.workflow.run import Run, Transition

POD = GroupVersionKind("", "v1", "Pod")
WORKFLOW = GroupVersionKind("argoproj.io", "v1alpha1", "Workflow")
NODE_INTERVAL = timedelta(seconds=1)


@dataclass(slots=True)
class Shown:
    """What the cluster shows of a run. ``live``: the Workflow as last seen or written; ``pods``:
    the metadata of each node's pod as last written; ``told``: the Events written.
    """

    live: Body
    phase: str = ""
    at: datetime | None = None
    is_behind: bool = True
    is_flush_due: bool = False
    nodes: dict[str, None] = field(default_factory=dict)
    pods: dict[str, Body] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

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
        return max(now, self.at + NODE_INTERVAL)

    def is_newer(self, body: Body) -> bool:
        """Whether a Workflow seen is newer than what we have: not one we wrote ourselves, and not
        one that comes late. Versions of the embedded cluster are numbers.
        """
        return version_of(body) > version_of(self.live)


def flush(
    shown: Shown,
    run: Run,
    cluster: Cluster,
    now: datetime,
    *,
    pool: Executor,
    waiting: Mapping[str, str],
    locks: tuple[Mapping[str, tuple[Lock, str]], Row],
) -> None:
    """Writes what has changed. Pods first: whoever sees a node finds its pod. They are written
    side by side on ``pool``, so that the store commits many at once. ``waiting``: why nodes wait;
    ``locks``: which locks they wait for, and ``status.synchronization``.

    Raises ConflictError where the Workflow was changed meanwhile: look at it and flush again.
    """
    for _ in pool.map(lambda node_id: _write_pod(shown, run, node_id, cluster), shown.nodes):
        continue
    shown.nodes.clear()
    target = project_workflow(run, shown.live)
    for node_id, reason in waiting.items():
        target["status"]["nodes"][node_id]["message"] = reason
    if run.is_finished:
        target["metadata"]["labels"][ARCHIVING_LABEL] = ARCHIVED
    put_locks(target["status"], *locks)
    if target != shown.live:
        shown.live = cluster.update(target)
    shown.is_behind, shown.phase, shown.at = False, run.phase, now


def _write_pod(shown: Shown, run: Run, node_id: str, cluster: Cluster) -> None:
    """A pod is only a picture here: one that somebody deleted is drawn again."""
    body = project_pod(run, node_id) if node_id in run.nodes else None
    if body is None:
        return
    metadata = body["metadata"]
    if shown.pods.get(node_id) != metadata:
        try:
            cluster.create(body)
        except AlreadyExistsError:  # what others wrote on it stays
            ref = ObjectRef(POD, str(metadata["namespace"]), str(metadata["name"]))
            known = {key: metadata[key] for key in ("labels", "annotations")}
            cluster.patch(ref, {"metadata": known}, PatchType.MERGE)
        shown.pods[node_id] = metadata
    try:
        drawn = cluster.update_status(body)
    except NotFoundError:
        cluster.create(body)
        drawn = cluster.update_status(body)
    pod_events.tell(cluster, drawn, shown.told)


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
