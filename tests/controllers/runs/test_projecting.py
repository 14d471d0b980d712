from __future__ import annotations

from datetime import UTC, datetime, timedelta

from toolkit.controllers.runs.projecting import Shown, drawn
from toolkit.workflow.run import Run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUNNING = Run({"phase": "Running", "stage": "main"})


def shown_in(seconds: float) -> Shown:
    """A run whose picture took so long."""
    shown = Shown({"metadata": {}})
    drawn(shown, RUNNING, NOW - timedelta(seconds=seconds), NOW)
    shown.is_behind = True
    return shown


def test_changes_of_nodes_wait_a_second() -> None:
    assert shown_in(0.01).next_flush(RUNNING, NOW) == NOW + timedelta(seconds=1)


def test_a_picture_that_takes_long_is_drawn_a_twentieth_of_the_time() -> None:
    assert shown_in(0.5).next_flush(RUNNING, NOW) == NOW + timedelta(seconds=10)


def test_a_change_of_phase_does_not_wait() -> None:
    done = Run({"phase": "Succeeded", "stage": "done"})
    assert shown_in(0.5).next_flush(done, NOW) == NOW
