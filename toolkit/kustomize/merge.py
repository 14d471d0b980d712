"""Strategic merge as kustomize does it (kyaml ``merge2``), on plain objects.

Maps merge, null deletes, ``$patch: delete | replace | merge`` direct. Lists are replaced, but for
those whose shape gives merge keys: there, items with the same keys merge, patched items come
first, in the patch's order.

The patch is consumed: what it adds moves into the result. Give a copy where it is used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from toolkit.errors import BuildError
from toolkit.kustomize.data.merge_shapes import Shape
from toolkit.kustomize.item import text_of


class _Absent:
    def __bool__(self) -> bool:
        return False


ABSENT: Final[Any] = _Absent()
"""No value at all, which null is not."""

DIRECTIVE = "$patch"

NESTED = "[][]name"
"""The key of lists of lists whose inner items merge by name, wherever they stand: Argo's steps."""


class KnownShapes(Protocol):
    """What the merge knows of kinds. ``by_name`` holds the shapes that others lead to."""

    @property
    def by_name(self) -> Mapping[str, Shape]: ...

    def of_kind(self, api_version: str, kind: str) -> Shape | None:
        """None where nothing of the kind merges by key, or the kind is not known."""
        ...


class Merger:
    """Merges by what ``shapes`` knows."""

    __slots__ = ("shapes",)

    def __init__(self, shapes: KnownShapes) -> None:
        self.shapes = shapes

    def merge(self, body: Any, patch: Any) -> Any:
        """``body`` with ``patch`` merged in; :data:`ABSENT` where the patch deletes it."""
        return self._walk(body, patch, None)

    def _walk(self, dest: Any, patch: Any, shape: Shape | None) -> Any:
        present = dest if dest is not ABSENT and dest is not None else patch
        if isinstance(present, dict):
            _require(dict, dest, patch)
            return self._map(dest, patch, shape)
        if present is None or present is ABSENT:
            return _null(dest, patch)
        if isinstance(dest, dict | list) or isinstance(patch, dict | list):
            raise _mismatch(dest, patch)
        return _scalar(dest, patch)

    def _value(self, dest: Any, patch: Any, shape: Shape | None, field: str) -> Any:
        """The merged value of one field, whose parent has ``shape``."""
        present = dest if dest is not ABSENT and dest is not None else patch
        entry = shape.get(field) if shape is not None else None
        if isinstance(present, list):
            _require(list, dest, patch)
            if entry is not None and entry[1] is not None:
                return self._list(dest, patch, self.shapes.by_name[entry[0]], entry[1])
            return dest if patch is ABSENT else patch
        inner = self.shapes.by_name[entry[0]] if entry is not None else None
        return self._walk(dest, patch, inner)

    def _map(self, dest: Any, patch: Any, shape: Shape | None) -> Any:
        if dest is ABSENT or dest is None:
            if _directive(patch) == "delete":
                return ABSENT
            dest = patch
        elif patch is None:
            return ABSENT
        elif patch is not ABSENT:
            directive = _directive(patch)
            if directive == "delete":
                return ABSENT
            if directive == "replace":
                dest = patch
        if shape is None:
            shape = self._embedded_shape(dest, patch)
        if patch is ABSENT and not shape:
            return dest
        return self._fields(dest, patch, shape)

    def _fields(self, dest: dict[str, Any], patch: Any, shape: Shape | None) -> dict[str, Any]:
        is_new = dest is patch
        theirs = {} if patch is ABSENT else patch
        added = [] if is_new else [name for name in theirs if name not in dest]
        for field in list(dest):
            value = dest[field]
            other = value if is_new else theirs.get(field, ABSENT)
            merged = self._value(value, other, shape, field)
            if merged is ABSENT:
                del dest[field]
            elif merged is not value:
                dest[field] = merged
        for field in added:
            merged = self._value(ABSENT, theirs[field], shape, field)
            if merged is not ABSENT and merged is not None:
                dest[field] = merged
        return dest

    def _embedded_shape(self, dest: Any, patch: Any) -> Shape | None:
        for source in (dest, patch):
            if isinstance(source, dict):
                api_version, kind = source.get("apiVersion"), source.get("kind")
                if isinstance(api_version, str) and isinstance(kind, str):
                    shape = self.shapes.of_kind(api_version, kind)
                    if shape is not None:
                        return shape
        return None

    def _list(self, dest: Any, patch: Any, item_shape: Shape, keys: tuple[str, ...]) -> Any:
        if dest is ABSENT or dest is None:
            dest = patch
        elif patch is None:
            return ABSENT
        else:
            directive = _list_directive(patch)
            if directive == "delete":
                return ABSENT
            if directive == "replace":
                dest = patch
        if not keys:
            return _merge_scalars(dest, patch)
        if keys[0] == NESTED:
            return self._merge_nested(dest, patch, item_shape)
        return self._merge_items(dest, patch, item_shape, keys)

    def _merge_nested(self, dest: list[Any], patch: Any, shape: Shape) -> list[Any]:
        """Argo's steps: an item merges where one of its name stands, else the patch's whole row
        is added at the end. A row that holds known and new names adds the new ones beside the
        first known one.
        """
        if patch is ABSENT or patch is dest:
            return dest
        places = _nested_places(dest)
        for row in patch:
            items = row if isinstance(row, list) else [row]
            known = [places[name] for item in items if (name := _key_text(item, "name")) in places]
            target = known[0][0] if known else []
            for item in items:
                place = places.get(_key_text(item, "name"))
                if place is None:
                    target.append(self._walk(ABSENT, item, shape))
                else:
                    inner, index = place
                    inner[index] = self._walk(inner[index], item, shape)
            if not known:
                dest.append([item for item in target if item])
        rows = ([item for item in row if item] if isinstance(row, list) else row for row in dest)
        return [row for row in rows if row]

    def _merge_items(self, dest: list[Any], patch: Any, shape: Shape, keys: tuple[str, ...]) -> Any:
        if len(keys) == 1:
            mine, theirs = _by_key(dest, keys[0]), _by_key(patch, keys[0])
            if mine is not None and theirs is not None:
                return self._merge_indexed(mine, theirs, shape, is_new=dest is patch)
        return self._merge_searched(dest, patch, shape, keys)

    def _merge_indexed(
        self, dest: dict[str, Any], patch: dict[str, Any], shape: Shape, *, is_new: bool
    ) -> list[Any]:
        """Where every item has its own key: the patch's items first, then the others."""
        if is_new:
            merged = [self._walk(item, item, shape) for item in dest.values()]
            return [item for item in merged if item]
        result: list[Any] = []
        for key, theirs in patch.items():
            mine = dest.pop(key, ABSENT)
            item = self._walk(mine, theirs, shape)
            if item:
                # DEVIATION (none): kustomize, too, drops what `$patch: replace` says of one item
                result.append(item if mine is ABSENT else mine)
        result += [self._walk(mine, ABSENT, shape) for mine in dest.values()]
        return result

    def _merge_searched(
        self, dest: list[Any], patch: Any, shape: Shape, keys: tuple[str, ...]
    ) -> list[Any]:
        """Items with several keys, without one, or with one twice: kustomize's own procedure."""
        wanted = _key_values(dest, patch, keys)
        merged: list[Any] = []
        valid_keys, valid_values = keys, [""]
        for values in wanted:
            valid_keys, valid_values = _valid(wanted, values, keys)
            mine = _find(dest, valid_keys, valid_values)
            theirs = ABSENT if patch is ABSENT else _find(patch, valid_keys, valid_values)
            item = self._walk(mine, theirs, shape)
            if item is ABSENT or item is None or item == {}:
                # in place, as upstream: a list that the patch adds is its own patch
                dest[:] = _set_item(dest, ABSENT, valid_keys, valid_values)
                continue
            for key, value in zip(valid_keys, valid_values, strict=False):
                if isinstance(item, dict) and key not in item and value:
                    item[key] = value
            merged = _set_item(merged, item, valid_keys, valid_values)
        if wanted:
            return _append_rest(merged, dest, valid_keys)
        return dest


