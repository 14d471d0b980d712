from __future__ import annotations

from typing import Any

import pytest

from tests.controllers.conftest import NAMESPACE, START, config_map
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.calls.resource_actions import Owner
from toolkit.controllers.calls.resource_calls import Answer, Undecided, look_again, perform
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.commands import CallResource
from toolkit.workflow.events import ResourceAnswered
from toolkit.yaml import emit

OWNER = Owner(NAMESPACE, "wf", "uid-of-wf")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


def call(action: str, manifest: Body | str, **fields: Any) -> CallResource:
    text = manifest if isinstance(manifest, str) else emit(manifest)
    return CallResource(
        **{"id": "u-1", "node_id": "n", "pod": "p", **fields}, action=action, manifest=text
    )


def act(cluster: EmbeddedCluster, command: CallResource) -> Answer:
    return perform(command, cluster, OWNER, START)


def succeed(cluster: EmbeddedCluster, command: CallResource) -> dict[str, str]:
    answer = act(cluster, command)
    assert isinstance(answer, ResourceAnswered), answer
    assert answer.succeeded, answer.message
    return dict(answer.outputs)


def live(cluster: EmbeddedCluster, name: str = "cm") -> Body | None:
    return cluster.get(ObjectRef(CONFIG_MAP, NAMESPACE, name))


def test_create_gives_outputs_by_json_path(cluster: EmbeddedCluster) -> None:
    outputs = (("name", "{.metadata.name}", ""), ("all", "data", ""), ("none", "{.x}", ""))
    found = succeed(cluster, call("create", config_map("cm", a="1"), outputs=outputs))
    assert found == {"name": "cm", "all": '{"a": "1"}'}


def test_a_manifest_without_namespace_goes_to_the_workflows(cluster: EmbeddedCluster) -> None:
    body = config_map("cm", a="1")
    del body["metadata"]["namespace"]
    succeed(cluster, call("create", body))
    assert live(cluster) is not None


def test_create_again_after_a_crash_is_the_same_creation(cluster: EmbeddedCluster) -> None:
    command = call("create", config_map("cm", a="1"))
    assert succeed(cluster, command) == succeed(cluster, command)


def test_create_again_under_a_generated_name_makes_no_second(cluster: EmbeddedCluster) -> None:
    body = config_map("cm", a="1")
    del body["metadata"]["name"]
    body["metadata"]["generateName"] = "cm-"
    outputs = (("name", "metadata.name", ""),)
    command = call("create", body, outputs=outputs)
    assert succeed(cluster, command) == succeed(cluster, command)


def test_create_of_what_another_made_fails(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm"))
    answer = act(cluster, call("create", config_map("cm")))
    assert isinstance(answer, ResourceAnswered)
    assert not answer.succeeded
    assert "already exists" in answer.message


def test_apply_patch_replace_get_and_delete(cluster: EmbeddedCluster) -> None:
    succeed(cluster, call("apply", config_map("cm", a="1")))
    succeed(cluster, call("patch", config_map("cm", b="2"), merge_strategy="merge"))
    assert (live(cluster) or {})["data"] == {"a": "1", "b": "2"}
    succeed(cluster, call("replace", config_map("cm", c="3")))
    outputs = (("data", "data.c", ""),)
    assert succeed(cluster, call("get", config_map("cm"), outputs=outputs)) == {"data": "3"}
    succeed(cluster, call("delete", config_map("cm")))
    assert live(cluster) is None


def test_get_of_what_is_not_there_fails(cluster: EmbeddedCluster) -> None:
    answer = act(cluster, call("get", config_map("cm")))
    assert isinstance(answer, ResourceAnswered)
    assert (answer.succeeded, "not found" in answer.message) == (False, True)


def test_the_workflow_becomes_the_owner_where_asked(cluster: EmbeddedCluster) -> None:
    succeed(cluster, call("create", config_map("cm"), owner_reference=True))
    (owner,) = (live(cluster) or {})["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Workflow", "wf", "uid-of-wf")


@pytest.mark.parametrize(
    ("success", "failure", "outcome"),
    [
        ("data.phase == done", "", "succeeded"),
        ("data.phase in (x, done)", "", "succeeded"),
        ("data.phase != done", "", "open"),
        ("data.count > 2, data.phase == done", "", "succeeded"),
        ("data.count > 3", "", "open"),
        ("data.count < 3", "data.count > 2", "failed"),
        ("data.absent", "", "open"),
        ("!data.absent", "", "succeeded"),
        ("", "data.phase == other", "succeeded"),
    ],
)
def test_conditions_decide(
    cluster: EmbeddedCluster, success: str, failure: str, outcome: str
) -> None:
    cluster.create(config_map("cm", phase="done", count="3"))
    command = call("get", config_map("cm"), success_condition=success, failure_condition=failure)
    answer = act(cluster, command)
    if isinstance(answer, Undecided):
        assert outcome == "open"
    else:
        assert isinstance(answer, ResourceAnswered)
        assert outcome == ("succeeded" if answer.succeeded else "failed")


def test_an_undecided_object_is_looked_at_again(cluster: EmbeddedCluster) -> None:
    command = call("create", config_map("cm", a="1"), success_condition="data.a == 2")
    answer = act(cluster, command)
    assert isinstance(answer, Undecided)
    assert isinstance(look_again(command, cluster, answer.target, START), Undecided)
    cluster.update(config_map("cm", a="2"))
    decided = look_again(command, cluster, answer.target, START)
    assert isinstance(decided, ResourceAnswered)
    assert decided.succeeded


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (call("explode", config_map("cm")), "'explode' is not known"),
        (call("get", "a: [1"), "manifest"),
        (call("get", "[]"), "one object"),
        (call("get", config_map("cm"), flags=("--x",)), "flags"),
        (call("patch", config_map("cm"), merge_strategy="odd"), "'odd'"),
    ],
)
def test_what_cannot_be_done_fails_and_says_why(
    cluster: EmbeddedCluster, command: CallResource, message: str
) -> None:
    answer = act(cluster, command)
    assert isinstance(answer, ResourceAnswered)
    assert not answer.succeeded
    assert message in answer.message


def test_flags_name_the_object_of_a_json_patch(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm", a="1"))
    patch = "- {op: add, path: /data/b, value: '2'}"
    command = call("patch", patch, merge_strategy="json", flags=("configmap", "cm"))
    succeed(cluster, command)
    assert live(cluster)["data"] == {"a": "1", "b": "2"}  # type: ignore[index]


def test_short_names_and_slashes_name_a_type(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm", a="1"))
    outputs = (("name", "{.metadata.name}", ""),)
    assert succeed(cluster, call("get", "", flags=("cm/cm",), outputs=outputs)) == {"name": "cm"}


def test_delete_by_selector_takes_what_it_selects_and_no_more(cluster: EmbeddedCluster) -> None:
    for name, labels in (("cm", {"go": "yes"}), ("other", {"go": "no"})):
        body = config_map(name)
        cluster.create({**body, "metadata": {**body["metadata"], "labels": labels}})
    succeed(cluster, call("delete", "", flags=("configmap", "--selector", "go=yes")))
    assert live(cluster) is None
    assert live(cluster, "other") is not None


def test_deleting_what_is_not_there_succeeds(cluster: EmbeddedCluster) -> None:
    succeed(cluster, call("delete", config_map("none")))


def test_any_failure_term_fails_and_is_named(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm", state="lost"))
    command = call("get", config_map("cm"), failure_condition="data.x == y, data.state == lost")
    answer = act(cluster, command)
    assert isinstance(answer, ResourceAnswered)
    assert answer.message == "failure condition 'data.state == lost' evaluated true"
