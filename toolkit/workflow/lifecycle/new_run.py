"""The row that a run begins with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.nodes import RUNNING, Row, exact, parse_instant

ROW_VERSION: Final = 1


def new_row(workflow: Body, now: datetime) -> Row:
    """The row of a run that nothing has happened to yet."""
    metadata: Mapping[str, Any] = workflow.get("metadata") or {}
    return {
        "version": ROW_VERSION,
        "uid": str(metadata.get("uid") or ""),
        "name": str(metadata.get("name") or ""),
        "namespace": str(metadata.get("namespace") or ""),
        "phase": RUNNING,
        "message": "",
        "stage": "main",
        "started": exact(now),
        "created": _created(metadata, now),
        "finished": None,
        "seq": 0,
        "commands": 0,
        "active": 0,
        "starved": [],
        "waiting": [],
        "deferred": [],
        "suspend": False,
        "shutdown": "",
        "outputs": None,
    }


def _created(metadata: Mapping[str, Any], now: datetime) -> str:
    """The workflow's place among others that wait for the same locks."""
    created = metadata.get("creationTimestamp")
    return exact(parse_instant(str(created)) if created else now)


def empty_definition(workflow: Body) -> Row:
    """What stands for the definition of a workflow that could not be read."""
    spec = workflow.get("spec")
    return {
        "spec": spec if isinstance(spec, dict) else {},
        "scope": "",
        "templates": {},
        "configMaps": {},
        "globals": {},
        "metadata": {"labels": {}, "annotations": {}},
    }
