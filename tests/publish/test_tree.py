from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from toolkit.errors import PublishError
from toolkit.kustomize.result import BuildResult
from toolkit.publish.index import INDEX_PATH, Hold, index_bytes, parse_index
from toolkit.publish.tree import ALLOW_SECRET_ANNOTATION, RenderedTree, render_tree
from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body, Origin, Resource, ResourceSet

MAP: Body = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "data"},
    "data": {"a": "1"},
}


def render(*bodies: Body) -> RenderedTree:
    items = [Resource(ResourceId.of(body), body, Origin("resources/x.yaml")) for body in bodies]
    return render_tree(BuildResult(ResourceSet(items), (), ()), environment="staging")


def secret(**fields: Any) -> Body:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def test_each_object_is_one_file_beside_the_index() -> None:
    tree = render(MAP, {**MAP, "metadata": {"name": "other"}})
    assert sorted(tree.files) == [
        INDEX_PATH,
        "manifests/ConfigMap/data/settings.yaml",
        "manifests/ConfigMap/other.yaml",
    ]


def test_the_index_names_every_file_with_its_id_and_hash() -> None:
    tree = render(MAP)
    content = tree.files["manifests/ConfigMap/data/settings.yaml"]
    document = json.loads(tree.files[INDEX_PATH])
    assert document["environment"] == "staging"
    assert document["files"] == {
        "manifests/ConfigMap/data/settings.yaml": {
            "id": "/ConfigMap:data/settings",
            "sha256": sha256(content).hexdigest(),
        }
    }


def test_the_order_of_objects_does_not_matter() -> None:
    other: Body = {**MAP, "metadata": {"name": "other"}}
    assert render(MAP, other).files == render(other, MAP).files


def test_the_digest_changes_with_a_value_and_not_with_a_hold() -> None:
    tree = render(MAP)
    assert tree.digest != render({**MAP, "data": {"a": "2"}}).digest
    assert tree.index.held(Hold("abc", "rollback")).digest == tree.digest


def test_the_index_reads_back() -> None:
    index = render(MAP).index.held(Hold("abc", "rollback"))
    assert parse_index(index_bytes(index)) == index


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff", b'{"version": 1}', b'{"version": 1, "files": [], "digest": ""}'],
)
def test_a_broken_index_is_refused(content: bytes) -> None:
    with pytest.raises(PublishError, match="broken"):
        parse_index(content)


def test_a_newer_index_is_refused_with_a_hint() -> None:
    with pytest.raises(PublishError, match="version 2") as caught:
        parse_index(b'{"version": 2}')
    assert caught.value.hints


def test_an_index_that_lost_a_line_is_refused() -> None:
    document = json.loads(render(MAP).files[INDEX_PATH])
    document["files"] = {}
    with pytest.raises(PublishError, match="digest"):
        parse_index(json.dumps(document).encode())


@pytest.mark.parametrize("fields", [{"data": {"a": "MQ=="}}, {"stringData": {"a": "1"}}])
def test_secret_values_are_refused_with_the_place_and_the_way_out(fields: Body) -> None:
    with pytest.raises(PublishError, match="Secret/s") as caught:
        render(secret(**fields))
    assert str(caught.value.location) == "resources/x.yaml"
    assert ALLOW_SECRET_ANNOTATION in caught.value.hints[-1]
    assert "MQ==" not in str(caught.value)


def test_a_secret_without_values_may_be_published() -> None:
    assert len(render(secret(type="Opaque")).index.entries) == 1


def test_a_secret_that_says_it_is_harmless_may_be_published() -> None:
    metadata = {"name": "s", "annotations": {ALLOW_SECRET_ANNOTATION: "true"}}
    assert len(render(secret(metadata=metadata, data={"a": "MQ=="})).index.entries) == 1


def test_a_run_is_never_published() -> None:
    run: Body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "once"},
    }
    with pytest.raises(PublishError, match="run"):
        render(run)


def test_an_object_without_a_name_is_refused() -> None:
    with pytest.raises(PublishError, match="name"):
        render({**MAP, "metadata": {"generateName": "x-"}})
