"""One contract, run over git and HTTP and over the twin in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adapters.loopback import serving
from tests.git_repository import Upstream
from toolkit.adapters.files import MemoryTree
from toolkit.adapters.memory.remote import MemoryRemote
from toolkit.adapters.remote.bases import RemoteBases
from toolkit.errors import BuildError
from toolkit.kustomize.ports import RemoteSource
from toolkit.kustomize.sources.remote_url import RemoteUrl, parse_remote


@dataclass(frozen=True)
class World:
    """A repository with ``main`` (the default), ``dev``, the annotated tag ``v1`` of the first
    commit, and a server with one file.
    """

    source: RemoteSource
    repository: str
    web: str
    first: str
    main: str
    dev: str

    def url(self, ref: str = "") -> RemoteUrl:
        return parse_remote(f"{self.repository}?ref={ref}")


@pytest.fixture(params=["git", "memory"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    upstream = Upstream(tmp_path / "up", {"base/a.yaml": "first"})
    upstream.git("tag", "--annotate", "--message=one", "v1")
    main = upstream.commit({"base/a.yaml": "main"})
    upstream.git("switch", "--quiet", "--create", "dev")
    (upstream.folder / "link").symlink_to("base")
    (upstream.folder / "out").symlink_to("../../etc")
    dev = upstream.commit({"base/a.yaml": "dev"})
    upstream.git("switch", "--quiet", "main")
    refs = {"": main, "main": main, "dev": dev, "v1": upstream.first}
    links = {"link": "base", "out": "../../etc"}
    commits = {
        upstream.first: MemoryTree({"base/a.yaml": "first"}),
        main: MemoryTree({"base/a.yaml": "main"}),
        dev: MemoryTree({"base/a.yaml": "dev"}, links),
    }
    with serving() as server:
        server.kept["a.yaml"] = b"over http"
        web = f"{server.url}/kept/a.yaml"
        source: RemoteSource = MemoryRemote({upstream.url: refs}, commits, {web: b"over http"})
        bases = RemoteBases(tmp_path / "cache", say=lambda _: None)
        if request.param == "git":
            source = bases
        yield World(source, upstream.url, web, upstream.first, main, dev)
        bases.close()


def test_no_ref_is_the_default_branch(world: World) -> None:
    assert world.source.resolve(world.url()) == world.main


def test_a_branch_is_its_newest_commit(world: World) -> None:
    assert world.source.resolve(world.url("dev")) == world.dev


def test_a_tag_is_the_commit_that_it_names(world: World) -> None:
    assert world.source.resolve(world.url("v1")) == world.first


def test_a_commit_is_itself(world: World) -> None:
    assert world.source.resolve(world.url(world.first)) == world.first


@pytest.mark.parametrize("ref", ["nope", "f" * 40])
def test_a_ref_that_is_not_there_is_refused(world: World, ref: str) -> None:
    with pytest.raises(BuildError, match=ref):
        world.source.resolve(world.url(ref))


def test_a_repository_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(BuildError, match="nowhere"):
        world.source.resolve(parse_remote("file:///nowhere/repo"))


@pytest.mark.parametrize(("ref", "content"), [("v1", b"first"), ("", b"main"), ("dev", b"dev")])
def test_a_tree_holds_the_files_of_its_commit(world: World, ref: str, content: bytes) -> None:
    url = world.url(ref)
    tree = world.source.tree(url, world.source.resolve(url))
    assert tree.read("base/a.yaml") == content
    assert tree.names("base") == ("a.yaml",)
    assert tree.is_dir("base")
    assert not tree.is_file("base/b.yaml")


def test_links_lead_where_they_lead_in_the_repository(world: World) -> None:
    url = world.url("dev")
    tree = world.source.tree(url, world.source.resolve(url))
    assert tree.resolve("link/a.yaml") == "base/a.yaml"
    assert tree.resolve("out/passwd") is None


def test_a_commit_is_known_once_it_was_used(world: World) -> None:
    assert not world.source.knows(world.url(world.first))
    world.source.resolve(world.url(world.first))
    assert world.source.knows(world.url(world.first))


def test_a_branch_is_never_known(world: World) -> None:
    world.source.resolve(world.url("dev"))
    assert not world.source.knows(world.url("dev"))


def test_a_file_is_given_by_its_server(world: World) -> None:
    answer = world.source.fetch(world.web)
    assert (answer.status, answer.content) == ("200", b"over http")


def test_a_file_that_is_not_there_has_a_status(world: World) -> None:
    answer = world.source.fetch(world.web.replace("kept/a.yaml", "status/404"))
    assert answer.status.startswith("404")
    assert answer.content is None
