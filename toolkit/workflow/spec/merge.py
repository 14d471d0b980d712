"""Merging specs: Workflow over WorkflowTemplate, template over templateDefaults."""

from __future__ import annotations

from typing import Any, Final

from toolkit.workflow.nodes import Row

_BY_NAME: Final = frozenset(
    {
        "artifacts", "containers", "env", "imagePullSecrets", "initContainers", "parameters",
        "sidecars", "tasks", "templates", "volumes",
    }
)  # fmt: skip
_BY_KEY: Final = {"volumeMounts": "mountPath", "volumeDevices": "devicePath", "hostAliases": "ip"}

TEMPLATE_TYPES: Final = (
    "container", "containerSet", "script", "steps", "dag", "suspend", "resource", "http", "data",
    "plugin",
)  # fmt: skip


def overlay(base: Any, top: Any, field: str = "") -> Any:
    """``top`` over ``base`` as a strategic merge does: maps by key, named lists by name, anything
    else replaced. Neither is changed.
    """
    if isinstance(base, dict) and isinstance(top, dict):
        merged = dict(base)
        for key, value in top.items():
            merged[key] = overlay(base[key], value, key) if key in base else value
        return merged
    if isinstance(base, list) and isinstance(top, list):
        key = "name" if field in _BY_NAME else _BY_KEY.get(field, "")
        if key and all(isinstance(entry, dict) and key in entry for entry in [*base, *top]):
            return _overlay_named(base, top, key, field)
    return base if top is None else top


def _overlay_named(base: list[Row], top: list[Row], key: str, field: str) -> list[Row]:
    merged = {entry[key]: entry for entry in base}
    for entry in top:
        known = merged.get(entry[key])
        merged[entry[key]] = entry if known is None else _merge_entry(known, entry, field)
    return list(merged.values())


def _merge_entry(known: Row, entry: Row, field: str) -> Row:
    """A value given on top takes the place of a ``valueFrom`` below, and the other way round."""
    if field in {"parameters", "env"}:
        other = {"value": "valueFrom", "valueFrom": "value"}
        gone = {other[key] for key in entry if key in other}
        known = {key: value for key, value in known.items() if key not in gone}
    merged: Row = overlay(known, entry)
    return merged


def type_of(template: Row) -> str:
    """The template's type: its one field among :data:`TEMPLATE_TYPES`, "" where there is none."""
    for field in TEMPLATE_TYPES:
        if template.get(field) is not None:
            return field
    return ""


def with_defaults(template: Row, defaults: Row | None) -> Row:
    """The template over ``templateDefaults``; defaults of other types do not apply."""
    if not defaults:
        return template
    own = type_of(template)
    fitting = {
        key: value for key, value in defaults.items() if key not in TEMPLATE_TYPES or key == own
    }
    merged: Row = overlay(fitting, template)
    return merged
