"""What ``gitops demo`` shows, as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.publish.publication import Publication
from toolkit.report.changes import BOLD, CYAN, FAINT, GREEN, YELLOW, painter
from toolkit.report.table import format_table
from toolkit.sync.state import SyncRecord

_WRITTEN = {"create": "created", "update": "updated", "prune": "deleted"}

Crons = Mapping[str, Sequence[Mapping[str, Any]]]
"""CronWorkflows by environment."""


def format_heading(number: int, title: str, explanation: str, *, coloured: bool) -> str:
    """The start of a step: what happens now, and why."""
    paint = painter(coloured=coloured)
    return f"\n{paint(BOLD + ';' + CYAN, f'{number}  {title}')}\n{paint(FAINT, explanation)}\n"


def format_publications(publications: Sequence[Publication]) -> str:
    """The deploy commit of each environment, and whether it is a new one."""
    rows = [(one.environment, one.branch, one.commit[:12], _of_commit(one)) for one in publications]
    return format_table([("ENVIRONMENT", "BRANCH", "COMMIT", ""), *rows])


def format_syncs(syncs: Sequence[SyncRecord]) -> str:
    """What each sync wrote, or that it wrote nothing."""
    return "\n".join(f"{sync.environment}: {_of_sync(sync)}" for sync in syncs)


def format_crons(crons: Crons, *, coloured: bool) -> str:
    """Every cron, and where it is suspended; below, the same in a sentence."""
    paint = painter(coloured=coloured)
    schedules = {_name(cron): _schedule(cron) for found in crons.values() for cron in found}
    heading = ("CRON", "SCHEDULE", *(environment.upper() for environment in crons))
    rows = [
        (name, schedule, *(_state(found, name) for found in crons.values()))
        for name, schedule in sorted(schedules.items())
    ]
    table = format_table([heading, *rows])
    table = table.replace("suspended", paint(YELLOW, "suspended"))
    table = table.replace("active", paint(GREEN, "active"))
    said = "; ".join(_summary(environment, found) for environment, found in crons.items())
    return f"{table}\n\n{said}."


def format_attempts(workflow: Mapping[str, Any]) -> str:
    """Which step was tried how often; "" where none was tried again."""
    nodes = ((workflow.get("status") or {}).get("nodes") or {}).values()
    tried = [
        f"{node.get('displayName')} was tried {len(node['children'])} times"
        for node in nodes
        if node.get("type") == "Retry" and len(node.get("children") or ()) > 1
    ]
    return "; ".join(tried)


def format_next(program: str, *, coloured: bool) -> str:
    """What to try, now that all of it was seen once. ``program``: gitops, as it is called here."""
    paint = painter(coloured=coloured)
    width = max(len(arguments) for arguments, _ in _NEXT)
    lines = [
        f"  {paint(BOLD, f'{program} {arguments}')}{' ' * (width - len(arguments))}  {why}"
        for arguments, why in _NEXT
    ]
    return "\n".join([paint(BOLD + ";" + GREEN, "What to try next"), *lines])


_NEXT = (
    ("up", "the same in one process that stays: cluster, reconciler, engine, crons"),
    ("logs @latest", "what the steps of the last run printed"),
    ("run cron/daily-sales --log", "a pipeline that fans out, with its logs"),
    ("run workflows/backfill.yaml --wait", "the same for several days"),
    ("plan staging", "edit crons/base/hello-cron.yaml first: the plan shows that change"),
    ("validate", "break something first: it names the file, the line, and what you meant"),
)


def _of_commit(publication: Publication) -> str:
    if publication.is_unchanged:
        return "published already, so no new commit"
    return f"new: {publication.changed}"


def _of_sync(sync: SyncRecord) -> str:
    written = [
        f"{sync.counts[key]} {word}" for key, word in _WRITTEN.items() if sync.counts.get(key)
    ]
    unchanged = sync.counts.get("unchanged", 0)
    if not written:
        return f"all {unchanged} objects are as published, no object was written"
    rest = f", {unchanged} unchanged" if unchanged else ""
    return f"{', '.join(written)}{rest}; {sync.health or 'health not assessed'}"


def _summary(environment: str, crons: Sequence[Mapping[str, Any]]) -> str:
    suspended = sum(_is_suspended(cron) for cron in crons)
    if suspended == len(crons):
        return f"in {environment} all {suspended} are suspended"
    return f"in {environment} {suspended or 'none'} of {len(crons)} is suspended"


def _state(crons: Sequence[Mapping[str, Any]], name: str) -> str:
    for cron in crons:
        if _name(cron) == name:
            return "suspended" if _is_suspended(cron) else "active"
    return "-"


def _name(cron: Mapping[str, Any]) -> str:
    return str(cron["metadata"]["name"])


def _schedule(cron: Mapping[str, Any]) -> str:
    spec = cron.get("spec") or {}
    schedules = spec.get("schedules") or [spec.get("schedule", "")]
    zone = f" {spec['timezone']}" if spec.get("timezone") else ""
    return ", ".join(map(str, schedules)) + zone


def _is_suspended(cron: Mapping[str, Any]) -> bool:
    return bool((cron.get("spec") or {}).get("suspend"))
