"""``resourcesDuration``: what a pod requested, times how long it had it. Argo's rule
(``util/resource/duration.go``): of each container, requests over limits over 100m of cpu and 100Mi
of memory, times the whole seconds it ran; in units of 1 cpu, 100Mi of memory, 10Gi of storage.

Argo's own two containers of a pod (``init``, ``wait``) are not there, and are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from math import ceil
from typing import Any, Final

from toolkit.workflow.commands import StartContainer
from toolkit.workflow.nodes import Node, Row, parse_instant
from toolkit.workflow.pods.quantity import parse_quantity

UNITS: Final[Mapping[str, str]] = {
    "memory": "100Mi", "storage": "10Gi", "ephemeral-storage": "10Gi",
}  # fmt: skip
"""What one second of a resource is a second of; of all others it is 1."""

_DEFAULTS: Final[Mapping[str, Any]] = {"cpu": "100m", "memory": "100Mi"}
_NOTHING: Final[Mapping[str, int]] = {"cpu": 0, "memory": 0}
_POD: Final = ""


def remember_requests(node: Node, start: StartContainer) -> None:
    """Note down what the containers ask for beside the defaults; the node is ours to edit."""
    asked = {
        name: wanted
        for name, resources in _resources(start)
        if (wanted := {**(resources.get("limits") or {}), **(resources.get("requests") or {})})
    }
    if asked:
        node.engine["asked"] = asked


def _resources(start: StartContainer) -> Iterator[tuple[str, Row]]:
    if not start.containers:
        yield _POD, start.call.resources or {}
    for container in start.containers:
        yield container.name, container.call.resources or {}


def put_usage(node: Node, at: datetime, since: str = "") -> None:
    """The pod, ours to edit, ended ``at``; of one container, it ran since it was told to run, or
    ``since``. Of one that never ran nothing was used.
    """
    known: Row = node.engine.get("containers") or {}
    if not known:
        began = str(node.engine.get("began") or since)
        node.status["resourcesDuration"] = _used(node, {_POD: _whole_s(began, at) if began else 0})
        return
    ran = {
        name: _whole_s(each["started"], parse_instant(each["finished"]))
        for name, each in known.items()
        if each.get("started") and each.get("finished")
    }
    node.status["resourcesDuration"] = _used(node, ran)


def _used(node: Node, seconds: Mapping[str, int]) -> dict[str, int]:
    asked = node.engine.get("asked") or {}
    used = dict(_NOTHING)
    for name, ran_s in seconds.items():
        if ran_s or name in asked:
            for resource, quantity in {**_DEFAULTS, **asked.get(name, {})}.items():
                used[resource] = used.get(resource, 0) + _times(resource, quantity, ran_s)
    return used


def _times(resource: str, quantity: Any, seconds: int) -> int:
    try:
        milli = _milli(str(quantity))
    except ValueError:
        return 0  # no pod of it was ever started
    return milli * seconds // _milli(UNITS.get(resource, "1"))


@lru_cache(maxsize=256)
def _milli(quantity: str) -> int:
    return ceil(parse_quantity(quantity) * 1000)


def _whole_s(started: str, ended: datetime) -> int:
    """Between two of Kubernetes' times, which have whole seconds."""
    return max(0, int(ended.timestamp()) - int(parse_instant(started).timestamp()))
