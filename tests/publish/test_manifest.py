from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.errors import PublishError
from toolkit.publish.manifest import manifest_bytes, manifest_path, parse_manifest
from toolkit.resource.identity import ResourceId

NAMES = st.text(alphabet="aA.-_/:%2E ü", min_size=1, max_size=6)
NAMESPACES = st.text(alphabet="aA.-/%2E", max_size=5)
IDS = st.builds(ResourceId, NAMESPACES, NAMES, NAMESPACES, NAMES)


@pytest.mark.parametrize(
    ("id", "path"),
    [
        (
            ResourceId("argoproj.io", "CronWorkflow", "data", "hello"),
            "manifests/CronWorkflow.argoproj.io/data/hello.yaml",
        ),
        (ResourceId("", "ConfigMap", "data", "a.b"), "manifests/ConfigMap/data/a.b.yaml"),
        (ResourceId("", "Namespace", "", "data"), "manifests/Namespace/data.yaml"),
        (
            ResourceId("rbac.authorization.k8s.io", "ClusterRole", "", "system:x/y"),
            "manifests/ClusterRole.rbac.authorization.k8s.io/system%3Ax%2Fy.yaml",
        ),
    ],
)
def test_a_path_is_readable(id: ResourceId, path: str) -> None:
    assert manifest_path(id) == path


@given(IDS, IDS)
def test_two_objects_never_share_a_path(one: ResourceId, other: ResourceId) -> None:
    assert (manifest_path(one) == manifest_path(other)) == (one == other)


@given(IDS, IDS)
def test_a_file_never_stands_where_another_needs_a_folder(
    one: ResourceId, other: ResourceId
) -> None:
    assert not manifest_path(other).startswith(manifest_path(one) + "/")


@given(IDS)
def test_a_path_stays_in_its_folder(id: ResourceId) -> None:
    parts = manifest_path(id).split("/")
    assert parts[0] == "manifests"
    assert not {"", ".", ".."} & set(parts)


KEYS = st.text(max_size=6).filter(lambda key: "<<" not in key)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.dictionaries(KEYS, VALUES))
@example({"a": "<<", "b": ["<<"]})
def test_what_was_written_reads_back(spec: dict[str, object]) -> None:
    body = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}
    assert parse_manifest(manifest_bytes(body), "x.yaml") == body


@pytest.mark.parametrize(
    "content",
    [b"", b"a: [", b"- 1", b"kind: A\n---\nkind: B\n", b"apiVersion: v1\n", b"\xff\xfe\x00"],
)
def test_anything_but_one_object_is_refused(content: bytes) -> None:
    with pytest.raises(PublishError, match=r"x\.yaml"):
        parse_manifest(content, "x.yaml")


def test_a_merge_key_is_refused() -> None:
    with pytest.raises(PublishError, match="<<"):
        manifest_bytes({"kind": "Thing", "metadata": {"name": "x"}, "spec": {"<<": {"a": 1}}})
