"""What is wrong with a field, and what to write instead. Loaded only for an error.

A value is quoted only where it cannot be a secret: never below ``literals``.
"""

from __future__ import annotations

from typing import Any, Final

from toolkit.kustomize.schema import (
    BOOL,
    INT,
    STRING,
    FieldError,
    FieldPath,
    ListOf,
    MapOf,
    Struct,
    Type,
)
from toolkit.kustomize.transformers.images import split_image

_LONG: Final = 60
_LONG_IN_MESSAGE: Final = 40

_EXAMPLES: Final = {
    "bases": "FOLDER",
    "buildMetadata": "originAnnotations",
    "components": "FOLDER",
    "configMapGenerator": "name: NAME, files: [FILE]",
    "fieldPaths": "metadata.name",
    "fields": "path: spec/template/metadata/labels, create: true",
    "fieldSpecs": "path: metadata/name",
    "helmCharts": "name: CHART, version: VERSION",
    "images": "name: IMAGE, newTag: TAG",
    "labels": "pairs: {app: web}",
    "literals": "key=value",
    "nameReference": "kind: Secret, fieldSpecs: [{path: spec/secretName}]",
    "orderFirst": "Namespace",
    "orderLast": "Job",
    "objref": "apiVersion: v1, kind: Service, name: NAME",
    "patches": "path: FILE",
    "patchesJson6902": "path: FILE, target: {kind: Deployment, name: NAME}",
    "reject": "name: NAME",
    "replacements": "source: {kind: Secret, name: NAME}, targets: [{select: {kind: Job}}]",
    "replicas": "name: NAME, count: 2",
    "secretGenerator": "name: NAME, envs: [FILE]",
    "select": "kind: Deployment",
    "sortOptions": "order: legacy",
    "source": "kind: Secret, name: NAME, fieldPath: metadata.name",
    "target": "kind: Deployment",
    "targets": "select: {kind: Job}, fieldPaths: [spec.suspend]",
    "vars": "name: NAME, objref: {apiVersion: v1, kind: Service, name: NAME}",
}
"""An entry of a list, or the content of a map, by the field's name."""

_NAMED_BY_TEXT: Final = {"patches": "path", "replacements": "path", "sortOptions": "order"}
"""Fields whose maps stand for a text that people write alone: ``patches: [patch.yaml]``."""

_MEANT: Final = {
    "data": "literals",
    "envFile": "envs",
    "envFrom": "envs",
    "replicas": "count",
    "selector": "target",
    "tag": "newTag",
    "values": "literals",
    "version": "newTag",
}
"""Names that people give a field, which are not like its own."""

_OBJECTS: Final = ("generators", "patchesStrategicMerge", "transformers", "validators")
"""Lists of paths whose entries may be objects, as texts."""


def wrong_type(value: Any, wanted: Type, path: FieldPath) -> FieldError:
    """``value``, at ``path``, is not what is ``wanted`` there."""
    name = path[-1] if path else "the file"
    if isinstance(name, int):
        name = f"{path[-2]}[{name}]" if len(path) > 1 else f"item {name}"
    is_literal = "literals" in path
    present = _kind_of(value) if is_literal else _named(value)
    message = f"{name} must be {_wanted(wanted)}, but is {present}"
    if wanted != STRING or not isinstance(value, int | float) or is_literal:
        return FieldError(message, path, hints=(_hint(value, wanted, path),))
    hints = (f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"',)
    return FieldError(message, path, hints=hints, needs_quotes=True)


def unknown_field(key: str, known: Struct, path: FieldPath) -> FieldError:
    """There is no such field in the map at ``path``."""
    from difflib import get_close_matches

    meant = _MEANT.get(str(key), "")
    close = [meant] if meant in known.fields else []
    close = close or get_close_matches(str(key), known.fields, n=1, cutoff=0.6)
    hints = (f"did you mean {close[0]!r}?",) if close else ()
    if not hints and "pairs" in known.fields:
        hints = (f"put it under `pairs:`, if {key} is a label",)
    if not hints:
        hints = ("known here: " + ", ".join(sorted(known.fields)),)
    where = f" in {path[-1]}" if path and isinstance(path[-1], str) else ""
    return FieldError(f"unknown field {key!r}{where}", (*path, key), hints=hints)


def _wanted(type: Type) -> str:
    if isinstance(type, str):
        return f"a {type}"
    return "a list" if isinstance(type, ListOf) else "a map"


def _named(value: Any) -> str:
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str) and len(value) < _LONG_IN_MESSAGE:
        return f"the string {value!r}"
    return _kind_of(value)


