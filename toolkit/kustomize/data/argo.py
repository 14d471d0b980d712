"""What Argo's kinds merge by key (as Argo's own types declare it), under ``compat: argo``."""

from __future__ import annotations

from toolkit.kustomize.data.merge_shapes import Shape

_NAMED = ("name",)

ARGO_SHAPES: dict[str, Shape] = {
    "Workflow": {"metadata": ("ObjectMeta", None), "spec": ("WorkflowSpec", None)},
    "CronWorkflow": {"metadata": ("ObjectMeta", None), "spec": ("CronWorkflowSpec", None)},
    "CronWorkflowSpec": {
        "workflowSpec": ("WorkflowSpec", None),
        "workflowMetadata": ("ObjectMeta", None),
    },
    "WorkflowSpec": {
        "templates": ("WorkflowStep", _NAMED),
        "templateDefaults": ("WorkflowStep", None),
        "arguments": ("WorkflowValues", None),
        "volumes": ("Volume", _NAMED),
        "imagePullSecrets": ("", _NAMED),
        "hostAliases": ("", ("ip",)),
    },
    "WorkflowStep": {
        "inputs": ("WorkflowValues", None),
        "outputs": ("WorkflowValues", None),
        "container": ("Container", None),
        "script": ("Container", None),
        "initContainers": ("Container", _NAMED),
        "sidecars": ("Container", _NAMED),
        "containerSet": ("WorkflowContainerSet", None),
        "dag": ("WorkflowDag", None),
        "steps": ("WorkflowTask", ("[][]name",)),
        "volumes": ("Volume", _NAMED),
    },
    "WorkflowContainerSet": {
        "containers": ("Container", _NAMED),
        "volumeMounts": ("", ("mountPath",)),
    },
    "WorkflowDag": {"tasks": ("WorkflowTask", _NAMED)},
    "WorkflowTask": {"arguments": ("WorkflowValues", None)},
    "WorkflowValues": {"parameters": ("", _NAMED), "artifacts": ("", _NAMED)},
}

ARGO_KINDS = {
    "Workflow": "Workflow WorkflowTemplate ClusterWorkflowTemplate",
    "CronWorkflow": "CronWorkflow",
}
