"""Paths as the user would type them."""

from __future__ import annotations

import pytest

from toolkit.kustomize.sources.session import is_remote, relative


@pytest.mark.parametrize(
    ("path", "base", "shown"),
    [
        ("a/b", "", "a/b"),
        ("a/b", "a", "b"),
        ("a/b", "a/b", "."),
        ("a/b", "a/c", "../b"),
        ("", "a", ".."),
        ("a", "..", "a"),
    ],
)
def test_paths_are_shown_from_where_the_user_is(path: str, base: str, shown: str) -> None:
    assert relative(path, base) == shown


@pytest.mark.parametrize(
    "name",
    [
        "https://x/y",
        "git@host:a/b.git",
        "ssh://git@x/y/z",
        "github.com/a/b",
        "GitHub.com:a/b",
        "file:///x",
        "git::https://x/y/z",
        "https://x/y.yaml",
    ],
)
def test_remote_bases_are_told_from_folders(name: str) -> None:
    assert is_remote(name)


@pytest.mark.parametrize(
    "name", ["../base", "a.yaml", "github", "http", "../a.git", "ssh://git@x/y", "gh:a/b", "a@b"]
)
def test_folders_are_told_from_remote_bases(name: str) -> None:
    assert not is_remote(name)
