"""Addresses are read as kustomize 5.8.1 reads them: every case of its own table, and more."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.kustomize.sources.remote_url import (
    TIMEOUT_S,
    NotRemoteError,
    RemoteUrl,
    is_full_commit,
    is_web_file,
    parse_remote,
    without_credentials,
    without_secrets,
)

HOSTS = [
    ("gitHub.com/", "https://github.com/"),
    ("github.com:", "https://github.com/"),
    ("http://github.com/", "https://github.com/"),
    ("https://github.com/", "https://github.com/"),
    ("hTTps://github.com/", "https://github.com/"),
    (
        "https://git-codecommit.eu-west-1.amazonaws.com/",
        "https://git-codecommit.eu-west-1.amazonaws.com/",
    ),
    ("https://acme.visualstudio.com/", "https://acme.visualstudio.com/"),
    ("ssh://git.example.com:7999/", "ssh://git.example.com:7999/"),
    ("git::https://gitlab.com/", "https://gitlab.com/"),
    ("GIT::http://git.example.com/", "http://git.example.com/"),
    ("git@github.com:", "git@github.com:"),
    ("git@github.com/", "git@github.com:"),
    ("git::git@github.com:", "git@github.com:"),
    ("acme-7@github.com:", "acme-7@github.com:"),
    ("acme-7@github.com/", "acme-7@github.com:"),
]


@pytest.mark.parametrize(
    ("host", "location", "path", "ref"),
    [
        (*rest,)
        for rest in product(
            HOSTS,
            ["org/repo", "kubernetes/website"],
            ["README.md", "some/base", ""],
            ["group/version", "v0.1.0", ""],
        )
    ],
)
def test_every_host_with_every_path_and_ref(
    host: tuple[str, str], location: str, path: str, ref: str
) -> None:
    written, meant = host
    text = written + location + (f"/{path}" if path else "") + (f"?ref={ref}" if ref else "")
    url = parse_remote(text)
    assert (url.host, url.location, url.path, url.ref) == (meant, location, path, ref)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/srv", "looks like abs path"),
        ("../../srv", "parse scheme"),
        ("src/github.com/org/repo/path", "parse scheme"),
        ("word", "parse scheme"),
        ("htxp://github.com/", "parse scheme"),
        ("ssh://git.example.com", "repo path segment"),
        ("git::___", "parse scheme"),
        ("https://host?ref=group/version", "repo path segment"),
        ("https://github.com/org/repo.git//path/../../exits/repo", "exits repo"),
        ("github.com!org/repo.git//path", "parse scheme"),
        ("gh:org/repo", "parse scheme"),
        ("https://github.com/lonely.yaml", "repo path segment"),
        ("file:////srv//path/to/whatever", "repo path segment"),
        ("git@scp://github.com/org/repo.git//path", "repo path segment"),
        ("git@ssh://github.com/org/repo.git//path", "repo path segment"),
        ("", "parse scheme"),
        ("git://example.com/org/repo", "parse scheme"),
        ("ext::sh -c id", "parse scheme"),
    ],
)
def test_what_is_no_address_of_a_repository(text: str, why: str) -> None:
    with pytest.raises(NotRemoteError, match=why):
        parse_remote(text)


@pytest.mark.parametrize(
    ("text", "repository", "path", "ref"),
    [
        ("https://codecommit.example/o/r/dir", "https://codecommit.example/o/r", "dir", ""),
        ("https://codecommit.example/o/r/dir?ref=b", "https://codecommit.example/o/r", "dir", "b"),
        ("https://a.visualstudio.com/o/r?ref=m", "https://a.visualstudio.com/o/r", "", "m"),
        ("http://github.com/o/r/dir", "https://github.com/o/r", "dir", ""),
        ("git@github.com:o/r/dir", "git@github.com:o/r", "dir", ""),
        ("http://github.com/o/r.git/dir", "https://github.com/o/r.git", "dir", ""),
        ("git@github.com:o/r.git/dir", "git@github.com:o/r.git", "dir", ""),
        ("git@gitlab.example:a/b/c.git?ref=v1", "git@gitlab.example:a/b/c.git", "", "v1"),
        ("git@bitbucket.org:o/r.git//path?ref=b", "git@bitbucket.org:o/r.git", "path", "b"),
        ("git@bitbucket.org/o/r.git//path?ref=b", "git@bitbucket.org/o/r.git", "path", "b"),
        ("ssh://git@bitbucket.org/o/r.git//p?ref=b", "ssh://git@bitbucket.org/o/r.git", "p", "b"),
        ("https://tfs.example/c/p/_git/r", "https://tfs.example/c/p/_git/r", "", ""),
        ("https://tfs.example/c/p/_git/r?version=v1", "https://tfs.example/c/p/_git/r", "", "v1"),
        (
            "https://tfs.example/c/p/_git/r/dir?version=v1",
            "https://tfs.example/c/p/_git/r",
            "dir",
            "v1",
        ),
        ("git::https://tfs.example/c/p/_git/r", "https://tfs.example/c/p/_git/r", "", ""),
        ("https://bb.example/scm/p/r.git", "https://bb.example/scm/p/r.git", "", ""),
        ("ssh://codecommit.example/o/r/dir", "ssh://codecommit.example/o/r", "dir", ""),
        ("git@github.com/o/r/dir", "git@github.com:o/r", "dir", ""),
        ("https://github.com/o/r//a/b/?ref=v1", "https://github.com/o/r", "a/b/", "v1"),
        ("file://a/b/r.git/dir?ref=b", "file://a/b/r.git", "dir", "b"),
        ("file://a/b/r//dir?ref=b", "file://a/b/r", "dir", "b"),
        ("file://a/b/r?ref=b", "file://a/b/r", "", "b"),
        ("file:///a/b/r?ref=b", "file:///a/b/r", "", "b"),
        ("ssh://git@github.com/o/r//a/b?ref=v1", "git@github.com:o/r", "a/b", "v1"),
        ("file:///a/b/r", "file:///a/b/r", "", ""),
        ("file:///", "file:///", "", ""),
        ("https://example.org/path/to/r//a/b", "https://example.org/path/to/r", "a/b", ""),
        ("https://example.org/path/to/r.git/a/b", "https://example.org/path/to/r.git", "a/b", ""),
        ("ssh://al@example.com/path/to/r//a", "ssh://al@example.com/path/to/r", "a", ""),
        ("https://host/o/r?ref=group/version", "https://host/o/r", "", "group/version"),
        ("https://host/o/r/?ref=has_git/in", "https://host/o/r", "", "has_git/in"),
        ("https://host/o/r/?ref=has.git/in", "https://host/o/r", "", "has.git/in"),
        ("https://host/o/r/%-odd/url", "https://host/o/r", "%-odd/url", ""),
        ("ssh://me@bitbucket.org/o/r.git//p?ref=b", "ssh://me@bitbucket.org/o/r.git", "p", "b"),
        ("file://git@home/p/r.git//dir?ref=b", "file://git@home/p/r.git", "dir", "b"),
        ("http://git@home.example/p/r.git//d", "http://git@home.example/p/r.git", "d", ""),
        ("https://git@home.example/p/r.git//d", "https://git@home.example/p/r.git", "d", ""),
        ("ssh://git@ssh.github.com:443/A/B.git", "ssh://git@ssh.github.com:443/A/B.git", "", ""),
        ("git@gitlab.com/a:b/R.git/path", "git@gitlab.com/a:b/R.git", "path", ""),
        ("git@gitlab.com:tests/sample.git", "git@gitlab.com:tests/sample.git", "", ""),
        ("git@gitlab.com:tests/sample", "git@gitlab.com:tests/sample", "", ""),
        (
            "https://me@dev.azure.com/o/p/_git/r//a/b",
            "https://me@dev.azure.com/o/p/_git/r",
            "a/b",
            "",
        ),
        (
            "https://o.visualstudio.com/p/_git/r/a/b",
            "https://o.visualstudio.com/p/_git/r",
            "a/b",
            "",
        ),
        ("ssh://acme-7@github.com/o/r", "acme-7@github.com:o/r", "", ""),
        ("acme-7@github.com/o/r", "acme-7@github.com:o/r", "", ""),
        ("git@gist.github.com:bc79.git", "git@gist.github.com:bc79.git", "", ""),
        ("https://gist.github.com/bc79.git", "https://gist.github.com/bc79.git", "", ""),
    ],
)
def test_the_parts_of_an_address(text: str, repository: str, path: str, ref: str) -> None:
    url = parse_remote(text)
    assert (url.repository, url.path, url.ref) == (repository, path, ref)


@pytest.mark.parametrize(
    ("query", "ref", "submodules", "timeout_s"),
    [
        ("", "", True, TIMEOUT_S),
        ("ref=v1.0.0", "v1.0.0", True, TIMEOUT_S),
        ("ref=kustomize/v4.5.7", "kustomize/v4.5.7", True, TIMEOUT_S),
        ("version=main", "main", True, TIMEOUT_S),
        ("version=main&ref=v1", "v1", True, TIMEOUT_S),
        ("version=main&ref=", "main", True, TIMEOUT_S),
        ("ref=a&ref=b", "a", True, TIMEOUT_S),
        ("ref=a%2Fb+c", "a/b c", True, TIMEOUT_S),
        ("ref=a%zz", "", True, TIMEOUT_S),
        ("ref=a;b", "", True, TIMEOUT_S),
        ("submodules=", "", True, TIMEOUT_S),
        ("submodules=maybe", "", True, TIMEOUT_S),
        ("submodules=true", "", True, TIMEOUT_S),
        ("submodules=false", "", False, TIMEOUT_S),
        ("submodules=F", "", False, TIMEOUT_S),
        ("submodules=0", "", False, TIMEOUT_S),
        ("timeout=", "", True, TIMEOUT_S),
        ("timeout=jiffy", "", True, TIMEOUT_S),
        ("timeout=0", "", True, TIMEOUT_S),
        ("timeout=0s", "", True, TIMEOUT_S),
        ("timeout=-5", "", True, TIMEOUT_S),
        ("timeout=61", "", True, 61),
        ("timeout=1m1s", "", True, 61),
        ("timeout=1.5h", "", True, 5400),
        ("timeout=250ms", "", True, 0.25),
        ("version=main&submodules=false&timeout=1m1s", "main", False, 61),
    ],
)
def test_the_parameters_of_an_address(
    query: str, ref: str, *, submodules: bool, timeout_s: float
) -> None:
    url = parse_remote(f"https://host/org/repo?{query}")
    assert (url.ref, url.submodules, url.timeout_s) == (ref, submodules, timeout_s)


@pytest.mark.parametrize(
    ("path", "folder"), [("", ""), (".", ""), ("a/b/", "a/b"), ("a/../b", "b"), ("./a//b", "a/b")]
)
def test_the_folder_of_an_address_is_normalised(path: str, folder: str) -> None:
    assert RemoteUrl("raw", "https://h/", "o/r", path).folder == folder


@pytest.mark.parametrize(
    ("name", "is_file"),
    [
        ("https://example.com/a.yaml", True),
        ("HTTP://example.com/a.yaml", True),
        ("https://example.com/a.yaml?ref=main", True),
        ("https://example.com/%zz", False),
        ("https://example.com/a b", False),
        ("ftp://example.com/a.yaml", False),
        ("github.com/org/repo", False),
        ("git::https://example.com/a/b", False),
    ],
)
def test_what_may_be_read_over_http(name: str, *, is_file: bool) -> None:
    assert is_web_file(name) is is_file


@pytest.mark.parametrize(
    ("text", "is_sure"),
    [
        ("https://h/o/r.git//base", True),
        ("https://h/o/_git/r/base", True),
        ("https://github.com/o/r?ref=v1", True),
        ("https://github.com/o/r/releases/download/v1/install.yaml", False),
        ("https://raw.example.com/o/r/main/a.yaml", False),
    ],
)
def test_some_addresses_cannot_be_files(text: str, *, is_sure: bool) -> None:
    assert parse_remote(text).is_surely_repository is is_sure


@pytest.mark.parametrize(
    ("ref", "is_whole"), [("a" * 40, True), ("0" * 64, True), ("a" * 39, False), ("A" * 40, False)]
)
def test_whole_commits_are_known(ref: str, *, is_whole: bool) -> None:
    assert is_full_commit(ref) is is_whole


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("git::https://ada:hunter2@h/o/r", "git::https://h/o/r"),
        ("ada:hunter2@h:o/r", "ada@h:o/r"),
        ("https://h/a.yaml?token=hunter2&x=1", "https://h/a.yaml?token=***&x=1"),
        ("https://h/a.yaml?X-Amz-Signature=hunter2", "https://h/a.yaml?X-Amz-Signature=***"),
        ("file:///srv/a@b.git", "file:///srv/a@b.git"),
        ("http://[broken:hunter2@h/o", "http://h/o"),
    ],
)
def test_credentials_are_not_shown(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_a_line_of_a_file_is_shown_without_secrets() -> None:
    line = "- https://ada:hunter2@h/o/r?ref=v1&private_token=hunter2  # ssh://git:hunter2@h/x"
    assert without_secrets(line) == "- https://h/o/r?ref=v1&private_token=***  # ssh://git@h/x"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        url = parse_remote(text)
    except NotRemoteError:
        return
    assert url.location
    assert not url.folder.startswith("..")