def _nested_places(rows: list[Any]) -> dict[str, tuple[list[Any], int]]:
    """The row and position of each named item."""
    return {
        name: (row, index)
        for row in rows
        if isinstance(row, list)
        for index, item in enumerate(row)
        if (name := _key_text(item, "name"))
    }


def _by_key(items: Any, key: str) -> dict[str, Any] | None:
    """The items by their key's text; None where one has none, or two have the same."""
    found: dict[str, Any] = {}
    if items is ABSENT:
        return found
    for item in items:
        text = _key_text(item, key)
        if not text or text in found:
            return None
        found[text] = item
    return found


def _null(dest: Any, patch: Any) -> Any:
    """Both sides null or absent: a null of the object's own stays, one of the patch deletes."""
    return None if patch is ABSENT and dest is None else ABSENT


def _scalar(dest: Any, patch: Any) -> Any:
    if patch is ABSENT:
        return dest
    return ABSENT if patch is None else patch


def _require(kind: type, *sources: Any) -> None:
    for source in sources:
        if source is not ABSENT and source is not None and not isinstance(source, kind):
            raise _mismatch(*sources)


def _mismatch(dest: Any, patch: Any) -> BuildError:
    return BuildError(f"cannot merge {_kind_of(patch)} into {_kind_of(dest)}")


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    return "a list" if isinstance(value, list) else "a scalar"


def _directive(patch: Any) -> str:
    """Takes ``$patch`` out of a map of the patch."""
    if not isinstance(patch, dict) or DIRECTIVE not in patch:
        return "merge"
    return _known(patch.pop(DIRECTIVE))


