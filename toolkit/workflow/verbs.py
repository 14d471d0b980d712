"""What the command line does to a Workflow object, on the embedded engine and on Argo alike.

Each verb takes the live object and returns the changed one; nothing is mutated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from toolkit.errors import RefusedError, UsageError
from toolkit.resource.resource import Body
from toolkit.workflow.nodes import (
    FAILED,
    FINISHED,
    RUNNING,
    SUCCEEDED,
    SUSPEND,
    Row,
    rfc3339,
)
from toolkit.workflow.retry.groups import without_group_members
from toolkit.workflow.retry.plan import plan_retry
from toolkit.workflow.status.projection import COMPLETED_LABEL, GROUP, PHASE_LABEL
from toolkit.workflow.status.selector import matches
from toolkit.workflow.submission.options import with_parameters
from toolkit.workflow.substitution.parameters import text_of

_NOT_CARRIED: Final = frozenset(
    {
        COMPLETED_LABEL, PHASE_LABEL, f"{GROUP}/workflow-archiving-status", f"{GROUP}/creator",
        f"{GROUP}/creator-email", f"{GROUP}/creator-preferred-username",
    }
)  # fmt: skip
PREVIOUS_LABEL: Final = f"{GROUP}/resubmitted-from-workflow"


def suspend(workflow: Body) -> Body:
    """Nothing new starts until it is resumed. Raises RefusedError where it has ended."""
    if _phase(workflow) in FINISHED:
        raise RefusedError("cannot suspend completed workflows")
    return _with_spec(workflow, suspend=True)


def resume(
    workflow: Body,
    *,
    now: datetime,
    node_field_selector: str = "",
    parameters: Mapping[str, str] | None = None,
    message: str = "",
) -> Body:
    """Lift the suspension and let the waiting suspend nodes go on; with a selector, only the nodes
    that fit it. ``parameters`` are what those nodes wait for. Raises RefusedError where a value is
    missing or not wanted, or nothing waits.
    """
    return _set_waiting(
        workflow, node_field_selector, SUCCEEDED, message, parameters or {}, rfc3339(now)
    )


def reject(workflow: Body, *, now: datetime, node_field_selector: str, message: str = "") -> Body:
    """Let waiting suspend nodes fail (``argo node set --phase Failed``)."""
    return _set_waiting(workflow, node_field_selector, FAILED, message, {}, rfc3339(now))


def stop(workflow: Body, message: str = "") -> Body:
    """End all steps; exit handlers still run."""
    return _shut_down(workflow, "Stop", message)


def terminate(workflow: Body) -> Body:
    """End everything, exit handlers too."""
    return _shut_down(workflow, "Terminate", "")


def retry(
    workflow: Body,
    *,
    now: datetime | None = None,
    restart_successful: bool = False,
    node_field_selector: str = "",
    parameters: Sequence[str] = (),
) -> tuple[Body, tuple[str, ...]]:
    """Let a failed workflow go on from its failed nodes; of a loop, only the failed items run
    again. ``parameters``: NAME=VALUE texts that it is to have from now on; then whole loops and
    step groups run again, since they may come to others. Also returns the names of the pods that
    are obsolete. Raises RefusedError, and UsageError for a text of another form.
    """
    phase = _phase(workflow)
    selects = restart_successful and bool(node_field_selector)
    if phase == SUCCEEDED and not selects:
        raise RefusedError(
            "To retry a succeeded workflow, set the options restartSuccessful and nodeFieldSelector"
        )
    if phase not in {SUCCEEDED, "Failed", "Error"}:
        raise RefusedError(f"Cannot retry a workflow in phase {phase or 'Pending'}")
    started = rfc3339(now) if now is not None else ""
    chosen = node_field_selector if selects else ""
    nodes, pods = plan_retry(workflow, chosen, started)
    changed = _with_spec(workflow, shutdown=None, suspend=None)
    if parameters:
        nodes, more = without_group_members(workflow, nodes)
        pods = tuple(dict.fromkeys((*pods, *more)))
        changed = with_parameters(changed, parameters)
    labels = dict(_labels(workflow))
    for label in (COMPLETED_LABEL, f"{GROUP}/workflow-archiving-status"):
        labels.pop(label, None)
    changed["metadata"] = {**(workflow.get("metadata") or {}), "labels": labels}
    status = {
        key: value
        for key, value in (changed.get("status") or {}).items()
        if key not in {"message", "finishedAt", "conditions"}
    }
    status |= {"phase": RUNNING, "nodes": nodes, "startedAt": started or None, "finishedAt": None}
    status["conditions"] = [{"type": "Completed", "status": "False"}]
    changed["status"] = status
    return changed, pods


def resubmit(workflow: Body, *, name: str = "") -> Body:
    """A new Workflow with the same spec; its name is generated unless given."""
    metadata = workflow.get("metadata") or {}
    old = str(metadata.get("name") or "")
    labels = {key: value for key, value in _labels(workflow).items() if key not in _NOT_CARRIED}
    fresh: Row = {"labels": {**labels, PREVIOUS_LABEL: old}}
    for key in ("namespace", "annotations", "ownerReferences"):
        if metadata.get(key):
            fresh[key] = metadata[key]
    if name:
        fresh["name"] = name
    else:
        fresh["generateName"] = metadata.get("generateName") or f"{old}-"
    spec = {
        key: value
        for key, value in (workflow.get("spec") or {}).items()
        if key not in {"shutdown", "suspend"}
        and not (key == "activeDeadlineSeconds" and value == 0)
    }
    return {
        "apiVersion": workflow.get("apiVersion", "argoproj.io/v1alpha1"),
        "kind": "Workflow",
        "metadata": fresh,
        "spec": spec,
    }


def from_cron(cron: Body, now: datetime, name: str | None = None) -> Body:
    """The Workflow that a CronWorkflow would submit now."""
    from toolkit.workflow.cron.ticks import workflow_of

    workflow = workflow_of(cron, now)
    if name:
        workflow["metadata"]["name"] = name
    else:
        workflow["metadata"].pop("name", None)
        workflow["metadata"]["generateName"] = f"{cron['metadata']['name']}-"
    return workflow


def from_template(template: Body, *, name: str | None = None, entrypoint: str = "") -> Body:
    """A Workflow that runs a WorkflowTemplate or ClusterWorkflowTemplate by workflowTemplateRef."""
    metadata = template.get("metadata") or {}
    is_cluster = template.get("kind") == "ClusterWorkflowTemplate"
    reference: Row = {"name": metadata.get("name")}
    if is_cluster:
        reference["clusterScope"] = True
    spec = template.get("spec") or {}
    body: Body = {
        "apiVersion": template.get("apiVersion", "argoproj.io/v1alpha1"),
        "kind": "Workflow",
        "metadata": _named(str(metadata.get("name") or ""), name),
        "spec": {"workflowTemplateRef": reference},
    }
    if metadata.get("namespace"):
        body["metadata"]["namespace"] = metadata["namespace"]
    kind = "cluster-workflow-template" if is_cluster else "workflow-template"
    body["metadata"]["labels"] = {f"{GROUP}/{kind}": str(metadata.get("name") or "")}
    extra = spec.get("workflowMetadata") or {}
    body["metadata"]["labels"] |= extra.get("labels") or {}
    if extra.get("annotations"):
        body["metadata"]["annotations"] = dict(extra["annotations"])
    if spec.get("arguments"):
        body["spec"]["arguments"] = spec["arguments"]
    if entrypoint:
        body["spec"]["entrypoint"] = entrypoint
    return body


def _named(prefix: str, name: str | None) -> Row:
    return {"name": name} if name else {"generateName": f"{prefix}-"}


def _phase(workflow: Body) -> str:
    return str((workflow.get("status") or {}).get("phase") or "")


def _labels(workflow: Body) -> Mapping[str, str]:
    return (workflow.get("metadata") or {}).get("labels") or {}


def _with_spec(workflow: Body, **fields: Any) -> Body:
    spec = {**(workflow.get("spec") or {}), **fields}
    return {**workflow, "spec": {key: value for key, value in spec.items() if value is not None}}


def _shut_down(workflow: Body, strategy: str, message: str) -> Body:
    if _phase(workflow) in FINISHED:
        raise RefusedError(f"cannot {strategy.lower()} a completed workflow")
    known = str((workflow.get("spec") or {}).get("shutdown") or "")
    if known in {strategy, "Terminate"}:
        raise RefusedError(f"cannot shutdown a completed workflow: it has strategy '{known}'")
    changed = _with_spec(workflow, shutdown=strategy)
    if message:
        annotations = {**((workflow.get("metadata") or {}).get("annotations") or {})}
        annotations[STOP_MESSAGE] = message
        changed["metadata"] = {**(workflow.get("metadata") or {}), "annotations": annotations}
    return changed


STOP_MESSAGE: Final = "gitops-toolkit.io/stop-message"
"""The annotation with the reason that whoever stopped a run gave."""


def _set_waiting(
    workflow: Body, selector: str, phase: str, message: str, values: Mapping[str, str], at: str
) -> Body:
    is_suspended = bool((workflow.get("spec") or {}).get("suspend"))
    changed = workflow if selector else _with_spec(workflow, suspend=None)
    nodes: dict[str, Row] = dict((workflow.get("status") or {}).get("nodes") or {})
    released = [
        id
        for id, node in nodes.items()
        if node.get("type") == SUSPEND and node.get("phase") == RUNNING and matches(selector, node)
    ]
    if not released and (selector or values):
        raise RefusedError(f"no suspend node waits{' that fits ' + selector if selector else ''}")
    if not released and not is_suspended:
        raise RefusedError("nothing to resume: no suspend node waits, and it is not suspended")
    for id in released:
        nodes[id] = _released(nodes[id], phase, message, values, at)
    if released:
        changed = {**changed, "status": {**workflow["status"], "nodes": nodes}}
    return changed


def _released(node: Row, phase: str, message: str, values: Mapping[str, str], at: str) -> Row:
    changed = {**node, "phase": phase, "finishedAt": at}
    if message:
        changed["message"] = message
    declared = (node.get("outputs") or {}).get("parameters") or []
    unknown = set(values) - {str(entry["name"]) for entry in declared}
    if unknown:
        wanted = ", ".join(str(entry["name"]) for entry in declared) or "none"
        raise UsageError(
            f"node is not expecting output parameter '{min(unknown)}'",
            hints=(f"it expects: {wanted}",),
        )
    if phase == SUCCEEDED and declared:
        parameters = [_supplied(entry, values) for entry in declared]
        changed["outputs"] = {**node["outputs"], "parameters": parameters}
    return changed


def _supplied(parameter: Row, values: Mapping[str, str]) -> Row:
    name = str(parameter["name"])
    default = (parameter.get("valueFrom") or {}).get("default")
    value = values.get(name, None if default is None else text_of(default))
    if parameter.get("value") is not None and name not in values:
        return parameter
    if value is None:
        raise RefusedError(
            f"raw output parameter '{name}' has not been set and does not have a default value",
            hints=(f"supply it: -p {name}=VALUE",),
        )
    kept = {key: entry for key, entry in parameter.items() if key != "valueFrom"}
    return {**kept, "value": value}
