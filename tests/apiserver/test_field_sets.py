from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toolkit.apiserver.builtin_kinds import BUILTIN_KINDS
from toolkit.apiserver.field_sets import compare, decode, encode, fields_of, prefixes_of, readable
from toolkit.apiserver.kind_types import kind_type
from toolkit.apiserver.kinds import KindIndex
from toolkit.resource.identity import GroupVersionKind

KINDS = KindIndex(BUILTIN_KINDS)
POD = kind_type(KINDS.by_type(GroupVersionKind("", "v1", "Pod")))
WORKFLOW = kind_type(KINDS.by_type(GroupVersionKind("argoproj.io", "v1alpha1", "Workflow")))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b", ""]),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b.c", "k:x", "."]), children, max_size=3)
    ),
    max_leaves=12,
)


def test_keyed_lists_are_owned_by_item_and_field() -> None:
    body = {"spec": {"containers": [{"name": "main", "image": "x", "args": ["a"]}]}}
    item = 'k:{"name":"main"}'
    assert encode(fields_of(body, POD)) == {
        "f:spec": {
            "f:containers": {item: {".": {}, "f:name": {}, "f:image": {}, "f:args": {}}},
        }
    }


def test_an_absent_key_has_its_default() -> None:
    body = {"spec": {"containers": [{"name": "m", "ports": [{"containerPort": 80}]}]}}
    (port,) = [path for path in fields_of(body, POD) if len(path) == 5]
    assert port[-1] == 'k:{"containerPort":80,"protocol":"TCP"}'


def test_sets_are_owned_by_value() -> None:
    body = {"metadata": {"finalizers": ["a", "b"]}}
    assert encode(fields_of(body, POD)) == {
        "f:metadata": {"f:finalizers": {'v:"a"': {}, 'v:"b"': {}}}
    }


def test_a_workflows_status_has_one_owner() -> None:
    body = {"status": {"nodes": {"a": {"phase": "Running"}}}}
    assert encode(fields_of(body, WORKFLOW)) == {"f:status": {}}


def test_an_added_map_is_owned_with_its_parts() -> None:
    change = compare({"metadata": {}}, {"metadata": {"labels": {"a": "1"}}}, POD)
    assert encode(change.changed) == {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}
    assert not change.removed


def test_items_are_compared_by_key_not_by_place() -> None:
    one, two = {"name": "one", "image": "x"}, {"name": "two", "image": "y"}
    old = {"spec": {"containers": [one, two]}}
    new = {"spec": {"containers": [{**two, "image": "z"}, one]}}
    change = compare(old, new, POD)
    assert [readable(path) for path in change.changed] == ['.spec.containers[name="two"].image']
    assert not change.removed


@given(json_values)
def test_encode_is_undone_by_decode(value: Any) -> None:
    fields = fields_of(value, None)
    assert decode(encode(fields)) == fields


@given(json_values, json_values)
def test_a_comparison_is_what_a_flat_reading_of_both_says(old: Any, new: Any) -> None:
    change = compare({"x": old}, {"x": new}, None)
    before, after = flat({"x": old}), flat({"x": new})
    assert change.removed == before.keys() - after.keys()
    assert change.changed == {
        path for path in after if path not in before or not same(before[path], after[path])
    }


def flat(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Everything below ``value`` by path; lists are values, maps are all alike."""
    found = {path: "a map" if isinstance(value, dict) else ("a value", value)} if path else {}
    if isinstance(value, dict):
        for key, part in value.items():
            found |= flat(part, (*path, f"f:{key}"))
    return found


def same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def test_a_map_that_is_owned_beside_its_parts_says_so() -> None:
    fields = [("f:a",), ("f:a", "f:b"), ("f:a", "f:b", "f:c"), ("f:d", "f:e")]
    assert encode(frozenset(fields)) == {
        "f:a": {".": {}, "f:b": {".": {}, "f:c": {}}},
        "f:d": {"f:e": {}},
    }


def test_prefixes_include_the_fields() -> None:
    assert prefixes_of([("f:a", "f:b")]) == {("f:a",), ("f:a", "f:b")}
