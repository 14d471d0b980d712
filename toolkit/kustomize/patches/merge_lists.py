"""Lists that merge by key, as kyaml's ``merge2`` finds, sets and orders their items."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.objects.item import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final


class _Absent:
    def __bool__(self) -> bool:
        return False


ABSENT: Final[Any] = _Absent()
"""No value at all, which null is not."""

DIRECTIVE = "$patch"
DIRECTIVES = ("delete", "replace", "merge")


def nested_places(rows: list[Any]) -> dict[str, tuple[list[Any], int]]:
    """The row and position of each named item."""
    return {
        name: (row, index)
        for row in rows
        if isinstance(row, list)
        for index, item in enumerate(row)
        if (name := key_text(item, "name"))
    }


def items_by_key(items: Any, key: str) -> dict[str, Any] | None:
    """The items by their key's text; None where one has none, or two have the same."""
    found: dict[str, Any] = {}
    if items is ABSENT:
        return found
    for item in items:
        text = key_text(item, key)
        if not text or text in found:
            return None
        found[text] = item
    return found


def list_directive(patch: Any) -> str:
    """Takes the item ``$patch: …`` out of a list of the patch."""
    if patch is ABSENT:
        return "merge"
    marker = next((item for item in patch if isinstance(item, dict) and DIRECTIVE in item), None)
    if marker is None or len(marker) > 1:
        return "merge"
    directive = known_directive(marker[DIRECTIVE])
    patch[:] = [
        item
        for item in patch
        if item
        and not (isinstance(item, dict) and text_of(item.get(DIRECTIVE, ABSENT)) == directive)
    ]
    return directive


def known_directive(value: Any) -> str:
    """delete, replace or merge. Raises BuildError for anything else."""
    directive = text_of(value)
    if directive not in DIRECTIVES:
        raise BuildError(
            f"unknown patch directive `$patch: {directive}`",
            hints=["it must be delete, replace or merge"],
        )
    return directive


def merged_scalars(dest: list[Any], patch: Any) -> list[Any]:
    """A list that merges by value: the patch's items first, each once."""
    merged: dict[str, Any] = {}
    for source in (patch, dest):
        if source is not ABSENT:
            for item in source:
                merged.setdefault(text_of(item), item)
    return list(merged.values())


def wanted_keys(dest: list[Any], patch: Any, keys: tuple[str, ...]) -> list[list[str]]:
    """The key values of all items, the patch's first, each combination once."""
    found: list[list[str]] = []
    seen: set[tuple[str, ...]] = set()
    for source in (patch, dest):
        if source is ABSENT:
            continue
        for item in source:
            values = [key_text(item, key) for key in keys]
            if tuple(values) not in seen:
                seen.add(tuple(values))
                found.append(values)
    return _completed(found) if len(keys) > 1 else found


def key_text(item: Any, key: str) -> str:
    """An item's value for a key as text; "" where it has none."""
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


def valid_keys_of(
    wanted: list[list[str]], values: list[str], keys: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]]:
    """Keys that any item has, with this combination's values for them."""
    used = {keys[index] for combination in wanted for index, text in enumerate(combination) if text}
    if not used:
        return keys, values
    valid_keys = tuple(key for key in keys if key in used)
    return valid_keys, [text for text, key in zip(values, keys, strict=True) if text or key in used]


def find_item(items: list[Any], keys: tuple[str, ...], values: list[str]) -> Any:
    """The first item with these key values, or ABSENT."""
    keys, values = valid_keys_of([values], values, keys)
    for item in items:
        if isinstance(item, dict) and all(
            key in item and _raw_text(item[key]) == value
            for key, value in zip(keys, values, strict=False)
        ):
            return item
    return ABSENT


def _raw_text(value: Any) -> str:
    return "null" if value is None else text_of(value)


def set_item(items: list[Any], item: Any, keys: tuple[str, ...], values: list[str]) -> list[Any]:
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


def with_rest(merged: list[Any], dest: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """The merged items, then those of ``dest`` that are not among them."""
    for item in dest:
        values: list[str] = []
        for key in keys:
            if not isinstance(item, dict) or key not in item:
                merged.append(item)
            else:
                values.append(_raw_text(item[key]))
        if len(keys) > 1:
            merged = set_item(merged, ABSENT, keys, values)
        merged = set_item(merged, item, keys, values)
    return merged
