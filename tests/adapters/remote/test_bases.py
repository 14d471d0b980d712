"""What is fetched, what is kept, and what is refused."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.adapters.loopback import serving
from tests.git_repository import Upstream
from tests.git_server import serving_git
from toolkit.adapters.git import mirror as git_mirror
from toolkit.adapters.git.checkout import MOST_FILE_BYTES, resolve_relative
from toolkit.adapters.remote import web_file
from toolkit.adapters.remote.bases import RemoteBases
from toolkit.adapters.remote.cache import CachedFiles, CachedMirrors
from toolkit.errors import BuildError
from toolkit.kustomize.sources.remote_url import RemoteUrl, parse_remote

Open = Callable[..., RemoteBases]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def opened(cache: Path, said: list[str]) -> Iterator[Open]:
    sources: list[RemoteBases] = []

    def make(*, is_offline: bool = False) -> RemoteBases:
        sources.append(RemoteBases(cache, say=said.append, is_offline=is_offline))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "up", {"a.yaml": "first"})


def at(upstream: Upstream, ref: str = "", **parameters: str) -> RemoteUrl:
    more = "".join(f"&{name}={value}" for name, value in parameters.items())
    return parse_remote(f"{upstream.url}?ref={ref}{more}")


def content(source: RemoteBases, url: RemoteUrl, path: str = "a.yaml") -> bytes:
    return source.tree(url, source.resolve(url)).read(path)


def test_a_branch_that_moved_is_seen_by_the_next_source(upstream: Upstream, opened: Open) -> None:
    source = opened()
    assert content(source, at(upstream, "main")) == b"first"
    upstream.commit({"a.yaml": "second"})
    assert content(source, at(upstream, "main")) == b"first"
    assert content(opened(), at(upstream, "main")) == b"second"


def test_what_another_asked_since_we_began_is_taken(upstream: Upstream, opened: Open) -> None:
    early = opened()
    content(opened(), at(upstream, "main"))
    upstream.commit({"a.yaml": "second"})
    assert content(early, at(upstream, "main")) == b"first"


def test_a_tag_that_moved_is_followed(upstream: Upstream, opened: Open) -> None:
    upstream.git("tag", "v1")
    content(opened(), at(upstream, "v1"))
    upstream.commit({"a.yaml": "second"})
    upstream.git("tag", "--force", "v1")
    assert content(opened(), at(upstream, "v1")) == b"second"


def test_a_tag_comes_before_a_branch_of_its_name(upstream: Upstream, opened: Open) -> None:
    upstream.git("tag", "same")
    upstream.git("switch", "--quiet", "--create", "same")
    upstream.commit({"a.yaml": "branch"})
    assert content(opened(), at(upstream, "same")) == b"first"


def test_a_full_commit_is_not_fetched_again(upstream: Upstream, opened: Open) -> None:
    assert content(opened(), at(upstream, upstream.first)) == b"first"
    shutil.rmtree(upstream.folder)
    assert content(opened(), at(upstream, upstream.first)) == b"first"


def test_offline_the_last_commit_is_used_and_said(
    upstream: Upstream, opened: Open, said: list[str]
) -> None:
    content(opened(), at(upstream, "main"))
    upstream.commit({"a.yaml": "second"})
    assert content(opened(is_offline=True), at(upstream, "main")) == b"first"
    [line] = said
    assert line.startswith(f"offline: {upstream.url}: main is commit {upstream.first}, asked at 2")


def test_offline_what_was_never_fetched_is_refused(upstream: Upstream, opened: Open) -> None:
    with pytest.raises(BuildError, match="was never fetched") as caught:
        opened(is_offline=True).resolve(at(upstream, "main"))
    assert "with the network" in caught.value.hints[0]


def test_without_a_network_an_old_commit_is_offered_and_not_taken(
    upstream: Upstream, opened: Open
) -> None:
    content(opened(), at(upstream, "main"))
    shutil.rmtree(upstream.folder)
    with pytest.raises(BuildError, match="main cannot be fetched: fatal: ") as caught:
        opened().resolve(at(upstream, "main"))
    assert f"--offline, or GITOPS_OFFLINE=1: commit {upstream.first}" in caught.value.hints[-1]


def test_a_short_commit_is_refused_with_a_hint(upstream: Upstream, opened: Open) -> None:
    with pytest.raises(BuildError) as caught:
        opened().resolve(at(upstream, upstream.first[:8]))
    assert caught.value.hints[0] == "a commit must be given by its whole id"


@pytest.mark.parametrize(
    "ref", ["-u", "--upload-pack=id", "main:refs/heads/x", "%2Bmain", "^main", "refs/*", "a..b"]
)
def test_what_git_would_take_for_more_than_a_ref_is_refused(
    upstream: Upstream, opened: Open, ref: str
) -> None:
    with pytest.raises(BuildError, match="is no name of a branch"):
        opened().resolve(at(upstream, ref))


@pytest.mark.parametrize("repository", ["-oProxyCommand=id:x", "ext::sh -c id", "fd::7"])
def test_what_git_would_take_for_more_than_an_address_is_refused(
    opened: Open, repository: str
) -> None:
    with pytest.raises(BuildError, match="no address that is safe"):
        opened().resolve(RemoteUrl(repository, "", repository))


def test_the_cache_is_private_and_knows_no_passwords(cache: Path, opened: Open) -> None:
    with pytest.raises(BuildError) as caught:
        opened().resolve(parse_remote("http://ada:hunter2@127.0.0.1:9/org/repo?ref=main"))
    error = caught.value
    assert error.message.startswith("http://127.0.0.1:9/org/repo: main cannot be fetched: ")
    assert "hunter2" not in f"{error.message} {error.hints} {error.__cause__}"
    assert stat.S_IMODE((cache / "git").stat().st_mode) == 0o700
    for path in cache.rglob("*"):
        assert "hunter2" not in path.name
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


def test_a_cache_that_others_can_read_is_refused(cache: Path, opened: Open) -> None:
    (cache / "git").mkdir(parents=True)
    (cache / "git").chmod(0o755)
    with pytest.raises(BuildError, match="not a folder that is yours alone"):
        opened().resolve(parse_remote("file:///nowhere"))


def test_a_temporary_cache_goes_with_its_source(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with RemoteBases(None, say=print) as source:
        tree = source.tree(at(upstream), source.resolve(at(upstream)))
        assert tree.read("a.yaml") == b"first"
    assert list((tmp_path / "temporary").iterdir()) == []
    assert tree.read("a.yaml") == b"first"


def test_hooks_of_templates_are_not_run(
    upstream: Upstream, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "template/hooks/reference-transaction"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(
        f"[init]\ntemplateDir = {tmp_path}/template\n[core]\nhooksPath = {hook.parent}\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    content(opened(), at(upstream))
    assert not (tmp_path / "ran").exists()


def test_who_does_not_answer_in_time_is_given_up(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pose_as_ssh(tmp_path, monkeypatch, "exec sleep 600")
    with pytest.raises(BuildError, match=r"no answer within 0\.5 s") as caught:
        opened().resolve(parse_remote("ssh://git@host.invalid/org/repo?ref=v1&timeout=500ms"))
    assert "more time: timeout=120 in the address" in caught.value.hints
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 30
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(pid)


def test_who_sends_too_much_is_given_up(
    opened: Open, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_mirror, "MOST_BYTES", 1 << 20)
    fill = f"for d in {cache}/git/*/repo.git; do head -c 3000000 /dev/zero > $d/objects/x; done"
    _pose_as_ssh(tmp_path, monkeypatch, f"{fill}; exec sleep 600")
    with pytest.raises(BuildError, match="larger than 1 MiB"):
        opened().resolve(parse_remote("ssh://git@host.invalid/org/repo?ref=v1"))


def test_who_wants_a_login_gets_none(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pose_as_ssh(tmp_path, monkeypatch, "echo 'git: Permission denied (publickey).' >&2; exit 255")
    with pytest.raises(BuildError, match=r"Permission denied.*Could not read from") as caught:
        opened().resolve(parse_remote("git@host.invalid:org/repo?ref=v1"))
    assert "without asking" in caught.value.hints[0]


def test_a_server_that_gives_no_single_commit_is_asked_for_all(
    upstream: Upstream, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.commit({"a.yaml": "second"})
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.version")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "0")
    assert content(opened(), at(upstream, upstream.first)) == b"first"


@pytest.mark.parametrize("ref", ["", "main", "v1"])
def test_a_server_of_plain_files_is_enough(
    upstream: Upstream, opened: Open, tmp_path: Path, ref: str
) -> None:
    upstream.git("tag", "--annotate", "--message=one", "v1")
    upstream.git("clone", "--quiet", "--bare", ".", str(tmp_path / "www/org/repo.git"))
    subprocess.run(["git", "update-server-info"], cwd=tmp_path / "www/org/repo.git", check=True)
    handler = partial(_QuietFiles, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/org/repo.git?ref={ref}"
        assert content(opened(), parse_remote(url)) == b"first"
        server.shutdown()


def test_a_login_in_the_address_lets_in_and_stays_there(
    upstream: Upstream, opened: Open, cache: Path, tmp_path: Path
) -> None:
    with serving_git(tmp_path, login="ada:hunter2") as url:
        with_login = url.replace("http://", "http://ada:hunter2@")
        address = parse_remote(f"{with_login}/up/.git?ref=main")
        source = opened()
        assert content(source, address) == b"first"
        with pytest.raises(BuildError, match="cannot be fetched") as caught:
            opened().resolve(parse_remote(f"{url}/up/.git?ref=main"))
    assert "without asking" in caught.value.hints[0]
    for path in cache.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()
    assert source.resolve(address) == upstream.first


def test_many_at_once_find_the_same(upstream: Upstream, cache: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from toolkit.adapters.remote.bases import RemoteBases\n"
        "from toolkit.kustomize.sources.remote_url import parse_remote\n"
        "url = parse_remote(sys.argv[1])\n"
        "with RemoteBases(Path(sys.argv[2]), say=print) as source:\n"
        "    print(source.tree(url, source.resolve(url)).read('a.yaml').decode())\n"
    )
    command = [sys.executable, "-c", program, f"{upstream.url}?ref=main", str(cache)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [each.communicate() for each in started] == [("first\n", "")] * 4


def test_old_commits_go_and_those_in_use_stay(
    upstream: Upstream, opened: Open, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setattr(git_mirror, "_MOST_PACKS", 2)
    for number in range(5):
        upstream.commit({f"{number}.yaml": str(number), "a.yaml": str(number)})
        source = opened()
        assert content(source, at(upstream, "main")) == str(number).encode()
        source.close()
    [packs] = cache.glob("git/*/repo.git/objects/pack")
    assert len(list(packs.glob("*.pack"))) <= 2
    assert content(opened(is_offline=True), at(upstream, "main")) == b"4"


def test_a_large_file_is_refused(upstream: Upstream, opened: Open) -> None:
    upstream.commit({"large": "x" * (MOST_FILE_BYTES + 1)})
    source = opened()
    assert content(source, at(upstream)) == b"first"
    with pytest.raises(BuildError, match="larger than 16 MiB"):
        content(source, at(upstream), "large")


# Submodules


def add_submodule(upstream: Upstream, path: str, url: str, inner: Upstream) -> None:
    settings = upstream.folder / ".gitmodules"
    before = settings.read_text() if settings.exists() else ""
    upstream.git("update-index", "--add", "--cacheinfo", f"160000,{inner.first},{path}")
    settings.write_text(f'{before}[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
    (upstream.folder / path).mkdir(parents=True)
    upstream.git("add", ".gitmodules")
    upstream.git("commit", "--quiet", "--message=submodule")


@pytest.fixture
def inner(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "inner", {"b/b.yaml": "inner"})


def test_a_submodule_is_a_folder(upstream: Upstream, inner: Upstream, opened: Open) -> None:
    add_submodule(upstream, "sub", "../inner", inner)
    source = opened()
    assert content(source, at(upstream), "sub/b/b.yaml") == b"inner"
    assert source.tree(at(upstream), source.resolve(at(upstream))).names("sub") == ("b",)


def test_submodules_may_have_their_own(
    upstream: Upstream, inner: Upstream, opened: Open, tmp_path: Path
) -> None:
    middle = Upstream(tmp_path / "middle", {"m.yaml": "middle"})
    add_submodule(middle, "deep", "../inner", inner)
    middle.first = middle.git("rev-parse", "HEAD")
    add_submodule(upstream, "sub", "../middle", middle)
    assert content(opened(), at(upstream), "sub/deep/b/b.yaml") == b"inner"


def test_submodules_false_leaves_them_empty(
    upstream: Upstream, inner: Upstream, opened: Open
) -> None:
    add_submodule(upstream, "sub", "../nowhere", inner)
    url = at(upstream, submodules="false")
    source = opened()
    assert source.tree(url, source.resolve(url)).names("sub") == ()


def test_a_submodule_of_a_kept_commit_needs_no_network(
    upstream: Upstream, inner: Upstream, opened: Open
) -> None:
    add_submodule(upstream, "sub", "../inner", inner)
    content(opened(), at(upstream), "sub/b/b.yaml")
    shutil.rmtree(inner.folder)
    shutil.rmtree(upstream.folder)
    assert content(opened(is_offline=True), at(upstream), "sub/b/b.yaml") == b"inner"


@pytest.mark.parametrize(
    "url", ["file:///etc", "/etc", "ext::sh -c id", "-u", "fd::7", "https://-x/y", "inner"]
)
def test_a_submodule_names_nothing_of_this_machine(
    upstream: Upstream, inner: Upstream, opened: Open, url: str
) -> None:
    add_submodule(upstream, "sub", url, inner)
    source = opened()
    commit = source.resolve(at(upstream))
    with pytest.raises(BuildError, match="submodule sub cannot be fetched") as caught:
        source.tree(at(upstream), commit)
    assert caught.value.hints == ("submodules=false in the address builds without them",)


@pytest.mark.parametrize(
    ("base", "text", "url"),
    [
        ("https://h/o/r", "../s", "https://h/o/s"),
        ("https://h/o/r/", "./s", "https://h/o/r/s"),
        ("https://h/o/r", "../../p/s.git", "https://h/p/s.git"),
        ("git@h:o/r", "../s", "git@h:o/s"),
        ("git@h:r", "../s", "git@h:s"),
        ("file:///a/r", "../s", "file:///a/s"),
    ],
)
def test_relative_addresses_are_those_of_git(base: str, text: str, url: str) -> None:
    assert resolve_relative(base, text) == url


# Files over HTTP


def test_a_password_is_sent_to_its_host(opened: Open) -> None:
    with serving() as server:
        url = server.url.replace("http://", "http://ada:hunter2@")
        assert opened().fetch(f"{url}/hello").content == b"Basic YWRhOmh1bnRlcjI="
        assert opened().fetch(f"{url}/to/302/hello").content == b"Basic YWRhOmh1bnRlcjI="


def test_a_password_is_not_sent_to_another_host(opened: Open) -> None:
    with serving() as other, _redirecting_to(f"{other.url}/hello") as port:
        answer = opened().fetch(f"http://ada:hunter2@127.0.0.1:{port}/a")
        assert answer.content == b""


def test_a_redirect_to_a_file_of_this_machine_is_not_followed(opened: Open) -> None:
    with _redirecting_to("file:///etc/passwd") as port:
        assert opened().fetch(f"http://127.0.0.1:{port}/a").content is None


def test_a_redirect_away_from_http_is_refused(opened: Open) -> None:
    with (
        _redirecting_to("ftp://127.0.0.1:9/a") as port,
        pytest.raises(BuildError, match="redirects to ftp:"),
    ):
        opened().fetch(f"http://127.0.0.1:{port}/a")


def test_redirects_are_followed(opened: Open) -> None:
    with serving() as server:
        server.kept["a"] = b"there"
        assert opened().fetch(f"{server.url}/to/302/kept/a").content == b"there"


def test_a_file_that_is_too_large_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_file, "MOST_BYTES", 1 << 20)
    with serving() as server, pytest.raises(BuildError, match="larger than 1 MiB"):
        opened().fetch(f"{server.url}/large")


def test_nobody_there_is_told_without_the_password(opened: Open) -> None:
    with pytest.raises(BuildError, match=r"http://127.0.0.1:9/a\.yaml: ") as caught:
        opened().fetch("http://ada:hunter2@127.0.0.1:9/a.yaml")
    assert "hunter2" not in str(caught.value)


def test_offline_the_last_content_is_used_and_said(opened: Open, said: list[str]) -> None:
    with serving() as server:
        server.kept["a"] = b"there"
        url = f"{server.url}/kept/a"
        opened().fetch(url)
    with pytest.raises(BuildError) as caught:
        opened().fetch(url)
    assert caught.value.hints[-1] == "--offline, or GITOPS_OFFLINE=1: what it gave last"
    assert opened(is_offline=True).fetch(url).content == b"there"
    assert said[0].startswith(f"offline: {url} is as it was at 2")


# The cache's bounds


def test_copies_in_use_are_held_and_others_can_go(
    upstream: Upstream, opened: Open, cache: Path
) -> None:
    shelf = CachedMirrors(cache)
    source = opened()
    content(source, at(upstream))
    [item] = shelf.items()
    assert item.is_held
    shelf.remove(item)
    assert Path(item.key).is_dir()
    source.close()
    [item] = shelf.items()
    assert (item.is_held, item.size_bytes > 0) == (False, True)
    shelf.remove(item)
    shelf.remove(item)
    assert list(shelf.items()) == []
    assert content(opened(), at(upstream)) == b"first"


def test_files_are_bounded_too(opened: Open, cache: Path) -> None:
    with serving() as server:
        server.kept["a"] = b"12345"
        opened().fetch(f"{server.url}/kept/a")
    shelf = CachedFiles(cache)
    [item] = shelf.items()
    assert item.size_bytes == 5
    shelf.remove(item)
    assert list(shelf.items()) == []


@contextmanager
def _redirecting_to(target: str) -> Iterator[int]:
    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _pose_as_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\necho $$ > {folder}/pid\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(program))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")


def _lives(pid: int) -> bool:
    """Our killed grandchild may stand in the table for a moment: it was not ours to wait for."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
