"""Requests and limits of containers, as amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from toolkit.workflow.commands import ContainerCall, StartContainer
from toolkit.workflow.pods.quantity import parse_quantity

_INIT: Final = "init"


@dataclass(frozen=True, slots=True)
class Amounts:
    """Processors (1.5 is one and a half) and bytes of memory."""

    cpu: float = 0.0
    memory_bytes: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(self.cpu + other.cpu, self.memory_bytes + other.memory_bytes)

    def __sub__(self, other: Amounts) -> Amounts:
        return Amounts(self.cpu - other.cpu, self.memory_bytes - other.memory_bytes)

    def fits(self, room: Amounts) -> bool:
        """Whether there is room for it."""
        return self.cpu <= room.cpu + 1e-9 and self.memory_bytes <= room.memory_bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use at most; None: as much as there is."""

    cpu: float | None = None
    memory_bytes: int | None = None
    storage_bytes: int | None = None


NOTHING: Final = Amounts()


def requested(start: StartContainer) -> Amounts:
    """What a pod reserves: the sum of its containers', or the largest of its init containers'
    where that is more, as Kubernetes' scheduler counts. Raises ValueError for what is no quantity.
    """
    if not start.containers:
        return _request(start.call)
    together, largest = NOTHING, NOTHING
    for container in start.containers:
        amounts = _request(container.call)
        if container.role == _INIT:
            largest = _larger(largest, amounts)
        else:
            together += amounts
    return _larger(together, largest)


def limits_of(call: ContainerCall) -> Limits:
    """Raises ValueError for what is no quantity."""
    found = dict(_quantities(call, "limits"))
    memory, storage = found.get("memory"), found.get("ephemeral-storage")
    return Limits(
        found.get("cpu"),
        None if memory is None else int(memory),
        None if storage is None else int(storage),
    )


def _request(call: ContainerCall) -> Amounts:
    """A limit without a request is the request, as in Kubernetes."""
    found = dict(_quantities(call, "limits")) | dict(_quantities(call, "requests"))
    return Amounts(found.get("cpu", 0.0), int(found.get("memory", 0)))


def _quantities(call: ContainerCall, what: str) -> Iterator[tuple[str, float]]:
    given: Mapping[str, Any] = (call.resources or {}).get(what) or {}
    for name in ("cpu", "memory", "ephemeral-storage"):
        if given.get(name) is not None:
            yield name, float(parse_quantity(str(given[name])))


def _larger(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(max(one.cpu, other.cpu), max(one.memory_bytes, other.memory_bytes))
