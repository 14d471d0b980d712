"""A run as the Kubernetes objects people look at: the Workflow's status, and Pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.locks.locks import Lock
from toolkit.workflow.measures.estimate import put_estimates
from toolkit.workflow.measures.totals import put_totals
from toolkit.workflow.nodes import (
    ERROR,
    FAILED,
    FINISHED,
    OMITTED,
    PENDING,
    POD,
    RUNNING,
    SKIPPED,
    STEP_GROUP,
    SUCCEEDED,
    TASK_GROUP,
    Node,
    Row,
    parse_instant,
    rfc3339,
)
from toolkit.workflow.outputs import artifact_gc
from toolkit.workflow.pods.claims import claim_volumes, keeps_claims
from toolkit.workflow.pods.life import INIT, MAIN, TERMINATED
from toolkit.workflow.run import Run
from toolkit.workflow.status.edges import Edges
from toolkit.workflow.status.fixed_status import fixed_status
from toolkit.workflow.step import broken_off

GROUP: Final = "workflows.argoproj.io"
COMPLETED_LABEL: Final = f"{GROUP}/completed"
PHASE_LABEL: Final = f"{GROUP}/phase"
POD_NAMES: Final = f"{GROUP}/pod-name-format"
"""The annotation that tells Argo's clients how pods are named: v2 is by template."""
DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
"""The annotation that kubectl reads."""

_GROUPS: Final = frozenset({STEP_GROUP, TASK_GROUP})
_PASSED_OVER: Final = frozenset({SKIPPED, OMITTED})
"""Argo gives these an empty ``nodeFlag``."""

_POD_PHASE: Final = {
    PENDING: PENDING, RUNNING: RUNNING, SUCCEEDED: SUCCEEDED, FAILED: FAILED, ERROR: FAILED,
}  # fmt: skip


def project_workflow(run: Run, live: Body) -> Body:
    """The live object with the run's status and labels; its spec is untouched, and so is
    ``live``. Cost: linear in the run.
    """
    metadata = dict(live.get("metadata") or {})
    labels = {**(metadata.get("labels") or {}), **_labels(run)}
    metadata["labels"] = labels
    annotations = {**(metadata.get("annotations") or {}), **run.definition.metadata["annotations"]}
    if not _is_stillborn(run):
        annotations[POD_NAMES] = "v2"
    if annotations:
        metadata["annotations"] = annotations
    _put_finalizer(run, metadata)
    return {**live, "metadata": metadata, "status": _status(run)}


def _is_stillborn(run: Run) -> bool:
    """It ended before anything could start."""
    return run.is_finished and not run.nodes


def _put_finalizer(run: Run, metadata: Row) -> None:
    """The Workflow waits for its artifacts' deletion; other finalizers are not ours."""
    others = [one for one in metadata.get("finalizers") or () if one != artifact_gc.FINALIZER]
    wanted = [*others, artifact_gc.FINALIZER] if artifact_gc.holds_finalizer(run) else others
    if wanted:
        metadata["finalizers"] = wanted
    else:
        metadata.pop("finalizers", None)


def _labels(run: Run) -> dict[str, str]:
    labels = dict(run.definition.metadata["labels"])
    labels[COMPLETED_LABEL] = "true" if run.is_finished else "false"
    labels[PHASE_LABEL] = run.phase
    reference = run.definition.spec.get("workflowTemplateRef")
    if reference:
        kind = "cluster-workflow-template" if reference.get("clusterScope") else "workflow-template"
        labels[f"{GROUP}/{kind}"] = str(reference.get("name"))
    return labels


def summary_status(run: Run) -> Row:
    """What the run row alone says: no nodes are needed."""
    row = run.row
    status = {
        "phase": run.phase,
        "startedAt": None if run.phase == PENDING else rfc3339(parse_instant(row["started"])),
        "finishedAt": rfc3339(parse_instant(row["finished"])) if row["finished"] else None,
        "progress": row.get("progress") or _counted(row),
        "message": row["message"],
    }
    if row.get("estimated"):
        status["estimatedDuration"] = row["estimated"]
    if run.is_finished and row.get("used"):
        status["resourcesDuration"] = row["used"]
    return status


