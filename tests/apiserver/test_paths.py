from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.apiserver.paths import ResourcePath, parse_path

names = st.text(min_size=1, max_size=8).filter(lambda text: text not in ("status", "finalize"))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/api/v1/pods", ResourcePath("", "v1", "pods")),
        ("/api/v1/namespaces", ResourcePath("", "v1", "namespaces")),
        ("/api/v1/namespaces/x", ResourcePath("", "v1", "namespaces", "", "x")),
        ("/api/v1/namespaces/x/status", ResourcePath("", "v1", "namespaces", "", "x", "status")),
        ("/api/v1/namespaces/x/pods/p/log", ResourcePath("", "v1", "pods", "x", "p", "log")),
        ("/apis/a.io/v2/things/t", ResourcePath("a.io", "v2", "things", "", "t")),
    ],
)
def test_a_path_names_its_resource(text: str, path: ResourcePath) -> None:
    assert parse_path(text) == path
    assert str(path) == text


@pytest.mark.parametrize(
    "text", ["", "/", "/api", "/api/v1", "/apis/g/v1", "/api/v1/a/b/c/d", "/x/y/z/a"]
)
def test_what_names_no_resource_is_none(text: str) -> None:
    assert parse_path(text) is None


@given(names, names, names)
def test_any_names_survive_the_way_through_a_path(group: str, namespace: str, name: str) -> None:
    path = ResourcePath(group, "v1", "things", namespace, name, "status")
    assert parse_path(str(path)) == path
