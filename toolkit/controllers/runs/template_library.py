"""Fetches what a workflow refers to: templates and ConfigMaps of its namespace."""

from __future__ import annotations

from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.spec.library import CONFIG_MAP, Library, Reference, missing
from toolkit.workflow.spec.repositories import default_key_of

_ARGO = ("argoproj.io", "v1alpha1")
_GVKS = {
    "WorkflowTemplate": (GroupVersionKind(*_ARGO, "WorkflowTemplate"), True),
    "ClusterWorkflowTemplate": (GroupVersionKind(*_ARGO, "ClusterWorkflowTemplate"), False),
    CONFIG_MAP: (GroupVersionKind("", "v1", CONFIG_MAP), True),
}


def fetch_library(cluster: Cluster, workflow: Body) -> Library:
    """Everything reachable from the workflow; what is not there is noted as absent."""
    library = Library()
    while wanted := missing(workflow, library):
        library = _with(library, cluster, str(workflow["metadata"]["namespace"]), wanted)
    return library


def _with(
    library: Library, cluster: Cluster, namespace: str, wanted: tuple[Reference, ...]
) -> Library:
    templates, config_maps = dict(library.templates), dict(library.config_maps)
    absent, default_keys = set(library.absent), dict(library.default_keys)
    for reference in wanted:
        gvk, is_namespaced = _GVKS[reference.kind]
        found = cluster.get(ObjectRef(gvk, namespace if is_namespaced else "", reference.name))
        if found is None:
            absent.add(reference)
        elif reference.kind == CONFIG_MAP:
            config_maps[reference.name] = found.get("data") or {}
            default_keys[reference.name] = default_key_of(found)
        else:
            templates[reference.kind, reference.name] = found
    return Library(templates, config_maps, frozenset(absent), default_keys)
