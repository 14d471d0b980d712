"""One suite over every Cluster adapter."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import Any

import pytest

from toolkit.errors import AlreadyExistsError, ConflictError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind

CRON = GroupVersionKind("argoproj.io", "v1alpha1", "CronWorkflow")
CONFIG = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")
POD = GroupVersionKind("", "v1", "Pod")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")
WATCH_S = 0.05
LONG_S = 60.0
"""For what comes: reached only where it does not."""


def config(name: str = "one", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "data"},
        "data": data,
    }


def cron(name: str = "hello", *, suspend: bool = False, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name, "namespace": "data", **metadata},
        "spec": {"schedules": ["* * * * *"], "suspend": suspend, "workflowSpec": {}},
    }


def ref(gvk: GroupVersionKind, name: str) -> ObjectRef:
    return ObjectRef(gvk, "data", name)


def test_the_identity_is_kube_systems_uid(cluster: Cluster) -> None:
    system = cluster.get(ObjectRef(NAMESPACE, "", "kube-system"))
    assert system is not None
    assert cluster.uid() == system["metadata"]["uid"]


def test_a_created_object_is_read_back_as_returned(cluster: Cluster) -> None:
    made = cluster.create(cron())
    assert made["metadata"]["uid"]
    assert made["metadata"]["generation"] == 1
    assert cluster.get(ref(CRON, "hello")) == made


def test_a_missing_object_is_none_and_a_missing_kind_an_error(cluster: Cluster) -> None:
    assert cluster.get(ref(CRON, "absent")) is None
    with pytest.raises(NotFoundError):
        cluster.get(ref(GroupVersionKind("argoproj.io", "v1", "CronWorkflow"), "absent"))


def test_a_name_is_taken_once(cluster: Cluster) -> None:
    cluster.create(config())
    with pytest.raises(AlreadyExistsError, match='configmaps "one" already exists'):
        cluster.create(config())


def test_a_namespace_must_exist(cluster: Cluster) -> None:
    body = config()
    body["metadata"]["namespace"] = "nowhere"
    with pytest.raises(NotFoundError, match='namespaces "nowhere" not found'):
        cluster.create(body)


def test_a_generated_name_starts_with_its_prefix(cluster: Cluster) -> None:
    body = config()
    body["metadata"] = {"generateName": "run-", "namespace": "data"}
    name = cluster.create(body)["metadata"]["name"]
    assert name.startswith("run-")
    assert len(name) == len("run-") + 5


def test_a_dry_run_stores_nothing(cluster: Cluster) -> None:
    cluster.create(config(), dry_run=True)
    assert cluster.get(ref(CONFIG, "one")) is None


def test_a_list_is_sorted_and_filtered_by_labels(cluster: Cluster) -> None:
    cluster.create(cron("b", labels={"tier": "gold"}))
    cluster.create(cron("a", labels={"tier": "gold", "team": "x"}))
    cluster.create(cron("c", labels={"tier": "tin"}))
    everything = cluster.list(CRON, "data")
    assert [item["metadata"]["name"] for item in everything.items] == ["a", "b", "c"]
    some = cluster.list(CRON, label_selector="tier=gold,!team")
    assert [item["metadata"]["name"] for item in some.items] == ["b"]
    one = cluster.list(CRON, field_selector="metadata.name=c")
    assert [item["metadata"]["name"] for item in one.items] == ["c"]


def test_a_stale_update_is_a_conflict(cluster: Cluster) -> None:
    stale = cluster.create(config(a="1"))
    cluster.update({**stale, "data": {"a": "2"}})
    with pytest.raises(ConflictError, match="the object has been modified"):
        cluster.update({**stale, "data": {"a": "3"}})


def test_an_update_that_changes_nothing_keeps_the_version(cluster: Cluster) -> None:
    made = cluster.create(config(a="1"))
    assert cluster.update(made) == made


def test_only_the_wish_counts_generations(cluster: Cluster) -> None:
    made = cluster.create(cron())
    labelled = cluster.patch(
        ref(CRON, "hello"), {"metadata": {"labels": {"a": "b"}}}, PatchType.MERGE
    )
    assert labelled["metadata"]["generation"] == made["metadata"]["generation"]
    changed = cluster.patch(ref(CRON, "hello"), {"spec": {"suspend": True}}, PatchType.MERGE)
    assert changed["metadata"]["generation"] == made["metadata"]["generation"] + 1


def test_status_is_written_apart(cluster: Cluster) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "data"},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    }
    made = cluster.create({**pod, "status": {"phase": "Running"}})
    assert "status" not in made
    running = cluster.update_status({**made, "spec": {}, "status": {"phase": "Running"}})
    assert running["spec"] == made["spec"]
    assert running["status"] == {"phase": "Running"}
    plain = cluster.update({**running, "status": {"phase": "Failed"}})
    assert plain["status"] == {"phase": "Running"}


def test_a_merge_patch_removes_what_is_null(cluster: Cluster) -> None:
    cluster.create(config(a="1", b="2"))
    patched = cluster.patch(ref(CONFIG, "one"), {"data": {"a": None}}, PatchType.MERGE)
    assert patched["data"] == {"b": "2"}


def test_an_apply_creates_and_then_changes_nothing(cluster: Cluster) -> None:
    first = cluster.apply(cron(), field_manager="gitops")
    assert cluster.apply(cron(), field_manager="gitops") == first


def test_an_apply_removes_what_it_no_longer_names(cluster: Cluster) -> None:
    cluster.apply(config(a="1", b="2"), field_manager="gitops")
    assert cluster.apply(config(b="2"), field_manager="gitops")["data"] == {"b": "2"}


def test_an_apply_keeps_what_others_added(cluster: Cluster) -> None:
    cluster.apply(config(a="1"), field_manager="gitops")
    cluster.patch(ref(CONFIG, "one"), {"data": {"hand": "made"}}, PatchType.MERGE)
    applied = cluster.apply(config(a="2"), field_manager="gitops")
    assert applied["data"] == {"a": "2", "hand": "made"}


def test_an_apply_against_anothers_field_names_it_unless_forced(cluster: Cluster) -> None:
    cluster.apply(cron(suspend=False), field_manager="gitops")
    cluster.patch(ref(CRON, "hello"), {"spec": {"suspend": True}}, PatchType.MERGE)
    with pytest.raises(ConflictError, match=r"\.spec\.suspend") as refused:
        cluster.apply(cron(suspend=False), field_manager="gitops")
    (cause,) = refused.value.details["causes"]
    assert cause["reason"] == "FieldManagerConflict"
    forced = cluster.apply(cron(suspend=False), field_manager="gitops", force=True)
    assert forced["spec"]["suspend"] is False


def test_an_apply_dry_run_shows_and_stores_nothing(cluster: Cluster) -> None:
    made = cluster.apply(config(a="1"), field_manager="gitops")
    shown = cluster.apply(config(a="2"), field_manager="gitops", dry_run=True)
    assert shown["data"] == {"a": "2"}
    assert cluster.get(ref(CONFIG, "one")) == made


def test_a_delete_checks_its_preconditions(cluster: Cluster) -> None:
    made = cluster.create(config())
    with pytest.raises(ConflictError, match="Precondition failed"):
        cluster.delete(ref(CONFIG, "one"), uid="another")
    cluster.delete(ref(CONFIG, "one"), uid=made["metadata"]["uid"])
    with pytest.raises(NotFoundError):
        cluster.delete(ref(CONFIG, "one"))


def test_a_finalizer_holds_an_object(cluster: Cluster) -> None:
    cluster.create(cron(finalizers=["example.com/hold"]))
    cluster.delete(ref(CRON, "hello"))
    held = cluster.get(ref(CRON, "hello"))
    assert held is not None
    assert held["metadata"]["deletionTimestamp"]
    cluster.patch(ref(CRON, "hello"), {"metadata": {"finalizers": None}}, PatchType.MERGE)
    assert cluster.get(ref(CRON, "hello")) is None


@pytest.mark.parametrize(
    ("propagation", "survives"), [("Background", False), ("Foreground", False), ("Orphan", True)]
)
def test_owned_objects_follow_their_owner(
    cluster: Cluster, propagation: str, survives: bool
) -> None:
    owner = cluster.create(cron())
    child = config()
    child["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "CronWorkflow",
            "name": "hello",
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
    ]
    cluster.create(child)
    cluster.delete(ref(CRON, "hello"), propagation=propagation)
    assert cluster.get(ref(CRON, "hello")) is None
    assert (cluster.get(ref(CONFIG, "one")) is not None) is survives


def test_a_namespace_takes_its_objects_along(cluster: Cluster) -> None:
    cluster.create(config())
    cluster.delete(ObjectRef(NAMESPACE, "", "data"))
    assert cluster.get(ObjectRef(NAMESPACE, "", "data")) is None
    assert cluster.list(CONFIG).items == ()


def test_a_secrets_strings_are_stored_encoded(cluster: Cluster) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "data"},
        "stringData": {"key": "value"},
    }
    made = cluster.create(body)
    assert made["data"] == {"key": "dmFsdWU="}
    assert "stringData" not in made


def test_a_watch_tells_each_change_once_in_order(cluster: Cluster) -> None:
    start = cluster.list(CONFIG, "data").resource_version
    made = cluster.create(config(a="1"))
    changed = cluster.update({**made, "data": {"a": "2"}})
    cluster.delete(ref(CONFIG, "one"))
    watch = cluster.watch(CONFIG, "data", resource_version=start, timeout_s=LONG_S)
    with closing(watch):
        events = list(islice(watch, 3))
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert [event.object for event in events[:2]] == [made, changed]


def test_the_first_watch_of_a_version_that_never_was_is_gone_or_empty(cluster: Cluster) -> None:
    version = cluster.list(CONFIG, "data").resource_version
    events = list(cluster.watch(CONFIG, "data", resource_version=version, timeout_s=WATCH_S))
    assert [event for event in events if event.type != "BOOKMARK"] == []


def test_kinds_are_found_by_discovery(cluster: Cluster) -> None:
    served = {kind.gvk: kind for kind in cluster.served_kinds()}
    assert served[CRON].plural == "cronworkflows"
    assert served[CRON].is_namespaced
    assert not served[NAMESPACE].is_namespaced
