"""What a change touches, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from toolkit.report.table import printable
from toolkit.sync.affected import AffectedEnvironment
from toolkit.sync.difference import ObjectChange
from toolkit.sync.plan import Action

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.PRUNE: "-"}
_WORDS = {Action.CREATE: "added", Action.UPDATE: "changed", Action.PRUNE: "removed"}


def format_affected(environments: Sequence[AffectedEnvironment]) -> str:
    """An environment a paragraph: its objects, then the files that made the difference."""
    paragraphs = ["\n".join(_lines(each)) for each in environments]
    return "\n\n".join(paragraphs) or "no environment is affected"


def affected_document(
    start: str, end: str, environments: Sequence[AffectedEnvironment]
) -> dict[str, Any]:
    """The same as plain values, version 1. ``to`` is "" for the work tree."""
    return {
        "version": 1,
        "from": start,
        "to": end,
        "environments": [_environment(each) for each in environments],
    }


def _lines(environment: AffectedEnvironment) -> Iterator[str]:
    yield environment.name
    if environment.failure:
        yield f"  cannot be compared: it could not be built before: {environment.failure}"
    for change in environment.changes:
        place = f" in {change.id.namespace}" if change.id.namespace else ""
        yield printable(f"  {_SIGNS[change.action]} {change.id.short}{place}")
    for path in environment.files:
        yield printable(f"    {path}")


def _environment(environment: AffectedEnvironment) -> dict[str, Any]:
    return {
        "name": environment.name,
        "objects": [_object(change) for change in environment.changes],
        "files": list(environment.files),
        "failure": environment.failure,
    }


def _object(change: ObjectChange) -> dict[str, Any]:
    return {
        "change": _WORDS[change.action],
        "id": str(change.id),
        "kind": change.id.kind,
        "namespace": change.id.namespace,
        "name": change.id.name,
    }
