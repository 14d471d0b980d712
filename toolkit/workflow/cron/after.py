"""Crons that wait for other crons: an annotation of ours on the CronWorkflow.

::

    gitops.toolkit/after: "daily-extract; exchange-rates for 6h"

A tick is run once, of each cron named, the run of its last tick at or before ours has Succeeded:
of the same minute, hour or day, as the schedules stand to each other. It waits so long, or until
its own next tick; a run that failed may still be retried meanwhile. Argo does not know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.cron.ticks import child_name, next_tick, schedules_of
from toolkit.workflow.nodes import FINISHED, SUCCEEDED
from toolkit.workflow.spans import parse_span

AFTER: Final = "gitops.toolkit/after"
_FORM: Final = 'expected "CRON" or "CRON for DURATION", as "daily-extract for 6h"'
_WINDOWS: Final = tuple(timedelta(days=days) for days in (0.05, 1.1, 8, 32, 367, 5 * 366))


@dataclass(frozen=True, slots=True)
class Dependency:
    """``patience``: how long a tick waits; None is until the cron's own next tick."""

    cron: str
    patience: timedelta | None = None


class Upstream(Protocol):
    """What is known of the other crons of the namespace."""

    def cron(self, name: str) -> Body | None: ...

    def phase(self, cron: str, run: str) -> str:
        """The phase of a run by its name; "" where there is none (yet, or any more)."""
        ...


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a tick waits, and for how long it may."""

    reason: str
    patience: timedelta | None


def dependencies_of(cron: Body) -> tuple[Dependency, ...]:
    """In the order of the annotation. Raises ExpressionError."""
    annotations = (cron.get("metadata") or {}).get("annotations") or {}
    parts = (part.strip() for part in str(annotations.get(AFTER) or "").split(";"))
    return tuple(_dependency(part) for part in parts if part)


def unmet(wanted: Sequence[Dependency], tick: datetime, upstream: Upstream) -> Unmet | None:
    """The first dependency whose run has not Succeeded; None where all have."""
    for dependency in wanted:
        reason = _reason(dependency.cron, tick, upstream)
        if reason:
            return Unmet(reason, dependency.patience)
    return None


def last_tick(schedules: tuple[Schedule, ...], at: datetime) -> datetime | None:
    """The last tick that is not later than ``at``; None where there is none within five years."""
    return _last_tick(schedules, at)


def _dependency(text: str) -> Dependency:
    name, word, length = text.partition(" for ")
    if " " in name.strip() or not name.strip():
        raise ExpressionError(f"{AFTER}: {text!r}: {_FORM}")
    if not word:
        return Dependency(name.strip())
    try:
        patience = parse_span(length.strip())
    except ValueError as error:
        raise ExpressionError(f"{AFTER}: {text!r}: {_FORM}") from error
    if patience <= timedelta():
        raise ExpressionError(f"{AFTER}: {text!r}: {_FORM}")
    return Dependency(name.strip(), patience)


def _reason(name: str, tick: datetime, upstream: Upstream) -> str:
    cron = upstream.cron(name)
    if cron is None:
        return f"there is no CronWorkflow {name}"
    schedules = schedules_of(cron)
    if any(schedule.every is not None for schedule in schedules):
        return f"{name} is scheduled by @every: there is no tick of it to wait for"
    wanted = last_tick(schedules, tick)
    if wanted is None:
        return f"{name} has had no tick"
    run = child_name(name, wanted)
    phase = upstream.phase(name, run)
    if phase == SUCCEEDED:
        return ""
    if phase in FINISHED:
        return f"{run} has {'failed' if phase == 'Failed' else 'ended in ' + phase}"
    return f"{run} has not succeeded yet" if phase else f"{run} has not run"


@lru_cache(maxsize=10_000)
def _last_tick(schedules: tuple[Schedule, ...], at: datetime) -> datetime | None:
    """Looked for in windows that grow: a dense schedule is not walked for years."""
    for window in _WINDOWS:
        found = None
        tick = next_tick(schedules, at - window)
        while tick is not None and tick <= at:
            found, tick = tick, next_tick(schedules, tick)
        if found is not None:
            return found
    return None
