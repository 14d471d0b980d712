"""What a sweep took away: as text, and as JSON to and from the process that owns the state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from toolkit.report.table import format_table
from toolkit.workflow.retention.retention import Kept, Removal, Swept, size_text

_HEADING: Final = ("ENVIRONMENT", "WHAT", "NAME", "LAST CHANGE", "SIZE", "WHY")


def format_swept(swept: Sequence[Swept], *, dry_run: bool) -> str:
    """A line for each thing that went, then how much that was."""
    rows = [_row(one, removal) for one in swept for removal in one.removals]
    total = _total(swept, dry_run=dry_run)
    return f"{format_table([_HEADING, *rows])}\n{total}" if rows else total


def swept_to_json(swept: Iterable[Swept], *, dry_run: bool) -> dict[str, Any]:
    """The JSON shape, version 1."""
    swept = tuple(swept)
    return {
        "version": 1,
        "dryRun": dry_run,
        "freedBytes": _freed(swept),
        "removed": [
            {
                "environment": one.environment,
                "what": one.shelf,
                "name": removal.item.name,
                "lastChange": removal.item.at.isoformat(),
                "sizeBytes": removal.item.size_bytes,
                "reason": removal.reason,
            }
            for one in swept
            for removal in one.removals
        ],
    }


def swept_from_json(document: Mapping[str, Any]) -> tuple[Swept, ...]:
    """The inverse of :func:`swept_to_json`, without shelves that nothing was taken from."""
    entries = groupby(document["removed"], key=lambda entry: (entry["environment"], entry["what"]))
    return tuple(
        Swept(environment, shelf, tuple(_removal(entry) for entry in group))
        for (environment, shelf), group in entries
    )


def _removal(entry: Mapping[str, Any]) -> Removal:
    at = datetime.fromisoformat(entry["lastChange"])
    return Removal(Kept("", entry["name"], at, entry["sizeBytes"]), entry["reason"])


def _row(swept: Swept, removal: Removal) -> tuple[str, ...]:
    item = removal.item
    return (
        swept.environment or "-",
        swept.shelf,
        item.name,
        item.at.strftime("%Y-%m-%d %H:%M"),
        size_text(item.size_bytes),
        removal.reason,
    )


def _total(swept: Sequence[Swept], *, dry_run: bool) -> str:
    count = sum(len(one.removals) for one in swept)
    if not count:
        return "nothing is over its limits"
    verb = "would be removed" if dry_run else "removed"
    return f"{count} {verb}, {size_text(_freed(swept))} {'to free' if dry_run else 'freed'}"


def _freed(swept: Iterable[Swept]) -> int:
    return sum(removal.item.size_bytes for one in swept for removal in one.removals)
