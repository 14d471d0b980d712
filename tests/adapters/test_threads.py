from __future__ import annotations

import threading

import pytest

from toolkit.adapters.threads import ThreadMap
from toolkit.sync.ports import ParallelMap, in_turn


@pytest.fixture(params=["threads", "in turn"])
def each(request: pytest.FixtureRequest) -> ParallelMap:
    return ThreadMap(4) if request.param == "threads" else in_turn


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_the_order_of_the_items(each: ParallelMap, count: int) -> None:
    assert each(lambda n: n * n, range(count)) == [n * n for n in range(count)]


def test_an_exception_is_raised_here(each: ParallelMap) -> None:
    with pytest.raises(ZeroDivisionError):
        each(lambda n: 1 // n, [1, 0, 2])


def test_threads_work_at_once() -> None:
    meeting = threading.Barrier(3)
    assert ThreadMap(3)(lambda n: meeting.wait(timeout=30) >= 0 and n, [1, 2, 3]) == [1, 2, 3]
