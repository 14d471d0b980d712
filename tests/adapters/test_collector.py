from __future__ import annotations

import gc
import time
from typing import Any

import pytest

from toolkit.adapters import collector
from toolkit.adapters.collector import collected_when_quiet, collector_paused


def test_the_last_to_leave_lets_the_collector_go_on() -> None:
    first, second = collector_paused(), collector_paused()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_failure_inside_lets_it_go_on() -> None:
    with pytest.raises(ValueError, match="inside"), collector_paused():
        raise ValueError("inside")
    assert gc.isenabled()


def test_what_was_made_inside_counts_as_old() -> None:
    gc.collect()
    with collector_paused():
        made: list[dict[str, int]] = [{} for _ in range(10_000)]
    assert gc.get_count()[0] < 10_000
    assert len(made) == 10_000


class _Looks:
    """Counts how often all objects were looked through, in a process that is as busy as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, share_of_core: float) -> None:
        self.count = 0
        self._share = share_of_core
        monkeypatch.setattr(collector, "_LOOK_S", 0.001)
        monkeypatch.setattr(time, "process_time", self._process_time)
        gc.collect()
        gc.callbacks.append(self._note)

    def _process_time(self) -> float:
        return time.monotonic() * self._share

    def _note(self, phase: str, info: dict[str, Any]) -> None:
        self.count += phase == "stop" and info["generation"] == 2

    def wait_for_one(self) -> None:
        deadline = time.monotonic() + 30
        while not self.count and time.monotonic() < deadline:
            time.sleep(0.001)

    def close(self) -> None:
        gc.callbacks.remove(self._note)


def test_all_is_looked_through_when_the_process_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = _Looks(monkeypatch, share_of_core=0.01)
    with collected_when_quiet():
        made = [[number] for number in range(200_000)]
        looks.wait_for_one()
    looks.close()
    assert looks.count >= 1
    assert len(made) == 200_000


def test_nothing_is_looked_through_beside_work(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = _Looks(monkeypatch, share_of_core=0.9)
    with collected_when_quiet():
        made = [[number] for number in range(200_000)]
        time.sleep(0.1)
    looks.close()
    assert looks.count == 0
    assert len(made) == 200_000


def test_the_thresholds_are_as_before_in_the_end() -> None:
    before = gc.get_threshold()
    with collected_when_quiet():
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
