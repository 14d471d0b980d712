from __future__ import annotations

from dataclasses import replace

import pytest

from toolkit.controllers.delivery.observe import FIELD_MANAGER
from toolkit.errors import OperationError, PublishError, RefusedError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.sync.tracking import TRACKING_ANNOTATION

NAMESPACE_KIND = GroupVersionKind("", "v1", "Namespace")


def actions(sync_plan) -> list[tuple[str, str]]:
    return [(task.action.value, task.id.short) for task in sync_plan.changes]


def test_a_first_sync_makes_the_namespace_and_every_object(world):
    report = world.sync(world.cron("hello"), world.config_map("a", x="1"))
    assert actions(report.plan) == [
        ("create", "Namespace/demo"),
        ("create", "ConfigMap/a"),
        ("create", "CronWorkflow/hello"),
    ]
    assert world.config_maps() == {"a": {"x": "1"}}
    assert report.health.status.title == "Healthy"


def test_a_second_sync_writes_nothing(world):
    world.sync(world.cron("hello"), world.config_map("a", x="1"))
    world.cluster.writes.clear()
    assert world.sync().plan.changes == ()
    assert world.cluster.writes == []


def test_a_plan_writes_nothing(world):
    world.publish(world.config_map("a"))
    world.reconciler.plan()
    assert world.cluster.writes == []
    assert world.store.history("staging", limit=1) == ()


def test_one_edited_cron_is_the_only_change_with_old_and_new_value(world):
    crons = [world.cron(name) for name in ("hello", "hourly", "weekly")]
    world.sync(*crons, world.config_map("a", x="1"))
    world.publish(
        world.cron("hello", schedule="*/2 * * * *"), *crons[1:], world.config_map("a", x="1")
    )
    (task,) = world.reconciler.plan().changes
    (change,) = task.changes
    assert (task.action.value, task.id.short) == ("update", "CronWorkflow/hello")
    assert change.path == ("spec", "schedules", 0)
    assert (change.old, change.new) == ("* * * * *", "*/2 * * * *")
    assert (task.reason, task.is_drift) == ("changed in git", False)


def test_the_plan_shown_is_the_plan_executed(world):
    world.sync(world.config_map("a", x="1"))
    world.publish(world.config_map("a", x="2"), world.config_map("b"))
    shown = world.reconciler.plan()
    report = world.sync()
    assert report.plan.hash == shown.hash
    assert actions(report.plan) == actions(shown)


def test_a_preview_shows_what_publishing_would_do(world):
    world.sync(world.config_map("a", x="1"))
    preview = world.reconciler.preview([world.config_map("a", x="2")], "working tree")
    assert actions(preview) == [("update", "ConfigMap/a")]


def test_an_object_that_left_is_pruned(world):
    world.sync(world.config_map("a"), world.config_map("b"))
    report = world.sync(world.config_map("a"))
    assert actions(report.plan) == [("prune", "ConfigMap/b")]
    assert set(world.config_maps()) == {"a"}


def test_what_was_made_by_hand_is_never_pruned(world):
    world.sync(world.config_map("a"))
    world.cluster.create(world.config_map("by-hand"))
    world.sync(world.config_map("b"), world.config_map("a"))
    world.sync(world.config_map("a"))
    assert set(world.config_maps()) == {"a", "by-hand"}


def test_a_copy_of_our_object_is_nobodys(world):
    world.sync(world.config_map("a"), world.config_map("b"))
    copy = world.live(world.CONFIG_MAP, "a")
    copy["metadata"] = {
        "name": "copy",
        "namespace": "demo",
        "annotations": copy["metadata"]["annotations"],
    }
    world.cluster.create(copy)
    world.sync(world.config_map("b"))
    assert set(world.config_maps()) == {"b", "copy"}


def test_an_object_taken_away_from_us_is_kept_and_forgotten(world):
    world.sync(world.config_map("a"), world.config_map("b"))
    live = world.live(world.CONFIG_MAP, "b")
    live["metadata"]["annotations"][TRACKING_ANNOTATION] = "else/where:/ConfigMap:demo/b"
    world.cluster.update(live)
    report = world.sync(world.config_map("a"))
    kept = [(t.action.value, t.reason) for t in report.plan.tasks if t.id.name == "b"]
    assert kept == [("keep", "it is not ours any more")]
    assert set(world.config_maps()) == {"a", "b"}
    assert [row.resource.name for row in world.store.inventory("staging")] == ["a"]


def test_an_object_recreated_by_hand_between_plan_and_prune_is_kept(world):
    world.sync(world.config_map("a"), world.config_map("b"))
    world.publish(world.config_map("a"))
    real_get = world.cluster.get
    looks = []

    def get(ref):
        if ref.name == "b":
            looks.append(ref)
            if len(looks) == 2:
                world.cluster.delete(ref)
                world.cluster.create(world.config_map("b", made="by hand"))
        return real_get(ref)

    world.cluster.get = get
    world.sync()
    assert world.config_maps()["b"] == {"made": "by hand"}


