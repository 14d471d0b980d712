"""Server-side apply, as structured-merge-diff does it.

The applied object is merged over the live one; what the manager applied before and names no more
is removed, unless somebody else owns it; what others own and would change is a conflict, unless
forced. An apply that changes neither object nor ownership keeps the version.
"""

from __future__ import annotations

from typing import Any

from toolkit.apiserver.admission import check, completed
from toolkit.apiserver.call import Call
from toolkit.apiserver.custom_schema import pruned, schema_of
from toolkit.apiserver.field_sets import (
    FieldSet,
    Path,
    compare,
    fields_of,
    parts_of,
    prefixes_of,
    readable,
)
from toolkit.apiserver.kind_types import kind_type
from toolkit.apiserver.managed_fields import (
    Conflicts,
    Manager,
    Owners,
    Ownership,
    after_apply,
    conflicts,
    ownable,
    owned_by,
    read_owners,
)
from toolkit.apiserver.namespaces import require_namespace
from toolkit.apiserver.ownership import manager_of, with_owners, without_owners
from toolkit.apiserver.refusals import not_found
from toolkit.apiserver.sensitive import LAST_APPLIED
from toolkit.apiserver.store import Transaction
from toolkit.apiserver.structure import check_structure
from toolkit.apiserver.text import from_text
from toolkit.apiserver.writing import (
    addressed,
    carried_over,
    check_preconditions,
    new_metadata,
    stored_new,
    stored_over,
)
from toolkit.errors import BadRequestError, ConflictError
from toolkit.resource.resource import Body
from toolkit.schema.types import FieldType


def apply(tx: Transaction, call: Call, applied: Body) -> Body:
    """Creates or changes the object so that it holds what ``applied`` names.

    Raises ConflictError with a cause for each field another manager owns, InvalidError,
    NotFoundError (the namespace; the object, for a subresource).
    """
    applied = addressed(call, applied)
    if "managedFields" in applied["metadata"]:
        raise BadRequestError("metadata.managedFields must be nil")
    check_structure(call, applied)
    live = tx.get(call.key)
    if live is None:
        return _create(tx, call, applied)
    check_preconditions(call, live, applied["metadata"])
    applied = _as_named(call, applied)
    merged, owners = _merged(call, live, applied)
    body = completed(call, carried_over(call, live, merged), live)
    check(call, body, live)
    return stored_over(tx, call, live, with_owners(body, owners))


def _create(tx: Transaction, call: Call, applied: Body) -> Body:
    if call.subresource:
        raise not_found(call.kind, call.name)
    require_namespace(tx, call)
    applied = _as_named(call, applied)
    mine = _applied_by(call, applied)
    body = {**applied, "metadata": new_metadata(call, applied["metadata"])}
    body = completed(call, body)
    check(call, body)
    return stored_new(tx, call, with_owners(body, (mine,)))


def _as_named(call: Call, applied: Body) -> Body:
    """Only what this (sub)resource owns, in the form in which it is stored."""
    if call.subresource == "status":
        return {key: value for key, value in applied.items() if key in _OF_STATUS}
    kept = {key: value for key, value in applied.items() if key != "status"}
    applied = kept if call.kind.has_status else applied
    if schema := schema_of(call.kind):
        return pruned(applied, schema)
    return _secret_data(call, applied) if "stringData" in applied else applied


def _secret_data(call: Call, applied: Body) -> Body:
    """Owned is what is stored: the values under ``data``."""
    stored = completed(call, applied)
    if "type" not in applied:
        stored.pop("type", None)
    return stored


def _merged(call: Call, live: Body, applied: Body) -> tuple[Body, Owners]:
    root = kind_type(call.kind)
    owners = read_owners(live)
    mine = _applied_by(call, applied)
    before = owned_by(owners, mine.manager)
    bare = without_owners(live)
    merged = merge(bare, applied, root)
    if before is not None:
        others = [o.fields for o in owners if o.manager != mine.manager]
        merged = without_released(merged, before.fields, mine.fields, others, root)
    change = compare(bare, merged, root)
    found = conflicts(owners, mine.manager, change)
    if found and not call.options.force and not _is_upgrade(call, live, found):
        raise _refusal(found)
    return merged, after_apply(owners, mine, change)


def _applied_by(call: Call, applied: Body) -> Ownership:
    fields = ownable(fields_of(applied, kind_type(call.kind)))
    return Ownership(manager_of(call, "Apply"), fields, call.fresh.timestamp)


def merge(live: Any, applied: Any, type: FieldType | None) -> Any:
    """``applied`` over ``live``: maps and keyed lists part by part, the rest as a whole. Shares
    what it takes over with its arguments.

    Keyed lists keep the order of ``live``; new items follow in the order applied.
    """
    before, named = parts_of(live, type), parts_of(applied, type)
    if before is None or named is None or isinstance(live, list) != isinstance(applied, list):
        return applied
    merged = {element: value for element, (value, _) in before.items()}
    for element, (value, part_type) in named.items():
        if element in merged:
            merged[element] = merge(merged[element], value, part_type)
        else:
            merged[element] = value
    if isinstance(applied, list):
        return list(merged.values())
    return {element[2:]: value for element, value in merged.items()}


def without_released(
    body: Body,
    before: FieldSet,
    now: FieldSet,
    others: list[FieldSet],
    type: FieldType,
) -> Body:
    """``body`` without the fields that were applied ``before``, are not named ``now``, and which
    no other manager owns, nor any part of them.
    """
    if before <= now:
        return body
    kept = prefixes_of(now).union(*(prefixes_of(fields) for fields in others))
    released = frozenset(
        path for path in prefixes_of(before) - kept if len(path) > 1 or path[0] not in _ALWAYS_THERE
    )
    removed: Body = _without(body, type, (), released)
    return removed


def _without(value: Any, type: FieldType | None, path: Path, released: FieldSet) -> Any:
    parts = parts_of(value, type)
    if parts is None:
        return value
    kept = {
        element: _without(part, part_type, (*path, element), released)
        for element, (part, part_type) in parts.items()
        if (*path, element) not in released
    }
    if isinstance(value, list):
        return list(kept.values())
    return {element[2:]: part for element, part in kept.items()}


def _is_upgrade(call: Call, live: Body, found: Conflicts) -> bool:
    """What kubectl owned by client-side apply it may take by server-side apply."""
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    if call.options.field_manager != "kubectl" or not text:
        return False
    try:
        last_applied = from_text(text)
    except ValueError:
        return False
    its_own = fields_of(last_applied, kind_type(call.kind))
    return all(fields <= its_own for _, fields in found)


def _refusal(found: Conflicts) -> ConflictError:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_told(manager)}",
            "field": readable(path),
        }
        for manager, fields in found
        for path in sorted(fields)
    ]
    if len(causes) == 1:
        told = f"1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lists = (
            "\n".join(
                [f"conflicts with {_told(manager)}:", *(f"- {readable(p)}" for p in sorted(fields))]
            )
            for manager, fields in found
        )
        told = f"{len(causes)} conflicts: " + "\n".join(lists)
    return ConflictError(f"Apply failed with {told}", details={"causes": causes})


def _told(manager: Manager) -> str:
    of = f" with subresource {manager.subresource!r}" if manager.subresource else ""
    using = f" using {manager.api_version}" if manager.operation == "Update" else ""
    return f'"{manager.name}"{of}{using}'


_OF_STATUS = frozenset(["apiVersion", "kind", "metadata", "status"])
_ALWAYS_THERE = frozenset(["f:apiVersion", "f:kind", "f:metadata"])
