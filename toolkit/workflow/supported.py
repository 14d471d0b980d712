"""Which fields of the Workflow API the embedded engine has. A field that is in none of these
tables, or in REFUSED, is refused by name: nothing is skipped silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from toolkit.workflow.nodes import Row

SPEC: Final = frozenset(
    {
        "activeDeadlineSeconds", "arguments", "entrypoint", "hooks", "onExit", "parallelism",
        "podGC", "podMetadata", "priority", "retryStrategy", "shutdown", "suspend",
        "templateDefaults", "templates", "ttlStrategy", "volumeClaimGC", "volumeClaimTemplates",
        "volumes", "workflowMetadata", "workflowTemplateRef",
    }
)  # fmt: skip

WITHOUT_EFFECT: Final = frozenset(
    {
        # where a step runs, and as whom: there is one machine and one user
        "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "executor",
        "hostAliases", "hostNetwork", "imagePullSecrets", "nodeSelector", "podDisruptionBudget",
        "podPriority",
        "podResources", "podPriorityClassName", "priorityClassName", "schedulerName",
        "securityContext", "serviceAccountName", "tolerations", "podSpecPatch",
        # where logs and artifacts are kept: here in the state folder
        "archiveLogs", "archiveLocation", "artifactGC", "artifactRepositoryRef",
        # metrics are the installation's
        "metrics", "workflowEventBinding",
    }
)  # fmt: skip

TEMPLATE: Final = frozenset(
    {
        "activeDeadlineSeconds", "annotations", "container", "daemon", "dag", "failFast", "inputs",
        "metadata", "name", "outputs", "parallelism", "resource", "retryStrategy", "script",
        "steps", "suspend", "timeout", "volumes",
    }
)  # fmt: skip

REFUSED: Final = {
    "synchronization": "locks",
    "memoize": "memoization",
    "http": "http templates",
    "data": "data templates",
    "containerSet": "container sets",
    "plugin": "plugin templates",
    "sidecars": "sidecars",
    "initContainers": "init containers",
    "pendingTimeout": "a deadline for pending steps",
}


def unsupported(part: Row, place: str = "spec") -> Iterator[str]:
    """The fields of a spec or template that the engine does not have, as messages."""
    known = SPEC if place == "spec" else TEMPLATE
    for field, value in part.items():
        if value is None or value in ({}, [], "") or field in known or field in WITHOUT_EFFECT:
            continue
        what = REFUSED.get(field)
        reason = f" ({what})" if what else ""
        yield f"{place}.{field} is not supported by the embedded engine{reason}"