def _counted(row: Row) -> str:
    """Of a run that has not ended, or did under an earlier version, which counted its pods."""
    return f"{row.get('pods_done', 0)}/{row.get('pods', 0)}"


def _status(run: Run) -> Row:
    row = run.row
    status = {**summary_status(run), "conditions": _conditions(run)}
    _put_nodes(status, run)
    if not status["message"]:
        del status["message"]
    if (claims := claim_volumes(run)) and keeps_claims(run):
        status["persistentVolumeClaims"] = claims
    if row.get("outputs"):
        status["outputs"] = row["outputs"]
    if (collection := artifact_gc.status(run)) is not None:
        status["artifactGCStatus"] = collection
    return {**status, **fixed_status(run)}


def put_locks(status: Row, waiting: Mapping[str, tuple[Lock, str]], synchronization: Row) -> None:
    """Put into a projected status what it says of locks: which one a node waits for ("" is the
    workflow), and what is held. It changes while the run's own rows do not.
    """
    for node_id, (lock, message) in waiting.items():
        node = status if not node_id else status["nodes"].get(node_id)
        if node is None:
            continue
        node["message"] = message
        if node_id:
            node["synchronizationStatus"] = {"waiting": lock.text}
    if synchronization:
        status["synchronization"] = synchronization


def _conditions(run: Run) -> list[Row]:
    running = run.row["active"] > 0
    problem = run.row.get("metricsError")
    undeleted = artifact_gc.condition(run)
    completed = {"type": "Completed", "status": "True" if run.is_finished else "False"}
    ended_at_once = run.is_finished and run.row["finished"] == run.row["started"]
    pods = {"type": "PodRunning", "status": "True" if running else "False"}
    return [
        *(() if ended_at_once else (pods,)),
        *([completed] if run.is_finished or "retried" in run.row else ()),
        *([{"type": "MetricsError", "status": "True", "message": problem}] if problem else ()),
        *([undeleted] if undeleted else ()),
    ]


def _put_nodes(status: Row, run: Run) -> None:
    edges = Edges(run)
    cut_off = run.name if broken_off.is_broken_off(run) else ""
    status["nodes"] = {
        id: _node(node, edges, is_cut_off=id == cut_off) for id, node in run.nodes.items()
    }
    put_totals(status, run.nodes, edges.children)
    put_estimates(status["nodes"], run)


def _node(node: Node, edges: Edges, *, is_cut_off: bool) -> Row:
    status = dict(node.status)
    if node.type == POD and not node.engine.get("daemon"):
        status["taskResultSynced"] = True
    elif node.type in _GROUPS or (node.phase in _PASSED_OVER and "memoized" not in node.engine):
        status.setdefault("nodeFlag", {})
    children = list(dict.fromkeys(edges.children[node.id]))
    if children:
        status["children"] = children
    is_faulty_dag = node.type == "DAG" and node.is_faulty
    is_cut_off = is_cut_off or is_faulty_dag or bool(node.engine.keys() & {"aborted", "fail"})
    is_shown = node.type in {"Steps", "DAG"} and node.has_ended and not is_cut_off
    if is_shown and (outbound := edges.shown_outbound(node.id)):
        status["outboundNodes"] = outbound
    return status


def project_pod(run: Run, node_id: str) -> Body | None:
    """The v1 Pod of a pod node that was started; None for other nodes."""
    node = run.nodes.get(node_id)
    if node is None or node.type != POD or not node.engine.get("pod"):
        return None
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": node.engine["pod"],
            "namespace": run.namespace,
            "labels": {
                f"{GROUP}/workflow": run.name,
                COMPLETED_LABEL: "true" if node.has_ended else "false",
            },
            "annotations": {
                f"{GROUP}/node-name": node.name,
                f"{GROUP}/node-id": node.id,
                **_default_container(node),
            },
            "ownerReferences": [workflow_reference(run)],
        },
        "spec": {"restartPolicy": "Never", **_pod_containers(run, node)},
        "status": _pod_status(node),
    }


