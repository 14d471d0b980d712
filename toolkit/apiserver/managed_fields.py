"""Who owns which field: ``metadata.managedFields`` read, changed by writes, and written.

The rules are those of Kubernetes' structured-merge-diff: a plain write takes the fields it
changes from everybody; an apply owns what it names, and what it named before and no longer names
is removed unless somebody else owns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolkit.apiserver.field_sets import Comparison, FieldSet, Path, decode, encode
from toolkit.errors import BadRequestError

_UNOWNED = frozenset(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "uid",
                "resourceVersion",
                "generation",
                "creationTimestamp",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "managedFields",
                "selfLink",
            )
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class Manager:
    """``operation``: Apply or Update. The same name may own by both, and by subresource."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Ownership:
    """One entry: ``time`` is when its fields last changed."""

    manager: Manager
    fields: FieldSet
    time: str


Owners = tuple[Ownership, ...]

Conflicts = tuple[tuple[Manager, FieldSet], ...]
"""What others own of what an apply would change."""


def read_owners(body: Mapping[str, Any]) -> Owners:
    """Raises BadRequestError for entries that are none."""
    entries = (body.get("metadata") or {}).get("managedFields") or []
    if not isinstance(entries, list):
        raise BadRequestError("metadata.managedFields is no list")
    return tuple(_read_entry(entry) for entry in entries if entry)


def write_owners(owners: Owners) -> list[dict[str, Any]]:
    """The entries of ``metadata.managedFields``: applies first, each kind by time and name."""
    ordered = sorted(
        (owner for owner in owners if owner.fields),
        key=lambda o: (o.manager.operation, o.time, o.manager.name, o.manager.subresource),
    )
    return [_write_entry(owner) for owner in ordered]


def ownable(fields: Iterable[Path]) -> FieldSet:
    """Without what the server itself sets, which nobody owns."""
    return frozenset(fields) - _UNOWNED


def after_update(owners: Owners, manager: Manager, change: Comparison, time: str) -> Owners:
    """A plain write: ``manager`` takes what changed; what is gone nobody owns any more."""
    changed = ownable(change.changed)
    if not changed and not change.removed:
        return owners
    mine = owned_by(owners, manager)
    kept = tuple(
        replace(owner, fields=owner.fields - changed - change.removed)
        for owner in owners
        if owner.manager != manager
    )
    fields = (mine.fields if mine else frozenset()) - change.removed | changed
    when = time if changed or mine is None else mine.time
    return (*kept, Ownership(manager, fields, when)) if fields else kept


def after_apply(owners: Owners, mine: Ownership, change: Comparison) -> Owners:
    """An apply that went through: conflicts were forced, so others lose what it changed."""
    kept = tuple(
        replace(owner, fields=owner.fields - change.changed - change.removed)
        for owner in owners
        if owner.manager != mine.manager
    )
    before = owned_by(owners, mine.manager)
    same = before is not None and before.fields == mine.fields and not change.changed
    return (*kept, before if same and before else mine)


def conflicts(owners: Owners, manager: Manager, change: Comparison) -> Conflicts:
    """The fields an apply would change that others own, by manager."""
    found = (
        (owner.manager, owner.fields & change.changed)
        for owner in owners
        if owner.manager != manager
    )
    return tuple((other, fields) for other, fields in found if fields)


def owned_by(owners: Owners, manager: Manager) -> Ownership | None:
    """The manager's entry, or None."""
    return next((owner for owner in owners if owner.manager == manager), None)


def _read_entry(entry: Any) -> Ownership:
    if not isinstance(entry, Mapping) or entry.get("fieldsType", "FieldsV1") != "FieldsV1":
        raise BadRequestError("metadata.managedFields: an entry is not of type FieldsV1")
    manager = Manager(
        name=str(entry.get("manager") or ""),
        operation=str(entry.get("operation") or "Update"),
        api_version=str(entry.get("apiVersion") or ""),
        subresource=str(entry.get("subresource") or ""),
    )
    return Ownership(manager, decode(entry.get("fieldsV1") or {}), str(entry.get("time") or ""))


def _write_entry(owner: Ownership) -> dict[str, Any]:
    manager = owner.manager
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        "time": owner.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": encode(owner.fields),
    }
    return {**entry, "subresource": manager.subresource} if manager.subresource else entry
