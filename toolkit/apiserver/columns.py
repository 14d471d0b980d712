"""What ``kubectl get`` shows of each kind: columns, and how a cell is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from toolkit.apiserver.json_path import found_at
from toolkit.apiserver.kinds import Kind
from toolkit.resource.resource import Body

Cell = Callable[[Body, datetime], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """``priority`` 0 shows always, 1 with ``-o wide``."""

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0


def columns_of(kind: Kind) -> tuple[Column, ...]:
    """After the name. A kind without its own shows its age."""
    if kind.definition is not None:
        return tuple(_declared(kind.definition)) or (_AGE,)
    return _COLUMNS.get(kind.storage, (_AGE,))


def short_duration(seconds: float) -> str:
    """As kubectl writes ages: ``7s``, ``3m20s``, ``5h``, ``2d4h``, ``14d``."""
    s = max(int(seconds), 0)
    for limit, unit, name, below, below_name, until in _UNITS:
        if s < limit:
            whole, rest = divmod(s, unit)
            extra = rest // below if below and whole < until else 0
            return f"{whole}{name}{extra}{below_name}" if extra else f"{whole}{name}"
    return f"{s // 31_536_000}y"


# below, unit, its letter, the next smaller unit and letter, shown below this count
_UNITS = (
    (120, 1, "s", 0, "", 0),
    (10 * 60, 60, "m", 1, "s", 10),
    (3 * 3600, 60, "m", 0, "", 0),
    (8 * 3600, 3600, "h", 60, "m", 8),
    (48 * 3600, 3600, "h", 0, "", 0),
    (8 * 86_400, 86_400, "d", 3600, "h", 8),
    (2 * 31_536_000, 86_400, "d", 0, "", 0),
)


def age_of(text: Any, now: datetime) -> str:
    """Of an RFC 3339 time; ``<unknown>`` where it is none."""
    try:
        since = datetime.fromisoformat(str(text))
    except ValueError:
        return "<unknown>"
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return short_duration((now - since).total_seconds())


def _at(path: str, absent: Any = "") -> Cell:
    parts = path.split(".")

    def cell(body: Body, now: datetime) -> Any:  # noqa: ARG001
        value: Any = body
        for part in parts:
            value = value.get(part) if isinstance(value, Mapping) else None
        return absent if value is None else value

    return cell


def _since(path: str) -> Cell:
    found = _at(path, None)

    def cell(body: Body, now: datetime) -> str:
        text = found(body, now)
        return age_of(text, now) if text else "<none>"

    return cell


def _count(path: str) -> Cell:
    found = _at(path, ())
    return lambda body, now: len(found(body, now))


def _joined(path: str) -> Cell:
    found = _at(path, ())
    return lambda body, now: ",".join(str(each) for each in found(body, now))


def _out_of(part: str, whole: str) -> Cell:
    left, right = _at(part, 0), _at(whole, 0)
    return lambda body, now: f"{left(body, now)}/{right(body, now)}"


def _pod_ready(body: Body, now: datetime) -> str:  # noqa: ARG001
    statuses = (body.get("status") or {}).get("containerStatuses") or []
    containers = (body.get("spec") or {}).get("containers") or []
    return f"{sum(bool(s.get('ready')) for s in statuses)}/{len(containers)}"


def _pod_status(body: Body, now: datetime) -> str:  # noqa: ARG001
    status = body.get("status") or {}
    if body["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        reason = (state.get("terminated") or state.get("waiting") or {}).get("reason")
        if reason:
            return str(reason)
    return str(status.get("reason") or status.get("phase") or "Pending")


def _pod_restarts(body: Body, now: datetime) -> int:  # noqa: ARG001
    statuses = (body.get("status") or {}).get("containerStatuses") or []
    return sum(int(s.get("restartCount") or 0) for s in statuses)


def _event_object(body: Body, now: datetime) -> str:  # noqa: ARG001
    involved = body.get("involvedObject") or {}
    return f"{str(involved.get('kind') or '').lower()}/{involved.get('name') or ''}"


def _schedules(body: Body, now: datetime) -> str:  # noqa: ARG001
    spec = body.get("spec") or {}
    found = [*(spec.get("schedules") or ()), *([spec["schedule"]] if spec.get("schedule") else ())]
    return ",".join(str(schedule) for schedule in found)


def _service_ports(body: Body, now: datetime) -> str:  # noqa: ARG001
    ports = (body.get("spec") or {}).get("ports") or []
    return ",".join(f"{p.get('port')}/{p.get('protocol') or 'TCP'}" for p in ports) or "<none>"


def _role(body: Body, now: datetime) -> str:  # noqa: ARG001
    reference = body.get("roleRef") or {}
    return f"{reference.get('kind')}/{reference.get('name')}"


def _declared(version: Mapping[str, Any]) -> Iterator[Column]:
    """A CRD version's own columns: JSON paths, dates as ages."""
    for column in version.get("additionalPrinterColumns") or ():
        path = str(column.get("jsonPath") or "")
        yield Column(
            name=str(column.get("name") or ""),
            cell=_declared_cell(path, str(column.get("type") or "string")),
            type=str(column.get("type") or "string"),
            priority=int(column.get("priority") or 0),
        )