def workflow_reference(run: Run) -> Row:
    """What makes an object go with its workflow."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "name": run.name,
        "uid": run.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _default_container(node: Node) -> Row:
    """Which container people mean who name none, where there are several: main, or the last."""
    names = [name for name, each in (node.engine.get("containers") or {}).items()
             if each["role"] == MAIN]  # fmt: skip
    if not names:
        return {}
    return {DEFAULT_CONTAINER: "main" if "main" in names else names[-1]}


def _pod_containers(run: Run, node: Node) -> Row:
    known: dict[str, Row] = node.engine.get("containers") or {}
    if not known:
        return {"containers": [{"name": "main", "image": _image(run, node)}]}
    inits = [_spec_of(name, each) for name, each in known.items() if each["role"] == INIT]
    others = [_spec_of(name, each) for name, each in known.items() if each["role"] != INIT]
    return {**({"initContainers": inits} if inits else {}), "containers": others}


def _spec_of(name: str, container: Row) -> Row:
    return {"name": name, "image": container["image"]}


def _image(run: Run, node: Node) -> str:
    try:
        template, _ = run.definition.resolve(node.engine["holder"], node.status["templateScope"])
    except ValueError:
        return ""
    container = template.get("container") or template.get("script") or {}
    return str(container.get("image") or "")


def _pod_status(node: Node) -> Row:
    status: Row = {"phase": _POD_PHASE[node.phase], "startTime": node.status["startedAt"]}
    if node.message:
        status["message"] = node.message
    known: dict[str, Row] = node.engine.get("containers") or {}
    if not known:
        state = _container_state(node)
        status["containerStatuses"] = [
            _container_status("main", state, is_ready=node.phase == RUNNING)
        ]
        return status
    if any("started" in each for each in known.values() if each["role"] != INIT):
        status["phase"] = _POD_PHASE[node.phase] if node.has_ended else RUNNING
    known = {name: _as_ended(each, node) for name, each in known.items()}
    inits = [_known_status(name, each) for name, each in known.items() if each["role"] == INIT]
    others = [_known_status(name, each) for name, each in known.items() if each["role"] != INIT]
    if inits:
        status["initContainerStatuses"] = inits
    return {**status, "containerStatuses": others}


def _container_status(name: str, state: Row, *, is_ready: bool) -> Row:
    return {
        "name": name,
        "ready": is_ready,
        "restartCount": 0,
        "image": "",
        "imageID": "",
        "state": state,
    }


def _as_ended(container: Row, pod: Node) -> Row:
    """One that nobody heard of any more, because its pod had ended: a daemon's, or a lost one."""
    if not pod.has_ended or "exitCode" in container or "started" not in container:
        return container
    ended = {"exitCode": TERMINATED, "reason": "Error", "finished": pod.status["finishedAt"]}
    return {**container, **ended}


def _known_status(name: str, container: Row) -> Row:
    """Of a container of a pod that has several."""
    started, code = container.get("started"), container.get("exitCode")
    if code is None:
        waiting = {"waiting": {"reason": "PodInitializing"}}
        state = waiting if started is None else {"running": {"startedAt": _whole(started)}}
        return _container_status(name, state, is_ready=bool(container.get("ready")))
    ended = {
        "exitCode": code,
        "reason": container.get("reason", "Completed"),
        "startedAt": _whole(started or container.get("finished")),
        "finishedAt": _whole(container.get("finished")),
    }
    if container.get("message"):
        ended["message"] = container["message"]
    return _container_status(name, {"terminated": ended}, is_ready=False)


def _whole(instant: str | None) -> str | None:
    return rfc3339(parse_instant(instant)) if instant else None


def _container_state(node: Node) -> Row:
    started: Any = node.status["startedAt"]
    if node.phase not in FINISHED:
        waiting = {"waiting": {"reason": "ContainerCreating"}}
        return {"running": {"startedAt": started}} if node.phase == RUNNING else waiting
    ran = node.engine.get("ran") or {}
    code = ran.get("exitCode", 0 if node.phase == SUCCEEDED else 1)
    return {
        "terminated": {
            "exitCode": code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": started,
            "finishedAt": node.status["finishedAt"],
        }
    }
