from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from toolkit.adapters.clock import SystemClock, VirtualClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_machines_clock_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_virtual_clock_moves_only_when_told() -> None:
    clock = VirtualClock(START)
    assert clock.now() == clock.now() == START
    assert clock.advance(timedelta(hours=1)) == START + timedelta(hours=1)
    berlin = timezone(timedelta(hours=2))
    assert clock.move_to(datetime(2026, 1, 1, 6, tzinfo=berlin)) == START + timedelta(hours=4)
    assert clock.now().tzinfo is UTC


def test_a_virtual_clock_does_not_go_back() -> None:
    clock = VirtualClock(START)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="does not go back"):
        clock.move_to(START - timedelta(seconds=1))
    with pytest.raises(ValueError, match="timezone"):
        VirtualClock(datetime(2026, 1, 1))  # noqa: DTZ001
