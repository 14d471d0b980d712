"""replacements: a value from one object written into fields of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.errors import BuildError
from toolkit.kustomize.collection import Collection
from toolkit.kustomize.embedded import replace_embedded
from toolkit.kustomize.hashing import digest_of
from toolkit.kustomize.item import Item, Key, describe, text_of
from toolkit.kustomize.jsonpatch import copied
from toolkit.kustomize.merge import Path
from toolkit.kustomize.path_match import CREATED, Place, match_fields
from toolkit.kustomize.paths import get_field, is_item, item_test, split_field_path
from toolkit.kustomize.selector import Selector
from toolkit.kustomize.sharing import spread_changes
from toolkit.yaml.scalars import resolve_resource

if TYPE_CHECKING:
    from toolkit.kustomize.ports import Written
    from toolkit.yaml.raw import RawScalar

_DEFAULT_PATH = "metadata.name"
_ELSEWHERE = object()
_RESOURCE_ID = ("group", "version", "kind", "name", "namespace")


class _Untagged(str):
    """A text that YAML may read as a number or boolean where no type is given yet."""

    __slots__ = ()


def replace(collection: Collection, replacement: Mapping[str, Any], written: Written) -> None:
    """Applies one entry. Raises BuildError where source or targets are not found; among parts,
    where a target is here whose source is not.
    """
    targets = replacement.get("targets")
    source, constant = replacement.get("source"), replacement.get("sourceValue")
    if (source is None and constant is None) or targets is None:
        raise BuildError("a replacement needs a source and at least one target")
    if source is not None and constant is not None:
        raise BuildError("a replacement has either `source` or `sourceValue`, not both")
    value: Any = _ELSEWHERE
    if source is None:
        value = _Untagged(constant)
    elif (item := _source(collection, source)) is not None:
        value = _value_of(item, source, written)
    for target in targets:
        _write(collection, target, value)


def _source(collection: Collection, source: Mapping[str, Any]) -> Item | None:
    """None where it is not among the parts that are here."""
    found = [
        item
        for item in collection.candidates(name=source.get("name", ""))
        if any(_is_selected(key, source) for key in _written_identities(item))
    ]
    named = ", ".join(f"{name} {source[name]!r}" for name in _RESOURCE_ID if source.get(name))
    if not found and collection.is_partial:
        return None
    if len(found) != 1:
        places = ": " + ", ".join(describe(item.key) for item in found) if found else ""
        raise BuildError(
            f"the source ({named}) must be exactly one object, but {len(found)} match{places}",
            hints=["add name, kind or namespace" if found else "check kind and name"],
        )
    return found[0]


def _value_of(item: Item, source: Mapping[str, Any], written: Written) -> Any:
    path = source.get("fieldPath") or _DEFAULT_PATH
    try:
        value = get_field(item.body, split_field_path(path))
    except KeyError:
        value = None
    if value is None or (isinstance(value, dict | list) and not value):
        raise BuildError(f"the source {describe(item.key)} has no field {path}")
    if isinstance(value, int | float):
        value = _as_written(value, written(item, _path(path)))
    value = _refined(value, source.get("options") or {}, path)
    item.trail.append(digest_of(f"{type(value).__name__} {value!r}"))
    return value


def _path(path: str) -> Path:
    """The parts of a source's path, for the look into its file."""
    return tuple(
        int(part) if part.isdigit() else item_test(part) if is_item(part) else part
        for part in split_field_path(path)
        if part.strip()
    )


def _as_written(value: Any, scalar: RawScalar | None) -> Any:
    """A number or boolean goes into a text as it stands in the file: 1.50, 0777, True."""
    if scalar is None or not scalar.is_plain or resolve_resource(scalar.text) != value:
        return value
    return _Untagged(scalar.text)


def _written_identities(item: Item) -> list[Key]:
    """The identities with the namespaces as they are written, the present one first."""
    present = (item.group, item.version, item.kind, item.namespace, item.name)
    return [present, *item.identities()[:-1]]


def _is_selected(key: Key, source: Mapping[str, Any]) -> bool:
    group, version, kind, namespace, name = key
    wanted = source.get("namespace")
    return (
        source.get("name", "") in ("", name)
        and source.get("kind", "") in ("", kind)
        and source.get("group", "") in ("", group)
        and source.get("version", "") in ("", version)
        and (not wanted or wanted == (namespace or "default"))
    )


