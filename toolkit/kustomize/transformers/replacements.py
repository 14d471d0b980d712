"""replacements: a value from one object written into fields of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from toolkit.errors import BuildError
from toolkit.kustomize.fields.path_match import CREATED, match_fields
from toolkit.kustomize.fields.paths import get_field, is_item, item_test, split_field_path
from toolkit.kustomize.hints.nearest import did_you_mean, nearest_field
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import Item, Key, describe, text_of
from toolkit.kustomize.objects.selector import Selector
from toolkit.kustomize.objects.sharing import spread_changes
from toolkit.kustomize.objects.untagged import Mistyped, Typed, Unquoted, Untagged, is_text
from toolkit.kustomize.patches.jsonpatch import copied
from toolkit.kustomize.patches.merge import Path
from toolkit.kustomize.transformers.embedded import replace_embedded
from toolkit.kustomize.transformers.hashing import digest_of
from toolkit.yaml.scalars import resolve_resource

if TYPE_CHECKING:
    from toolkit.kustomize.ports import Scalars

Read = Callable[[], Any]
Located = Callable[[BuildError], BuildError]

_DEFAULT_PATH = "metadata.name"
_NOTHING = "no value"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_RESOURCE_ID = ("group", "version", "kind", "name", "namespace")


class _OtherTypeError(BuildError):
    """A text does not go into a scalar of the type that is ``wanted`` there."""

    def __init__(self, wanted: str, text: str, hint: str) -> None:
        super().__init__(f"is a {wanted}, which {text!r} is not", hints=[hint])
        self.wanted = wanted


def replace(
    collection: Collection, replacement: Mapping[str, Any], scalars: Scalars, located: Located
) -> None:
    """Applies one entry. Raises BuildError where source or targets are not found; among parts,
    where a target is here whose source is not. A text over a number is an error only if it is
    there in the end: ``located`` gives that its place.
    """
    targets = replacement.get("targets")
    source, constant = replacement.get("source"), replacement.get("sourceValue")
    if (source is None and constant is None) or targets is None:
        raise BuildError(
            "a replacement needs a source and at least one target",
            hints=["add `source:` (kind, name, fieldPath) and `targets:` (select, fieldPaths)"],
        )
    if source is not None and constant is not None:
        raise BuildError(
            "a replacement has either `source` or `sourceValue`, not both",
            hints=["drop one of them"],
        )
    item = None if source is None else _source(collection, source)
    if source is None:
        read: Read = partial(Untagged, constant)
    elif item is None:
        read = _not_here
    else:
        read = _reader(item, source, scalars)
    is_secret = item is not None and item.kind == "Secret"
    writer = _Writer(collection, scalars, located, is_secret=is_secret)
    for target in targets:
        writer.write(target, read)
    if item is not None:
        try:
            read()  # its own targets may have changed what those that are not here get
        except BuildError:
            _note(item, _NOTHING)


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
            hints=["add name, kind or namespace"]
            if found
            else did_you_mean(source.get("name", ""), {item.name for item in collection})
            or ["check kind and name"],
        )
    return found[0]


def _reader(item: Item, source: Mapping[str, Any], scalars: Scalars) -> Read:
    """Gives the value as it is now: where the source is among the targets, those after it get
    what it got, as upstream. A part of a value stays what it was.
    """
    path = source.get("fieldPath") or _DEFAULT_PATH
    options = source.get("options") or {}

    def read() -> Any:
        try:
            value = get_field(item.body, split_field_path(path))
        except KeyError:
            value = None
        if value is None or (isinstance(value, dict | list) and not value):
            raise BuildError(
                f"the source {describe(item.key)} has no field {path}",
                hints=nearest_field(item.body, split_field_path(path)) or ["give it a value"],
            )
        if isinstance(value, int | float):
            value = Typed(scalars.typed(item, _path(path), value))
        value = _refined(value, options, path)
        _note(item, digest_of(f"{type(value).__name__} {value!r}"))
        return value

    first = read()
    return (lambda: first) if options.get("delimiter") else read


def _not_here() -> Any:
    raise BuildError("the source is not among the parts that are here")


def _note(item: Item, answer: str) -> None:
    """What others got from here, or would get."""
    if item.trail[-1] != answer:
        item.trail.append(answer)


def _path(path: str) -> Path:
    """The parts of a source's path, for the look into its file."""
    return tuple(
        int(part) if part.isdigit() else item_test(part) if is_item(part) else part
        for part in split_field_path(path)
        if part.strip()
    )


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
        raise BuildError(
            f"{path} is no scalar: a delimiter cannot split it",
            hints=["name a field with one text, or drop the delimiter"],
        )
    parts = text_of(value).split(delimiter)
    index = options.get("index", 0)
    if not 0 <= index < len(parts):
        raise BuildError(
            f"{path} has {len(parts)} parts between {delimiter!r}: there is no index {index}",
            hints=[f"count from 0: the last is {len(parts) - 1}"],
        )
    if isinstance(value, Untagged | Typed):
        return type(value)(parts[index])
    if isinstance(value, str):
        return parts[index]
    return resolve_resource(parts[index])


