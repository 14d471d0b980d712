"""What a run's steps changed between two commits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from toolkit.controllers.runs.active_run import Decided
from toolkit.workflow.locks.locks import MUTEX, Lock, LockRequest
from toolkit.workflow.run import Transition

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def asked(number: int) -> LockRequest:
    return LockRequest(f"r{number}", "run", "a", "data/run/a", (Lock(MUTEX, "data", "m"),))


@pytest.mark.parametrize(
    ("wishes", "kept"),
    [
        ((asked(1), None), None),
        ((asked(1), asked(1).held()), asked(1).held()),
        ((asked(1), None, asked(2)), asked(2)),
    ],
)
def test_of_a_nodes_wishes_for_locks_the_last_is_committed(
    wishes: tuple[LockRequest | None, ...], kept: LockRequest | None
) -> None:
    decided = Decided()
    for wish in wishes:
        decided.add(Transition(lock_requests=(("a", wish),)))
    assert decided.change("run", NOW).transition.lock_requests == (("a", kept),)


def test_a_node_that_came_and_went_is_removed() -> None:
    decided = Decided()
    decided.add(Transition(nodes=(("a", {"status": {}}),)))
    decided.add(Transition(removed=("a",)))
    change = decided.change("run", NOW).transition
    assert (change.nodes, change.removed) == ((), ("a",))


def test_a_node_that_went_and_came_again_is_there() -> None:
    decided = Decided()
    decided.add(Transition(removed=("a",)))
    decided.add(Transition(nodes=(("a", {"status": {"phase": "Running"}}),)))
    change = decided.change("run", NOW).transition
    assert change.nodes == (("a", {"status": {"phase": "Running"}}),)
