"""Strategic merge patch, as the Kubernetes API server applies it.

Lists merge where the schema gives them a merge key; everywhere else they are replaced. Directives
in the patch: ``$patch: replace | delete | merge``, ``$deleteFromPrimitiveList/<list>``,
``$setElementOrder/<list>``, ``$retainKeys``. Source of the rules: apimachinery's
``strategicpatch``. (kustomize has a merge of its own: ``toolkit.kustomize``.)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from toolkit.errors import PatchError
from toolkit.resource.copying import copy_json

MergeKey = Callable[[tuple[str, ...]], str | None]
"""For the fields that lead to a list, without positions (``("spec", "containers")``): the merge
key of its items; "" for a set of scalars; None for a list that is replaced.
"""

_DIRECTIVE: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"

_Fields = tuple[str, ...]


def apply_strategic_merge(
    body: Mapping[str, Any], patch: Mapping[str, Any], merge_key: MergeKey
) -> dict[str, Any]:
    """The patched copy; no argument changes. Raises :class:`PatchError` for a malformed patch: an
    item without its merge key, an unknown directive, a field that ``$retainKeys`` leaves out.
    """
    return _Merge(merge_key).mapping(copy_json(dict(body)), patch, ())


class _Merge:
    """One merge. Targets are owned copies and change in place; patches do not."""

    def __init__(self, merge_key: MergeKey) -> None:
        self._merge_key = merge_key

    def mapping(
        self, target: dict[str, Any], patch: Mapping[str, Any], fields: _Fields
    ) -> dict[str, Any]:
        directive = patch.get(_DIRECTIVE)
        if directive == "delete":
            return {}
        if directive == "replace":
            return _without_directives(patch)
        if directive not in (None, "merge"):
            _refuse(fields, f"no directive $patch: {directive}")
        if _RETAIN in patch:
            _retain(target, patch, fields)
        for key, value in patch.items():
            if key not in (_DIRECTIVE, _RETAIN) and not key.startswith((_ORDER, _DELETE_FROM)):
                self._member(target, key, value, patch, fields)
        self._lists_without_values(target, patch, fields)
        return target

    def _member(
        self,
        target: dict[str, Any],
        key: str,
        value: Any,
        patch: Mapping[str, Any],
        fields: _Fields,
    ) -> None:
        here = (*fields, key)
        live = target.get(key)
        if value is None:
            target.pop(key, None)
        elif isinstance(value, Mapping):
            base = live if isinstance(live, dict) else {}
            target[key] = self.mapping(base, value, here)
        elif isinstance(value, list) and self._merge_key(here) is not None:
            base_list = live if isinstance(live, list) else []
            target[key] = self._list(base_list, value, patch, here)
        else:
            target[key] = copy_json(value)

    def _lists_without_values(
        self, target: dict[str, Any], patch: Mapping[str, Any], fields: _Fields
    ) -> None:
        """Lists that the patch only orders, or only deletes from."""
        names = [key.partition("/")[2] for key in patch if key.startswith((_ORDER, _DELETE_FROM))]
        for name in dict.fromkeys(names):
            if name not in patch and isinstance(target.get(name), list):
                target[name] = self._list(target[name], [], patch, (*fields, name))

    def _list(
        self, live: list[Any], items: list[Any], patch: Mapping[str, Any], fields: _Fields
    ) -> list[Any]:
        key = self._merge_key(fields) or ""
        removed = {_identity(item, "") for item in patch.get(_DELETE_FROM + fields[-1]) or ()}
        kept = [item for item in live if not removed or _identity(item, "") not in removed]
        if key:
            merged, order = self._items_by_key(kept, items, key, fields)
        else:
            order = [copy_json(item) for item in items]
            merged = list({_identity(item, ""): item for item in order + kept}.values())
        wanted = patch.get(_ORDER + fields[-1])
        return _in_order(merged, order if wanted is None else wanted, live, key)

    def _items_by_key(
        self, live: list[Any], items: list[Any], key: str, fields: _Fields
    ) -> tuple[list[Any], list[Any]]:
        """The merged items, and those of the patch that stay."""
        stay: list[Any] = []
        removed: set[Any] = set()
        for item in items:
            if not isinstance(item, Mapping):
                _refuse(fields, f"an item of this list is a mapping with {key!r}")
            if item.get(_DIRECTIVE) == "replace":
                live = []
                continue
            if key not in item:
                _refuse(fields, f"an item of this list needs its merge key {key!r}")
            if item.get(_DIRECTIVE) == "delete":
                removed.add(_identity(item, key))
            else:
                stay.append(item)
        kept = [item for item in live if _identity(item, key) not in removed]
        return self._merged(kept, stay, key, fields), stay

    def _merged(self, live: list[Any], items: list[Any], key: str, fields: _Fields) -> list[Any]:
        merged = list(live)
        places = _places(merged, key)
        for item in items:
            place = places.setdefault(_identity(item, key), len(merged))
            if place == len(merged):
                merged.append(self.mapping({}, item, fields))
            else:
                merged[place] = self.mapping(merged[place], item, fields)
        return merged


def _retain(target: dict[str, Any], patch: Mapping[str, Any], fields: _Fields) -> None:
    names = patch[_RETAIN]
    if not isinstance(names, list):
        _refuse(fields, f"{_RETAIN} is a list of field names")
    outside = [key for key in patch if not key.startswith("$") and key not in names]
    if outside:
        _refuse(fields, f"{_RETAIN} leaves out {outside[0]!r}, which the patch sets")
    for key in [key for key in target if key not in names]:
        del target[key]


def _without_directives(patch: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy_json(value) for key, value in patch.items() if key != _DIRECTIVE}


def _in_order(merged: list[Any], order: list[Any], live: list[Any], key: str) -> list[Any]:
    """Items named by ``order`` in its order, all others between them where ``live`` had them."""
    ranks, old = _places(order, key), _places(live, key)
    named = [item for item in merged if _identity(item, key) in ranks]
    named.sort(key=lambda item: ranks[_identity(item, key)], reverse=True)
    others = [item for item in reversed(merged) if _identity(item, key) not in ranks]
    result: list[Any] = []
    while named and others:
        left = old.get(_identity(others[-1], key), -1)
        right = old.get(_identity(named[-1], key), -1)
        result.append(others.pop() if 0 <= left < right else named.pop())
    return result + named[::-1] + others[::-1]


def _places(items: Sequence[Any], key: str) -> dict[Any, int]:
    """Identity → where it first stands."""
    places: dict[Any, int] = {}
    for place, item in enumerate(items):
        places.setdefault(_identity(item, key), place)
    return places


def _identity(item: Any, key: str) -> Any:
    """What tells items of a list apart: the value at the merge key, or the whole value."""
    value = item.get(key) if key and isinstance(item, Mapping) else item
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return (isinstance(value, bool), value)


def _refuse(fields: _Fields, reason: str) -> NoReturn:
    raise PatchError(reason, path=".".join(fields))
