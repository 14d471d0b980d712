"""What a workflow needs from the cluster before it can be submitted: templates and ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from toolkit.resource.resource import Body
from toolkit.workflow.substitution.substitute import has_tags

WORKFLOW_TEMPLATE = "WorkflowTemplate"
CLUSTER_WORKFLOW_TEMPLATE = "ClusterWorkflowTemplate"
CONFIG_MAP = "ConfigMap"
REPOSITORIES = "artifact-repositories"
"""The ConfigMap in which a namespace's artifact repositories are."""


class Reference(NamedTuple):
    """An object to fetch: from the workflow's namespace, or of the cluster."""

    kind: str
    name: str


@dataclass(frozen=True)
class Library:
    """What was fetched. ``absent`` holds what was looked for and is not there, so that
    :func:`missing` comes to an end. ``default_keys``: of ConfigMaps with artifact repositories.
    """

    templates: Mapping[tuple[str, str], Body] = field(default_factory=dict)
    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    absent: frozenset[Reference] = frozenset()
    default_keys: Mapping[str, str] = field(default_factory=dict)

    def has(self, reference: Reference) -> bool:
        if reference in self.absent:
            return True
        if reference.kind == CONFIG_MAP:
            return reference.name in self.config_maps
        return (reference.kind, reference.name) in self.templates


def missing(workflow: Body, library: Library) -> tuple[Reference, ...]:
    """What is still to be fetched, each once, in the order of use. Call, fetch and call again
    until it is empty: templates refer to templates. Values with tags are not known yet and are
    looked up among what was fetched when the step runs.
    """
    repositories = Reference(CONFIG_MAP, REPOSITORIES)
    wanted = {} if library.has(repositories) else dict.fromkeys((repositories,))
    bodies = [workflow, *library.templates.values()]
    for body in bodies:
        for reference in _references(body.get("spec")):
            if not has_tags(reference.name) and not library.has(reference):
                wanted[reference] = None
    return tuple(wanted)


def template_reference(reference: Mapping[str, Any]) -> Reference:
    """The object that a templateRef or workflowTemplateRef names."""
    is_cluster = bool(reference.get("clusterScope"))
    kind = CLUSTER_WORKFLOW_TEMPLATE if is_cluster else WORKFLOW_TEMPLATE
    return Reference(kind, str(reference.get("name", "")))


def _references(value: Any) -> Iterator[Reference]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in {"templateRef", "workflowTemplateRef"} and isinstance(inner, dict):
            yield template_reference(inner)
        elif key == "artifactRepositoryRef" and isinstance(inner, dict):
            yield Reference(CONFIG_MAP, str(inner.get("configMap") or REPOSITORIES))
        elif key == "parameters" and isinstance(inner, list):
            yield from _config_maps(inner)
        else:
            yield from _references(inner)


def _config_maps(parameters: list[Any]) -> Iterator[Reference]:
    """Parameters take their values at submit; a container's ``env`` gets them when it starts."""
    for parameter in parameters:
        source = parameter.get("valueFrom") if isinstance(parameter, dict) else None
        reference = source.get("configMapKeyRef") if isinstance(source, dict) else None
        if isinstance(reference, dict):
            yield Reference(CONFIG_MAP, str(reference.get("name", "")))
