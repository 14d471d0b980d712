"""The downward API: what can be said of a pod, and of a container's resources, on this machine."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from toolkit.errors import ExecutionError
from toolkit.resource.resource import Body
from toolkit.workflow.pods.quantity import parse_quantity

_LABEL_PATH: Final = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_HOST_IP: Final = "127.0.0.1"
_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a container may use that names no limit: all there is."""

    cpus: int
    memory_bytes: int

    @classmethod
    def here(cls) -> Machine:
        pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        return cls(os.cpu_count() or 1, pages * page_bytes)


@dataclass(frozen=True, slots=True)
class Downward:
    """What one container is told. ``resources``: those of each container of the pod, by name.
    Most ask nothing of ``pod`` and ``machine``, which are looked at when they do.
    """

    pod: Callable[[], Body | None]
    resources: Mapping[str, Mapping[str, Any]]
    container: str
    machine: Callable[[], Machine] = Machine.here

    def value(self, source: Mapping[str, Any]) -> str:
        """Of a ``fieldRef`` or ``resourceFieldRef``. Raises ExecutionError for what cannot be
        said.
        """
        if "resourceFieldRef" in source:
            return self._resource(source["resourceFieldRef"] or {})
        return self._field(str((source.get("fieldRef") or {}).get("fieldPath")))

    def _field(self, path: str) -> str:
        metadata = (self.pod() or {}).get("metadata") or {}
        if found := _LABEL_PATH.fullmatch(path):
            return str((metadata.get(found[1]) or {}).get(found[2], ""))
        if path in ("metadata.labels", "metadata.annotations"):
            entries = metadata.get(path.partition(".")[2]) or {}
            return "\n".join(f'{key}="{value}"' for key, value in sorted(entries.items()))
        known = {
            "metadata.name": metadata.get("name", ""),
            "metadata.namespace": metadata.get("namespace", ""),
            "metadata.uid": metadata.get("uid", ""),
            "spec.nodeName": "localhost",
            "spec.serviceAccountName": "default",
            "status.hostIP": _HOST_IP,
            "status.hostIPs": _HOST_IP,
            "status.podIP": _HOST_IP,
            "status.podIPs": _HOST_IP,
        }
        if path not in known:
            raise ExecutionError(f"fieldRef {path} is not supported here")
        return str(known[path])

    def _resource(self, reference: Mapping[str, Any]) -> str:
        """Rounded up to whole divisors, as Kubernetes does."""
        name = str(reference.get("containerName") or self.container)
        side, _, kind = str(reference.get("resource")).partition(".")
        if side not in ("limits", "requests") or kind not in _RESOURCES:
            raise ExecutionError(f"resourceFieldRef {reference.get('resource')} is not supported")
        if name not in self.resources:
            raise ExecutionError(f"resourceFieldRef: the pod has no container {name}")
        try:
            divisor = parse_quantity(str(reference.get("divisor") or "1")) or 1
            return str(math.ceil(self._amount(self.resources[name], side, kind) / divisor))
        except ValueError as error:
            raise ExecutionError(f"resourceFieldRef: {error}") from error

    def _amount(self, resources: Mapping[str, Any], side: str, kind: str) -> Fraction | int:
        limit = (resources.get("limits") or {}).get(kind)
        asked = (resources.get("requests") or {}).get(kind, limit)
        chosen = limit if side == "limits" else asked
        if chosen is not None:
            return parse_quantity(str(chosen))
        if side == "requests":
            return 0
        machine = self.machine()
        return {"cpu": machine.cpus, "memory": machine.memory_bytes}.get(kind, 0)