def _refined(value: Any, options: Mapping[str, Any], path: str) -> Any:
    delimiter = options.get("delimiter")
    if not delimiter:
        return value
    if isinstance(value, dict | list):
        raise BuildError(f"{path} is no scalar: a delimiter cannot split it")
    parts = text_of(value).split(delimiter)
    index = options.get("index", 0)
    if not 0 <= index < len(parts):
        raise BuildError(
            f"{path} has {len(parts)} parts between {delimiter!r}: there is no index {index}"
        )
    if isinstance(value, _Untagged):
        return _Untagged(parts[index])
    if isinstance(value, str):
        return parts[index]
    return resolve_resource(parts[index])


def _write(collection: Collection, target: Mapping[str, Any], value: Any) -> None:
    if target.get("select") is None:
        raise BuildError("a target must `select` objects")
    chosen = Selector(target["select"])
    rejected = [Selector(fields) for fields in target.get("reject") or ()]
    for item in collection.candidates(name=chosen.name):
        if not chosen.matches_labels(item):
            continue
        if any(other.has_labels and other.matches_labels(item) for other in rejected):
            continue
        keys = _written_identities(item)
        if any(other.has_identity and any(map(other.matches_identity, keys)) for other in rejected):
            continue
        if any(map(chosen.matches_identity, keys)):
            _write_fields(collection, item, target, value)


def _write_fields(
    collection: Collection, item: Item, target: Mapping[str, Any], value: Any
) -> None:
    if value is _ELSEWHERE:
        raise BuildError(f"what {describe(item.key)} is given is not here")
    options = target.get("options") or {}
    for path in target.get("fieldPaths") or (_DEFAULT_PATH,):
        try:
            _write_field(item, path, options, value)
        except BuildError as error:
            raise BuildError(
                f"{describe(item.key)}: {path}: {error.message}", hints=error.hints
            ) from None
    spread_changes(item.shared)
    before = item.key
    item.refresh()
    if item.key != before:
        collection.changed()


def _write_field(item: Item, path: str, options: Mapping[str, Any], value: Any) -> None:
    parts = split_field_path(path)
    create = _kind_to_create(value) if options.get("create") else None
    if replace_embedded(item.body, parts, value, create):
        return
    places = match_fields(({"": item.body}, ""), parts, create)
    if not places:
        hint = "" if create is not None else "set options.create to add it"
        raise BuildError("there is no such field", hints=[hint] if hint else [])
    for place in places:
        _set(place, options, value)


def _kind_to_create(value: Any) -> Any:
    if isinstance(value, dict):
        return {}
    return [] if isinstance(value, list) else CREATED


def _set(place: Place, options: Mapping[str, Any], value: Any) -> None:
    parent, key = place
    present = parent[key]
    delimiter = options.get("delimiter")
    if delimiter:
        if isinstance(present, dict | list):
            raise BuildError("is no scalar: a delimiter cannot split it")
        text = "" if present is CREATED else text_of(present)
        value = _joined(text.split(delimiter), delimiter, options.get("index", 0), text_of(value))
    if present is CREATED:
        parent[key] = resolve_resource(text_of(value))
    elif isinstance(present, dict | list):
        parent[key] = resolve_resource(value) if isinstance(value, _Untagged) else copied(value)
    else:
        parent[key] = of_type(present, text_of(value))


def _joined(parts: list[str], delimiter: str, index: int, text: str) -> str:
    if index < 0:
        parts.insert(0, text)
    elif index >= len(parts):
        parts.append(text)
    else:
        parts[index] = text
    return delimiter.join(parts)


def of_type(present: Any, text: str) -> Any:
    """``text`` with the type of the scalar it replaces. Raises BuildError where it has another."""
    if isinstance(present, str):
        return str(text)
    value = resolve_resource(text)
    if isinstance(present, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(present):
        wanted = {bool: "boolean", int: "whole number", float: "number"}.get(type(present), "null")
        raise BuildError(f"is a {wanted}, which {text!r} is not")
    return value
