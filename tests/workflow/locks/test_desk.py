"""The desk between runs and locks."""

from __future__ import annotations

from toolkit.workflow.events import LocksGranted
from toolkit.workflow.locks.desk import LockDesk, LockEvent
from toolkit.workflow.locks.locks import MUTEX, Lock, LockRequest

A = Lock(MUTEX, "argo", "a")
HERE = "staging"


def request(run: str, *, priority: int = 0, created: str = "1") -> LockRequest:
    return LockRequest(f"{run}-1", run, "", f"argo/{run}", (A,), priority, created)


def told_after_a_restart(*waiting: LockRequest) -> list[tuple[str, LockEvent]]:
    told: list[tuple[str, LockEvent]] = []
    desk = LockDesk()
    desk.join(HERE, lambda run, event: told.append((run, event)), lambda _: 1, waiting)
    return told


def test_after_a_restart_the_first_in_the_queue_gets_the_lock_not_the_first_that_asked() -> None:
    told = told_after_a_restart(request("late", created="2"), request("early", created="1"))
    assert told == [("early", LocksGranted("early-1", ""))]


def test_after_a_restart_priority_counts_as_before() -> None:
    told = told_after_a_restart(request("first"), request("urgent", priority=1))
    assert told == [("urgent", LocksGranted("urgent-1", ""))]