def _declared_cell(path: str, type: str) -> Cell:
    def cell(body: Body, now: datetime) -> Any:
        values = found_at(path, body)
        if not values:
            return "<unknown>" if type == "date" else None
        if type == "date":
            return age_of(values[0], now)
        if type == "string":
            return ",".join(_shown(value) for value in values)
        return values[0]

    return cell


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


_AGE = Column("Age", _since("metadata.creationTimestamp"))
_CREATED = Column("Created At", _at("metadata.creationTimestamp"))
_DATA = Column("Data", _count("data"), "integer")
_STATUS = Column("Status", _at("status.phase"))

_COLUMNS: dict[str, tuple[Column, ...]] = {
    "argoproj.io/Workflow": (
        _STATUS,
        Column("Progress", _at("status.progress")),
        Column("Age", _since("metadata.creationTimestamp")),
        Column("Message", _at("status.message")),
    ),
    "argoproj.io/CronWorkflow": (
        Column("Schedule", _schedules),
        Column("Timezone", _at("spec.timezone", "<none>")),
        Column("Suspend", _at("spec.suspend", absent=False), "boolean"),
        Column("Active", _count("status.active"), "integer"),
        Column("Last Schedule", _since("status.lastScheduledTime")),
        _AGE,
    ),
    "argoproj.io/WorkflowTemplate": (
        Column("Entrypoint", _at("spec.entrypoint", "<none>")),
        Column("Templates", _count("spec.templates"), "integer", 1),
        _AGE,
    ),
    "/ConfigMap": (_DATA, _AGE),
    "/Event": (
        Column("Last Seen", _since("lastTimestamp")),
        Column("Type", _at("type")),
        Column("Reason", _at("reason")),
        Column("Object", _event_object),
        Column("Message", _at("message")),
    ),
    "/Namespace": (_STATUS, _AGE),
    "/PersistentVolumeClaim": (
        _STATUS,
        Column("Volume", _at("spec.volumeName")),
        Column("Capacity", _at("status.capacity.storage")),
        Column("Access Modes", _joined("spec.accessModes")),
        Column("StorageClass", _at("spec.storageClassName")),
        _AGE,
    ),
    "/Pod": (
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _pod_restarts, "integer"),
        _AGE,
        Column("Node", _at("spec.nodeName", "<none>"), priority=1),
    ),
    "/Secret": (Column("Type", _at("type")), _DATA, _AGE),
    "/Service": (
        Column("Type", _at("spec.type", "ClusterIP")),
        Column("Cluster-IP", _at("spec.clusterIP", "<none>")),
        Column("Port(s)", _service_ports),
        _AGE,
    ),
    "/ServiceAccount": (Column("Secrets", _count("secrets"), "integer"), _AGE),
    "apiextensions.k8s.io/CustomResourceDefinition": (_CREATED,),
    "apps/Deployment": (
        Column("Ready", _out_of("status.readyReplicas", "spec.replicas")),
        Column("Up-to-date", _at("status.updatedReplicas", 0), "integer"),
        Column("Available", _at("status.availableReplicas", 0), "integer"),
        _AGE,
    ),
    "apps/StatefulSet": (
        Column("Ready", _out_of("status.readyReplicas", "spec.replicas")),
        _AGE,
    ),
    "batch/CronJob": (
        Column("Schedule", _at("spec.schedule")),
        Column("Timezone", _at("spec.timeZone", "<none>")),
        Column("Suspend", _at("spec.suspend", absent=False), "boolean"),
        Column("Active", _count("status.active"), "integer"),
        Column("Last Schedule", _since("status.lastScheduleTime")),
        _AGE,
    ),
    "batch/Job": (Column("Completions", _out_of("status.succeeded", "spec.completions")), _AGE),
    "coordination.k8s.io/Lease": (Column("Holder", _at("spec.holderIdentity")), _AGE),
    "rbac.authorization.k8s.io/ClusterRole": (_CREATED,),
    "rbac.authorization.k8s.io/ClusterRoleBinding": (Column("Role", _role), _AGE),
    "rbac.authorization.k8s.io/Role": (_CREATED,),
    "rbac.authorization.k8s.io/RoleBinding": (Column("Role", _role), _AGE),
}
