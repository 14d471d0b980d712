from __future__ import annotations

import gc

import pytest

from toolkit.adapters.collector import collector_paused


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
        made = [{} for _ in range(10_000)]
    assert gc.get_count()[0] < 10_000
    assert len(made) == 10_000