class _Writer:
    """Writes into the objects of a collection. ``located`` adds the replacement's place to an
    error that is found later. What ``is_secret`` is not quoted in one.
    """

    __slots__ = ("_collection", "_is_secret", "_located", "_scalars")

    def __init__(
        self, collection: Collection, scalars: Scalars, located: Located, *, is_secret: bool
    ) -> None:
        self._collection = collection
        self._is_secret = is_secret
        self._scalars = scalars
        self._located = located

    def write(self, target: Mapping[str, Any], read: Read) -> None:
        if target.get("select") is None:
            raise BuildError(
                "a target must `select` objects",
                hints=["add `select:`, such as {kind: Deployment}"],
            )
        chosen = Selector(target["select"])
        rejected = [Selector(fields) for fields in target.get("reject") or ()]
        for item in self._collection.candidates(name=chosen.name):
            if not chosen.matches_labels(item):
                continue
            if any(other.has_labels and other.matches_labels(item) for other in rejected):
                continue
            keys = _written_identities(item)
            if any(
                other.has_identity and any(map(other.matches_identity, keys)) for other in rejected
            ):
                continue
            if any(map(chosen.matches_identity, keys)):
                self._write_fields(item, target, read)

    def _write_fields(self, item: Item, target: Mapping[str, Any], read: Read) -> None:
        options = target.get("options") or {}
        for path in target.get("fieldPaths") or (_DEFAULT_PATH,):
            try:
                self._write_field(item, path, options, read())
            except BuildError as error:
                raise self._of_field(error, item, path) from None
        spread_changes(item.shared)
        before = item.key
        item.refresh()
        if not item.name:
            item.key = before
            raise BuildError(
                f"{describe(before)}: metadata.name would be empty",
                hints=["correct the source: objects need a name"],
            )
        if item.key != before:
            self._collection.changed()

    def _write_field(self, item: Item, path: str, options: Mapping[str, Any], value: Any) -> None:
        parts = split_field_path(path)
        create = _kind_to_create(value) if options.get("create") else None
        # upstream knows no delimiters within a text
        if replace_embedded(item.body, parts, partial(_changed, value, {}), create):
            return
        item.has_untagged = True
        places = match_fields(({"": item.body}, ""), parts, create)
        if not places:
            hints = [] if create is not None else ["set options.create to add it"]
            raise BuildError(
                "there is no such field", hints=[*nearest_field(item.body, parts), *hints]
            )
        for parent, key in places:
            changed = _changed(value, options, parent[key])
            try:
                parent[key] = self._like(item, parent, key, changed)
            except BuildError as error:
                wrong = self._located(self._of_field(error, item, path))
                parent[key] = Mistyped(changed, _before(parent[key]), wrong)

    def _of_field(self, error: BuildError, item: Item, path: str) -> BuildError:
        said = error.message
        if self._is_secret and isinstance(error, _OtherTypeError):
            said = f"is a {error.wanted}, which this text of a Secret is not"
        return BuildError(f"{describe(item.key)}: {path}: {said}", hints=error.hints)

    def _like(self, item: Item, parent: Any, key: Any, value: Any) -> Any:
        """What is written over ``parent[key]`` keeps its type. Raises BuildError."""
        present = _before(parent[key])
        if isinstance(present, dict | list):
            return value
        if present is CREATED or isinstance(present, Untagged):
            return self._scalars.untagged(item, parent, key, value)
        if _is_time(present) and not self._scalars.in_quotes(item, parent, key):
            return _time(value)
        if isinstance(present, str) and not is_text(value):
            is_quoted = self._scalars.in_quotes(item, parent, key)
            return str(value) if is_quoted else Unquoted(value)
        return of_type(present, value)


def _before(value: Any) -> Any:
    """What stood there before texts of another type were written over it."""
    return value.present if isinstance(value, Mistyped) else value


def _kind_to_create(value: Any) -> Any:
    if isinstance(value, dict):
        return {}
    return [] if isinstance(value, list) else CREATED


def _changed(value: Any, options: Mapping[str, Any], present: Any) -> Any:
    """What is written over ``present``: over a scalar a text, whatever it was."""
    delimiter = options.get("delimiter")
    if delimiter:
        if isinstance(present, dict | list):
            raise BuildError(
                "is no scalar: a delimiter cannot split it",
                hints=["name a field with one text, or drop the delimiter"],
            )
        text = "" if present is CREATED else text_of(present)
        value = _joined(text.split(delimiter), delimiter, options.get("index", 0), text_of(value))
    if isinstance(present, dict | list):
        return resolve_resource(str(value)) if isinstance(value, Typed) else copied(value)
    return Untagged(text_of(value)) if present is CREATED else text_of(value)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.match(value) is not None


def _time(text: str) -> str:
    """A date or time as YAML reads it. Raises BuildError."""
    value = resolve_resource(text)
    if not _is_time(value):
        raise _OtherTypeError("date", text, "put the date in quotes")
    return str(value)


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
        raise _OtherTypeError(wanted, text, f"choose a source that is a {wanted}")
    return value
