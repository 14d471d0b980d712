"""Strategic merges and JSON patches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BuildError
from toolkit.kustomize.objects.label_selector import parse_label_selector
from toolkit.kustomize.objects.selector import Selector
from toolkit.kustomize.patches.jsonpatch import PatchFailureError, apply, copied
from toolkit.kustomize.patches.merge import Merger
from toolkit.kustomize.patches.merge_lists import ABSENT
from toolkit.kustomize.patches.shapes import Shapes
from toolkit.kustomize.result import BuildResult

Objects = Callable[..., list[dict[str, Any]]]
Refused = Callable[..., Exception]
Build = Callable[..., BuildResult]


def merge(body: Any, patch: Any, *, knows_argo: bool = False) -> Any:
    return Merger(Shapes(knows_argo=knows_argo)).merge(copied(body), copied(patch))


def deployment(*containers: dict[str, Any]) -> dict[str, Any]:
    spec = {"template": {"spec": {"containers": list(containers)}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}


def containers(body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body["spec"]["template"]["spec"]["containers"]
    return found


def test_maps_merge_and_null_deletes() -> None:
    assert merge({"a": 1, "b": {"x": 1, "z": 2}}, {"b": {"x": None, "w": 3}}) == {
        "a": 1,
        "b": {"z": 2, "w": 3},
    }


def test_lists_of_unknown_kinds_are_replaced() -> None:
    assert merge({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def test_null_deletes_a_list() -> None:
    assert merge({"a": [1, 2], "b": 1}, {"a": None}) == {"b": 1}


def test_containers_merge_by_name_the_patched_first() -> None:
    body = deployment({"name": "a", "image": "1"}, {"name": "b", "image": "1"})
    patch = deployment({"name": "b", "image": "2"}, {"name": "c"})
    assert containers(merge(body, patch)) == [
        {"name": "b", "image": "2"},
        {"name": "c"},
        {"name": "a", "image": "1"},
    ]


def test_an_item_is_deleted_by_directive() -> None:
    body = deployment({"name": "a"}, {"name": "b"})
    assert containers(merge(body, deployment({"name": "a", "$patch": "delete"}))) == [{"name": "b"}]


def test_a_list_is_replaced_by_directive() -> None:
    body = deployment({"name": "a"}, {"name": "b"})
    patch = deployment({"$patch": "replace"}, {"name": "c"})
    assert containers(merge(body, patch)) == [{"name": "c"}]


def test_a_map_is_replaced_by_directive() -> None:
    assert merge({"m": {"a": 1}}, {"m": {"$patch": "replace", "b": 2}}) == {"m": {"b": 2}}


def test_the_object_is_deleted_by_directive() -> None:
    assert merge({"a": 1}, {"$patch": "delete"}) is ABSENT


def test_ports_merge_by_two_keys() -> None:
    tcp = {"containerPort": 80, "protocol": "TCP"}
    udp = {"containerPort": 80, "protocol": "UDP"}
    body = deployment({"name": "a", "ports": [tcp, udp]})
    patch = deployment({"name": "a", "ports": [{**udp, "name": "dns"}]})
    (container,) = containers(merge(body, patch))
    assert container["ports"] == [tcp, {**udp, "name": "dns"}]


def workflow(spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "spec": spec}


def test_templates_merge_by_name_in_argo_mode_only() -> None:
    body = workflow({"templates": [{"name": "a", "container": {"image": "1"}}, {"name": "b"}]})
    patch = workflow({"templates": [{"name": "b", "container": {"image": "2"}}]})
    assert merge(body, patch)["spec"]["templates"] == patch["spec"]["templates"]
    assert merge(body, patch, knows_argo=True)["spec"]["templates"] == [
        {"name": "b", "container": {"image": "2"}},
        {"name": "a", "container": {"image": "1"}},
    ]


def test_nested_steps_merge_where_they_stand() -> None:
    steps = [[{"name": "a"}], [{"name": "b"}, {"name": "c"}]]
    patch = [[{"name": "c", "when": "x"}], [{"name": "d"}]]
    body = workflow({"templates": [{"name": "t", "steps": steps}]})
    changed = workflow({"templates": [{"name": "t", "steps": patch}]})
    (template,) = merge(body, changed, knows_argo=True)["spec"]["templates"]
    assert template["steps"] == [
        [{"name": "a"}],
        [{"name": "b"}, {"name": "c", "when": "x"}],
        [{"name": "d"}],
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@given(
    body=st.dictionaries(st.sampled_from("abc"), st.integers()),
    patch=st.dictionaries(st.sampled_from("abcd"), st.integers() | st.none()),
)
def test_a_flat_merge_is_an_update_without_nulls(
    body: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert merge(body, patch) == {k: v for k, v in {**body, **patch}.items() if v is not None}


@given(body=JSON)
def test_an_empty_patch_changes_nothing(body: Any) -> None:
    assert merge({"a": body}, {}) == {"a": body}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/a", "value": 1}, {"a": 1, "l": [1, 2]}),
        ({"op": "add", "path": "/l/-", "value": 3}, {"l": [1, 2, 3]}),
        ({"op": "add", "path": "/l/0", "value": 0}, {"l": [0, 1, 2]}),
        ({"op": "remove", "path": "/l/-1"}, {"l": [1]}),
        ({"op": "replace", "path": "/l/1", "value": 9}, {"l": [1, 9]}),
        ({"op": "copy", "from": "/l", "path": "/c"}, {"l": [1, 2], "c": [1, 2]}),
        ({"op": "move", "from": "/l", "path": "/a~1b"}, {"a/b": [1, 2]}),
        ({"op": "test", "path": "/l", "value": [1, 2]}, {"l": [1, 2]}),
        ({"op": "add", "path": "/n", "value": 2**53 + 1}, {"l": [1, 2], "n": 2**53}),
    ],
)
def test_json_patches(operation: dict[str, Any], result: dict[str, Any]) -> None:
    assert apply({"l": [1, 2]}, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/x"},
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "copy", "from": "/x", "path": "/y"},
        {"op": "add", "path": "/x"},
        {"op": "replace", "path": "/l"},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "add", "path": "/l/5", "value": 1},
        {"op": "add", "path": "/l/x", "value": 1},
        {"op": "test", "path": "/l", "value": []},
        {"op": "test", "path": "/t", "value": 1},
        {"op": "rename", "path": "/l"},
        {"op": "remove"},
    ],
)
def test_json_patches_that_do_not_apply(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchFailureError):
        apply({"l": [1, 2], "t": True}, [operation])


@given(
    body=st.dictionaries(st.sampled_from("abc"), JSON),
    operations=st.lists(
        st.fixed_dictionaries(
            {
                "op": st.sampled_from(
                    ["add", "remove", "replace", "move", "copy", "test", "nonsense"]
                ),
                "path": st.sampled_from(["", "/a", "/a/0", "/a/b", "/b/-", "/c/-1", "x", "/~0"]),
                "from": st.sampled_from(["", "/a", "/b/0"]),
                "value": JSON,
            }
        ),
        max_size=3,
    ),
)
def test_arbitrary_operations_raise_only_our_error(
    body: dict[str, Any], operations: list[dict[str, Any]]
) -> None:
    with suppress(PatchFailureError):
        apply(body, operations)


def test_targets_are_anchored_regular_expressions(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\npatches:\n- target: {name: 'web.?'}\n"
        '  patch: \'[{"op": "add", "path": "/data", "value": {"k": "v"}}]\'\n',
        "a.yaml": "---\n".join(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"
            for name in ("web", "web1", "web12", "a-web")
        ),
    }
    patched = [body["metadata"]["name"] for body in objects(files) if "data" in body]
    assert patched == ["web", "web1"]


@pytest.mark.parametrize(
    ("selector", "is_match"),
    [
        ("app=web", True),
        ("app==web,tier!=x", True),
        ("app in (web, api)", True),
        ("app notin (web)", False),
        ("app", True),
        ("!app", False),
        ("tier", False),
        ("size>3", True),
        ("size<3", False),
    ],
)
def test_label_selectors(selector: str, is_match: bool) -> None:
    labels = {"app": "web", "size": "5"}
    assert all(holds(labels) for holds in parse_label_selector(selector)) is is_match


def test_a_broken_selector_is_refused() -> None:
    with pytest.raises(Exception, match="no regular expression"):
        Selector({"name": "("})


@pytest.mark.parametrize(
    "selector",
    ["a=-b", "a=b-", "a/b/c=d", "A/b=c", "a" * 64, f"{'x' * 254}/a", "a>x", "a='b'", "a in ('b')"],
)
def test_a_label_selector_holds_labels_as_kubernetes_allows_them(selector: str) -> None:
    with pytest.raises(BuildError, match="no label selector"):
        parse_label_selector(selector)


@pytest.mark.parametrize("pattern", ["(?i)WEB", r"\pL+", "web{1}"])
def test_targets_are_gos_regular_expressions(objects: Objects, pattern: str) -> None:
    assert objects(_json_patched("add", "/data", target=pattern))[0]["data"] == {"k": "v"}


@pytest.mark.parametrize("path", ["/kind", "/metadata/name", "/metadata"])
def test_a_json_patch_leaves_kind_and_name(refused: Refused, path: str) -> None:
    assert "the patch leaves no" in str(refused(_json_patched("remove", path)))


def _json_patched(operation: str, path: str, *, target: str = "web") -> dict[str, str]:
    return {
        "kustomization.yaml": f"resources: [a.yaml]\npatches:\n- target: {{name: '{target}'}}\n"
        f'  patch: \'[{{"op": "{operation}", "path": "{path}", "value": {{"k": "v"}}}}]\'\n',
        "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
    }


def _merged_twice(patch: str) -> dict[str, str]:
    return {
        "kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        "a.yaml": "apiVersion: e/v1\nkind: C\nmetadata: {name: c}\nspec: {a: 1, m: {q: 1}}\n",
        "p.yaml": f"apiVersion: e/v1\nkind: C\nmetadata: {{name: c}}\nspec:\n{patch}",
    }


@pytest.mark.parametrize(
    ("patch", "spec"),
    [
        ("  a: 2\n  a: 3\n", {"a": 2, "m": {"q": 1}}),
        ("  n: 2\n  n: 3\n", {"a": 1, "m": {"q": 1}, "n": 2}),
        ("  m: {q: 2, q: 3}\n", {"a": 1, "m": {"q": 2}}),
        ("  a: null\n  a: 3\n", {"m": {"q": 1}}),
    ],
)
def test_of_a_key_twice_in_a_merge_patch_the_first_counts_with_a_warning(
    built: Build, patch: str, spec: dict[str, Any]
) -> None:
    result = built(_merged_twice(patch))
    assert [resource.body["spec"] for resource in result.resources] == [spec]
    (warning,) = result.warnings
    assert "stands twice" in warning.message
    assert str(warning.location).startswith("p.yaml:")


@pytest.mark.parametrize("patch", ["  n: {q: 2, q: 3}\n", "  l: [{a: 1, a: 2}]\n"])
def test_a_key_twice_in_what_a_patch_adds_is_refused(refused: Refused, patch: str) -> None:
    assert "stands twice" in str(refused(_merged_twice(patch)))


@pytest.mark.parametrize("value", ["5", "text", "null"])
def test_a_scalar_in_place_of_the_whole_object_changes_nothing(
    rendered: Callable[..., str], value: str
) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
    kustomization = (
        "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n"
        f"    - {{op: replace, path: '', value: {value}}}\n"
    )
    assert rendered({"kustomization.yaml": kustomization, "a.yaml": text}) == text
