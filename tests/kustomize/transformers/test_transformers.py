"""Namespaces, names, labels, images, replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.kustomize.transformers.images import split_image

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'nginx:1.0'}]}
"""

Objects = Callable[..., list[dict[str, Any]]]
Refused = Callable[..., Exception]


def _one(objects: Objects, fields: str, resource: str = DEPLOYMENT) -> dict[str, Any]:
    files = {"kustomization.yaml": f"resources: [a.yaml]\n{fields}", "a.yaml": resource}
    (body,) = objects(files)
    return body


def test_a_namespace_is_set(objects: Objects) -> None:
    assert _one(objects, "namespace: ns")["metadata"]["namespace"] == "ns"


def test_cluster_scoped_kinds_get_no_namespace(objects: Objects) -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n"
    assert "namespace" not in _one(objects, "namespace: ns", role)["metadata"]


def test_a_namespace_object_is_renamed(objects: Objects) -> None:
    body = _one(objects, "namespace: ns", "apiVersion: v1\nkind: Namespace\nmetadata: {name: o}\n")
    assert body["metadata"] == {"name": "ns"}


def test_only_the_default_service_account_of_a_binding_moves(objects: Objects) -> None:
    binding = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: other}]
"""
    first, second = _one(objects, "namespace: ns", binding)["subjects"]
    assert first["namespace"] == "ns"
    assert "namespace" not in second


def test_prefix_and_suffix_surround_the_name(objects: Objects) -> None:
    assert _one(objects, "namePrefix: p-\nnameSuffix: -s")["metadata"]["name"] == "p-web-s"


def test_a_namespace_object_keeps_its_name(objects: Objects) -> None:
    body = _one(objects, "namePrefix: p-", "apiVersion: v1\nkind: Namespace\nmetadata: {name: o}\n")
    assert body["metadata"]["name"] == "o"


def test_labels_go_to_metadata_only(objects: Objects) -> None:
    body = _one(objects, "labels: [{pairs: {a: b}}]")
    assert body["metadata"]["labels"] == {"a": "b"}
    assert body["spec"]["selector"]["matchLabels"] == {"app": "web"}


def test_labels_go_to_selectors_where_asked_for(objects: Objects) -> None:
    body = _one(objects, "labels: [{pairs: {a: b}, includeSelectors: true}]")
    assert body["spec"]["selector"]["matchLabels"] == {"app": "web", "a": "b"}
    assert body["spec"]["template"]["metadata"]["labels"] == {"app": "web", "a": "b"}


def test_annotations_go_to_templates_too(objects: Objects) -> None:
    body = _one(objects, "commonAnnotations: {a: b}")
    assert body["spec"]["template"]["metadata"]["annotations"] == {"a": "b"}


def test_a_label_added_to_several_fields_changes_in_all_as_upstream(objects: Objects) -> None:
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]\n"
        "labels: [{pairs: {env: base}, includeSelectors: true}]",
        "base/a.yaml": DEPLOYMENT,
        "kustomization.yaml": "resources: [base]\nlabels: [{pairs: {env: top}}]",
    }
    (body,) = objects(files)
    assert body["spec"]["selector"]["matchLabels"]["env"] == "top"


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ("{name: nginx, newTag: '2'}", "nginx:2"),
        ("{name: nginx, newName: other}", "other:1.0"),
        ("{name: nginx, digest: 'sha256:ab'}", "nginx@sha256:ab"),
        ("{name: ngin, newTag: '2'}", "nginx:1.0"),
        ("{name: 'ng.*', newTag: '2'}", "nginx:2"),
        ("{name: nginx, tagSuffix: -x}", "nginx:1.0-x-x"),
    ],
)
def test_images(objects: Objects, entry: str, image: str) -> None:
    body = _one(objects, f"images: [{entry}]")
    assert body["spec"]["template"]["spec"]["containers"][0]["image"] == image


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx", ("nginx", "", "")),
        ("host:5000/a/b", ("host:5000/a/b", "", "")),
        ("host:5000/a/b:v1", ("host:5000/a/b", "v1", "")),
        ("a@sha256:x", ("a", "", "sha256:x")),
        ("a:v@sha256:x", ("a", "v", "sha256:x")),
    ],
)
def test_splits_images(text: str, parts: tuple[str, str, str]) -> None:
    assert split_image(text) == parts


@pytest.mark.parametrize(
    ("present", "found"), [("'3'", "5"), ("|-\n    x", "5"), ("x", 5), ("~", 5)]
)
def test_a_count_in_quotes_stays_so(objects: Objects, present: str, found: object) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\nreplicas: [{name: web, count: 5}]",
        "a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        f"spec:\n  replicas: {present}\n",
    }
    assert objects(files)[0]["spec"]["replicas"] == found


def test_replicas(objects: Objects) -> None:
    assert _one(objects, "replicas: [{name: web, count: 5}]")["spec"]["replicas"] == 5


@pytest.mark.parametrize(("count", "found"), [("1.0", 1), ("1e1", 10), ("0x10", 16), ("010", 8)])
def test_a_count_is_whole_by_value(objects: Objects, count: str, found: int) -> None:
    body = _one(objects, f"replicas: [{{name: web, count: {count}}}]")
    assert body["spec"]["replicas"] == found


@pytest.mark.parametrize("count", ["1.5", "'5'", "9223372036854775808", "1e21"])
def test_a_count_that_is_no_whole_number_is_refused(refused: Refused, count: str) -> None:
    files = {"kustomization.yaml": f"replicas: [{{name: web, count: {count}}}]"}
    assert "count must be a whole number" in str(refused(files))


def test_an_empty_field_path_is_refused(refused: Refused) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\nconfigurations: [c.yaml]\nnamePrefix: p-\n",
        "c.yaml": "namePrefix: [{kind: Deployment}]\n",
        "a.yaml": DEPLOYMENT,
    }
    assert "has an empty part" in str(refused(files))


def test_crds_must_be_definitions(refused: Refused) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\ncrds: [a.yaml]\n",
        "a.yaml": DEPLOYMENT,
    }
    assert "maps names to OpenAPI definitions" in str(refused(files))


@pytest.mark.parametrize("path", ["spec/*", "spec/-", "spec/0/image"])
def test_a_field_path_that_takes_a_map_for_a_list_is_refused(refused: Refused, path: str) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\nconfigurations: [c.yaml]\n"
        "images: [{name: nginx, newTag: '2'}]\n",
        "c.yaml": f"images: [{{kind: Deployment, path: {path}}}]\n",
        "a.yaml": DEPLOYMENT,
    }
    assert "where a map stands" in str(refused(files))
