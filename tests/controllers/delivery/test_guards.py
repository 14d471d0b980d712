from __future__ import annotations

import pytest

from toolkit.errors import RefusedError
from toolkit.repository.settings import Guards
from toolkit.sync.tracking import TRACKING_ANNOTATION


def refused(world, code, **options):
    """The plan that was refused for exactly this, with nothing written."""
    world.cluster.writes.clear()
    with pytest.raises(RefusedError) as caught:
        world.sync(**options)
    assert world.cluster.writes == []
    sync_plan = world.reconciler.plan()
    assert [refusal.code for refusal in sync_plan.refusals] == [code]
    assert f"--approve {sync_plan.hash}" in caught.value.hints[-1]
    assert world.store.history("staging", limit=1)[0].outcome.value == "Refused"
    return sync_plan


def test_an_empty_render_is_refused_until_approved(world):
    world.sync(world.config_map("a"), world.config_map("b"))
    world.publisher.publish(world.tree(), branch=world.BRANCH, provenance=world.SOURCE)
    sync_plan = refused(world, "empty-render")
    assert set(world.config_maps()) == {"a", "b"}
    world.sync(approval=sync_plan.hash)
    assert world.config_maps() == {}


def test_too_many_pruned_is_refused_until_approved(world):
    maps = [world.config_map(f"m{n}") for n in range(10)]
    world.sync(*maps)
    world.publish(*maps[:4])
    sync_plan = refused(world, "too-many-pruned")
    assert "6 of 10" in sync_plan.refusals[0].message
    world.sync(approval=sync_plan.hash)
    assert len(world.config_maps()) == 4


def test_as_many_as_allowed_are_pruned(world):
    maps = [world.config_map(f"m{n}") for n in range(10)]
    world.sync(*maps)
    world.sync(*maps[:5])
    assert len(world.config_maps()) == 5


@pytest.mark.parametrize(("percent", "is_refused"), [(50, False), (49, True)])
def test_the_larger_of_count_and_percentage_holds(world, percent, is_refused):
    world.policy(guards=Guards(max_prune_count=0, max_prune_percent=percent))
    maps = [world.config_map(f"m{n}") for n in range(10)]
    world.sync(*maps)
    world.publish(*maps[:5])
    assert bool(world.reconciler.plan().refusals) is is_refused


def test_another_cluster_is_refused_until_approved(world):
    world.sync(world.config_map("a"))
    world.cluster = type(world.cluster)(world.new_cluster())
    sync_plan = refused(world, "cluster-changed")
    world.sync(approval=sync_plan.hash)
    assert set(world.config_maps()) == {"a"}


def test_a_rewritten_branch_is_refused_until_approved(world):
    world.sync(world.config_map("a"))
    world.deploy = type(world.deploy)()
    world.publisher = type(world.publisher)(world.deploy, world.clock, version="1.0")
    world.publish(world.config_map("b"))
    sync_plan = refused(world, "not-a-descendant")
    world.sync(approval=sync_plan.hash)
    assert set(world.config_maps()) == {"b"}


def test_another_owners_object_is_refused_until_approved(world):
    world.sync(world.config_map("a"))
    theirs = {TRACKING_ANNOTATION: "other/staging:/ConfigMap:demo/b"}
    world.cluster.create(world.annotated(world.config_map("b", x="theirs"), **theirs))
    world.publish(world.config_map("a"), world.config_map("b", x="ours"))
    sync_plan = refused(world, "other-owner")
    assert "ConfigMap/b belongs to other/staging" in sync_plan.refusals[0].message
    world.sync(approval=sync_plan.hash)
    assert world.config_maps()["b"] == {"x": "ours"}


def test_an_approval_is_of_one_plan_and_no_other(world):
    world.sync(world.config_map("a"), world.config_map("b"))
    world.publish()
    approval = refused(world, "empty-render").hash
    world.cluster.create(world.config_map("c"))
    live = world.live(world.CONFIG_MAP, "a")
    live["data"] = {"changed": "meanwhile"}
    world.cluster.update(live)
    with pytest.raises(RefusedError):
        world.sync(approval=approval)
    assert set(world.config_maps()) == {"a", "b", "c"}


def test_an_approval_is_of_one_commit_and_no_other(world):
    world.sync(world.config_map("a"))
    world.publish()
    approval = refused(world, "empty-render").hash
    world.foreign_push(**{"README.md": b"hello"})
    with pytest.raises(RefusedError):
        world.sync(approval=approval)


def test_an_approval_hurts_nothing_where_none_is_needed(world):
    world.sync(world.config_map("a"), approval="whatever")
    assert set(world.config_maps()) == {"a"}


def test_a_refusal_does_not_stop_the_next_good_commit(world):
    world.sync(world.config_map("a"))
    world.publish()
    refused(world, "empty-render")
    world.sync(world.config_map("a", x="2"))
    assert world.config_maps() == {"a": {"x": "2"}}
