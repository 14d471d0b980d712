"""What a CustomResourceDefinition's schema does to its objects: pruning, defaults, validation.

Structural schemas, as Kubernetes takes them. Rules in CEL (``x-kubernetes-validations``) are not
run.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from toolkit.apiserver.kinds import Kind

Schema = Mapping[str, Any]
Cause = tuple[str, str]
"""A field's path, and what is wrong there."""

_OPEN = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_OF_OBJECTS = ("apiVersion", "kind", "metadata")


def schema_of(kind: Kind) -> Schema | None:
    """None for a kind that comes from no definition, or from one without a schema."""
    version = kind.definition or {}
    return (version.get("schema") or {}).get("openAPIV3Schema") or None


def pruned(body: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """A copy of an object without the fields the schema does not have."""
    known = _pruned(body, schema)
    return {
        key: value if key in _OF_OBJECTS else known[key]
        for key, value in body.items()
        if key in _OF_OBJECTS or key in known
    }


def _pruned(value: Any, schema: Schema) -> Any:
    if isinstance(value, list):
        items = _schema(schema.get("items"))
        return value if items is None else [_pruned(item, items) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for key, part in value.items():
        inner = _field(schema, key)
        if inner is not None:
            kept[key] = _pruned(part, inner)
        elif _keeps(schema, key):
            kept[key] = part
    return kept


def _keeps(schema: Schema, key: str) -> bool:
    if schema.get(_EMBEDDED) and key in _OF_OBJECTS:
        return True
    return bool(schema.get(_OPEN)) or schema.get("additionalProperties") is True


def defaulted(value: Any, schema: Schema) -> Any:
    """A copy of ``value`` with the schema's defaults where it says nothing, and where it says null
    and null is not allowed.
    """
    if isinstance(value, list):
        items = _schema(schema.get("items"))
        return value if items is None else [defaulted(item, items) for item in value]
    if not isinstance(value, Mapping):
        return value
    filled = dict(value)
    for key, inner in _properties(schema).items():
        is_absent = key not in filled or (filled[key] is None and not inner.get("nullable"))
        if is_absent and "default" in inner:
            filled[key] = copy.deepcopy(inner["default"])
    for key, part in filled.items():
        found = _field(schema, key)
        if found is not None:
            filled[key] = defaulted(part, found)
    return filled


def causes(value: Any, schema: Schema, path: str = "") -> Iterator[Cause]:
    """All that is wrong with a value, depth first."""
    if value is None:
        if path and not schema.get("nullable") and schema.get("type"):
            yield path, f"Invalid value: null: must be of type {schema['type']}"
        return
    if not _is_typed(value, schema):
        wanted = "integer or string" if schema.get(_INT_OR_STRING) else schema.get("type")
        yield path, f"Invalid value: must be of type {wanted}: {_shown(value)}"
        return
    for keyword, check in _CHECKS.items():
        told = check(value, schema[keyword], schema) if keyword in schema else None
        if told:
            yield path, told
    yield from _composed(value, schema, path)
    if isinstance(value, Mapping):
        yield from _object_causes(value, schema, path)
    elif isinstance(value, list) and (items := _schema(schema.get("items"))) is not None:
        for index, item in enumerate(value):
            yield from causes(item, items, f"{path}[{index}]")


def _object_causes(value: Mapping[str, Any], schema: Schema, path: str) -> Iterator[Cause]:
    for name in schema.get("required") or ():
        if name not in value:
            yield _joined(path, name), "Required value"
    for key, part in value.items():
        if not path and key in _OF_OBJECTS:
            continue
        inner = _field(schema, key)
        if inner is not None:
            yield from causes(part, inner, _joined(path, key))


def _composed(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    for inner in schema.get("allOf") or ():
        yield from causes(value, inner, path)
    if schema.get("anyOf") and not any(_fits(value, each) for each in schema["anyOf"]):
        yield path, "Invalid value: must fit at least one of anyOf"
    if schema.get("oneOf") and sum(_fits(value, each) for each in schema["oneOf"]) != 1:
        yield path, "Invalid value: must fit exactly one of oneOf"
    if "not" in schema and _fits(value, schema["not"]):
        yield path, "Invalid value: must not fit the schema (not)"


def _fits(value: Any, schema: Schema) -> bool:
    return next(causes(value, schema, "."), None) is None


def schema_causes(schema: Any, path: str) -> Iterator[Cause]:
    """What keeps a schema from being structural: a place that does not say its type."""
    if not isinstance(schema, Mapping):
        yield path, "Invalid value: must be an object"
        return
    if not schema.get("type") and not schema.get(_INT_OR_STRING) and not schema.get(_OPEN):
        yield f"{path}.type", "Required value: must not be empty for specified object fields"
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and _compiled(pattern) is None:
        yield f"{path}.pattern", f"Invalid value: {pattern!r}: no regular expression"
    properties = schema.get("properties")
    if properties is not None and not isinstance(properties, Mapping):
        yield f"{path}.properties", "Invalid value: must be an object"
        return
    for name, inner in (properties or {}).items():
        yield from schema_causes(inner, f"{path}.properties[{name}]")
    for name in ("items", "additionalProperties"):
        if name in schema and not isinstance(schema[name], bool):
            yield from schema_causes(schema[name], f"{path}.{name}")


def _properties(schema: Schema) -> Mapping[str, Schema]:
    return schema.get("properties") or {}


def _field(schema: Schema, key: str) -> Schema | None:
    declared = _properties(schema).get(key)
    return declared if declared is not None else _schema(schema.get("additionalProperties"))


def _schema(value: Any) -> Schema | None:
    return value if isinstance(value, Mapping) else None


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_typed(value: Any, schema: Schema) -> bool:
    if schema.get(_INT_OR_STRING):
        return _is_integer(value) or isinstance(value, str)
    check = _TYPES.get(str(schema.get("type")))
    return check is None or check(value)


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return f'"{value}"' if isinstance(value, str) and len(text) < 80 else text[:80]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None


def _enum(value: Any, wanted: Any, schema: Schema) -> str | None:  # noqa: ARG001
    if any(type(value) is type(each) and value == each for each in wanted):
        return None
    choices = ", ".join(_shown(each) for each in wanted)
    return f"Unsupported value: {_shown(value)}: supported values: {choices}"


def _minimum(value: Any, wanted: Any, schema: Schema) -> str | None:
    is_exclusive = bool(schema.get("exclusiveMinimum"))
    if not _is_number(value) or value > wanted or (value == wanted and not is_exclusive):
        return None
    told = "greater than" if is_exclusive else "greater than or equal to"
    return f"Invalid value: {_shown(value)}: should be {told} {wanted}"


def _maximum(value: Any, wanted: Any, schema: Schema) -> str | None:
    is_exclusive = bool(schema.get("exclusiveMaximum"))
    if not _is_number(value) or value < wanted or (value == wanted and not is_exclusive):
        return None
    told = "less than" if is_exclusive else "less than or equal to"
    return f"Invalid value: {_shown(value)}: should be {told} {wanted}"


def _multiple(value: Any, wanted: Any, schema: Schema) -> str | None:  # noqa: ARG001
    if not _is_number(value) or not wanted or math.isclose(value % wanted, 0, abs_tol=1e-9):
        return None
    return f"Invalid value: {_shown(value)}: should be a multiple of {wanted}"


def _pattern(value: Any, wanted: Any, schema: Schema) -> str | None:  # noqa: ARG001
    pattern = _compiled(str(wanted))
    if not isinstance(value, str) or pattern is None or pattern.search(value):
        return None
    return f"Invalid value: {_shown(value)}: should match '{wanted}'"


def _unique(value: Any, wanted: Any, schema: Schema) -> str | None:  # noqa: ARG001
    if not wanted or not isinstance(value, list):
        return None
    repeated = any(item in value[:index] for index, item in enumerate(value))
    return "Duplicate value: items must be unique" if repeated else None


def _set(value: Any, wanted: Any, schema: Schema) -> str | None:
    if not isinstance(value, list) or wanted not in ("set", "map"):
        return None
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    told = (
        [[item.get(key) for key in keys] for item in value if isinstance(item, Mapping)]
        if wanted == "map"
        else value
    )
    return _unique(told, wanted=True, schema=schema)


def _length(of: type, word: str, *, is_most: bool) -> Callable[[Any, Any, Schema], str | None]:
    def check(value: Any, wanted: Any, schema: Schema) -> str | None:  # noqa: ARG001
        if not isinstance(value, of) or not isinstance(wanted, int):
            return None
        size = len(value)  # type: ignore[arg-type]
        if size <= wanted if is_most else size >= wanted:
            return None
        return f"Invalid value: should have at {'most' if is_most else 'least'} {wanted} {word}"

    return check


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": _is_number,
}

_CHECKS: Mapping[str, Callable[[Any, Any, Schema], str | None]] = {
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple,
    "pattern": _pattern,
    "minLength": _length(str, "characters", is_most=False),
    "maxLength": _length(str, "characters", is_most=True),
    "minItems": _length(list, "items", is_most=False),
    "maxItems": _length(list, "items", is_most=True),
    "minProperties": _length(dict, "properties", is_most=False),
    "maxProperties": _length(dict, "properties", is_most=True),
    "uniqueItems": _unique,
    "x-kubernetes-list-type": _set,
}
