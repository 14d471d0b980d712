"""Custom kinds: their schema prunes, fills in, and refuses; their paths make columns and scales."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.apiserver.call import FieldValidation, Options
from toolkit.apiserver.custom_schema import causes, defaulted, pruned
from toolkit.apiserver.json_path import found_at
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import BadRequestError, InvalidError, NotFoundError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "replicas": {"type": "integer"},
                "parts": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string", "pattern": "^[a-z]+$"},
                            "count": {"type": "integer", "default": 1},
                        },
                    },
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "port": {"x-kubernetes-int-or-string": True},
            },
        },
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
    },
}
DEFINITION: dict[str, Any] = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                    },
                },
                "schema": {"openAPIV3Schema": SCHEMA},
            }
        ],
    },
}
IGNORE = Options(field_validation=FieldValidation.IGNORE)


@pytest.fixture
def widgets(logical: LogicalCluster) -> Request:
    create_definition(logical, DEFINITION)
    kind = logical.kinds().by_type(GroupVersionKind("example.com", "v1", "Widget"))
    return Request(kind, "data", options=IGNORE)


def create_definition(logical: LogicalCluster, body: dict[str, Any]) -> None:
    gvk = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    logical.create(Request(logical.kinds().by_type(gvk)), body)


def widget(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "one"}, "spec": {"size": 1, **spec}}


def one(widgets: Request, subresource: str = "") -> Request:
    return Request(widgets.kind, "data", "one", subresource, IGNORE)


def test_unknown_fields_are_left_out_and_defaults_filled_in(
    logical: LogicalCluster, widgets: Request
) -> None:
    given = widget(weight=9, parts=[{"name": "a", "x": 1}], free={"any": [1]}, port="http")
    assert logical.create(widgets, given).body["spec"] == {
        "size": 1,
        "parts": [{"name": "a", "count": 1}],
        "free": {"any": [1]},
        "port": "http",
        "colour": "red",
    }


def test_an_apply_owns_no_field_that_is_left_out(logical: LogicalCluster, widgets: Request) -> None:
    body = logical.patch(one(widgets), widget(weight=9), PatchType.APPLY).body
    assert body["metadata"]["managedFields"][0]["fieldsV1"] == {"f:spec": {"f:size": {}}}
    assert body["spec"] == {"size": 1, "colour": "red"}


def test_strict_names_the_unknown_field(logical: LogicalCluster, widgets: Request) -> None:
    strict = Request(widgets.kind, "data", options=Options(field_validation=FieldValidation.STRICT))
    with pytest.raises(BadRequestError, match=r'unknown field "spec\.colours"'):
        logical.create(strict, widget(colours="red"))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"size": 0}, r"spec\.size: .* greater than or equal to 1"),
        ({"size": None}, r"spec\.size: "),
        ({"colour": "green"}, r"spec\.colour: Unsupported value: \"green\""),
        ({"parts": [{"name": "A"}]}, r"spec\.parts\[0\]\.name: .*should match"),
        ({"port": 1.5}, r"spec\.port: "),
        ({"size": "1"}, r"spec\.size: "),
    ],
)
def test_what_does_not_fit_is_refused(
    logical: LogicalCluster, widgets: Request, spec: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidError, match=told):
        logical.create(widgets, widget(**spec))


def test_what_is_required_must_be_there(logical: LogicalCluster, widgets: Request) -> None:
    with pytest.raises(InvalidError, match=r"spec\.size: Required value"):
        logical.create(widgets, {"metadata": {"name": "one"}, "spec": {}})


def test_a_schema_must_be_structural(logical: LogicalCluster) -> None:
    schema = {"type": "object", "properties": {"spec": {"properties": {"a": {"type": "string"}}}}}
    version = {**DEFINITION["spec"]["versions"][0], "schema": {"openAPIV3Schema": schema}}
    body = {**DEFINITION, "spec": {**DEFINITION["spec"], "versions": [version]}}
    with pytest.raises(InvalidError, match=r"properties\[spec\]\.type: Required value"):
        create_definition(logical, body)


def test_a_scale_is_read_and_written(logical: LogicalCluster, widgets: Request) -> None:
    logical.create(widgets, widget(replicas=2))
    assert logical.scale(one(widgets, "scale"))["spec"] == {"replicas": 2}
    changed = logical.rescale(
        one(widgets, "scale"), lambda scale: {**scale, "spec": {"replicas": 5}}
    ).body
    assert (changed["kind"], changed["spec"]) == ("Scale", {"replicas": 5})
    assert logical.get(one(widgets))["spec"]["replicas"] == 5


@pytest.mark.parametrize("replicas", [-1, "2", True, None])
def test_a_scale_is_a_number(logical: LogicalCluster, widgets: Request, replicas: Any) -> None:
    logical.create(widgets, widget())
    with pytest.raises(InvalidError, match=r"spec\.replicas"):
        logical.rescale(one(widgets, "scale"), lambda _: {"spec": {"replicas": replicas}})


def test_a_kind_without_a_scale_has_none(logical: LogicalCluster) -> None:
    kind = logical.kinds().by_type(GroupVersionKind("", "v1", "ConfigMap"))
    logical.create(Request(kind, "data"), {"metadata": {"name": "x"}})
    with pytest.raises(NotFoundError, match="no subresource"):
        logical.scale(Request(kind, "data", "x", "scale"))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", (3,)),
        (".spec.parts[0].name", ("a",)),
        (".spec.parts[-1].name", ("b",)),
        (".spec.parts[*].name", ("a", "b")),
        ('.spec.parts[?(@.name=="b")].count', (2,)),
        (r".spec.labels.x\.y/z", ("l",)),
        (".spec.labels['x.y/z']", ("l",)),
        ("{.spec.size}", (3,)),
        (".spec.parts[7].name", ()),
        (".spec.size.deeper", ()),
        (".spec[", ()),
    ],
)
def test_a_columns_path(path: str, found: tuple[Any, ...]) -> None:
    parts = [{"name": "a", "count": 1}, {"name": "b", "count": 2}]
    body = {"spec": {"size": 3, "parts": parts, "labels": {"x.y/z": "l"}}}
    assert found_at(path, body) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["size", "colour", "parts", "name", "count", "free", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_pruning_and_filling_in_twice_is_as_once(spec: Any) -> None:
    once = defaulted(pruned({"metadata": {}, "spec": spec}, SCHEMA), SCHEMA)
    assert defaulted(pruned(once, SCHEMA), SCHEMA) == once
    assert list(causes(once, SCHEMA)) == list(causes(once, SCHEMA))


@given(st.text(max_size=30), JSON)
def test_any_path_finds_something_or_nothing(path: str, body: Any) -> None:
    assert isinstance(found_at(path, body), tuple)
