"""What differs between two renderings, object by object, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.resource.diff import FieldChange
from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body, ResourceSet
from toolkit.sync.comparable import visible_changes
from toolkit.sync.plan import Action


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """``action`` is CREATE, UPDATE or PRUNE, as it would be if ``new`` replaced ``old``. Values of
    Secrets are masked. ``body`` is the whole object where it was added or removed.
    """

    action: Action
    id: ResourceId
    changes: tuple[FieldChange, ...]
    body: Body | None = None


def difference(old: ResourceSet, new: ResourceSet) -> tuple[ObjectChange, ...]:
    """By id: an object that was renamed is one removed and one added."""
    ids = sorted({resource.id for resource in old} | {resource.id for resource in new})
    return tuple(_differences(ids, old, new))


def _differences(
    ids: Iterable[ResourceId], old: ResourceSet, new: ResourceSet
) -> Iterable[ObjectChange]:
    for key in ids:
        before, after = old.get(key), new.get(key)
        if before is None and after is not None:
            yield ObjectChange(Action.CREATE, key, (), after.body)
        elif after is None and before is not None:
            yield ObjectChange(Action.PRUNE, key, (), before.body)
        elif before is not None and after is not None:
            found = visible_changes(before.body, after.body)
            if found:
                yield ObjectChange(Action.UPDATE, key, found)
