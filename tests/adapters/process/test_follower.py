"""The thread that waits for processes."""

import threading
from queue import SimpleQueue

import pytest

from toolkit.adapters.process.follower import Follower


def test_an_action_that_raises_is_reported_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    done: SimpleQueue[str] = SimpleQueue()
    follower = Follower()

    def fail() -> None:
        raise IndexError("a mistake")

    follower.soon(fail)
    follower.after(0.0, fail)
    follower.after(0.01, lambda: done.put("late"))
    assert done.get(timeout=60) == "late"
    follower.close()
    assert [str(one.exc_value) for one in reported] == ["a mistake", "a mistake"]