def _list_directive(patch: Any) -> str:
    """Takes the item ``$patch: …`` out of a list of the patch."""
    if patch is ABSENT:
        return "merge"
    marker = next((item for item in patch if isinstance(item, dict) and DIRECTIVE in item), None)
    if marker is None or len(marker) > 1:
        return "merge"
    directive = _known(marker[DIRECTIVE])
    patch[:] = [
        item
        for item in patch
        if item
        and not (isinstance(item, dict) and text_of(item.get(DIRECTIVE, ABSENT)) == directive)
    ]
    return directive


def _known(value: Any) -> str:
    directive = text_of(value)
    if directive not in ("delete", "replace", "merge"):
        raise BuildError(
            f"unknown patch directive `$patch: {directive}`",
            hints=["it must be delete, replace or merge"],
        )
    return directive


def _merge_scalars(dest: list[Any], patch: Any) -> list[Any]:
    """A list that merges by value: the patch's items first, each once."""
    merged: dict[str, Any] = {}
    for source in (patch, dest):
        if source is not ABSENT:
            for item in source:
                merged.setdefault(text_of(item), item)
    return list(merged.values())


def _key_values(dest: list[Any], patch: Any, keys: tuple[str, ...]) -> list[list[str]]:
    """The key values of all items, the patch's first, each combination once."""
    found: list[list[str]] = []
    seen: set[tuple[str, ...]] = set()
    for source in (patch, dest):
        if source is ABSENT:
            continue
        for item in source:
            values = [_key_text(item, key) for key in keys]
            if tuple(values) not in seen:
                seen.add(tuple(values))
                found.append(values)
    return _completed(found) if len(keys) > 1 else found


def _key_text(item: Any, key: str) -> str:
    return text_of(item.get(key)) if isinstance(item, dict) else ""


def _completed(wanted: list[list[str]]) -> list[list[str]]:
    """Combinations that agree but for missing parts are one: (80, "") is (80, "TCP")."""
    for left_index in range(len(wanted)):
        left = wanted[left_index]
        for right_index, right in enumerate(wanted):
            joined = _joined(left, right)
            if joined is not None:
                wanted[left_index] = wanted[right_index] = joined
    return wanted


def _joined(left: list[str], right: list[str]) -> list[str] | None:
    has_common = False
    joined: list[str] = []
    for mine, theirs in zip(left, right, strict=True):
        if mine == theirs:
            has_common = True
        elif mine and theirs:
            return None
        joined.append(mine or theirs)
    return joined if has_common else None


def _valid(
    wanted: list[list[str]], values: list[str], keys: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]]:
    """Keys that any item has, with this combination's values for them."""
    used = {keys[index] for combination in wanted for index, text in enumerate(combination) if text}
    if not used:
        return keys, values
    valid_keys = tuple(key for key in keys if key in used)
    return valid_keys, [text for text, key in zip(values, keys, strict=True) if text or key in used]


def _find(items: list[Any], keys: tuple[str, ...], values: list[str]) -> Any:
    keys, values = _valid([values], values, keys)
    for item in items:
        if isinstance(item, dict) and all(
            key in item and _raw_text(item[key]) == value
            for key, value in zip(keys, values, strict=False)
        ):
            return item
    return ABSENT


def _raw_text(value: Any) -> str:
    return "null" if value is None else text_of(value)


def _set_item(items: list[Any], item: Any, keys: tuple[str, ...], values: list[str]) -> list[Any]:
    """``items`` with ``item`` in place of those that have these key values, else at the end;
    without them where ``item`` is ABSENT. Empty items go, and where no values are given all maps.
    """
    result: list[Any] = []
    is_found = False
    for present in items:
        if present is None or present == {}:
            continue
        if not isinstance(present, dict) or not _has(present, keys, values):
            if values or not isinstance(present, dict):
                result.append(present)
            continue
        is_found = True
        if item is not ABSENT:
            result.append(item)
    if item is not ABSENT and not is_found:
        result.append(item)
    return result


def _has(item: dict[str, Any], keys: tuple[str, ...], values: list[str]) -> bool:
    """Compares as many keys as there are values; an empty value is any."""
    return bool(values) and all(
        key in item and (not value or _raw_text(item[key]) == value)
        for key, value in zip(keys, values, strict=False)
    )


def _append_rest(merged: list[Any], dest: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """The merged items, then those of ``dest`` that are not among them."""
    for item in dest:
        values: list[str] = []
        for key in keys:
            if not isinstance(item, dict) or key not in item:
                merged.append(item)
            else:
                values.append(_raw_text(item[key]))
        if len(keys) > 1:
            merged = _set_item(merged, ABSENT, keys, values)
        merged = _set_item(merged, item, keys, values)
    return merged
