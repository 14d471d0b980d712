"""Nodes: phases, types, names and ids as Argo gives them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

Row = dict[str, Any]
"""A JSON-able dict with str keys."""

PENDING: Final = "Pending"
RUNNING: Final = "Running"
SUCCEEDED: Final = "Succeeded"
SKIPPED: Final = "Skipped"
FAILED: Final = "Failed"
ERROR: Final = "Error"
OMITTED: Final = "Omitted"

FINISHED: Final = frozenset({SUCCEEDED, SKIPPED, FAILED, ERROR, OMITTED})
COMPLETED: Final = frozenset({SUCCEEDED, FAILED, ERROR})
UNSUCCESSFUL: Final = frozenset({FAILED, ERROR})

POD: Final = "Pod"
CONTAINER: Final = "Container"
STEPS: Final = "Steps"
STEP_GROUP: Final = "StepGroup"
DAG: Final = "DAG"
TASK_GROUP: Final = "TaskGroup"
RETRY: Final = "Retry"
SKIPPED_TYPE: Final = "Skipped"
SUSPEND: Final = "Suspend"
HTTP: Final = "HTTP"
PLUGIN: Final = "Plugin"

TASKS: Final = frozenset({HTTP, PLUGIN})
"""Nodes without a pod: the agent makes their calls."""

EXECUTED: Final = TASKS | {POD}
"""Leaves for which something is done outside; a workflow's progress counts them."""

_MAX_POD_PREFIX = 253 - 10  # a Kubernetes name less room for the hash
_SEPARATOR = re.compile(r"^(\[\d+\])?\.")
_ATTEMPT_MARKS = str.maketrans("", "", "()")


class Node:
    """One node: ``status`` is Argo's NodeStatus without ``children`` (derived); ``engine`` is what
    the machine needs to go on: owner, seq, counters, the outstanding command.

    A node in a :class:`~toolkit.workflow.run.Run` is never mutated; a draft edits copies.
    """

    __slots__ = ("engine", "status")

    def __init__(self, status: Row, engine: Row) -> None:
        self.status = status
        self.engine = engine

    @property
    def id(self) -> str:
        return str(self.status["id"])

    @property
    def name(self) -> str:
        return str(self.status["name"])

    @property
    def type(self) -> str:
        return str(self.status["type"])

    @property
    def phase(self) -> str:
        return str(self.status["phase"])

    @property
    def message(self) -> str:
        return str(self.status.get("message", ""))

    @property
    def boundary(self) -> str:
        return str(self.status.get("boundaryID", ""))

    @property
    def owner(self) -> str:
        """The id of the node that is told when this one ends; "" for the main and exit roots."""
        return str(self.engine.get("owner", ""))

    @property
    def outputs(self) -> Row | None:
        return self.status.get("outputs")

    @property
    def is_finished(self) -> bool:
        """Ended, or a daemon that is up: what depends on it may go on."""
        phase = self.status["phase"]
        return phase in FINISHED or bool(self.status.get("daemoned"))

    @property
    def has_ended(self) -> bool:
        """In a final phase; a daemon that is up has not ended."""
        return self.status["phase"] in FINISHED

    @property
    def is_unsuccessful(self) -> bool:
        return self.status["phase"] in UNSUCCESSFUL

    @property
    def is_faulty(self) -> bool:
        """In Error for what is wrong with the workflow: what is around it ends in Error too."""
        return bool(self.engine.get("fault") or self.engine.get("invalid"))

    @property
    def is_hook(self) -> bool:
        """Started by another step's or task's hook: ``engine.of`` is that node."""
        return bool(self.engine.get("of"))

    @property
    def is_exit_part(self) -> bool:
        """Part of an exit handler: it starts and goes on when the run is being stopped."""
        return bool(self.engine.get("exit"))

    def copy(self) -> Node:
        return Node(dict(self.status), dict(self.engine))

    def to_row(self) -> Row:
        """The row that :func:`from_row` reads; shares its parts with the node."""
        return {"status": self.status, "engine": self.engine}


def from_row(row: Row) -> Node:
    """The node of a row, which it shares."""
    return Node(row["status"], row["engine"])


@lru_cache(maxsize=4096)
def fnv32a(text: str) -> int:
    """The 32-bit FNV-1a hash that Argo's ids carry. Names are asked for many times close by."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def node_id(workflow: str, name: str) -> str:
    """``<wf>-<fnv32a>``; the root's id is the workflow's name."""
    return workflow if name == workflow else f"{workflow}-{fnv32a(name)}"


def pod_name(workflow: str, node_name: str, template: str) -> str:
    """``<wf>-<template>-<fnv32a>``; a pod at the root has the workflow's name."""
    if node_name == workflow:
        return workflow
    prefix = f"{workflow}-{template}" if template else workflow
    return f"{prefix[: _MAX_POD_PREFIX - 1]}-{fnv32a(node_name)}"


def display_name(name: str, boundary_name: str) -> str:
    """The name inside its boundary: ``wf[0].a`` → ``a``, ``wf[1]`` → ``[1]``."""
    if not boundary_name:
        return name
    return _SEPARATOR.sub("", name.removeprefix(boundary_name))


def without_brackets(text: str) -> str:
    """Loop item text as it stands in a node name: parentheses mark attempts and items."""
    return text.translate(_ATTEMPT_MARKS)


def template_of(status: Row) -> str:
    """The template's name as pod names carry it."""
    reference = status.get("templateRef")
    if reference:
        return str(reference.get("template", ""))
    return str(status.get("templateName", ""))


def rfc3339(instant: datetime) -> str:
    """Kubernetes' time: UTC, whole seconds."""
    return f"{instant.astimezone(UTC).isoformat(timespec='seconds')[:-6]}Z"


def exact(instant: datetime) -> str:
    """An instant in a row: UTC, microseconds kept."""
    return instant.astimezone(UTC).isoformat()


def parse_instant(text: str) -> datetime:
    """The inverse of :func:`exact` and :func:`rfc3339`."""
    return datetime.fromisoformat(text)
