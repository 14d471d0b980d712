"""What is advised for a path that leads to no field."""

from __future__ import annotations

import pytest

from toolkit.kustomize.fields.paths import split_field_path
from toolkit.kustomize.hints.nearest import did_you_mean, nearest_field

BODY = {
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "app", "image": "nginx"}], "volumes": []},
}


@pytest.mark.parametrize(
    ("path", "hints"),
    [
        ("metadata.nmae", ["did you mean 'name'?"]),
        ("spec.x", ["known there: containers, volumes"]),
        ("spec.containers.3.image", ["write a position from 0 to 0"]),
        ("spec.containers.*.imge", ["did you mean 'image'?"]),
        ("spec.containers.[name=web].image", ["choose one of: app"]),
        ("spec.containers[0].image", ["write a position as containers.0"]),
        ("spec/volumes", ["put dots between fields: spec.volumes"]),
        ("spec.volumes.0", []),
        ("metadata.name", []),
    ],
)
def test_a_path_is_told_what_is_there(path: str, hints: list[str]) -> None:
    assert nearest_field(BODY, split_field_path(path)) == hints


def test_nothing_is_meant_where_nothing_is_near() -> None:
    assert did_you_mean("abc", ["xyz"]) == []
