"""References to ConfigMaps and Secrets.

A ConfigMap that is referred to must be rendered. A Secret need not: Secrets live outside git; only
where one *is* rendered must it have the key. What says ``optional: true`` passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from toolkit.resource.field_path import FieldPath
from toolkit.validate.catalog import Catalog
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import (
    Fields,
    did_you_mean,
    each_text,
    fields_of,
    has_tag,
    listed,
    text_of,
)

_ALWAYS_THERE: Final = frozenset({"", "kube-root-ca.crt", "openshift-service-ca.crt"})
"""Kubernetes and OpenShift put these into every namespace; an empty name is missed elsewhere."""


class _Reference(NamedTuple):
    """``keys``: (key, path to it) pairs that the object must have."""

    kind: str
    name: str
    path: FieldPath
    keys: tuple[tuple[str, FieldPath], ...] = ()


def check_references(body: Mapping[str, Any], catalog: Catalog, notes: Notes) -> None:
    """Every reference in an object, in the order they stand."""
    namespace = text_of(fields_of(body.get("metadata")).get("namespace"))
    for reference in _references(body.get("spec"), ("spec",)):
        if reference.name in _ALWAYS_THERE or has_tag(reference.name):
            continue
        found = catalog.find(reference.kind, reference.name, namespace)
        if found is not None:
            _check_keys(reference, found, notes)
        elif reference.kind == "ConfigMap" and catalog.is_complete:
            _check_made(reference, body, catalog, notes)


def _check_made(
    reference: _Reference, body: Mapping[str, Any], catalog: Catalog, notes: Notes
) -> None:
    """Not rendered: then perhaps a step of the same workflow makes it."""
    if any(reference.name in manifest for manifest in _manifests(body)):
        return
    known = catalog.names("ConfigMap")
    hint = did_you_mean(reference.name, known, otherwise="render it, or say 'optional: true'")
    message = f"there is no ConfigMap {reference.name!r} among the rendered objects"
    notes.add("unknown-config-map", reference.path, message, hint)


def _manifests(body: Mapping[str, Any]) -> Iterator[str]:
    for path, text in each_text(body, ()):
        if path[-1:] == ("manifest",):
            yield text


def _check_keys(reference: _Reference, found: Fields, notes: Notes) -> None:
    keys = {*fields_of(found.get("data")), *fields_of(found.get("binaryData"))}
    keys |= set(fields_of(found.get("stringData")))
    for key, path in reference.keys:
        if key and not has_tag(key) and key not in keys:
            message = f"{reference.kind} {reference.name!r} has no key {key!r}"
            hint = did_you_mean(key, keys, otherwise=f"it has: {listed(keys)}")
            notes.add("unknown-key", path, message, hint)


def _references(value: object, path: FieldPath) -> Iterator[_Reference]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            place = (*path, str(key))
            read = _READERS.get(key)
            if read is not None and isinstance(item, dict) and item.get("optional") is not True:
                yield from read(item, place, value)
            yield from _references(item, place)


def _key_reference(kind: str) -> Callable[[Fields, FieldPath, Fields], Iterator[_Reference]]:
    def read(item: Fields, path: FieldPath, owner: Fields) -> Iterator[_Reference]:
        if owner.get("default") is not None:
            return  # Argo takes the default where the object or the key is not there
        keys = ((text_of(item.get("key")), (*path, "key")),)
        yield _Reference(kind, text_of(item.get("name")), (*path, "name"), keys)

    return read


def _whole_reference(kind: str) -> Callable[[Fields, FieldPath, Fields], Iterator[_Reference]]:
    def read(item: Fields, path: FieldPath, _: Fields) -> Iterator[_Reference]:
        yield _Reference(kind, text_of(item.get("name")), (*path, "name"))

    return read


def _volume(
    kind: str, name_key: str
) -> Callable[[Fields, FieldPath, Fields], Iterator[_Reference]]:
    def read(item: Fields, path: FieldPath, _: Fields) -> Iterator[_Reference]:
        if path[-2:-1] == ("cache",):
            return  # Argo makes the ConfigMap of a cache itself
        items = item.get("items")
        keys = tuple(
            (text_of(each.get("key")), (*path, "items", index, "key"))
            for index, each in enumerate(items if isinstance(items, list) else [])
            if isinstance(each, dict)
        )
        yield _Reference(kind, text_of(item.get(name_key)), (*path, name_key), keys)

    return read


_READERS: Final[Mapping[str, Callable[[Fields, FieldPath, Fields], Iterator[_Reference]]]] = {
    "configMapKeyRef": _key_reference("ConfigMap"),
    "secretKeyRef": _key_reference("Secret"),
    "configMapRef": _whole_reference("ConfigMap"),
    "configMap": _volume("ConfigMap", "name"),
    "secret": _volume("Secret", "secretName"),
}
"""Fields that refer to an object, wherever they stand in a spec."""
