"""The kinds every embedded cluster serves, as a table."""

from __future__ import annotations

from typing import NamedTuple

from toolkit.apiserver.kinds import Kind
from toolkit.resource.identity import GroupVersionKind


class _Row(NamedTuple):
    kind: str
    plural: str
    short_names: str = ""
    scope: str = "Namespaced"
    has_status: bool = False
    categories: str = ""


_CLUSTER = "Cluster"

# Argo's own definitions give a status subresource to task sets and artifact collection only.
_ARGO = (
    _Row("Workflow", "workflows", "wf"),
    _Row("WorkflowTemplate", "workflowtemplates", "wftmpl"),
    _Row("CronWorkflow", "cronworkflows", "cwf cronwf"),
    _Row("ClusterWorkflowTemplate", "clusterworkflowtemplates", "clusterwftmpl cwft", _CLUSTER),
    _Row("WorkflowEventBinding", "workfloweventbindings", "wfeb"),
    _Row("WorkflowTaskSet", "workflowtasksets", "wfts", has_status=True),
    _Row("WorkflowTaskResult", "workflowtaskresults"),
    _Row("WorkflowArtifactGCTask", "workflowartifactgctasks", "wfat", has_status=True),
)

_TABLE: dict[tuple[str, str], tuple[_Row, ...]] = {
    ("", "v1"): (
        _Row("ConfigMap", "configmaps", "cm"),
        _Row("Endpoints", "endpoints", "ep"),
        _Row("Event", "events", "ev"),
        _Row("LimitRange", "limitranges", "limits"),
        _Row("Namespace", "namespaces", "ns", _CLUSTER, has_status=True),
        _Row("Node", "nodes", "no", _CLUSTER, has_status=True),
        _Row("PersistentVolume", "persistentvolumes", "pv", _CLUSTER, has_status=True),
        _Row("PersistentVolumeClaim", "persistentvolumeclaims", "pvc", has_status=True),
        _Row("Pod", "pods", "po", has_status=True, categories="all"),
        _Row("ResourceQuota", "resourcequotas", "quota", has_status=True),
        _Row("Secret", "secrets"),
        _Row("Service", "services", "svc", has_status=True, categories="all"),
        _Row("ServiceAccount", "serviceaccounts", "sa"),
    ),
    ("apiextensions.k8s.io", "v1"): (
        _Row(
            "CustomResourceDefinition",
            "customresourcedefinitions",
            "crd crds",
            _CLUSTER,
            has_status=True,
            categories="api-extensions",
        ),
    ),
    ("apps", "v1"): (
        _Row("DaemonSet", "daemonsets", "ds", has_status=True, categories="all"),
        _Row("Deployment", "deployments", "deploy", has_status=True, categories="all"),
        _Row("ReplicaSet", "replicasets", "rs", has_status=True, categories="all"),
        _Row("StatefulSet", "statefulsets", "sts", has_status=True, categories="all"),
    ),
    ("autoscaling", "v2"): (
        _Row("HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", has_status=True),
    ),
    ("batch", "v1"): (
        _Row("CronJob", "cronjobs", "cj", has_status=True, categories="all"),
        _Row("Job", "jobs", has_status=True, categories="all"),
    ),
    ("coordination.k8s.io", "v1"): (_Row("Lease", "leases"),),
    ("networking.k8s.io", "v1"): (
        _Row("Ingress", "ingresses", "ing", has_status=True),
        _Row("NetworkPolicy", "networkpolicies", "netpol"),
    ),
    ("policy", "v1"): (
        _Row("PodDisruptionBudget", "poddisruptionbudgets", "pdb", has_status=True),
    ),
    ("rbac.authorization.k8s.io", "v1"): (
        _Row("ClusterRole", "clusterroles", "", _CLUSTER),
        _Row("ClusterRoleBinding", "clusterrolebindings", "", _CLUSTER),
        _Row("Role", "roles"),
        _Row("RoleBinding", "rolebindings"),
    ),
    ("scheduling.k8s.io", "v1"): (_Row("PriorityClass", "priorityclasses", "pc", _CLUSTER),),
    ("storage.k8s.io", "v1"): (_Row("StorageClass", "storageclasses", "sc", _CLUSTER),),
    ("argoproj.io", "v1alpha1"): _ARGO,
}


def _kind(group: str, version: str, row: _Row) -> Kind:
    return Kind(
        gvk=GroupVersionKind(group, version, row.kind),
        plural=row.plural,
        is_namespaced=row.scope != _CLUSTER,
        short_names=tuple(row.short_names.split()),
        has_status=row.has_status,
        is_custom=group == "argoproj.io",
        categories=tuple(row.categories.split()),
    )


BUILTIN_KINDS: tuple[Kind, ...] = tuple(
    _kind(group, version, row) for (group, version), rows in _TABLE.items() for row in rows
)
"""In discovery's order: the core group first."""
