"""A due tick that waits for the runs of other crons (:mod:`after`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.workflow.cron.after import Upstream, dependencies_of, unmet
from toolkit.workflow.cron.occasion import Occasion
from toolkit.workflow.cron.record import Record
from toolkit.workflow.nodes import Row, rfc3339
from toolkit.workflow.spans import human

WAITING: Final = "waitingFor"
"""The status field, ours, of a tick that waits for other crons: which, since when, and why."""

_AT_MOST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wait:
    """``until`` None: the tick is not waited for any more, and not run."""

    until: datetime | None = None


def wait_of(
    occasion: Occasion, due: datetime, record: Record, upstream: Upstream | None
) -> Wait | None:
    """None where the tick is to be run now. What is decided is recorded."""
    try:
        missing = unmet(dependencies_of(occasion.cron), due, upstream) if upstream else None
    except ExpressionError as error:
        record.report("SpecError", error.message)
        record.skip(due, error.message)
        return Wait()
    if missing is None:
        end_waiting(record)
        return None
    since = _since(record.status, due) or occasion.now
    patience = missing.patience or _until_next(occasion, due)
    if occasion.now >= since + patience:
        end_waiting(record)
        record.skip(due, f"it waited {human(patience)}: {missing.reason}")
        return Wait()
    _note(record, due, since, missing.reason)
    return Wait(since + patience)


def waiting_tick(status: Row) -> datetime | None:
    """The tick that waits, as the status says it."""
    noted = status.get(WAITING) or {}
    return datetime.fromisoformat(noted["tick"]) if noted.get("tick") else None


def end_waiting(record: Record) -> None:
    """Nothing waits any more."""
    if record.status.get(WAITING):
        record.status[WAITING] = None


def _note(record: Record, due: datetime, since: datetime, reason: str) -> None:
    noted = {"tick": rfc3339(due), "since": rfc3339(since), "reason": reason}
    if record.status.get(WAITING) != noted:
        record.status[WAITING] = noted
        record.say("Waiting", f"tick {rfc3339(due)} waits: {reason}")


def _since(status: Row, due: datetime) -> datetime | None:
    if waiting_tick(status) != due:
        return None
    return datetime.fromisoformat(status[WAITING]["since"])


def _until_next(occasion: Occasion, due: datetime) -> timedelta:
    following = occasion.tick_after(due)
    return _AT_MOST if following is None else following - due
