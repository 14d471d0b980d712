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

SPECS = {
    "Workflow": "spec",
    "WorkflowTemplate": "spec",
    "ClusterWorkflowTemplate": "spec",
    "CronWorkflow": "spec/workflowSpec",
}
"""Where the workflow's own spec stands in each kind."""

TEMPLATES = ("templates", "templateDefaults")
CONTAINERS = ("container", "script", "initContainers", "sidecars", "containerSet/containers")
IMAGES = ("container/image", "script/image", "sidecars/image")

_ARTIFACT_SECRETS = (
    "s3/accessKeySecret/name",
    "s3/secretKeySecret/name",
    "git/usernameSecret/name",
    "git/passwordSecret/name",
    "git/sshPrivateKeySecret/name",
    "gcs/serviceAccountKeySecret/name",
    "azure/accountKeySecret/name",
    "oss/accessKeySecret/name",
    "oss/secretKeySecret/name",
)

IN_CONTAINERS: dict[str, tuple[str, ...]] = {
    "ConfigMap": ("env/valueFrom/configMapKeyRef/name", "envFrom/configMapRef/name"),
    "Secret": ("env/valueFrom/secretKeyRef/name", "envFrom/secretRef/name"),
}
IN_TEMPLATES: dict[str, tuple[str, ...]] = {
    "ConfigMap": (
        "volumes/configMap/name",
        "volumes/projected/sources/configMap/name",
        "inputs/parameters/valueFrom/configMapKeyRef/name",
        "synchronization/semaphore/configMapKeyRef/name",
        "synchronization/semaphores/configMapKeyRef/name",
        "memoize/cache/configMap/name",
    ),
    "Secret": (
        "volumes/secret/secretName",
        "volumes/projected/sources/secret/name",
        *(f"inputs/artifacts/{path}" for path in _ARTIFACT_SECRETS),
        *(f"outputs/artifacts/{path}" for path in _ARTIFACT_SECRETS),
    ),
    "ServiceAccount": ("serviceAccountName", "executor/serviceAccountName"),
    "PersistentVolumeClaim": ("volumes/persistentVolumeClaim/claimName",),
    "WorkflowTemplate": (
        "templateRef/name",
        "steps/templateRef/name",
        "dag/tasks/templateRef/name",
        "steps/hooks/exit/templateRef/name",
        "dag/tasks/hooks/exit/templateRef/name",
    ),
}
IN_SPECS: dict[str, tuple[str, ...]] = {
    "ConfigMap": (
        "volumes/configMap/name",
        "volumes/projected/sources/configMap/name",
        "arguments/parameters/valueFrom/configMapKeyRef/name",
        "synchronization/semaphore/configMapKeyRef/name",
        "synchronization/semaphores/configMapKeyRef/name",
        "artifactRepositoryRef/configMap",
    ),
    "Secret": (
        "volumes/secret/secretName",
        "volumes/projected/sources/secret/name",
        "imagePullSecrets/name",
        *(f"arguments/artifacts/{path}" for path in _ARTIFACT_SECRETS),
    ),
    "ServiceAccount": (
        "serviceAccountName",
        "executor/serviceAccountName",
        "artifactGC/serviceAccountName",
    ),
    "PersistentVolumeClaim": ("volumes/persistentVolumeClaim/claimName",),
    "WorkflowTemplate": ("workflowTemplateRef/name", "hooks/exit/templateRef/name"),
}
REFERRED = {
    "ConfigMap": ("", "v1"),
    "Secret": ("", "v1"),
    "ServiceAccount": ("", "v1"),
    "PersistentVolumeClaim": ("", "v1"),
    "WorkflowTemplate": ("argoproj.io", ""),
    "ClusterWorkflowTemplate": ("argoproj.io", ""),
}
"""Group and version of each kind that is referred to, as kustomize's own references have them."""
