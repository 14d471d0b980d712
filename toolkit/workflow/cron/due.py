"""Which tick of a cron is to be run now, of those since the last one that was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.occasion import Occasion
from toolkit.workflow.cron.record import SKIPPED_UNTIL, Record
from toolkit.workflow.cron.waiting import end_waiting, waiting_tick
from toolkit.workflow.status.projection import GROUP

LATEST_SCHEDULE: Final = f"cronworkflows.{GROUP}/last-used-schedule"
_MOST_MISSED: Final = 100_000
_LATE: Final = timedelta(minutes=1)
_OVER: Final = "it was missed, and startingDeadlineSeconds is over"


@dataclass(frozen=True, slots=True)
class Due:
    """``tick`` is to be run now; None where none is. ``ahead``: the first one that has not come.
    ``is_behind``: after ``tick`` another one that was missed is to be run.
    """

    tick: datetime | None = None
    ahead: datetime | None = None
    is_behind: bool = False


def due_tick(occasion: Occasion, record: Record, catch_up: CatchUp) -> Due:
    """Those that are not made up for are recorded as skipped or missed."""
    ticks, ahead = _since_last(occasion, record)
    if not ticks:
        return Due(ahead=ahead)
    if catch_up is CatchUp.ALL and occasion.policy != "Replace":
        rest = _not_too_late(occasion, record, ticks)
        if not rest or _must_wait_for_the_active(occasion, record, rest[0]):
            return Due(ahead=ahead)
        return Due(rest[0], ahead, is_behind=len(rest) > 1)
    return Due(_latest(occasion, record, ticks, catch_up), ahead)


def schedule_note(occasion: Occasion) -> Mapping[str, str]:
    """The annotation that says which schedules are in use, where it does not say so yet."""
    text = _schedule_text(occasion)
    return {} if occasion.annotations.get(LATEST_SCHEDULE) == text else {LATEST_SCHEDULE: text}


def _since_last(occasion: Occasion, record: Record) -> tuple[Sequence[datetime], datetime | None]:
    """The ticks whose time has come, and the one after them."""
    ticks: list[datetime] = []
    at = occasion.tick_after(_last_seen(occasion, record))
    while at is not None and at <= occasion.now and len(ticks) < _MOST_MISSED:
        ticks.append(at)
        at = occasion.tick_after(at)
    if at is None or at <= occasion.now:
        at = occasion.tick_after(occasion.now)
    return ticks, at


def _last_seen(occasion: Occasion, record: Record) -> datetime:
    if _uses_new_schedule(occasion):
        return occasion.now - timedelta(minutes=1)
    stamps = (
        record.status.get("lastScheduledTime"),
        record.status.get(SKIPPED_UNTIL),
        occasion.metadata.get("creationTimestamp"),
    )
    found = [datetime.fromisoformat(str(text)) for text in stamps if text]
    return max(found, default=occasion.now).astimezone(UTC)


def _latest(
    occasion: Occasion, record: Record, ticks: Sequence[datetime], catch_up: CatchUp
) -> datetime | None:
    """As Argo: the last one alone, unless it is too late for that as well."""
    latest, waiting = ticks[-1], waiting_tick(record.status)
    if latest == waiting:
        return latest
    if waiting in ticks:
        end_waiting(record)
    if occasion.now - latest >= _LATE:
        reason = _too_late(occasion, latest, catch_up)
        if reason:
            record.skip(latest, reason)
            return None
    _tell_missed(record, len(ticks) - 1, "only the latest is made up for")
    return latest


def _not_too_late(
    occasion: Occasion, record: Record, ticks: Sequence[datetime]
) -> Sequence[datetime]:
    """The ticks within ``startingDeadlineSeconds``, where there is one."""
    if _deadline(occasion) is None:
        return ticks
    late = (at for at in ticks if _is_missed(occasion, record, at))
    over = [at for at in late if not _is_within_deadline(occasion, at)]
    if over:
        record.skip(over[-1], _OVER)
        _tell_missed(record, len(over) - 1, "startingDeadlineSeconds is over")
    return ticks[len(over) :]


def _must_wait_for_the_active(occasion: Occasion, record: Record, tick: datetime) -> bool:
    """A tick that was missed waits while another run is active and the policy is Forbid: the end
    of that run decides again.
    """
    is_held = occasion.policy == "Forbid" and bool(record.active)
    return is_held and _is_missed(occasion, record, tick)


def _is_missed(occasion: Occasion, record: Record, tick: datetime) -> bool:
    return occasion.now - tick >= _LATE and tick != waiting_tick(record.status)


def _too_late(occasion: Occasion, tick: datetime, catch_up: CatchUp) -> str:
    """Why a tick that was missed is not made up for, "" where it is."""
    if catch_up is CatchUp.NONE:
        return "it was missed, and crons.catchUp is none"
    return "" if _is_within_deadline(occasion, tick) else _OVER


def _is_within_deadline(occasion: Occasion, tick: datetime) -> bool:
    deadline = _deadline(occasion)
    return deadline is not None and occasion.now < tick + deadline


def _deadline(occasion: Occasion) -> timedelta | None:
    seconds = occasion.spec.get("startingDeadlineSeconds")
    return None if seconds is None else timedelta(seconds=int(seconds))


def _tell_missed(record: Record, count: int, reason: str) -> None:
    if count:
        ticks = "tick" if count == 1 else "ticks"
        record.say("Missed", f"{count} earlier {ticks} missed: {reason}")


def _uses_new_schedule(occasion: Occasion) -> bool:
    noted = occasion.annotations.get(LATEST_SCHEDULE)
    return noted is not None and noted != _schedule_text(occasion)


def _schedule_text(occasion: Occasion) -> str:
    zone = str(occasion.spec.get("timezone") or "")
    prefix = f"CRON_TZ={zone} " if zone else ""
    return ",".join(f"{prefix}{schedule.text}" for schedule in occasion.schedules)
