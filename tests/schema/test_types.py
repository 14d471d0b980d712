"""How lists merge, by kind and path."""

import pytest

from toolkit.resource.identity import GroupVersionKind
from toolkit.schema import list_semantics, strategic_merge, type_of

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
SERVICE = GroupVersionKind("", "v1", "Service")
WORKFLOW = GroupVersionKind("argoproj.io", "v1alpha1", "Workflow")
POD_SPEC = ("spec", "template", "spec")


@pytest.mark.parametrize(
    ("gvk", "path", "expected"),
    [
        (DEPLOYMENT, (*POD_SPEC, "containers"), ("map", ("name",))),
        (DEPLOYMENT, (*POD_SPEC, "containers", 0, "env"), ("map", ("name",))),
        (
            DEPLOYMENT,
            (*POD_SPEC, "containers", 3, "ports"),
            ("map", ("containerPort", "protocol")),
        ),
        (DEPLOYMENT, (*POD_SPEC, "containers", 0, "args"), ("atomic",)),
        (DEPLOYMENT, ("metadata", "finalizers"), ("set",)),
        (DEPLOYMENT, ("metadata", "ownerReferences"), ("map", ("uid",))),
        (SERVICE, ("spec", "ports"), ("map", ("port", "protocol"))),
        (WORKFLOW, ("spec", "templates"), ("atomic",)),
        (WORKFLOW, ("spec", "templates", 0, "container", "env"), ("map", ("name",))),
        (WORKFLOW, ("spec", "no-such-field"), ("atomic",)),
        (GroupVersionKind("example.com", "v1", "Thing"), ("spec", "list"), ("atomic",)),
    ],
)
def test_a_list_merges_as_its_schema_says(gvk, path, expected):
    assert list_semantics(gvk, path) == expected


@pytest.mark.parametrize(
    ("gvk", "path", "expected"),
    [
        (DEPLOYMENT, (*POD_SPEC, "containers"), (("merge",), "name")),
        (DEPLOYMENT, (*POD_SPEC, "volumes"), (("merge", "retainKeys"), "name")),
        (DEPLOYMENT, ("spec", "strategy"), (("retainKeys",), None)),
        (DEPLOYMENT, ("metadata", "finalizers"), (("merge",), None)),
        (DEPLOYMENT, (*POD_SPEC, "containers", 0, "args"), ((), None)),
        (SERVICE, ("spec", "ports"), (("merge",), "port")),
        (WORKFLOW, ("spec", "templates"), (("merge",), "name")),
        (WORKFLOW, ("spec", "templates", 0, "dag", "tasks"), (("merge",), "name")),
        (WORKFLOW, ("spec", "arguments", "parameters"), (("merge",), "name")),
        (WORKFLOW, ("spec", "templates", 0, "steps"), ((), None)),
    ],
)
def test_a_strategic_merge_follows_the_patch_annotations(gvk, path, expected):
    assert strategic_merge(gvk, path) == expected


def test_a_merge_key_that_may_be_absent_has_its_default():
    ports = type_of(SERVICE).at(("spec", "ports", 0))

    assert ports.field("protocol").default == "TCP"


def test_an_object_may_be_owned_as_a_whole():
    pod = type_of(GroupVersionKind("", "v1", "Pod"))

    assert pod.at(("spec", "nodeSelector")).is_atomic_map
    assert not pod.at(("metadata", "labels")).is_atomic_map
    assert type_of(DEPLOYMENT).at(("spec", "selector")).is_atomic_map


def test_a_map_gives_the_type_of_its_values():
    labels = type_of(SERVICE).at(("metadata", "labels", "any.example.com/key"))

    assert labels.schema == {"type": "string"}


def test_the_keys_of_a_map_share_a_type_and_are_not_kept() -> None:
    labels = type_of(SERVICE).at(("metadata", "labels"))
    assert labels.field("one") is labels.field("another")
    assert labels._fields == {}
