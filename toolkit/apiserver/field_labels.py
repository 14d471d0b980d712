"""Which fields a field selector may name, by kind.

Those of Kubernetes' own conversions (pkg/apis/*/conversion.go); of a custom kind its name and
namespace, and the ``selectableFields`` of its definition. A field that is not among them is
refused: a list that is empty for a slip of the pen looks like an answer.
"""

from __future__ import annotations

from typing import Final

from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.selectors import Selector
from toolkit.errors import BadRequestError

_OF_EVERY_KIND: Final = frozenset(["metadata.name", "metadata.namespace"])
_OF_KIND: Final = {
    "/Pod": frozenset(
        [
            "spec.hostNetwork",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.nominatedNodeName",
            "status.phase",
            "status.podIP",
            "status.podIPs",
        ]
    ),
    "/Event": frozenset(
        [
            "involvedObject.apiVersion",
            "involvedObject.fieldPath",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.resourceVersion",
            "involvedObject.uid",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ]
    ),
    "/Namespace": frozenset(["status.phase"]),
    "/Node": frozenset(["spec.unschedulable"]),
    "/Secret": frozenset(["type"]),
    "/Service": frozenset(["spec.clusterIP", "spec.type"]),
    "apps/ReplicaSet": frozenset(["status.replicas"]),
    "batch/Job": frozenset(["status.successful"]),
}


def require_known_fields(kind: Kind, selector: Selector) -> None:
    """Raises BadRequestError for a field the kind's selectors do not know."""
    for path, _, _ in selector.fields:
        label = ".".join(path)
        if label not in _OF_EVERY_KIND and label not in _known(kind):
            raise BadRequestError(f"field label not supported: {label}")


def _known(kind: Kind) -> frozenset[str]:
    if kind.definition is None:
        return _OF_KIND.get(kind.storage, frozenset())
    chosen = kind.definition.get("selectableFields") or ()
    return frozenset(str(each.get("jsonPath") or "").removeprefix(".") for each in chosen)
