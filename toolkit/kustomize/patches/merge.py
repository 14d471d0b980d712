"""Strategic merge as kustomize does it (kyaml ``merge2``), on plain objects.

Maps merge, null deletes, ``$patch: delete | replace | merge`` direct. Lists are replaced, but for
those whose shape gives merge keys: there, items with the same keys merge, patched items come
first, in the patch's order.

The patch is consumed: what it adds moves into the result. Give a copy where it is used again.
"""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.data.merge_shapes import Shape
from toolkit.kustomize.objects.untagged import Unquoted, Untagged, visited
from toolkit.kustomize.patches.merge_lists import (
    ABSENT,
    DIRECTIVE,
    find_item,
    items_by_key,
    key_text,
    known_directive,
    list_directive,
    merged_scalars,
    nested_places,
    set_item,
    valid_keys_of,
    wanted_keys,
    with_rest,
)
from toolkit.yaml.scalars import BLANK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.ports import KnownShapes, Spelling

NESTED = "[][]name"
"""The key of lists of lists whose inner items merge by name, wherever they stand: Argo's steps."""

Part = str | int | tuple[str, str]
"""A key of a map, a position in a list, or (key, value) of a list's item."""

Path = tuple[Part, ...]


class Merger:
    """Merges by what ``shapes`` knows; ``spelling`` is asked only where it matters."""

    __slots__ = ("_path", "_visits_all", "shapes", "spelling")

    def __init__(self, shapes: KnownShapes, spelling: Spelling | None = None) -> None:
        self.shapes = shapes
        self.spelling = spelling
        self._path: list[Part] = []
        self._visits_all = False

    def merge(self, body: Any, patch: Any, *, visits_all: bool = False) -> Any:
        """``body`` with ``patch`` merged in; :data:`ABSENT` where the patch deletes it. What the
        patch does not speak of is passed over, unless it ``visits_all``.
        """
        self._visits_all = visits_all or (self.spelling is not None and _has_nulls(body))
        merged = self._walk(body, patch, None)
        if self.spelling is not None:
            self.spelling.remember()
        # upstream, too, forgets an object that a patch replaces as a whole
        return merged if merged is ABSENT else body

    def _walk(self, dest: Any, patch: Any, shape: Shape | None) -> Any:
        present = dest if dest is not ABSENT and dest is not None else patch
        if isinstance(present, dict):
            _require(dict, dest, patch)
            return self._map(dest, patch, shape)
        if present is None or present is ABSENT:
            return self._null(dest, patch)
        if isinstance(dest, dict | list) or isinstance(patch, dict | list):
            raise _mismatch(dest, patch)
        return self._scalar(dest, patch)

    def _null(self, dest: Any, patch: Any) -> Any:
        """Both sides null or absent: a null of the object's own stays, one of the patch deletes."""
        if patch is not ABSENT or dest is not None:
            return ABSENT
        if self.spelling is not None and self.spelling.is_blank(tuple(self._path)):
            return ABSENT
        return None

    def _scalar(self, dest: Any, patch: Any) -> Any:
        if patch is ABSENT:
            if isinstance(dest, Untagged | Unquoted):
                return visited(dest)
            return ABSENT if dest is BLANK and self.spelling is not None else dest
        if patch is None or patch is BLANK:
            return ABSENT
        if isinstance(dest, Untagged | Unquoted) and patch.__class__ is str:
            return Unquoted(patch)
        if self.spelling is not None and isinstance(dest, str) and patch.__class__ is not str:
            path = tuple(self._path)
            if self.spelling.is_quoted(path, dest):
                is_text = isinstance(patch, str)
                return str(patch) if is_text else self.spelling.in_patch(path, patch)
        return patch

    def _value(self, dest: Any, patch: Any, shape: Shape | None, field: str) -> Any:
        """The merged value of one field, whose parent has ``shape``."""
        present = dest if dest is not ABSENT and dest is not None else patch
        entry = shape.get(field) if shape is not None else None
        if isinstance(present, list):
            _require(list, dest, patch)
            if entry is not None and entry[1] is not None:
                return self._list(dest, patch, self.shapes.by_name[entry[0]], entry[1])
            if patch is None:
                return ABSENT
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
        if patch is ABSENT and not shape and not self._visits_all:
            return dest
        return self._fields(dest, patch, shape)

    def _fields(self, dest: dict[str, Any], patch: Any, shape: Shape | None) -> dict[str, Any]:
        is_new = dest is patch
        theirs = {} if patch is ABSENT else patch
        added = [] if is_new else [name for name in theirs if name not in dest]
        for field in list(dest):
            value = dest[field]
            other = value if is_new else theirs.get(field, ABSENT)
            self._path.append(field)
            merged = self._value(value, other, shape, field)
            self._path.pop()
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
            directive = list_directive(patch)
            if directive == "delete":
                return ABSENT
            if directive == "replace":
                dest = patch
        if not keys:
            return merged_scalars(dest, patch)
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
        places = nested_places(dest)
        for row in patch:
            items = row if isinstance(row, list) else [row]
            known = [places[name] for item in items if (name := key_text(item, "name")) in places]
            target = known[0][0] if known else []
            for item in items:
                place = places.get(key_text(item, "name"))
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
            mine, theirs = items_by_key(dest, keys[0]), items_by_key(patch, keys[0])
            if mine is not None and theirs is not None:
                return self._merge_indexed(mine, theirs, shape, keys[0], is_new=dest is patch)
        return self._merge_searched(dest, patch, shape, keys)

    def _merge_indexed(
        self,
        dest: dict[str, Any],
        patch: dict[str, Any],
        shape: Shape,
        key: str,
        *,
        is_new: bool,
    ) -> list[Any]:
        """Where every item has its own key: the patch's items first, then the others."""
        if is_new:
            merged = [self._walk(item, item, shape) for item in dest.values()]
            return [item for item in merged if item]
        result: list[Any] = []
        for value, theirs in patch.items():
            mine = dest.pop(value, ABSENT)
            item = self._item(mine, theirs, shape, (key, value))
            if item:
                # kustomize, too, drops what `$patch: replace` says of one item
                result.append(item if mine is ABSENT else mine)
        result += [self._item(mine, ABSENT, shape, (key, name)) for name, mine in dest.items()]
        return result

    def _item(self, dest: Any, patch: Any, shape: Shape, part: Part) -> Any:
        self._path.append(part)
        item = self._walk(dest, patch, shape)
        self._path.pop()
        return item

    def _merge_searched(
        self, dest: list[Any], patch: Any, shape: Shape, keys: tuple[str, ...]
    ) -> list[Any]:
        """Items with several keys, without one, or with one twice: kustomize's own procedure."""
        wanted = wanted_keys(dest, patch, keys)
        merged: list[Any] = []
        valid_keys, valid_values = keys, [""]
        for values in wanted:
            valid_keys, valid_values = valid_keys_of(wanted, values, keys)
            mine = find_item(dest, valid_keys, valid_values)
            theirs = ABSENT if patch is ABSENT else find_item(patch, valid_keys, valid_values)
            item = self._item(mine, theirs, shape, (valid_keys[0], valid_values[0]))
            if item is ABSENT or item is None or item == {}:
                # in place, as upstream: a list that the patch adds is its own patch
                dest[:] = set_item(dest, ABSENT, valid_keys, valid_values)
                continue
            for key, value in zip(valid_keys, valid_values, strict=False):
                if isinstance(item, dict) and key not in item and value:
                    item[key] = value
            merged = set_item(merged, item, valid_keys, valid_values)
        if wanted:
            return with_rest(merged, dest, valid_keys)
        return dest


def _has_nulls(body: Any) -> bool:
    """True where a map, outside of lists, has a null."""
    return isinstance(body, dict) and any(
        value is None or value is BLANK or (value.__class__ is dict and _has_nulls(value))
        for value in body.values()
    )


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
    return known_directive(patch.pop(DIRECTIVE))
