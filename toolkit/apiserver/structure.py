"""Fields and types a kind's schema does not know: refused, warned of, or let be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from toolkit.apiserver.call import Call, FieldValidation
from toolkit.errors import BadRequestError
from toolkit.resource.field_path import FieldPath, format_path
from toolkit.resource.resource import Body
from toolkit.schema.types import FieldType, type_of


def check_structure(call: Call, body: Body) -> None:
    """Strict raises BadRequestError with all unknown fields; Warn adds to ``call.warnings``."""
    wanted = call.options.field_validation
    if wanted is FieldValidation.IGNORE or call.kind.definition is not None:
        return
    root = type_of(call.kind.gvk)
    found = [_told(*unknown) for unknown in unknown_fields(body, root)]
    if found and wanted is FieldValidation.STRICT:
        raise BadRequestError(f"strict decoding error: {', '.join(found)}")
    call.warnings.extend(found)


def unknown_fields(
    value: Any, type: FieldType | None, path: FieldPath = ()
) -> Iterator[tuple[FieldPath, FieldType]]:
    """Paths of fields that no schema names, each with the type that lacks it."""
    if type is None:
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            part_type = type.field(key)
            if part_type is None and type.field_names and not _is_open(type):
                yield (*path, key), type
            yield from unknown_fields(part, part_type, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_fields(item, type.item(), (*path, index))


def _is_open(type: FieldType) -> bool:
    if type.schema.get("x-kubernetes-preserve-unknown-fields"):
        return True
    return type.schema.get("additionalProperties") not in (None, False)


def _told(path: FieldPath, type: FieldType) -> str:
    close = get_close_matches(str(path[-1]), type.field_names, n=1)
    hint = f' (did you mean "{close[0]}"?)' if close else ""
    return f'unknown field "{format_path(path)}"{hint}'