def _kind_of(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return "a string" if isinstance(value, str) else kinds.get(type(value), "null")


def _hint(value: Any, wanted: Type, path: FieldPath) -> str:
    if not path:
        return _whole_file(value, wanted)
    field = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    is_item = isinstance(path[-1], int)
    if isinstance(wanted, ListOf):
        return _list(value, wanted, field)
    if isinstance(wanted, Struct):
        return _struct(value, wanted, field, is_item=is_item)
    if isinstance(wanted, MapOf):
        return _map(value, field)
    if wanted == BOOL:
        return "write true or false, without quotes"
    if wanted == INT:
        return "write a whole number, without quotes"
    return _item_text(value, field) if is_item else _text(value, field)


def _whole_file(value: Any, wanted: Type) -> str:
    fields = wanted.fields if isinstance(wanted, Struct) else {}
    if isinstance(value, str) and value in fields:
        return f"put a ':' behind {value}"
    if "resources" in fields:
        if isinstance(value, list):
            return "put `resources:` above the list"
        return "start it with `resources:`, and list what it builds below"
    return "write its fields, each as name: value: " + ", ".join(sorted(fields))


def _list(value: Any, wanted: ListOf, field: str) -> str:
    item = wanted.item
    if isinstance(item, Struct):
        if isinstance(value, dict) and value and value.keys() <= item.fields.keys():
            return f"put '- ' before {next(iter(value))}, to make it the first entry of a list"
        return f"write a list: [{{{_example(field, item)}}}]"
    if isinstance(value, str) and _may_be_shown(value, field):
        return f"write a list: [{value}]"
    return f"write a list: [{_EXAMPLES.get(field, 'FILE')}]"


def _struct(value: Any, wanted: Struct, field: str, *, is_item: bool) -> str:
    if isinstance(value, str) and _may_be_shown(value, field):
        if field == "images":
            name, tag, _ = split_image(value)
            return f'write a map: {{name: {name}, newTag: "{tag or "TAG"}"}}'
        if field in _NAMED_BY_TEXT:
            return f"write a map: {{{_NAMED_BY_TEXT[field]}: {value}}}"
    if isinstance(value, list) and value and not is_item:
        return "write its fields without '- ', each as name: value"
    return f"write a map: {{{_example(field, wanted)}}}"


def _example(field: str, wanted: Struct) -> str:
    if field in _EXAMPLES and _EXAMPLES[field].partition(":")[0] in wanted.fields:
        return _EXAMPLES[field]
    if "path" in wanted.fields and "create" in wanted.fields:
        return _EXAMPLES["fieldSpecs"]
    return ", ".join(f"{name}: …" for name in list(wanted.fields)[:3])


def _map(value: Any, field: str) -> str:
    if isinstance(value, list):
        return "write its entries without '- ', each as key: value"
    if field == "openapi" and isinstance(value, str) and _may_be_shown(value, field):
        return f"write a map: {{path: {value}}}"
    return "write its entries below it, each as key: value"


def _item_text(value: Any, field: str) -> str:
    if field == "literals":
        return "write each entry as key=value"
    if field in _OBJECTS and isinstance(value, dict) and value:
        return "put '|-' behind the '-', to give the object as a text; or name a file"
    if isinstance(value, dict | list) and len(value) == 1:
        only = value[0] if isinstance(value, list) else next(iter(value.values()))
        if isinstance(only, str) and _may_be_shown(only, field):
            return f"write the text alone: - {only}"
    return "write one text in each entry"


def _text(value: Any, field: str) -> str:
    if field in ("patch", "jsonOp", "patches") and isinstance(value, dict | list):
        return f"put '|-' behind `{field}:`, to give the patch as a text"
    only = value[0] if isinstance(value, list) and len(value) == 1 else None
    if isinstance(only, str) and _may_be_shown(only, field):
        return f"write the text alone: {field}: {only}"
    return f"write one text behind `{field}:`"


def _may_be_shown(value: str, field: str) -> bool:
    return 0 < len(value) < _LONG and "\n" not in value and field != "literals"
