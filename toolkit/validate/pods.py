"""Rules of what becomes a pod: images, container names, container sets, resources, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from toolkit.errors import YamlError
from toolkit.resource.field_path import FieldPath
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import (
    Fields,
    did_you_mean,
    entries_of,
    fields_of,
    has_tag,
    listed,
    text_of,
    texts_of,
)
from toolkit.validate.spec import Template, WorkflowSpec
from toolkit.yaml import load_all

_ACTIONS: Final = ("get", "create", "apply", "delete", "replace", "patch")
_RESERVED: Final = ("wait", "supervisor")
_RESERVED_PREFIX: Final = "artifact-plugin-"
_METRIC_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
_METRIC_TYPES: Final = ("gauge", "counter", "histogram")
_POD_RESOURCES: Final = ("cpu", "memory")


def check_pods(spec: WorkflowSpec, notes: Notes) -> None:
    """Everything of a spec that the cluster would refuse as a pod, or as a metric."""
    _check_pod_resources(spec.body, spec.path, notes)
    for template in spec.every_template:
        _check_image(template, spec, notes)
        _check_container_names(template, notes)
        _check_container_set(template, notes)
        _check_resource(template, notes)
        _check_pod_resources(template.body, template.path, notes)
        _check_mounts(template, notes)
        _check_metrics(template, notes)


def _check_image(template: Template, spec: WorkflowSpec, notes: Notes) -> None:
    if template.type not in ("container", "script"):
        return
    body = fields_of(template.body[template.type])
    default = fields_of(spec.template_defaults.get(template.type))
    if not body.get("image") and not default.get("image"):
        message = f"the {template.type} of {template.label} has no image"
        notes.add("missing-image", (*template.path, template.type), message)


def _containers(template: Template) -> Iterator[tuple[Fields, FieldPath]]:
    for key in ("sidecars", "initContainers"):
        for index, container in entries_of(template.body.get(key)):
            yield container, (*template.path, key, index)
    for index, container in entries_of(_set_of(template).get("containers")):
        yield container, (*template.path, "containerSet", "containers", index)


def _set_of(template: Template) -> Fields:
    return fields_of(template.body.get("containerSet"))


def _check_container_names(template: Template, notes: Notes) -> None:
    for container, path in _containers(template):
        name = text_of(container.get("name"))
        if name in _RESERVED or name.startswith(_RESERVED_PREFIX):
            hint = "choose another name: Argo adds a container of this name itself"
            message = f"container name {name!r} is reserved"
            notes.add("reserved-container-name", (*path, "name"), message, hint)


def _check_container_set(template: Template, notes: Notes) -> None:
    members = list(entries_of(_set_of(template).get("containers")))
    names = [text_of(member.get("name")) for _, member in members]
    for index, member in members:
        path = (*template.path, "containerSet", "containers", index)
        for position, name in enumerate(texts_of(member.get("dependencies"))):
            if name not in names:
                message = f"there is no container {name!r} in this set"
                hint = did_you_mean(name, names, otherwise=f"containers: {listed(names)}")
                notes.add("unknown-dependency", (*path, "dependencies", position), message, hint)
    if members and "main" not in names and _has_files(template):
        path = (*template.path, "containerSet", "containers")
        message = "a set with input artifacts or outputs needs a container named 'main'"
        notes.add("invalid-container-set", path, message)


def _has_files(template: Template) -> bool:
    outputs = template.outputs
    return bool(
        template.inputs.get("artifacts") or outputs.get("parameters") or outputs.get("artifacts")
    )


def _check_resource(template: Template, notes: Notes) -> None:
    if template.type != "resource":
        return
    body = fields_of(template.body["resource"])
    path = (*template.path, "resource")
    action = text_of(body.get("action"))
    if action and not has_tag(action) and action not in _ACTIONS:
        message = f"action {action!r} is not one of {', '.join(_ACTIONS)}"
        hint = did_you_mean(action, _ACTIONS)
        notes.add("invalid-resource-template", (*path, "action"), message, hint)
    if action in ("get", "delete"):
        return
    sources = [key for key in ("manifest", "manifestFrom") if body.get(key)]
    if len(sources) != 1:
        problem = "has both manifest and manifestFrom" if sources else "has no manifest"
        notes.add("invalid-resource-template", path, f"this resource template {problem}")
    manifest = text_of(body.get("manifest"))
    if manifest and not has_tag(manifest) and (problem := _unreadable(manifest)):
        message = f"the manifest is no YAML: {problem}"
        notes.add("invalid-resource-template", (*path, "manifest"), message, "mend it there")


def _unreadable(manifest: str) -> str:
    """Why it cannot be read, with the line in it; "" where it can."""
    try:
        load_all(manifest, "manifest")
    except YamlError as error:
        return str(error)
    return ""


def _check_pod_resources(owner: Mapping[str, Any], path: FieldPath, notes: Notes) -> None:
    resources = fields_of(owner.get("podResources"))
    place = (*path, "podResources")
    if resources.get("claims"):
        message = "claims are not possible for the pod as a whole"
        notes.add("invalid-pod-resources", (*place, "claims"), message, is_key=True)
    for side in ("limits", "requests"):
        for name in fields_of(resources.get(side)):
            if name not in _POD_RESOURCES and not str(name).startswith("hugepages-"):
                message = f"a pod as a whole cannot ask for {name!r}"
                hint = "only cpu, memory and hugepages-*"
                notes.add(
                    "invalid-pod-resources", (*place, side, str(name)), message, hint, is_key=True
                )


def _check_mounts(template: Template, notes: Notes) -> None:
    if template.type != "container":
        return
    path = (*template.path, "container", "volumeMounts")
    taken: set[str] = set()
    for index, mount in entries_of(fields_of(template.body["container"]).get("volumeMounts")):
        where = text_of(mount.get("mountPath"))
        if where and where in taken:
            place = (*path, index, "mountPath")
            notes.add("duplicate-name", place, f"two volumes are mounted at {where!r}")
        taken.add(where)


def _check_metrics(template: Template, notes: Notes) -> None:
    metrics = fields_of(template.body.get("metrics")).get("prometheus")
    for index, metric in entries_of(metrics):
        path = (*template.path, "metrics", "prometheus", index)
        for check in (_check_metric_name, _check_metric_type, _check_gauge):
            check(metric, path, notes)


def _check_metric_name(metric: Fields, path: FieldPath, notes: Notes) -> None:
    name = text_of(metric.get("name"))
    if name and not has_tag(name) and not _METRIC_NAME.match(name):
        message = f"metric name {name!r} may hold only letters, digits and '_'"
        notes.add("invalid-metric", (*path, "name"), message)
    if metric.get("help") == "":
        notes.add("invalid-metric", (*path, "help"), f"metric {name!r} has no help")


def _check_metric_type(metric: Fields, path: FieldPath, notes: Notes) -> None:
    types = [key for key in _METRIC_TYPES if metric.get(key) is not None]
    if len(types) != 1:
        given = f"both {' and '.join(types)}" if types else "no type"
        message = f"a metric is one of {', '.join(_METRIC_TYPES)}; this one has {given}"
        notes.add("invalid-metric", path, message)


def _check_gauge(metric: Fields, path: FieldPath, notes: Notes) -> None:
    gauge = fields_of(metric.get("gauge"))
    if gauge.get("realtime") is True and "resourcesDuration." in text_of(gauge.get("value")):
        message = "resourcesDuration is known only at the end, so a real-time gauge cannot use it"
        notes.add("invalid-metric", (*path, "gauge", "value"), message)