def test_pruning_can_be_off(world):
    world.policy(prune=False)
    world.sync(world.config_map("a"), world.config_map("b"))
    report = world.sync(world.config_map("a"))
    assert actions(report.plan) == []
    assert set(world.config_maps()) == {"a", "b"}


def test_an_object_may_forbid_its_pruning(world):
    keep = {"argocd.argoproj.io/sync-options": "Prune=false"}
    world.sync(world.config_map("a"), world.annotated(world.config_map("b"), **keep))
    world.sync(world.config_map("a"))
    assert set(world.config_maps()) == {"a", "b"}


def test_a_rendered_namespace_is_never_pruned(world):
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}
    world.sync(namespace, world.config_map("a"))
    world.sync(world.config_map("a"))
    assert world.cluster.get(ObjectRef(NAMESPACE_KIND, "", "demo")) is not None


def test_pruning_a_cron_leaves_its_runs(world):
    world.sync(world.cron("hello"), world.config_map("a"))
    owner = world.live(world.CRON, "hello")
    run = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": "hello-1",
            "namespace": "demo",
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "CronWorkflow",
                    "name": "hello",
                    "uid": owner["metadata"]["uid"],
                }
            ],
        },
        "spec": owner["spec"]["workflowSpec"],
    }
    world.cluster.create(run)
    world.sync(world.config_map("a"))
    assert world.live(world.CRON, "hello") is None
    kind = GroupVersionKind("argoproj.io", "v1alpha1", "Workflow")
    assert world.live(kind, "hello-1") is not None


def test_a_change_by_hand_is_drift_and_is_put_right(world):
    world.sync(world.cron("hello", suspend=True))
    live = world.live(world.CRON, "hello")
    live["spec"]["suspend"] = False
    world.cluster.update(live)
    (task,) = world.reconciler.plan().changes
    assert [(change.path, change.old, change.new) for change in task.changes] == [
        (("spec", "suspend"), False, True)
    ]
    assert (task.reason, task.is_drift) == ("changed in the cluster", True)
    world.sync()
    assert world.live(world.CRON, "hello")["spec"]["suspend"] is True


def test_a_deleted_object_is_drift_and_comes_back(world):
    world.sync(world.config_map("a", x="1"))
    world.cluster.delete(ObjectRef(world.CONFIG_MAP, "demo", "a"))
    assert world.reconciler.plan().has_drift
    world.sync()
    assert world.config_maps() == {"a": {"x": "1"}}


def test_a_field_that_others_add_is_no_drift(world):
    world.sync(world.config_map("a", x="1"))
    live = world.live(world.CONFIG_MAP, "a")
    live["metadata"]["labels"] = {"by": "hand"}
    world.cluster.update(live)
    assert world.reconciler.plan().changes == ()


def test_a_status_is_no_drift(world):
    world.sync(world.cron("hello"))
    live = world.live(world.CRON, "hello")
    live["status"] = {"lastScheduledTime": "2024-05-06T07:08:00Z"}
    world.cluster.update_status(live)
    assert world.reconciler.plan().changes == ()


def test_an_object_that_was_there_before_is_taken_over(world):
    world.sync(world.config_map("a"))
    world.cluster.create(world.config_map("b", x="theirs"))
    report = world.sync(world.config_map("a"), world.config_map("b", x="ours"))
    (task,) = report.plan.changes
    assert task.reason.startswith("taken over")
    world.sync(world.config_map("a"))
    assert set(world.config_maps()) == {"a"}


def test_objects_carry_our_field_manager_and_our_mark(world):
    world.sync(world.config_map("a", x="1"))
    metadata = world.live(world.CONFIG_MAP, "a")["metadata"]
    assert [entry["manager"] for entry in metadata["managedFields"]] == [FIELD_MANAGER]
    assert metadata["annotations"][TRACKING_ANNOTATION] == "memory/staging:/ConfigMap:demo/a"


def test_an_object_without_a_namespace_goes_into_the_environments(world):
    body = world.config_map("a", x="1")
    del body["metadata"]["namespace"]
    world.sync(body)
    assert world.config_maps() == {"a": {"x": "1"}}


def test_two_objects_that_would_be_one_are_refused(world):
    other = world.config_map("a")
    del other["metadata"]["namespace"]
    world.publish(world.config_map("a"), other)
    with pytest.raises(RefusedError, match="twice"):
        world.sync()


def test_a_foreign_commit_on_the_branch_is_applied_when_the_tree_is_whole(world):
    world.sync(world.config_map("a"))
    world.foreign_push(**{"README.md": b"hello"})
    assert world.sync().plan.changes == ()


