from __future__ import annotations

import copy

import pytest

from toolkit.errors import PatchError
from toolkit.resource.strategic_merge import apply_strategic_merge

KEYS = {
    ("spec", "containers"): "name",
    ("spec", "containers", "ports"): "containerPort",
    ("metadata", "finalizers"): "",
}


def merged(spec, patch, *, field="spec"):
    body = {field: spec}
    before = copy.deepcopy((body, patch))
    result = apply_strategic_merge(body, {field: patch}, KEYS.get)
    assert (body, patch) == before
    return result[field]


def test_mappings_merge_and_null_removes():
    assert merged({"a": 1, "b": {"c": 1, "d": 2}}, {"a": None, "b": {"c": 3}}) == {
        "b": {"c": 3, "d": 2}
    }


def test_a_new_mapping_loses_its_nulls():
    assert merged({}, {"a": {"b": None, "c": {"d": 1, "e": None}}}) == {"a": {"c": {"d": 1}}}


def test_lists_without_a_merge_key_are_replaced():
    assert merged({"args": [1, 2]}, {"args": [3]}) == {"args": [3]}


def test_items_merge_by_key_and_the_patch_sets_the_order():
    live = {"containers": [{"name": "a", "x": 1}, {"name": "b"}, {"name": "c"}]}
    patch = {"containers": [{"name": "new"}, {"name": "c", "y": 1}, {"name": "a", "x": 2}]}
    assert merged(live, patch)["containers"] == [
        {"name": "new"},
        {"name": "b"},  # before c, as it was
        {"name": "c", "y": 1},
        {"name": "a", "x": 2},
    ]


def test_items_the_patch_does_not_name_keep_their_place_before_later_ones():
    live = {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}
    names = [c["name"] for c in merged(live, {"containers": [{"name": "c"}]})["containers"]]
    assert names == ["a", "b", "c"]


def test_lists_inside_items_merge_too():
    live = {"containers": [{"name": "a", "ports": [{"containerPort": 1, "p": "x"}]}]}
    patch = {"containers": [{"name": "a", "ports": [{"containerPort": 1, "q": "y"}]}]}
    assert merged(live, patch)["containers"][0]["ports"] == [
        {"containerPort": 1, "p": "x", "q": "y"}
    ]


def test_an_item_is_deleted_by_its_key():
    live = {"containers": [{"name": "a"}, {"name": "b"}]}
    assert merged(live, {"containers": [{"name": "a", "$patch": "delete"}]}) == {
        "containers": [{"name": "b"}]
    }


def test_a_list_is_replaced_by_the_directive():
    live = {"containers": [{"name": "a"}, {"name": "b"}]}
    assert merged(live, {"containers": [{"$patch": "replace"}, {"name": "z"}]}) == {
        "containers": [{"name": "z"}]
    }


def test_a_mapping_is_replaced_or_emptied_by_the_directive():
    assert merged({"m": {"a": 1}}, {"m": {"$patch": "replace", "b": 2}}) == {"m": {"b": 2}}
    assert merged({"m": {"a": 1}}, {"m": {"$patch": "delete"}}) == {"m": {}}


def test_retain_keys_drops_all_others():
    assert merged({"m": {"a": 1, "b": 2}}, {"m": {"$retainKeys": ["a", "c"], "c": 3}}) == {
        "m": {"a": 1, "c": 3}
    }


def test_sets_of_scalars_unite_and_lose_what_the_directive_names():
    assert merged({"finalizers": ["a", "b"]}, {"finalizers": ["b", "c"]}, field="metadata") == {
        "finalizers": ["a", "b", "c"]
    }
    assert merged(
        {"finalizers": ["a", "b"]},
        {"$deleteFromPrimitiveList/finalizers": ["a"]},
        field="metadata",
    ) == {"finalizers": ["b"]}


def test_set_element_order_orders_without_other_changes():
    live = {"containers": [{"name": "a"}, {"name": "b"}]}
    patch = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert merged(live, patch) == {"containers": [{"name": "b"}, {"name": "a"}]}


def test_true_is_not_one_as_a_merge_key():
    live = {"containers": [{"name": 1}]}
    assert merged(live, {"containers": [{"name": True}]})["containers"] == [
        {"name": True},
        {"name": 1},
    ]


@pytest.mark.parametrize(
    ("patch", "path", "reason"),
    [
        ({"containers": [{"image": "x"}]}, "spec.containers", "merge key 'name'"),
        ({"containers": ["x"]}, "spec.containers", "is a mapping with 'name'"),
        ({"m": {"$patch": "remove"}}, "spec.m", "no directive $patch: remove"),
        ({"$retainKeys": ["a"], "b": 1}, "spec", "leaves out 'b'"),
        ({"$retainKeys": "a"}, "spec", "list of field names"),
    ],
)
def test_a_malformed_patch_names_its_place(patch, path, reason):
    with pytest.raises(PatchError) as caught:
        merged({"containers": [{"name": "a"}], "m": {}}, patch)
    assert caught.value.path == path
    assert reason in caught.value.message
