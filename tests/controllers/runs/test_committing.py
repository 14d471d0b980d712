"""When decisions are committed: at once where a deed waits for it, else in company."""

from datetime import UTC, datetime, timedelta

import pytest

from toolkit.adapters.clock import VirtualClock
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.controllers.runs.committing import Committing

MOMENT = timedelta(milliseconds=50)


class World:
    def __init__(self):
        self.clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.errors = []
        self.loop = EventLoop("test", self.clock, self.errors.append)
        self.commits = []
        self.done = []
        self.is_disk_full = False
        self.committing = Committing(
            self.loop, self.clock, commit=self.commit, committed=self.done.append
        )

    def commit(self, uids):
        if self.is_disk_full:
            raise OSError("full")
        self.commits.append(list(uids))
        return tuple(uids)

    def after(self, time):
        self.clock.advance(time)
        self.loop.run_ready()


@pytest.fixture
def world():
    return World()


def test_what_a_deed_waits_for_is_committed_once_all_that_came_is_decided(world):
    world.committing.add("a", is_awaited=True)
    world.committing.add("b", is_awaited=True)
    world.loop.run_ready()
    assert world.commits == [["a", "b"]]
    assert world.done == [("a", "b")]


def test_what_asks_for_no_deed_waits_a_moment_for_company(world):
    world.committing.add("a", is_awaited=False)
    world.after(MOMENT / 2)
    world.committing.add("b", is_awaited=False)
    assert world.commits == []
    world.after(MOMENT / 2)
    assert world.commits == [["a", "b"]]


def test_it_goes_with_the_next_that_is_awaited(world):
    world.committing.add("a", is_awaited=False)
    world.committing.add("b", is_awaited=True)
    world.loop.run_ready()
    assert world.commits == [["a", "b"]]


def test_what_was_decided_since_waits_its_own_moment(world):
    world.committing.add("a", is_awaited=True)
    world.committing.add("b", is_awaited=False)
    world.loop.run_ready()
    world.after(MOMENT * 0.8)
    world.committing.add("c", is_awaited=False)
    world.after(MOMENT * 0.4)
    assert world.commits == [["a", "b"]]
    world.after(MOMENT * 0.6)
    assert world.commits == [["a", "b"], ["c"]]


def test_a_run_is_committed_before_it_is_shown(world):
    world.committing.add("a", is_awaited=False)
    world.committing.now("other")
    assert world.commits == []
    world.committing.now("a")
    assert world.commits == [["a"]]


def test_a_run_that_is_gone_is_not_committed(world):
    world.committing.add("a", is_awaited=False)
    world.committing.discard("a")
    world.after(MOMENT)
    assert world.commits == []


def test_a_commit_that_failed_is_tried_again_and_nothing_is_done_before(world):
    world.is_disk_full = True
    world.committing.add("a", is_awaited=True)
    world.loop.run_ready()
    assert [str(error) for error in world.errors] == ["full"]
    assert world.done == []
    world.is_disk_full = False
    world.after(timedelta(seconds=1))
    assert world.done == [("a",)]
