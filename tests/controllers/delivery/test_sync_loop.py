from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from toolkit.controllers.delivery.reconciler import SyncReport
from toolkit.controllers.delivery.sync_loop import Pace, SyncLoop
from toolkit.controllers.delivery.sync_request import SyncRequest, ask, take
from toolkit.errors import GitError, RefusedError
from toolkit.resource.cluster import ObjectRef
from toolkit.sync.tracking import TRACKING_ANNOTATION


@pytest.fixture
def notices():
    return []


@pytest.fixture
def loop(world, notices):
    return new_loop(world, notices)


def new_loop(world, notices, follow=timedelta(0)):
    return SyncLoop(
        world.reconciler,
        clock=world.clock,
        notice=lambda _, what: notices.append(what),
        take_request=lambda: take(world.cluster, "staging", world.NAMESPACE),
        pace=Pace(follow=follow),
    )


def test_nothing_published_is_nothing_to_do(world, loop, notices):
    loop.tick()
    assert notices == []


def test_a_commit_is_applied_unasked_whoever_pushed_it(world, loop, notices):
    world.publish(world.config_map("a"))
    world.foreign_push(**{"README.md": b"hello"})
    loop.tick()
    assert set(world.config_maps()) == {"a"}
    assert [type(notice) for notice in notices] == [SyncReport]
    assert world.store.history("staging", limit=1)[0].initiator == "automation"


def test_a_branch_far_away_is_looked_at_now_and_then(world, notices):
    loop = new_loop(world, notices, follow=timedelta(seconds=15))
    world.publish(world.config_map("a", x="1"))
    loop.tick()
    world.publish(world.config_map("a", x="2"))
    world.clock.advance(timedelta(seconds=14))
    loop.tick()
    assert world.config_maps() == {"a": {"x": "1"}}
    world.clock.advance(timedelta(seconds=1))
    loop.tick()
    assert world.config_maps() == {"a": {"x": "2"}}


def test_a_synced_commit_is_left_alone(world, loop, notices):
    world.publish(world.config_map("a"))
    loop.tick()
    world.cluster.writes.clear()
    loop.tick()
    assert world.cluster.writes == []
    assert len(notices) == 1


def test_drift_is_healed_in_time(world, loop):
    world.publish(world.config_map("a", x="1"))
    loop.tick()
    world.cluster.delete(ObjectRef(world.CONFIG_MAP, "demo", "a"))
    loop.tick()
    assert world.config_maps() == {}
    world.clock.advance(timedelta(seconds=11))
    loop.tick()
    assert world.config_maps() == {"a": {"x": "1"}}
    assert world.store.history("staging", limit=1)[0].initiator == "self-heal"


def test_looking_for_drift_leaves_no_history(world, loop):
    world.publish(world.config_map("a"))
    loop.tick()
    world.clock.advance(timedelta(seconds=11))
    loop.tick()
    assert len(world.store.history("staging", limit=9)) == 1


def test_drift_stays_where_healing_is_off(world, notices):
    world.policy(self_heal=False)
    loop = new_loop(world, notices)
    world.publish(world.config_map("a"))
    loop.tick()
    world.cluster.delete(ObjectRef(world.CONFIG_MAP, "demo", "a"))
    world.clock.advance(timedelta(seconds=60))
    loop.tick()
    assert world.config_maps() == {}


def test_a_manual_environment_waits_to_be_asked(world, notices):
    world.policy(automated=False)
    loop = new_loop(world, notices)
    world.sync(world.config_map("a"))
    world.publish(world.config_map("a", x="2"))
    loop.tick()
    assert world.config_maps() == {"a": {}}
    ask(world.cluster, "staging", world.NAMESPACE, SyncRequest("r1"))
    loop.tick()
    assert world.config_maps() == {"a": {"x": "2"}}
    assert world.store.history("staging", limit=1)[0].initiator == "by hand (r1)"


def test_a_request_is_answered_once(world, loop, notices):
    world.sync(world.config_map("a"))
    ask(world.cluster, "staging", world.NAMESPACE, SyncRequest("r1"))
    loop.tick()
    loop.tick()
    assert len(notices) == 1


def test_a_failed_commit_is_tried_again_later_and_later(world, loop, notices):
    world.sync(world.config_map("a"))
    world.foreign_push(**{"manifests/ConfigMap/demo/a.yaml": b"changed"})
    told = []
    for seconds in (0, 4, 1, 9, 1, 19, 1):
        world.clock.advance(timedelta(seconds=seconds))
        loop.tick()
        told.append(len(notices))
    assert told == [1, 1, 2, 2, 3, 3, 4]


def test_a_newer_commit_does_not_wait_for_a_retry(world, loop, notices):
    world.sync(world.config_map("a"))
    world.foreign_push(**{"manifests/ConfigMap/demo/a.yaml": b"changed"})
    loop.tick()
    world.publish(world.config_map("a", x="2"))
    loop.tick()
    assert world.config_maps() == {"a": {"x": "2"}}


def test_a_refused_commit_is_told_once_and_waits_for_its_approval(world, loop, notices):
    world.sync(world.config_map("a"))
    world.publish()
    for _ in range(4):
        loop.tick()
        world.clock.advance(timedelta(seconds=11))
    assert [type(notice) for notice in notices] == [RefusedError]
    approval = world.reconciler.plan().hash
    ask(world.cluster, "staging", world.NAMESPACE, SyncRequest("r1", approval))
    loop.tick()
    assert world.config_maps() == {}


def test_drift_that_is_refused_is_told_once(world, loop, notices):
    world.sync(world.config_map("a"))
    live = world.live(world.CONFIG_MAP, "a")
    live["metadata"]["annotations"][TRACKING_ANNOTATION] = "other/one:/ConfigMap:demo/a"
    world.cluster.update(live)
    for _ in range(3):
        loop.tick()
        world.clock.advance(timedelta(seconds=60))
    assert [type(notice) for notice in notices] == [RefusedError]


def test_a_refused_commit_is_applied_when_the_guards_no_longer_object(world, loop, notices):
    maps = [world.config_map(f"m{n}") for n in range(10)]
    world.sync(*maps)
    world.publish(*maps[:4])
    loop.tick()
    for name in ("m9", "m8"):
        world.cluster.delete(ObjectRef(world.CONFIG_MAP, "demo", name))
    world.clock.advance(timedelta(seconds=11))
    loop.tick()
    assert len(world.config_maps()) == 4


def test_a_repository_out_of_reach_is_told_once_and_again_after_it_came_back(world, loop, notices):
    tip = world.deploy.tip

    def fail(branch):
        raise GitError("out of reach")

    for is_reachable in (False, False, True, False):
        world.deploy.tip = tip if is_reachable else fail
        loop.tick()
    assert len(notices) == 2


def test_a_bug_does_not_end_the_loop(world, loop, notices):
    tip = world.deploy.tip

    def fail(branch):
        raise ZeroDivisionError

    world.deploy.tip = fail
    loop.tick()
    world.deploy.tip = tip
    world.publish(world.config_map("a"))
    loop.tick()
    assert set(world.config_maps()) == {"a"}


def test_the_loop_runs_until_told_to_stop(world, notices):
    applied = threading.Event()
    stop = threading.Event()
    world.publish(world.config_map("a"))
    loop = SyncLoop(world.reconciler, clock=world.clock, notice=lambda *_: applied.set())
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    assert applied.wait(timeout=30)
    stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
