"""A process dies at every point where something is written; the next one reaches the target."""

from __future__ import annotations

from contextlib import suppress

import pytest

from toolkit.errors import RefusedError
from toolkit.sync.state import Outcome
from toolkit.sync.tracking import TRACKING_ANNOTATION

STORE_WRITES = ("begin", "advance", "planned", "finish")
CLUSTER_WRITES = ("apply", "create", "delete")


class Crash(BaseException):
    """No error that anything handles: the process is gone."""


class Fuse:
    """Counts writes of store and cluster together; dies before or after the n-th."""

    def __init__(self, blows_at: int, *, after: bool) -> None:
        self.count = 0
        self._blows_at = blows_at
        self._after = after

    def through(self, target, names):
        return _Fused(self, target, names)

    def call(self, method, arguments, options):
        if options.get("dry_run"):
            return method(*arguments, **options)
        self.count += 1
        if self.count == self._blows_at and not self._after:
            raise Crash
        result = method(*arguments, **options)
        if self.count == self._blows_at:
            raise Crash
        return result


class _Fused:
    def __init__(self, fuse, target, names) -> None:
        self._fuse, self._target, self._names = fuse, target, names

    def __getattr__(self, name):
        method = getattr(self._target, name)
        if name not in self._names:
            return method
        return lambda *arguments, **options: self._fuse.call(method, arguments, options)


def second_commit(world):
    """Creates, updates, prunes and leaves alone, in two waves."""
    wave = {"argocd.argoproj.io/sync-wave": "1"}
    world.sync(
        world.config_map("same"),
        world.config_map("changed", x="1"),
        world.config_map("gone"),
        world.config_map("gone-too"),
    )
    world.publish(
        world.config_map("same"),
        world.config_map("changed", x="2"),
        world.annotated(world.config_map("new"), **wave),
    )


def writes_of_a_sync(world) -> int:
    fuse = Fuse(0, after=False)
    sync_through(world, fuse)
    return fuse.count


def sync_through(world, fuse):
    store, cluster = world.store, world.cluster
    world.store = fuse.through(store, STORE_WRITES)
    world.cluster = fuse.through(cluster, CLUSTER_WRITES)
    try:
        world.sync()
    finally:
        world.store, world.cluster = store, cluster


MOST_WRITES = 16


def test_the_number_of_crash_points_is_covered(world):
    second_commit(world)
    assert 8 < writes_of_a_sync(world) <= MOST_WRITES


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", range(1, MOST_WRITES + 1))
def test_a_crash_at_any_write_is_made_good(world, point, after):
    second_commit(world)
    fuse = Fuse(point, after=after)
    try:
        sync_through(world, fuse)
    except Crash:
        world.sync()
    assert world.config_maps() == {"same": {}, "changed": {"x": "2"}, "new": {}}
    assert world.store.unfinished("staging") is None
    names = [row.resource.name for row in world.store.inventory("staging")]
    assert names == ["changed", "new", "same"]
    assert world.reconciler.plan().changes == ()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", range(1, MOST_WRITES + 1))
def test_the_inventory_is_never_less_than_what_was_applied(world, point, after):
    second_commit(world)
    with suppress(Crash):
        sync_through(world, Fuse(point, after=after))
    rows = {row.resource.name for row in world.store.inventory("staging")}
    assert set(world.config_maps()) <= rows


def test_a_crash_before_any_effect_counts_as_interrupted(world):
    second_commit(world)
    with pytest.raises(Crash):
        sync_through(world, Fuse(2, after=True))
    assert world.reconciler.resume() is None
    record = world.store.history("staging", limit=1)[0]
    assert record.outcome is Outcome.INTERRUPTED


def test_what_was_approved_needs_no_second_approval_after_a_crash(world):
    world.sync(*(world.config_map(f"m{n}") for n in range(8)))
    world.publish()
    approval = world.reconciler.plan().hash
    store, cluster = world.store, world.cluster
    fuse = Fuse(8, after=True)
    world.store = fuse.through(store, STORE_WRITES)
    world.cluster = fuse.through(cluster, CLUSTER_WRITES)
    with pytest.raises(Crash):
        world.sync(approval=approval)
    world.store, world.cluster = store, cluster
    assert 0 < len(world.config_maps()) < 8
    world.reconciler.resume()
    assert world.config_maps() == {}


def test_a_resumed_sync_does_not_prune_what_was_never_approved(world):
    maps = [world.config_map(f"m{n}") for n in range(8)]
    world.sync(*maps)
    world.publish(*maps[:7])
    with pytest.raises(Crash):
        sync_through(world, Fuse(5, after=True))
    assert world.store.unfinished("staging").stage.has_effects
    world.publish(world.config_map("m0"), world.config_map("m1"))
    world.reconciler.resume()
    assert len(world.config_maps()) == 7


def test_a_resumed_sync_asks_for_approval_of_what_is_new(world):
    second_commit(world)
    with pytest.raises(Crash):
        sync_through(world, Fuse(7, after=True))
    assert world.store.unfinished("staging").stage.has_effects
    live = world.live(world.CONFIG_MAP, "same")
    live["data"] = {"x": "theirs"}
    live["metadata"]["annotations"][TRACKING_ANNOTATION] = "other/one:/ConfigMap:demo/same"
    world.cluster.update(live)
    with pytest.raises(RefusedError, match="belongs to other/one"):
        world.reconciler.resume()
    assert world.config_maps()["same"] == {"x": "theirs"}
