"""Differences between two objects, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from toolkit.resource.field_path import FieldPath


class _Absent:
    """Stands for a value that is not there, which null is not."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """``old`` or ``new`` is :data:`ABSENT` where the field is added or removed."""

    path: FieldPath
    old: Any
    new: Any


def changes(old: Any, new: Any) -> tuple[FieldChange, ...]:
    """All leaf changes that lead from ``old`` to ``new``, in the order of keys.

    Lists of objects that all have a ``name`` are matched by position only: what a reader sees is
    where he would look in the file. Cost: linear in both objects.
    """
    return tuple(_changes((), old, new))


def _changes(path: FieldPath, old: Any, new: Any) -> Iterator[FieldChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _changes((*path, key), old.get(key, ABSENT), new.get(key, ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else ABSENT
            right = new[index] if index < len(new) else ABSENT
            yield from _changes((*path, index), left, right)
    elif not _is_same(old, new):
        yield FieldChange(path, old, new)


def _is_same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and bool(old == new)