@pytest.mark.parametrize("content", [b"kind: ConfigMap\n", None])
def test_half_a_tree_is_not_applied(world, content):
    world.sync(world.config_map("a", x="1"), world.config_map("b"))
    world.foreign_push(**{"manifests/ConfigMap/demo/b.yaml": content})
    world.cluster.writes.clear()
    with pytest.raises(PublishError, match=r"b\.yaml"):
        world.sync()
    assert world.cluster.writes == []
    assert world.store.history("staging", limit=1)[0].outcome.value == "Failed"


def test_a_manifest_edited_in_the_deploy_repository_is_not_applied(world):
    world.sync(world.config_map("a", x="before"))
    path = "manifests/ConfigMap/demo/a.yaml"
    world.foreign_push(**{path: world.files()[path].replace(b"before", b"after")})
    with pytest.raises(PublishError, match="somebody changed it"):
        world.sync()
    assert world.config_maps() == {"a": {"x": "before"}}


def test_a_tree_of_another_environment_is_not_applied(world):
    world.publish(world.config_map("a"))
    world.environment = replace(world.environment, name="production")
    with pytest.raises(RefusedError, match="'staging', not of 'production'"):
        world.sync()
    assert world.config_maps() == {}


def test_a_branch_without_an_index_is_not_applied(world):
    world.foreign_push(**{"README.md": b"hello"})
    with pytest.raises(PublishError, match="gitops did not publish it"):
        world.sync()


def test_nothing_published_is_told_with_a_hint(world):
    with pytest.raises(OperationError, match="nothing is published") as caught:
        world.sync()
    assert "gitops publish staging" in caught.value.hints[0]


def test_what_the_cluster_would_not_take_stops_everything(world):
    world.sync(world.config_map("a", x="1"))
    broken = world.config_map("b")
    broken["data"] = {"x": 1}
    world.publish(world.config_map("a", x="2"), broken)
    with pytest.raises(OperationError, match="ConfigMap/b"):
        world.sync()
    assert world.config_maps() == {"a": {"x": "1"}}


def test_waves_come_in_order_and_namespaces_first(world):
    late = {"argocd.argoproj.io/sync-wave": "1"}
    early = {"argocd.argoproj.io/sync-wave": "-1"}
    report = world.sync(
        world.annotated(world.config_map("a"), **late),
        world.annotated(world.cron("c"), **early),
        world.config_map("b"),
    )
    assert [name for _, name in actions(report.plan)] == [
        "Namespace/demo",
        "CronWorkflow/c",
        "ConfigMap/b",
        "ConfigMap/a",
    ]


def test_a_hook_is_refused_loudly(world):
    world.publish(world.annotated(world.config_map("a"), **{"argocd.argoproj.io/hook": "PreSync"}))
    with pytest.raises(Exception, match="hooks are not supported"):
        world.sync()


def test_history_tells_how_syncs_went(world):
    world.sync(world.config_map("a"))
    record = world.store.history("staging", limit=1)[0]
    assert (record.outcome.value, record.initiator, record.health) == ("Synced", "test", "Healthy")
    assert record.counts["create"] == 2


def test_a_rollback_is_synced_like_any_commit(world):
    first = world.sync(world.config_map("a", x="1")).plan.commit
    world.sync(world.config_map("a", x="2"))
    world.publisher.rollback("staging", branch=world.BRANCH, revision=first)
    world.sync()
    assert world.config_maps() == {"a": {"x": "1"}}


def test_a_secrets_values_stand_in_no_plan_and_no_row(world):
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "namespace": "demo",
            "annotations": {"gitops.toolkit/publish-secret": "true"},
        },
        "data": {"key": "b25l"},
    }
    world.sync(secret)
    world.publish({**secret, "data": {"key": "dHdv", "new": "dHdv"}})
    (task,) = world.reconciler.plan().changes
    shown = [(change.path, str(change.old), change.new) for change in task.changes]
    assert shown == [
        (("data", "key"), "***", "*** (changed)"),
        (("data", "new"), "ABSENT", "***"),
    ]
    (row,) = world.store.inventory("staging")
    assert (row.target_sha256, row.live_sha256) == ("", "")
    world.sync()
    assert world.sync().plan.changes == ()


def test_a_commit_that_lies_about_its_tree_is_not_applied(world):
    world.sync(world.config_map("a", x="1"))
    files = world.files()
    world.publish(world.config_map("a", x="2"))
    message = world.deploy.commit(world.deploy.tip(world.BRANCH)).message
    world.foreign_push(message=message, **files)
    with pytest.raises(PublishError, match="trailer"):
        world.sync()
    assert world.config_maps() == {"a": {"x": "1"}}
