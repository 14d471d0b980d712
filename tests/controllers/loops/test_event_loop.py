from __future__ import annotations

import threading
from datetime import timedelta

from tests.controllers.conftest import START
from toolkit.adapters.clock import SystemClock, VirtualClock
from toolkit.controllers.loops.event_loop import EventLoop


def test_actions_run_in_order_and_at_their_time() -> None:
    clock, seen = VirtualClock(START), list[str]()
    loop = EventLoop("loop", clock, lambda _: None)
    loop.at(START + timedelta(seconds=2), lambda: seen.append("late"))
    loop.at(START + timedelta(seconds=1), lambda: seen.append("early"))
    loop.soon(lambda: seen.append("soon"))
    loop.run_ready()
    assert seen == ["soon"]
    clock.advance(timedelta(seconds=5))
    loop.run_ready()
    assert seen == ["soon", "early", "late"]


def test_an_action_may_give_more_actions() -> None:
    clock, seen = VirtualClock(START), list[int]()
    loop = EventLoop("loop", clock, lambda _: None)
    loop.soon(lambda: loop.soon(lambda: loop.at(clock.now(), lambda: seen.append(1))))
    loop.run_ready()
    assert seen == [1]


def test_an_error_is_told_and_ends_nothing() -> None:
    errors, done = list[Exception](), threading.Event()
    loop = EventLoop("loop", SystemClock(), errors.append)
    loop.start()
    loop.soon(lambda: 1 / 0)
    loop.soon(done.set)
    assert done.wait(30)
    loop.close()
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_a_timer_wakes_the_thread() -> None:
    clock, done = SystemClock(), threading.Event()
    loop = EventLoop("loop", clock, lambda _: None)
    loop.soon(lambda: loop.at(clock.now() + timedelta(milliseconds=20), done.set))
    loop.start()
    assert done.wait(30)
    loop.close()
