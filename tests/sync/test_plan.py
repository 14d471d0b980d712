"""Plans over a cluster that is a dictionary: an apply replaces what is there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import InputError
from toolkit.repository.settings import Guards, SyncPolicy
from toolkit.resource.identity import ResourceId
from toolkit.sync.guards import Situation
from toolkit.sync.inventory import rows_after, rows_before
from toolkit.sync.order import apply_key, waves
from toolkit.sync.plan import Action, Observation, SyncPlan, plan
from toolkit.sync.state import InventoryRow
from toolkit.sync.tracking import owner_of, tracked

OWNER = "me/staging"
SERVED = frozenset({("", "ConfigMap"), ("", "Namespace")})
ANY = SyncPolicy(guards=Guards(max_prune_count=100))
NAMESPACE = ResourceId("", "Namespace", "", "data")
Cluster = dict[ResourceId, dict[str, Any]]


def body(name: str, value: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "data"},
        "data": {"value": str(value)},
    }


def targets_of(values: dict[str, int]) -> Cluster:
    bodies = [body(name, value) for name, value in values.items()]
    ids = [ResourceId.of(each) for each in bodies]
    return {key: tracked(each, OWNER, key) for key, each in zip(ids, bodies, strict=True)}


def planned(targets: Cluster, cluster: Cluster, inventory: tuple[InventoryRow, ...]) -> SyncPlan:
    predictions = {key: target for key, target in targets.items() if key in cluster}
    seen = Observation("uid", cluster, predictions, SERVED)
    return plan(targets, seen, inventory, Situation("staging", "c1", OWNER, ANY))


def applied(
    sync_plan: SyncPlan, cluster: Cluster, inventory: tuple[InventoryRow, ...]
) -> tuple[Cluster, tuple[InventoryRow, ...]]:
    after = dict(cluster)
    for task in sync_plan.changes:
        if task.action is Action.PRUNE:
            del after[task.id]
        else:
            after[task.id] = dict(task.target or {})
    return after, rows_after(sync_plan, OWNER, after, inventory)


VALUES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), max_size=6)


@given(VALUES)
def test_a_plan_from_a_state_to_itself_is_empty(values: dict[str, int]) -> None:
    cluster, inventory = applied(planned(targets_of(values), {}, ()), {}, ())
    assert planned(targets_of(values), cluster, inventory).changes == ()


@given(VALUES, VALUES, VALUES)
def test_applying_a_plan_reaches_the_target_and_leaves_what_is_not_ours(
    before: dict[str, int], by_hand: dict[str, int], after: dict[str, int]
) -> None:
    cluster, inventory = applied(planned(targets_of(before), {}, ()), {}, ())
    others = {ResourceId.of(body(f"h-{n}", v)): body(f"h-{n}", v) for n, v in by_hand.items()}
    cluster, inventory = applied(
        planned(targets_of(after), cluster | others, inventory), cluster | others, inventory
    )
    del_namespace = {key: live for key, live in cluster.items() if key != NAMESPACE}
    assert del_namespace == targets_of(after) | others
    assert {row.resource for row in inventory} == set(targets_of(after))


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_targets_does_not_matter(values: dict[str, int], random: Any) -> None:
    shuffled = list(values.items())
    random.shuffle(shuffled)
    one = planned(targets_of(values), {}, ())
    other = planned(targets_of(dict(shuffled)), {}, ())
    assert one.tasks == other.tasks
    assert one.hash == other.hash


@given(VALUES, VALUES)
def test_the_inventory_before_covers_the_inventory_after(
    before: dict[str, int], after: dict[str, int]
) -> None:
    cluster, inventory = applied(planned(targets_of(before), {}, ()), {}, ())
    sync_plan = planned(targets_of(after), cluster, inventory)
    superset = {row.resource for row in (*inventory, *rows_before(sync_plan, OWNER))}
    _, exact = applied(sync_plan, cluster, inventory)
    assert {row.resource for row in exact} <= superset


@given(VALUES, VALUES)
def test_different_plans_have_different_hashes(one: dict[str, int], other: dict[str, int]) -> None:
    is_same = planned(targets_of(one), {}, ()).hash == planned(targets_of(other), {}, ()).hash
    assert is_same == (one == other)


def test_creation_follows_the_table_of_kinds() -> None:
    kinds = ["CronWorkflow", "Deployment", "ConfigMap", "Secret", "Namespace", "Service", "Zzz"]
    ids = [ResourceId("", kind, "", "x") for kind in kinds]
    ordered = sorted(ids, key=lambda each: apply_key(each, 0))
    assert [each.kind for each in ordered] == [
        "Namespace",
        "Secret",
        "ConfigMap",
        "Service",
        "Deployment",
        "CronWorkflow",
        "Zzz",
    ]


def test_pruning_goes_backwards() -> None:
    late = tracked(body("late", 1), OWNER, ResourceId("", "ConfigMap", "data", "late"))
    late["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] = "5"
    early = tracked(body("early", 1), OWNER, ResourceId("", "ConfigMap", "data", "early"))
    cluster = {ResourceId.of(each): each for each in (early, late)}
    inventory = tuple(InventoryRow(key, "v1", "c0") for key in cluster)
    assert [task.id.name for task in planned({}, cluster, inventory).changes] == ["late", "early"]


def test_a_definition_comes_before_the_first_object_of_its_kind() -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.x.io"},
        "spec": {"group": "x.io", "names": {"kind": "Thing"}},
    }
    early = {"argocd.argoproj.io/sync-wave": "-3"}
    thing = {
        "apiVersion": "x.io/v1",
        "kind": "Thing",
        "metadata": {"name": "t", "annotations": early},
    }
    bodies = {ResourceId.of(each): each for each in (definition, thing)}
    assert set(waves(bodies).values()) == {-3}


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        ("argocd.argoproj.io/sync-wave", "first", "not an integer"),
        ("argocd.argoproj.io/hook", "PostSync", "hooks are not supported"),
        ("argocd.argoproj.io/sync-options", "Replace=true", "Replace=true is not supported"),
    ],
)
def test_an_annotation_that_cannot_be_followed_is_refused(
    annotation: str, value: str, words: str
) -> None:
    broken = body("a", 1)
    broken["metadata"]["annotations"] = {annotation: value}
    with pytest.raises(InputError, match=words):
        waves({ResourceId.of(broken): broken})


def test_an_object_whose_kind_is_not_served_is_kept() -> None:
    key = ResourceId("x.io", "Thing", "data", "t")
    inventory = (InventoryRow(key, "x.io/v1", "c0"),)
    (task,) = planned({}, {}, inventory).tasks
    assert (task.action, task.reason) == (
        Action.KEEP,
        "the cluster does not serve its kind at present",
    )
    assert rows_after(planned({}, {}, inventory), OWNER, {}, inventory) == inventory


def test_an_object_that_is_gone_already_needs_no_task() -> None:
    key = ResourceId("", "ConfigMap", "data", "gone")
    inventory = (InventoryRow(key, "v1", "c0"),)
    assert planned({}, {}, inventory).tasks == ()
    assert rows_after(planned({}, {}, inventory), OWNER, {}, inventory) == ()


def test_a_mark_describes_its_own_object_only() -> None:
    key = ResourceId("", "ConfigMap", "data", "a")
    marked = tracked(body("a", 1), OWNER, key)
    assert owner_of(marked) == OWNER
    copy = {**marked, "metadata": {**marked["metadata"], "name": "b"}}
    assert owner_of(copy) == ""
    moved = {**marked, "metadata": {**marked["metadata"], "namespace": "other"}}
    assert owner_of(moved) == ""
    assert owner_of(body("a", 1)) == ""


def test_a_run_is_never_pruned() -> None:
    key = ResourceId("argoproj.io", "Workflow", "data", "run")
    run = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "run", "namespace": "data"},
    }
    inventory = (InventoryRow(key, "argoproj.io/v1alpha1", "c0"),)
    served = SERVED | {("argoproj.io", "Workflow")}
    seen = Observation("uid", {key: tracked(run, OWNER, key)}, {}, served)
    (task,) = plan({}, seen, inventory, Situation("staging", "c1", OWNER, ANY)).tasks
    assert (task.action, task.reason) == (Action.KEEP, "it is a run")
