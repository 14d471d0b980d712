from __future__ import annotations

import copy
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import PatchError
from toolkit.resource.json_patch import apply_json_patch, format_pointer, parse_pointer

BODY = {"a": {"b": 1, "x/y": 2, "m~n": 3}, "list": [10, 20, 30], "none": None}


def patched(*operations):
    return apply_json_patch(BODY, operations)


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ({"op": "add", "path": "/a/c", "value": 5}, "a.c", 5),
        ({"op": "add", "path": "/a/b", "value": 5}, "a.b", 5),
        ({"op": "add", "path": "/list/1", "value": 5}, "list", [10, 5, 20, 30]),
        ({"op": "add", "path": "/list/3", "value": 5}, "list", [10, 20, 30, 5]),
        ({"op": "add", "path": "/list/-", "value": 5}, "list", [10, 20, 30, 5]),
        ({"op": "add", "path": "/list/-1", "value": 5}, "list", [10, 20, 30, 5]),
        ({"op": "add", "path": "/list/-2", "value": 5}, "list", [10, 20, 5, 30]),
        ({"op": "remove", "path": "/list/-1"}, "list", [10, 20]),
        ({"op": "remove", "path": "/list/0"}, "list", [20, 30]),
        ({"op": "remove", "path": "/a/x~1y"}, "a", {"b": 1, "m~n": 3}),
        ({"op": "replace", "path": "/a/m~0n", "value": None}, "a.m~n", None),
        ({"op": "replace", "path": "/list/1", "value": {"q": 1}}, "list", [10, {"q": 1}, 30]),
        ({"op": "move", "from": "/a/b", "path": "/list/0"}, "list", [1, 10, 20, 30]),
        ({"op": "copy", "from": "/list", "path": "/a/b"}, "a.b", [10, 20, 30]),
        ({"op": "test", "path": "/none", "value": None}, "none", None),
        ({"op": "test", "path": "/missing", "value": None}, "none", None),
        ({"op": "test", "path": "/a/b", "value": 1.0}, "a.b", 1),
    ],
)
def test_an_operation_does_what_the_rfc_says(operation, path, expected):
    value = patched(operation)
    for part in path.split("."):
        value = value[part]
    assert value == expected


def test_the_empty_path_is_the_whole_object():
    assert patched({"op": "replace", "path": "", "value": [1]}) == [1]
    assert patched({"op": "add", "path": "", "value": {"z": 1}}) == {"z": 1}


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({"op": "remove", "path": "/a/bb"}, "did you mean 'b'"),
        ({"op": "replace", "path": "/zzz", "value": 1}, "no member 'zzz'"),
        ({"op": "add", "path": "/zzz/y", "value": 1}, "no member 'zzz'"),
        ({"op": "add", "path": "/list/4", "value": 1}, "the list has 3"),
        ({"op": "add", "path": "/list/-5", "value": 1}, "the list has 3"),
        ({"op": "remove", "path": "/list/3"}, "the list has 3"),
        ({"op": "remove", "path": "/list/-"}, "no index"),
        ({"op": "add", "path": "/list/x", "value": 1}, "no index"),
        ({"op": "add", "path": "/a/b/c", "value": 1}, "/a/b holds 1"),
        ({"op": "add", "path": "/a/c"}, "'value' is missing"),
        ({"op": "add", "path": "a", "value": 1}, "starts with '/'"),
        ({"op": "test", "path": "/a/b", "value": True}, "found 1, expected True"),
        ({"op": "test", "path": "/list", "value": 1}, "found a list"),
        ({"op": "move", "from": "/a", "path": "/a/b"}, "into itself"),
        ({"op": "copy", "path": "/a/b"}, "'from' is missing"),
        ({"op": "delete", "path": "/a"}, "there are add, remove"),
        ({"op": "add", "value": 1}, "'path' is missing"),
    ],
)
def test_a_misfit_names_the_operation_the_path_and_the_reason(operation, reason):
    with pytest.raises(PatchError) as caught:
        patched({"op": "test", "path": "/none"}, operation)
    assert caught.value.operation == 1
    assert caught.value.path == operation.get("path", "")
    assert reason in caught.value.message
    assert caught.value.message.startswith("operation 2")


def test_arguments_stay_as_they_are_even_where_values_are_shared_later():
    value = {"q": []}
    operations = [
        {"op": "add", "path": "/v", "value": value},
        {"op": "copy", "from": "/v", "path": "/w"},
        {"op": "add", "path": "/v/q/-", "value": 1},
    ]
    before = copy.deepcopy((BODY, operations))
    result = apply_json_patch(BODY, operations)
    assert (BODY, operations) == before
    assert (result["v"], result["w"]) == ({"q": [1]}, {"q": []})


@given(st.lists(st.text(max_size=5)))
def test_a_pointer_survives_both_ways(parts):
    assert list(parse_pointer(format_pointer(parts))) == parts


_paths = st.sampled_from(["", "/a", "/a/b", "/list", "/list/0", "/list/-1", "/list/-", "/q/r", "x"])
_operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "?"])},
    optional={"path": _paths, "from": _paths, "value": st.none() | st.integers() | st.just([])},
)


@given(st.lists(_operations, max_size=5))
def test_any_patch_gives_an_object_or_our_error(operations):
    before = copy.deepcopy(BODY)
    with suppress(PatchError):
        apply_json_patch(BODY, operations)
    assert before == BODY
