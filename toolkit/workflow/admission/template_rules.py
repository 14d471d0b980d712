"""What Argo's validation asks of a template by itself, in its order and with its words. All texts
name the template; an empty answer is a good one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from toolkit.workflow.nodes import Row
from toolkit.workflow.spec.merge import TEMPLATE_TYPES, type_of
from toolkit.workflow.substitution.parameters import has_location
from toolkit.workflow.substitution.substitute import has_tags

_FIELD_NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
_PARAMETER_NAME = re.compile(r"[-a-zA-Z0-9_]+")
_METRIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TAG = re.compile(r"\{\{.*?\}\}")
_MOST_CHARACTERS: Final = 128
_POD_TYPES: Final = frozenset({"container", "script", "resource", "data", "containerSet"})
_GROUPS: Final = frozenset({"steps", "dag"})
_SHOWN: Final = {
    "container": "Container", "containerSet": "ContainerSet", "script": "Script", "steps": "Steps",
    "dag": "DAG", "suspend": "Suspend", "resource": "Resource", "http": "HTTP", "data": "Data",
    "plugin": "Plugin",
}  # fmt: skip
_POD_RESOURCES: Final = frozenset({"cpu", "memory"})
_ACTIONS: Final = ("get", "create", "apply", "delete", "replace", "patch")
_SOURCES: Final = ("path", "jqFilter", "jsonPath", "parameter", "expression")


def field_name_problem(name: str) -> str:
    """What is wrong with the name of a template, step or task; "" where nothing is."""
    if len(name) > _MOST_CHARACTERS:
        return f"must be no more than {_MOST_CHARACTERS} characters"
    if _FIELD_NAME.fullmatch(name):
        return ""
    return (
        "name must consist of alpha-numeric characters or '-', and must start with an alpha-numeric"
        " character (e.g. My-name1-2, 123-NAME)"
    )


def broken_step_name(name: str, names: set[str], place: str) -> Iterator[str]:
    """Of one step, whose name may have tags in it. ``names``: those before, to which this one is
    added.
    """
    if not name:
        yield f"{place} is required"
    if name in names:
        yield f"{place} '{name}' is not unique"
    if said := field_name_problem(_TAG.sub("x", name)):
        yield f"{place} '{name}' is invalid: {said}"
    names.add(name)


def _parameter_name_problem(name: str) -> str:
    if _PARAMETER_NAME.fullmatch(name):
        return ""
    return (
        "Parameter/Artifact name must consist of alpha-numeric characters, '_' or '-' e.g."
        " my_param_1, MY-PARAM-1"
    )


def broken_names(entries: Any, problem: Callable[[str], str]) -> Iterator[str]:
    """Names that are missing, not allowed or taken, each with its index in front."""
    known: set[str] = set()
    for at, entry in enumerate(entries or ()):
        name = str(entry.get("name") or "")
        if not name:
            yield f"[{at}].name is required"
        elif not has_tags(name) and (said := problem(name)):
            yield f"[{at}].name: '{name}' is invalid: {said}"
        elif name in known:
            yield f"[{at}].name '{name}' is not unique"
        known.add(name)


def broken_arguments(arguments: Row, prefix: str) -> Iterator[str]:
    """What is wrong with the arguments of a workflow, step or task; values that are missing are
    told elsewhere.
    """
    for sort in ("parameters", "artifacts"):
        for text in broken_names(arguments.get(sort), _parameter_name_problem):
            yield f"{prefix}{sort}{text}"
    for one in arguments.get("parameters") or ():
        yield from _broken_argument(one, f"{prefix}{one.get('name')}")
    for one in arguments.get("artifacts") or ():
        where = f"{prefix}{one.get('name')}"
        if not one.get("from") and not one.get("fromExpression") and not has_location(one):
            yield f"{where}.from, artifact location, or key is required"
        if one.get("from") and one.get("fromExpression"):
            yield f"{where} shouldn't have both `from` and `fromExpression` in Artifact"


def _broken_argument(one: Row, where: str) -> Iterator[str]:
    source = one.get("valueFrom")
    if one.get("value") is None and source is None:
        yield f"{where}.value or {where}.valueFrom is required"
    if source is not None:
        given = {key for key, value in source.items() if value not in (None, "")}
        if not given & {"configMapKeyRef", "event", "supplied"} or given & {
            "path", "jsonPath", "parameter", "expression",
        }:  # fmt: skip
            yield f"{where}.valueFrom only allows: default, configMapKeyRef and supplied"


def broken_declaration(template: Row) -> Iterator[str]:
    """Asked at each call of the template, before its inputs are."""
    place = f"templates.{template.get('name') or ''}"
    yield from _broken_retry(template)
    yield from _broken_type(template, place)
    yield from _broken_pod_resources(template, place)
    yield from _broken_inputs(template, place)
    if any(not one.get("name") for one in template.get("initContainers") or ()):
        yield "initContainers must all have container name"


def broken_use(template: Row) -> Iterator[str]:
    """Asked at each call of the template, after its inputs."""
    kind = type_of(template)
    if template.get("resourceClaims") and kind not in _POD_TYPES:
        yield (
            f"templates.{template.get('name') or ''}.resourceClaims is not supported for"
            f" {_SHOWN.get(kind, '')} templates, which do not create a pod"
        )
    for field in ("timeout", "pendingTimeout"):
        if template.get(field) and kind in _GROUPS:
            yield f"{_SHOWN[kind]} template doesn't support {field} field"
    if str(template.get("timeout") or "").lstrip("+-").isdigit():
        yield f"{template.get('name') or ''} has invalid duration format in timeout"


def broken_inside(template: Row, defaults: Row) -> Iterator[str]:
    """Asked once: of a leaf, what it runs; ``defaults`` may name its image."""
    place = f"templates.{template.get('name') or ''}"
    if type_of(template) in _GROUPS:
        if template.get("activeDeadlineSeconds") is not None:
            yield f"{place}.activeDeadlineSeconds is only valid for leaf templates"
        return
    yield from _broken_paths(template, place)
    for kind in ("container", "script"):
        own, default = template.get(kind), defaults.get(kind) or {}
        if own is not None and not own.get("image") and not default.get("image"):
            yield f"{place}.{kind}.image may not be empty"
    yield from _broken_resource(template, place)
    yield from _broken_numbers(template, place)


def broken_outputs(template: Row) -> Iterator[str]:
    """Asked once: the names of outputs, and where their values come from."""
    place = f"templates.{template.get('name') or ''}.outputs"
    outputs: Row = template.get("outputs") or {}
    for sort in ("parameters", "artifacts"):
        for text in broken_names(outputs.get(sort), _parameter_name_problem):
            yield f"{place}.{sort} {text}"


def broken_sources(template: Row) -> Iterator[str]:
    """Asked once, after the variables in the outputs."""
    place = f"templates.{template.get('name') or ''}.outputs"
    outputs: Row = template.get("outputs") or {}
    is_leaf = type_of(template) not in _GROUPS
    for one in outputs.get("artifacts") or ():
        if not one.get("path") and is_leaf:
            where = f"templates.{template.get('name') or ''}.outputs.artifacts.{one.get('name')}"
            yield f"error in {where}: Artifact '{one.get('name')}' did not specify a path"
        if one.get("path") and not is_leaf:
            yield (
                f"{place}.artifacts.{one.get('name')}.path only valid in container/script templates"
            )
        yield from _broken_global(one, f"{place}.artifacts.{one.get('name')}")
    for one in outputs.get("parameters") or ():
        yield from _broken_output(one, f"{place}.parameters.{one.get('name')}", type_of(template))
        yield from _broken_global(one, f"{place}.parameters.{one.get('name')}")
    yield from _broken_metrics(template)


def _broken_retry(template: Row) -> Iterator[str]:
    policy = (template.get("retryStrategy") or {}).get("retryPolicy")
    if policy not in (None, "", "Always", "OnError", "OnFailure", "OnTransientError"):
        yield f"{policy} is not a valid RetryPolicy"


def _broken_type(template: Row, place: str) -> Iterator[str]:
    kinds = [field for field in TEMPLATE_TYPES if template.get(field) is not None]
    if not kinds:
        yield f"template '{template.get('name') or ''}' type is unknown"
    if len(kinds) > 1:
        yield (
            f"{place} multiple template types specified. choose one of: container, containerSet,"
            " steps, script, resource, dag, suspend, template, template ref"
        )


def _broken_pod_resources(template: Row, place: str) -> Iterator[str]:
    resources = template.get("podResources")
    if resources is None:
        return
    if type_of(template) in {"http", "plugin"}:
        kind = _SHOWN[type_of(template)]
        yield f"{place}.podResources is not supported for {kind} templates"
    yield from broken_pod_resources(resources, f"{place}.podResources")


def broken_pod_resources(resources: Row | None, place: str) -> Iterator[str]:
    """Kubernetes knows few resources of whole pods."""
    if (resources or {}).get("claims"):
        yield f"{place}.claims is not supported for pod-level resources"
    for part in ("limits", "requests"):
        for name in (resources or {}).get(part) or {}:
            if name not in _POD_RESOURCES and not str(name).startswith("hugepages-"):
                yield (
                    f'{place}: "{name}" is not a valid pod-level resource, only cpu, memory and'
                    " hugepages-* are supported"
                )


def _broken_inputs(template: Row, place: str) -> Iterator[str]:
    inputs: Row = template.get("inputs") or {}
    for sort in ("parameters", "artifacts"):
        for text in broken_names(inputs.get(sort), _parameter_name_problem):
            yield f"{place}.inputs.{sort}{text}"
    for one in inputs.get("artifacts") or ():
        where = f"{place}.inputs.artifacts.{one.get('name')}"
        if type_of(template) in _GROUPS and one.get("path"):
            yield f"{where}.path only valid in container/script templates"
        if type_of(template) not in _GROUPS and not one.get("path"):
            yield f"error in {where}: Artifact '{one.get('name')}' did not specify a path"
        if one.get("from"):
            yield f"{where}.from not valid in inputs"
        if one.get("git") is not None and not (one["git"] or {}).get("repo"):
            yield f"{where}.git.repo is required"


def _broken_paths(template: Row, place: str) -> Iterator[str]:
    container: Row | None = template.get("container")
    if container is None:
        return
    known: dict[str, str] = {}
    for at, mount in enumerate(container.get("volumeMounts") or ()):
        path = str(mount.get("mountPath"))
        if path in known:
            where = f"{place}.container.volumeMounts[{at}].mountPath"
            yield f"{where} '{path}' already mounted in {known[path]}"
        known[path] = f"container.volumeMounts.{mount.get('name')}"
    for at, one in enumerate((template.get("inputs") or {}).get("artifacts") or ()):
        path = str(one.get("path") or "")
        if path in known:
            yield f"{place}.inputs.artifacts[{at}].path '{path}' already mounted in {known[path]}"
        known[path] = f"inputs.artifacts.{one.get('name')}"


def _broken_resource(template: Row, place: str) -> Iterator[str]:
    resource: Row | None = template.get("resource")
    if resource is None:
        return
    action = str(resource.get("action") or "")
    if action not in _ACTIONS and not has_tags(action):
        yield f"{place}.resource.action must be one of: {', '.join(_ACTIONS)}"
    if action in {"delete", "get"}:
        return
    manifest, source = resource.get("manifest"), resource.get("manifestFrom")
    if not manifest and source is None:
        place = f"{place}.resource"
        yield f"either {place}.manifest or {place}.manifestFrom must be specified"
    if manifest and source is not None:
        yield (
            "shouldn't have both `manifest` and `manifestFrom` specified in `Manifest` for resource"
            " template"
        )
    artifact = (source or {}).get("artifact")
    inputs = (template.get("inputs") or {}).get("artifacts") or ()
    if artifact and artifact.get("name") not in {one.get("name") for one in inputs}:
        yield f"artifact {artifact.get('name')} in `manifestFrom` refer to a non-exist artifact"


def _broken_numbers(template: Row, place: str) -> Iterator[str]:
    seconds = template.get("activeDeadlineSeconds")
    if seconds is not None and not has_tags(str(seconds)):
        text = str(seconds)
        if not text.lstrip("+").isdigit():
            yield (
                f"{place}.activeDeadlineSeconds must be a positive integer > 0 or an argo variable"
            )
    if template.get("parallelism") is not None:
        yield f"{place}.parallelism is only valid for steps and dag templates"


def _broken_output(one: Row, where: str, kind: str) -> Iterator[str]:
    source, value = one.get("valueFrom"), one.get("value")
    if source is not None and value is not None:
        yield f"{where} has both valueFrom and value specified, choose one"
    if source is None and value is None:
        yield f"{where} does not have valueFrom or value specified"
    if source is None:
        return
    count = sum(1 for field in _SOURCES if source.get(field)) + ("supplied" in source)
    choices = "choose one of: path, jqFilter, jsonPath, parameter, raw"
    if value is None and count == 0:
        yield f"valueFrom type unspecified. {choices}, expression"
    if value is None and count > 1:
        yield f"multiple valueFrom types specified. {choices}"
    needed = _NEEDED.get(kind)
    if needed and not any(source.get(field) for field in needed[0]):
        yield f"{where}{needed[1]} must be specified for {_SHOWN[kind]} templates"


_PATH: Final = (("path",), ".path")
_FROM: Final = (("parameter", "expression"), ".parameter or expression")
_NEEDED: Final[dict[str, tuple[Iterable[str], str]]] = {
    "container": _PATH, "containerSet": _PATH, "script": _PATH, "dag": _FROM, "steps": _FROM,
    "resource": (("jqFilter", "jsonPath"), " .jqFilter or jsonPath"),
}  # fmt: skip


def _broken_global(one: Row, where: str) -> Iterator[str]:
    name = str(one.get("globalName") or "")
    if name and not has_tags(name) and (said := _parameter_name_problem(name)):
        yield f"{where}.globalName: {said}"


def _broken_metrics(template: Row) -> Iterator[str]:
    place = f"templates.{template.get('name') or ''}"
    for one in (template.get("metrics") or {}).get("prometheus") or ():
        name = str(one.get("name") or "")
        if not _METRIC_NAME.fullmatch(name):
            yield (
                f"{place} metric name '{name}' is invalid. Metric names must contain alphanumeric"
                " characters or '_'"
            )
        for label in one.get("labels") or ():
            if not _METRIC_NAME.fullmatch(str(label.get("key") or "")):
                yield (
                    f"metric label '{label.get('key')}' is invalid: keys may only contain"
                    " alphanumeric characters or '_'"
                )
        if not one.get("help"):
            yield f"{place} metric '{name}' must contain a help string under 'help: ' field"
        for text in _broken_measures(one):
            yield f"{place} metric '{name}' error: {text}"


def _broken_measures(metric: Row) -> Iterator[str]:
    for kind in ("gauge", "counter", "histogram"):
        if metric.get(kind) is not None and not metric[kind].get("value"):
            yield f"missing {kind}.value"
    gauge = metric.get("gauge") or {}
    if gauge.get("realtime") and "resourcesDuration." in str(gauge.get("value")):
        yield "'resourcesDuration.*' metrics cannot be used in real-time"
