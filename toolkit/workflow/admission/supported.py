"""Which fields of the Workflow API the embedded engine has. A field that no table knows, or that
stands in REFUSED, is refused by name: nothing is skipped silently. `docs/compatibility-workflow.md`
says the same in prose; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from toolkit.workflow.nodes import Row

SPEC: Final = frozenset(
    {
        "activeDeadlineSeconds", "archiveLogs", "arguments", "artifactGC", "artifactRepositoryRef",
        "entrypoint", "executorPlugins", "hooks", "metrics", "onExit", "parallelism", "podGC",
        "podSpecPatch", "priority", "retryStrategy", "shutdown", "suspend", "synchronization",
        "templateDefaults", "templates", "ttlStrategy", "volumeClaimGC",
        "volumeClaimTemplates", "volumes", "workflowMetadata", "workflowTemplateRef",
    }
)  # fmt: skip

TEMPLATE: Final = frozenset(
    {
        "activeDeadlineSeconds", "annotations", "archiveLocation", "container", "containerSet",
        "daemon", "dag", "data", "failFast", "http", "initContainers", "inputs", "memoize",
        "metrics", "name", "outputs", "parallelism", "pendingTimeout", "plugin", "podSpecPatch",
        "resource",
        "retryStrategy", "script", "sidecars", "steps", "suspend", "synchronization", "timeout",
        "volumes",
    }
)  # fmt: skip

CALL: Final = frozenset(
    {
        "arguments", "continueOn", "depends", "dependencies", "hooks", "inline", "name", "onExit",
        "template", "templateRef", "when", "withItems", "withParam", "withSequence",
    }
)  # fmt: skip

CONTAINER: Final = frozenset(
    {
        "args", "command", "env", "envFrom", "image", "lifecycle", "livenessProbe", "name",
        "ports", "readinessProbe", "resources", "source", "startupProbe", "volumeMounts",
        "workingDir",
    }
)  # fmt: skip

SYNCHRONIZATION: Final = frozenset({"mutex", "mutexes", "semaphore", "semaphores"})
MUTEX: Final = frozenset({"database", "name", "namespace"})
SEMAPHORE: Final = frozenset({"configMapKeyRef", "database", "namespace"})
MEMBER: Final = CONTAINER - {"source"} | {"dependencies"}
"""A container of a container set."""

BESIDE: Final = CONTAINER - {"source"} | {"mirrorVolumeMounts"}
"""An init container or a sidecar."""

CONTAINER_SET: Final = frozenset({"containers", "retryStrategy", "volumeMounts"})

HTTP: Final = frozenset(
    {
        "body", "bodyFrom", "headers", "insecureSkipVerify", "method", "successCondition",
        "timeoutSeconds", "url",
    }
)  # fmt: skip

RETRY: Final = frozenset({"backoff", "expression", "limit", "retryPolicy"})

WITHOUT_EFFECT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "executor",
            "hostAliases", "hostNetwork", "imagePullPolicy", "imagePullSecrets", "nodeSelector",
            "podDisruptionBudget", "podPriorityClassName", "podResources",
            "priorityClassName", "resourceClaims", "schedulerName", "securityContext",
            "serviceAccountName", "tolerations",
        ),
        "there is one machine and one user: nothing is scheduled, pulled or confined by it",
    ),
    **dict.fromkeys(("metadata", "podMetadata"), "a pod is a projection, not an object to select"),
    **dict.fromkeys(
        ("stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty"),
        "a process has its own streams",
    ),
}  # fmt: skip

PLACES: Final[Mapping[str, str]] = {
    "azure": "keep artifacts in the default store, in s3 or in gcs",
    "hdfs": "WebHDFS works as an http artifact",
    "oss": "OSS speaks S3 too: an s3 artifact with its endpoint",
    "plugin": "artifact plugins are containers that only a cluster runs",
}
"""Places of artifacts that cannot be reached from here, and what can."""

REFUSED: Final[Mapping[str, str]] = {
    "volumeDevices": "block devices",
}


def unsupported_spec(spec: Row) -> Iterator[str]:
    """What a spec holds, outside its templates, that the engine does not have."""
    yield from _unknown(spec, SPEC, "spec")
    yield from _unknown(spec.get("retryStrategy"), RETRY, "spec.retryStrategy")
    yield from _unsupported_locks(spec, "spec")


def unsupported_template(template: Row) -> Iterator[str]:
    """What a template holds that the engine does not have."""
    place = f"templates.{template.get('name')}"
    yield from _unknown(template, TEMPLATE, place)
    yield from _unknown(template.get("retryStrategy"), RETRY, f"{place}.retryStrategy")
    yield from _unsupported_locks(template, place)
    yield from _unknown(template.get("http"), HTTP, f"{place}.http")
    yield from _unreachable(template, place)
    for field in ("container", "script"):
        yield from _unknown(template.get(field), CONTAINER, f"{place}.{field}")
    group = template.get("containerSet") or {}
    yield from _unknown(group, CONTAINER_SET, f"{place}.containerSet")
    for name, known, containers in (
        ("containerSet.containers", MEMBER, group.get("containers")),
        ("initContainers", BESIDE, template.get("initContainers")),
        ("sidecars", BESIDE, template.get("sidecars")),
    ):
        for each in containers or ():
            yield from _unknown(each, known, f"{place}.{name}.{each.get('name')}")


def _unreachable(template: Row, place: str) -> Iterator[str]:
    for puts in ("inputs", "outputs"):
        for artifact in (template.get(puts) or {}).get("artifacts") or ():
            for kind in PLACES:
                if artifact.get(kind):
                    name = f"{place}.{puts}.artifacts.{artifact.get('name')}"
                    reason = f"is not supported by the embedded engine ({PLACES[kind]})"
                    yield f"{name}.{kind} {reason}"


def unsupported_call(call: Row, place: str) -> Iterator[str]:
    """What a step or task holds that the engine does not have."""
    yield from _unknown(call, CALL, place)


def _unsupported_locks(holder: Row, place: str) -> Iterator[str]:
    wanted: Row = holder.get("synchronization") or {}
    inner = f"{place}.synchronization"
    yield from _unknown(wanted, SYNCHRONIZATION, inner)
    for mutex in (wanted.get("mutex"), *(wanted.get("mutexes") or ())):
        yield from _unknown(mutex, MUTEX, f"{inner}.mutexes")
    for semaphore in (wanted.get("semaphore"), *(wanted.get("semaphores") or ())):
        yield from _unknown(semaphore, SEMAPHORE, f"{inner}.semaphores")


def _unknown(part: Any, known: frozenset[str], place: str) -> Iterator[str]:
    for field, value in (part or {}).items():
        if value is None or value in ({}, [], "") or field in known or field in WITHOUT_EFFECT:
            continue
        what = REFUSED.get(field)
        reason = f" ({what})" if what else ""
        yield f"{place}.{field} is not supported by the embedded engine{reason}"
