"""A build as a whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from toolkit.adapters.files import MemoryTree
from toolkit.kustomize.build import build
from toolkit.kustomize.result import BuildResult
from toolkit.resource.identity import ResourceId

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: b}\n"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"

Rendered = Callable[..., str]
Built = Callable[..., BuildResult]


def test_prints_sorted_keys_and_separators(rendered: Rendered) -> None:
    files = {
        "kustomization.yaml": "resources: [b.yaml, a.yaml]",
        "a.yaml": CONFIG_MAP % "a",
        "b.yaml": NAMESPACE,
    }
    assert rendered(files) == (
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n---\n"
        "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  name: a\n"
    )


def test_reorder_none_keeps_the_order_of_the_files(built: Built) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml, b.yaml]",
        "a.yaml": CONFIG_MAP % "a",
        "b.yaml": NAMESPACE,
    }
    kinds = [resource.id.kind for resource in built(files, reorder="none").resources]
    assert kinds == ["ConfigMap", "Namespace"]


def test_lists_every_file_that_the_result_depends_on(built: Built) -> None:
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]",
        "base/a.yaml": CONFIG_MAP % "a",
        "base/unused.yaml": "",
        "top/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]",
        "top/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {c: d}",
    }
    assert sorted(built(files, "top").files) == [
        "base/a.yaml",
        "base/kustomization.yaml",
        "top/kustomization.yaml",
        "top/p.yaml",
    ]


def test_objects_know_their_file_and_document(built: Built) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]",
        "a.yaml": f"{CONFIG_MAP % 'a'}---\n{CONFIG_MAP % 'b'}",
    }
    found = built(files).resources.get(ResourceId("", "ConfigMap", "", "b"))
    assert found is not None
    assert (found.origin.path, found.origin.document) == ("a.yaml", 1)


def test_lists_are_expanded(built: Built) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]",
        "a.yaml": "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n",
    }
    names = [str(resource.id) for resource in built(files).resources]
    assert names == ["/ConfigMap:/c", "/Secret:/s"]


def test_local_configuration_is_not_printed(built: Built) -> None:
    local = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: l\n"
        "  annotations: {config.kubernetes.io/local-config: 'true'}\n"
    )
    files = {
        "kustomization.yaml": "resources: [a.yaml, l.yaml]",
        "a.yaml": CONFIG_MAP % "a",
        "l.yaml": local,
    }
    assert [resource.id.name for resource in built(files).resources] == ["a"]


def test_deprecated_fields_are_warned_of(built: Built) -> None:
    files = {"kustomization.yaml": "resources: [a.yaml]\ncommonLabels: {a: b}"}
    result = built({**files, "a.yaml": CONFIG_MAP % "a"})
    assert [warning.message.split(".")[0] for warning in result.warnings] == [
        "'commonLabels' is deprecated"
    ]


def test_a_patch_that_matches_nothing_is_warned_of_with_its_place(built: Built) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\n"
        "patches:\n- target: {kind: Deployment}\n  patch: '[]'\n",
        "a.yaml": CONFIG_MAP % "a",
    }
    (warning,) = built(files).warnings
    assert "kind 'Deployment'" in warning.message
    assert str(warning.location) == "kustomization.yaml:4:10"


def test_field_names_ignore_case(rendered: Rendered) -> None:
    files = {
        "kustomization.yaml": "Resources: [a.yaml]\nnameprefix: p-",
        "a.yaml": CONFIG_MAP % "a",
    }
    assert "name: p-a" in rendered(files)


def test_any_of_the_three_file_names_serves(built: Built) -> None:
    files = {"Kustomization": "resources: [a.yaml]", "a.yaml": CONFIG_MAP % "a"}
    assert len(built(files).resources) == 1


def test_buildmetadata_says_where_objects_come_from(rendered: Rendered) -> None:
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]",
        "base/a.yaml": CONFIG_MAP % "a",
        "top/kustomization.yaml": "resources: [../base]\nbuildMetadata: [originAnnotations]",
    }
    assert "config.kubernetes.io/origin: |\n      path: ../base/a.yaml\n" in rendered(files, "top")


def test_a_component_works_on_what_is_there(rendered: Rendered) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\ncomponents: [c]",
        "a.yaml": CONFIG_MAP % "a",
        "c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "namePrefix: from-component-\n",
    }
    assert "name: from-component-a" in rendered(files)


def test_the_same_tree_gives_the_same_bytes_twice() -> None:
    tree = MemoryTree({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": CONFIG_MAP % "a"})
    first, second = build(tree, ""), build(tree, "")
    assert [r.body for r in first.resources] == [r.body for r in second.resources]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\n", "null\n"])
def test_files_without_objects_give_none(built: Built, text: str) -> None:
    files = {"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text}
    assert len(built(files).resources) == 0
