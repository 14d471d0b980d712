"""Fields and types against a kind's schema: unknown fields are refused, warned of or let be; a
value of another type is always refused.

``status`` is not looked at: controllers write it, and it may be large.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from toolkit.apiserver.call import Call, FieldValidation
from toolkit.apiserver.kind_types import kind_type
from toolkit.apiserver.refusals import invalid
from toolkit.errors import BadRequestError
from toolkit.resource.field_path import FieldPath, format_path
from toolkit.resource.resource import Body
from toolkit.schema.types import FieldType

Unknown = tuple[FieldPath, FieldType]
"""A field, and the type that does not have it."""

Mismatch = tuple[FieldPath, str, str]
"""A field, the type found and the type wanted, in JSON's words."""


def check_structure(call: Call, body: Body) -> None:
    """Raises InvalidError for values of another type.

    Unknown fields: Strict raises BadRequestError with all of them, Warn adds to ``call.warnings``.
    """
    unknown: list[Unknown] = []
    mismatches: list[Mismatch] = []
    _walk(
        {k: v for k, v in body.items() if k != "status"},
        kind_type(call.kind),
        (),
        unknown,
        mismatches,
    )
    if mismatches:
        raise invalid(call.kind, call.name, [_mismatch_cause(*each) for each in mismatches])
    wanted = call.options.field_validation
    if not unknown or wanted is FieldValidation.IGNORE:
        return
    told = [_told(*each) for each in unknown]
    if wanted is FieldValidation.STRICT:
        raise BadRequestError(f"strict decoding error: {', '.join(told)}")
    call.warnings.extend(told)


def _walk(
    value: Any,
    type: FieldType,
    path: FieldPath,
    unknown: list[Unknown],
    mismatches: list[Mismatch],
) -> None:
    if value.__class__ in type.scalars:
        return
    wanted = type.schema.get("type")
    if value.__class__ is not type.container and wanted and not _is_of(value, wanted):
        mismatches.append((path, _name_of(value), _shown(wanted)))
    elif isinstance(value, list):
        _walk_items(value, type, path, unknown, mismatches)
    elif isinstance(value, Mapping):
        _walk_fields(value, type, path, unknown, mismatches)


def _walk_items(
    items: list[Any],
    type: FieldType,
    path: FieldPath,
    unknown: list[Unknown],
    mismatches: list[Mismatch],
) -> None:
    item_type = type.item()
    if item_type is not None:
        for index, item in enumerate(items):
            _walk(item, item_type, (*path, index), unknown, mismatches)


def _walk_fields(
    fields: Mapping[Any, Any],
    type: FieldType,
    path: FieldPath,
    unknown: list[Unknown],
    mismatches: list[Mismatch],
) -> None:
    field_type = type.field
    for key, part in fields.items():
        part_type = field_type(str(key))
        if part_type is None:
            if type.field_names and not _is_open(type):
                unknown.append(((*path, str(key)), type))
        elif part.__class__ not in part_type.scalars:  # most are: not worth a call
            _walk(part, part_type, (*path, str(key)), unknown, mismatches)


def _is_of(value: Any, wanted: str | list[str]) -> bool:
    if isinstance(wanted, str):
        check = _CHECKS.get(wanted)
        return check is not None and check(value)
    return any(_is_of(value, name) for name in wanted)


def _name_of(value: Any) -> str:
    return next(name for name, check in _CHECKS.items() if check(value))


def _shown(wanted: str | list[str]) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(wanted)


def _is_open(type: FieldType) -> bool:
    if type.schema.get("x-kubernetes-preserve-unknown-fields"):
        return True
    return type.schema.get("additionalProperties") not in (None, False)


def _mismatch_cause(path: FieldPath, found: str, wanted: str) -> tuple[str, str]:
    return format_path(path), f"Invalid type: must be {wanted}, not {found}"


def _told(path: FieldPath, type: FieldType) -> str:
    close = get_close_matches(str(path[-1]), type.field_names, n=1)
    hint = f' (did you mean "{close[0]}"?)' if close else ""
    return f'unknown field "{format_path(path)}"{hint}'


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict) or isinstance(value, Mapping),  # noqa: SIM101 - a dict is told apart ten times as fast
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
