"""The shape of a workflow: is a map a map where the engine reads one? Asked once, at submit, so
that nothing after it meets a value of a kind it does not expect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_INTEGER = re.compile(r"[+-]?\d+\Z")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value without parts that the engine reads: "text", "number" or "truth"."""

    kind: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A list, or where ``or_one`` a single item, of one shape."""

    item: Shape
    or_one: bool = False


@dataclass(frozen=True, slots=True)
class Valued:
    """A map with any keys, its values of one shape."""

    value: Shape


@dataclass(frozen=True, slots=True)
class Fields:
    """A map; fields that are not named may be anything."""

    fields: Mapping[str, Shape]


Shape = Leaf | Listed | Valued | Fields

TEXT: Final = Leaf("text")
NUMBER: Final = Leaf("number")
TRUTH: Final = Leaf("truth")
MAP: Final = Fields({})
STRINGS: Final = Valued(TEXT)

_VALUE_FROM: Final = Fields({"configMapKeyRef": Fields({"name": TEXT, "key": TEXT})})
_PARAMETERS: Final = Listed(Fields({"name": TEXT, "valueFrom": _VALUE_FROM, "enum": Listed(TEXT)}))
_ARTIFACT: Final = Fields(
    {
        "name": TEXT, "path": TEXT, "raw": Fields({"data": TEXT}), "from": TEXT, "archive": MAP,
        "fromExpression": TEXT, "subPath": TEXT, "optional": TRUTH, "globalName": TEXT,
        "recurseMode": TRUTH, "artifactGC": Fields({"strategy": TEXT}),
        **dict.fromkeys(("s3", "gcs", "oss", "azure", "artifactory", "hdfs", "http", "git"), MAP),
    }
)  # fmt: skip
_PUTS: Final = Fields({"parameters": _PARAMETERS, "artifacts": Listed(_ARTIFACT)})
_REFERENCE: Final = Fields({"name": TEXT, "template": TEXT, "clusterScope": TRUTH})
_HOOKS: Final = Valued(
    Fields({"template": TEXT, "templateRef": _REFERENCE, "arguments": _PUTS, "expression": TEXT})
)
_RETRY: Final = Fields(
    {
        "limit": NUMBER, "retryPolicy": TEXT, "expression": TEXT,
        "backoff": Fields({"duration": TEXT, "factor": NUMBER, "maxDuration": TEXT, "cap": TEXT}),
    }
)  # fmt: skip
_MUTEX: Final = Fields({"name": TEXT, "namespace": TEXT, "database": TRUTH})
_SEMAPHORE: Final = Fields(
    {
        "namespace": TEXT, "configMapKeyRef": Fields({"name": TEXT, "key": TEXT}),
        "database": Fields({"key": TEXT}),
    }
)  # fmt: skip
_LOCKS: Final = Fields(
    {
        "mutex": _MUTEX, "mutexes": Listed(_MUTEX), "semaphore": _SEMAPHORE,
        "semaphores": Listed(_SEMAPHORE),
    }
)  # fmt: skip
_CALL: Final[dict[str, Shape]] = {
    "name": TEXT, "template": TEXT, "templateRef": _REFERENCE, "arguments": _PUTS, "when": TEXT,
    "withItems": Listed(Leaf("anything")), "withParam": TEXT, "withSequence": MAP,
    "continueOn": Fields({"failed": TRUTH, "error": TRUTH}), "hooks": _HOOKS, "onExit": TEXT,
    "inline": MAP,
}  # fmt: skip
_TASK: Final = Fields({**_CALL, "dependencies": Listed(TEXT), "depends": TEXT})
_ACTION: Final = Fields(
    {
        "exec": Fields({"command": Listed(TEXT)}), "tcpSocket": Fields({"port": TEXT}),
        "httpGet": Fields({"port": TEXT, "path": TEXT, "httpHeaders": Listed(MAP)}),
        **dict.fromkeys(
            (
                "initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold",
                "failureThreshold", "terminationGracePeriodSeconds",
            ),
            NUMBER,
        ),
    }
)  # fmt: skip
_CONTAINER: Final = Fields(
    {
        "image": TEXT, "command": Listed(TEXT), "args": Listed(TEXT), "env": Listed(MAP),
        "envFrom": Listed(MAP), "workingDir": TEXT, "volumeMounts": Listed(MAP), "resources": MAP,
        "source": TEXT, "name": TEXT, "dependencies": Listed(TEXT), "mirrorVolumeMounts": TRUTH,
        "ports": Listed(MAP), "lifecycle": Fields({"postStart": _ACTION, "preStop": _ACTION}),
        **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), _ACTION),
    }
)  # fmt: skip
_CONTAINER_SET: Final = Fields(
    {
        "containers": Listed(_CONTAINER), "volumeMounts": Listed(MAP),
        "retryStrategy": Fields({"retries": NUMBER, "duration": TEXT}),
    }
)  # fmt: skip
_HTTP: Final = Fields(
    {
        "url": TEXT, "method": TEXT, "body": TEXT, "bodyFrom": Fields({"bytes": TEXT}),
        "headers": Listed(Fields({"name": TEXT, "value": TEXT, "valueFrom": MAP})),
        "timeoutSeconds": NUMBER, "insecureSkipVerify": TRUTH, "successCondition": TEXT,
    }
)  # fmt: skip
TEMPLATE: Final = Fields(
    {
        "name": TEXT, "inputs": _PUTS, "outputs": _PUTS, "container": _CONTAINER,
        "script": _CONTAINER, "suspend": Fields({"duration": TEXT}), "volumes": Listed(MAP),
        "steps": Listed(Listed(Fields(_CALL), or_one=True)), "retryStrategy": _RETRY,
        "dag": Fields({"tasks": Listed(_TASK), "target": TEXT, "failFast": TRUTH}),
        "resource": Fields(
            {
                "action": TEXT, "manifest": TEXT, "flags": Listed(TEXT),
                "manifestFrom": Fields({"artifact": _ARTIFACT}),
            }
        ),
        "http": _HTTP, "plugin": MAP, "archiveLocation": _ARTIFACT,
        "data": Fields(
            {
                "source": Fields({"artifactPaths": _ARTIFACT}),
                "transformation": Listed(Fields({"expression": TEXT})),
            }
        ),
        "parallelism": NUMBER, "failFast": TRUTH, "daemon": TRUTH, "timeout": TEXT,
        "activeDeadlineSeconds": TEXT, "metadata": MAP, "synchronization": _LOCKS,
        "pendingTimeout": TEXT,
        "containerSet": _CONTAINER_SET, "initContainers": Listed(_CONTAINER),
        "sidecars": Listed(_CONTAINER),
    }
)  # fmt: skip
SPEC: Final = Fields(
    {
        "entrypoint": TEXT, "onExit": TEXT, "hooks": _HOOKS, "arguments": _PUTS,
        "templates": Listed(TEMPLATE), "templateDefaults": TEMPLATE, "parallelism": NUMBER,
        "activeDeadlineSeconds": NUMBER, "suspend": TRUTH, "shutdown": TEXT, "priority": NUMBER,
        "retryStrategy": _RETRY, "volumes": Listed(MAP), "volumeClaimTemplates": Listed(MAP),
        "volumeClaimGC": Fields({"strategy": TEXT}), "workflowTemplateRef": _REFERENCE,
        "executorPlugins": Listed(MAP), "archiveLogs": TRUTH,
        "artifactGC": Fields({"strategy": TEXT, "forceFinalizerRemoval": TRUTH}),
        "artifactRepositoryRef": Fields({"configMap": TEXT, "key": TEXT}),
        "synchronization": _LOCKS, "ttlStrategy": Valued(NUMBER),
        "podGC": Fields({"strategy": TEXT, "deleteDelayDuration": TEXT, "labelSelector": MAP}),
        "workflowMetadata": Fields(
            {
                "labels": STRINGS, "annotations": STRINGS,
                "labelsFrom": Valued(Fields({"expression": TEXT})),
            }
        ),
    }
)  # fmt: skip
WORKFLOW: Final = Fields(
    {"metadata": Fields({"labels": STRINGS, "annotations": STRINGS}), "spec": SPEC}
)
TEMPLATE_OBJECT: Final = Fields({"spec": SPEC})


def misshapen(value: Any, shape: Shape, place: str = "") -> Iterator[str]:
    """What does not have the shape, as messages; null is always allowed."""
    if value is None:
        return
    match shape:
        case Leaf(kind):
            if not _is_leaf(value, kind):
                yield f"{place} must be a {_WORDS[kind]}, it is a {_kind(value)}"
        case Listed(item, or_one):
            yield from _misshapen_list(value, item, place, or_one=or_one)
        case Valued() | Fields() if not isinstance(value, dict):
            yield f"{place} must be a map, it is a {_kind(value)}"
        case Valued(inner):
            for key, entry in value.items():
                yield from misshapen(entry, inner, _at(place, key))
        case Fields(fields):
            # Most fields are not there: asking costs less than going there.
            for key in filter(value.__contains__, fields):
                yield from misshapen(value[key], fields[key], _at(place, key))


def _misshapen_list(value: Any, item: Shape, place: str, *, or_one: bool) -> Iterator[str]:
    if or_one and isinstance(value, dict):
        yield from misshapen(value, item, place)
        return
    if not isinstance(value, list):
        yield f"{place} must be a list, it is a {_kind(value)}"
        return
    for index, entry in enumerate(value):
        inner = f"{place}[{index}]"
        if entry is None and not isinstance(item, Leaf):
            yield f"{inner} must not be null"
        yield from misshapen(entry, item, inner)


_WORDS: Final = {"text": "text", "number": "number", "truth": "true or false"}


def _is_leaf(value: Any, kind: str) -> bool:
    match kind:
        case "text":
            return not isinstance(value, dict | list)
        case "number":
            if isinstance(value, str):
                return "{{" in value or _INTEGER.match(value) is not None
            return isinstance(value, int) and not isinstance(value, bool)
        case "truth":
            return isinstance(value, bool)
        case _:
            return True


def _kind(value: Any) -> str:
    names = {dict: "map", list: "list", bool: "bool", str: "text", int: "number", float: "number"}
    return names.get(type(value), type(value).__name__)


def _at(place: str, key: Any) -> str:
    return f"{place}.{key}" if place else str(key)
