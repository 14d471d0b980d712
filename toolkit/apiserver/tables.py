"""Objects as a meta.k8s.io Table, which is what ``kubectl get`` asks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any

from toolkit.apiserver.columns import Column, columns_of
from toolkit.apiserver.kinds import Kind
from toolkit.resource.resource import Body


class IncludeObject(Enum):
    """How much of each object a row carries."""

    NONE = "None"
    METADATA = "Metadata"
    OBJECT = "Object"


def table(
    kind: Kind,
    bodies: Iterable[Body],
    *,
    now: datetime,
    metadata: dict[str, Any],
    include: IncludeObject = IncludeObject.METADATA,
    has_header: bool = True,
) -> Body:
    """``metadata`` is the list's. ``has_header`` False: as in a watch after its first event."""
    columns = columns_of(kind)
    header = [_definition("Name", "string", 0, "name")] + [
        _definition(column.name, column.type, column.priority) for column in columns
    ]
    rows = [
        {
            "cells": [body["metadata"]["name"], *(_cell(column, body, now) for column in columns)],
            **_object(body, include),
        }
        for body in bodies
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": header if has_header else None,
        "rows": rows,
    }


def partial_metadata(body: Body) -> Body:
    """The object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": body["metadata"],
    }


def _cell(column: Column, body: Body, now: datetime) -> Any:
    """A status is not checked: one object that is not as its kind says must not spoil the list."""
    try:
        return column.cell(body, now)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "<invalid>"


def _object(body: Body, include: IncludeObject) -> Body:
    match include:
        case IncludeObject.NONE:
            return {}
        case IncludeObject.OBJECT:
            return {"object": body}
        case IncludeObject.METADATA:
            return {"object": partial_metadata(body)}


def _definition(name: str, type: str, priority: int, format: str = "") -> Body:
    return {
        "name": name,
        "type": type,
        "format": format,
        "description": name,
        "priority": priority,
    }
