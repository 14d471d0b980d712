"""git through GitPython: the repository that people edit, and the one that is deployed from.

Repositories, commits, logs and configuration go through GitPython's objects. A deploy commit is
written by ``git fast-import`` through its command layer: ten thousand files take a second where
``index.add`` takes forty.
"""

from __future__ import annotations

import re
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path
from typing import Any, Self

from toolkit.adapters.git.gitpython import (
    GitCommandError,
    InvalidGitRepositoryError,
    NoSuchPathError,
    git,
)
from toolkit.adapters.git.tree import GitTree, parse_ls_tree
from toolkit.errors import GitError, PushRejectedError
from toolkit.kustomize.sources.remote_url import without_credentials
from toolkit.publish.ports import Commit, DeployCommit
from toolkit.publish.provenance import one_line

_COMMITTER = "gitops <gitops@toolkit.invalid>"
_NETWORK_TIMEOUT_S = 120
_SHA_PREFIX = re.compile(r"[0-9a-f]{4,64}\Z")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._%/-]+\Z")
_IDENTITY = re.compile(r"\s*([^<>]*?)\s*<([^<>]*)>\s*\Z")
_RACED = re.compile(
    r"non-fast-forward|fetch first|stale info|cannot lock ref|failed to update ref|"
    r"incorrect old value|reference already exists|failed to lock"
)


class GitSource:
    """GitRepository over the checkout that holds ``root`` (the workspace may be a folder in it)."""

    def __init__(self, root: Path) -> None:
        try:
            self._repo = git.Repo(root, search_parent_directories=True)
        except (InvalidGitRepositoryError, NoSuchPathError) as error:
            raise GitError(
                f"{root} is in no git repository",
                hints=["make it one: git init, then commit its files"],
            ) from error
        self._root = root.resolve()
        work_tree = Path(self._repo.working_tree_dir or self._root).resolve()
        self._prefix = self._root.relative_to(work_tree).as_posix()
        _isolate(self._repo)
        self._repo.git.update_environment(GIT_WORK_TREE=str(work_tree))
        self._lock = threading.Lock()

    def commit(self, revision: str = "HEAD") -> Commit:
        with self._lock, _git_errors(f"no commit {revision!r}"):
            sha = _verified(self._repo, revision)
            return _commit(self._repo, sha)

    def dirty_paths(self) -> tuple[str, ...]:
        with self._lock, _git_errors("the state of the work tree cannot be read"):
            output = self._repo.git.status(
                "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", self._root
            )
        return tuple(sorted(line[3:] for line in output.split("\0") if line))

    def origin(self) -> str:
        for remote in self._repo.remotes:
            if remote.name == "origin":
                return without_credentials(next(iter(remote.urls), ""))
        return str(self._root)

    def tree(self, commit: str) -> GitTree:
        with self._lock, _git_errors(f"the files of {commit!r} cannot be listed"):
            treeish = f"{_verified(self._repo, commit)}:{self.prefix}"
            output = self._repo.git.ls_tree("-r", "-z", "--full-tree", treeish)
        return GitTree(parse_ls_tree(output), self._blob)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        with self._lock:
            return _is_ancestor(self._repo, ancestor, descendant)

    def close(self) -> None:
        self._repo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def prefix(self) -> str:
        """The workspace's folder from the top of the checkout, "" where it is that."""
        return "" if self._prefix == "." else self._prefix

    def _blob(self, blob: str) -> bytes:
        with self._lock, _git_errors(f"blob {blob} cannot be read"):
            return _blob(self._repo, blob)


class GitDeploy:
    """DeployRepository at ``url``, through a private bare mirror at ``mirror``."""

    def __init__(self, url: str, mirror: Path) -> None:
        if url.startswith("-") or "::" in url.split("/", 1)[0]:
            raise GitError(f"{without_credentials(url)!r} is no git URL that is supported here")
        self._url = url
        self._shown_url = without_credentials(url)
        self._repo = _bare(mirror)
        self._lock = threading.RLock()

    def tip(self, branch: str) -> str:
        with self._lock, self._errors("cannot be reached"):
            output = self._repo.git.ls_remote(
                "--end-of-options", self._url, _ref(branch), kill_after_timeout=_NETWORK_TIMEOUT_S
            )
            sha = str(output).split("\t", 1)[0]
            if sha and not _has(self._repo, sha):
                self._fetch(branch, sha)
            return sha

    def commit(self, sha: str) -> Commit:
        with self._lock, self._errors(f"has no commit {sha}"):
            return _commit(self._repo, sha)

    def files(self, commit: str) -> Mapping[str, str]:
        with self._lock, self._errors(f"cannot list {commit}"):
            output = self._repo.git.ls_tree("-r", "-z", "--full-tree", commit)
        return {entry.path: entry.blob for entry in parse_ls_tree(output)}

    def read(self, blobs: Iterable[str]) -> Mapping[str, bytes]:
        with self._lock, self._errors("cannot read a file"):
            return {blob: _blob(self._repo, blob) for blob in blobs}

    def push(self, commit: DeployCommit) -> str:
        with self._lock:
            pending = f"refs/gitops/pending/{uuid.uuid4().hex}"
            try:
                sha = self._import(commit, pending)
                self._push(commit, sha)
                self._keep(commit.branch, sha)
            finally:
                self._repo.git.update_ref("-d", pending)
            return sha

    def log(self, branch: str, *, limit: int) -> tuple[Commit, ...]:
        tip = self.tip(branch)
        if not tip:
            return ()
        with self._lock, self._errors(f"has no readable log of {branch}"):
            shas = self._repo.git.rev_list("--first-parent", f"--max-count={limit}", tip).split()
            return tuple(_commit(self._repo, sha) for sha in shas)

    def resolve(self, branch: str, revision: str) -> str:
        tip = self.tip(branch)
        with self._lock, self._errors(f"has no commit {revision!r} in {branch}"):
            sha = _verified(self._repo, revision) if _SHA_PREFIX.match(revision) else ""
        if not sha or not tip or not self.is_ancestor(sha, tip):
            raise GitError(
                f"{revision!r} is no commit of {branch} in {self._shown_url}",
                hints=["the revisions: gitops history ENV"],
            )
        return sha

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        with self._lock:
            return _is_ancestor(self._repo, ancestor, descendant)

    def close(self) -> None:
        self._repo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fetch(self, branch: str, sha: str) -> None:
        """Another process that shares the mirror may fetch the same, and hold the ref's lock."""
        try:
            self._repo.git.fetch(
                "--quiet",
                "--no-tags",
                "--end-of-options",
                self._url,
                f"+{_ref(branch)}:{_kept_ref(branch)}",
                kill_after_timeout=_NETWORK_TIMEOUT_S,
            )
        except GitCommandError:
            if not _has(self._repo, sha):
                raise

    def _keep(self, branch: str, sha: str) -> None:
        """Where another process holds the ref's lock it is keeping a later commit."""
        with suppress(GitCommandError):
            self._repo.git.update_ref(_kept_ref(branch), sha)

    def _import(self, commit: DeployCommit, pending: str) -> str:
        with tempfile.TemporaryFile() as stream, self._errors("cannot take a commit"):
            for part in _fast_import_stream(commit, pending):
                stream.write(part)
            stream.seek(0)
            output = self._repo.git.fast_import("--quiet", "--done", istream=stream)
        return str(output).strip()

    def _push(self, commit: DeployCommit, sha: str) -> None:
        ref = _ref(commit.branch)
        try:
            self._repo.git.push(
                "--porcelain",
                "--quiet",
                f"--force-with-lease={ref}:{commit.parent}",
                "--end-of-options",
                self._url,
                f"{sha}:{ref}",
                kill_after_timeout=_NETWORK_TIMEOUT_S,
            )
        except GitCommandError as error:
            said = _said(error)
            if _RACED.search(said) or self.tip(commit.branch) != commit.parent:
                raise PushRejectedError(
                    f"{commit.branch} in {self._shown_url} moved on meanwhile"
                ) from error
            raise GitError(
                f"{self._shown_url} does not take {commit.branch}: {self._without_url(said)}",
                hints=["check the address, your access, and the branch's protection"],
            ) from error

    def _errors(self, what: str) -> Any:
        return _git_errors(f"the deploy repository {self._shown_url} {what}", hide=self._url)

    def _without_url(self, text: str) -> str:
        return text.replace(self._url, self._shown_url)


def ensure_bare(path: Path) -> None:
    """An empty bare repository at ``path``, private to the user, made where there is none."""
    _bare(path).close()


def _bare(path: Path) -> git.Repo:
    with _git_errors(f"{path} cannot be made a bare repository"):
        if not (path / "HEAD").exists():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = git.Repo.init(path, bare=True, initial_branch="main")
            with made.config_writer() as config:  # no git process outlives the call that began it
                config.set_value("gc", "autoDetach", "false")
            made.close()
        repo = git.Repo(path)
    _isolate(repo)
    return repo


def _isolate(repo: git.Repo) -> None:
    """Our git asks nobody anything, speaks English, and is not led astray by a hook's variables."""
    repo.git.update_environment(
        GIT_DIR=str(repo.git_dir),
        GIT_TERMINAL_PROMPT="0",
        GIT_ALLOW_PROTOCOL="file:git:http:https:ssh",
        LC_ALL="C",
    )


def _ref(branch: str) -> str:
    return f"refs/heads/{branch}"


def _kept_ref(branch: str) -> str:
    """What keeps a branch's commits in the mirror from being collected."""
    return f"refs/remotes/deploy/{branch}"


def _verified(repo: git.Repo, revision: str) -> str:
    return str(
        repo.git.rev_parse("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    ).splitlines()[-1]


def _has(repo: git.Repo, sha: str) -> bool:
    try:
        repo.git.cat_file("-e", f"{sha}^{{commit}}")
    except GitCommandError:
        return False
    return True


def _is_ancestor(repo: git.Repo, ancestor: str, descendant: str) -> bool:
    if not ancestor or not descendant:
        return False
    try:
        repo.git.merge_base("--is-ancestor", ancestor, descendant)
    except GitCommandError:
        return False
    return True


def _commit(repo: git.Repo, sha: str) -> Commit:
    commit = repo.commit(sha)
    message = commit.message
    return Commit(
        sha=commit.hexsha,
        parents=tuple(parent.hexsha for parent in commit.parents),
        author=f"{commit.author.name} <{commit.author.email}>",
        committed_at=commit.committed_datetime.astimezone(UTC),
        message=message.decode(errors="replace") if isinstance(message, bytes) else message,
    )


def _blob(repo: git.Repo, blob: str) -> bytes:
    _, _, _, content = repo.git.get_object_data(blob)
    return bytes(content)


def _fast_import_stream(commit: DeployCommit, pending: str) -> Iterator[bytes]:
    seconds = int(commit.at.timestamp())
    yield f"commit {pending}\nmark :1\n".encode()
    yield f"author {_identity(commit.author)} {seconds} +0000\n".encode()
    yield f"committer {_COMMITTER} {seconds} +0000\n".encode()
    yield from _data(commit.message.encode())
    if commit.parent:
        yield f"from {commit.parent}\n".encode()
    for path, content in sorted(commit.changes.items()):
        if not _PLAIN_PATH.match(path):
            raise GitError(f"{path!r} cannot be a path in a deploy repository")
        if content is None:
            yield f"D {path}\n".encode()
        else:
            yield f"M 100644 inline {path}\n".encode()
            yield from _data(content)
    yield b"\nget-mark :1\ndone\n"


def _data(content: bytes) -> Iterator[bytes]:
    yield b"data %d\n" % len(content)
    yield content
    yield b"\n"


def _identity(author: str) -> str:
    """``Name <email>`` on one line; the committer's where it is no such thing."""
    match = _IDENTITY.match(one_line(author))
    return f"{match[1]} <{match[2]}>" if match else _COMMITTER


def _said(error: GitCommandError) -> str:
    """Git's own words, without GitPython's frame and without the command line."""
    words = f"{error.stdout or ''}\n{error.stderr or ''}"
    words = re.sub(r"\b(?:stdout|stderr): '", "", words).replace("'\n", "\n").strip().strip("'")
    return one_line(words)


@contextmanager
def _git_errors(what: str, *, hide: str = "") -> Iterator[None]:
    try:
        yield
    except (GitCommandError, ValueError, OSError) as error:
        said = _said(error) if isinstance(error, GitCommandError) else one_line(str(error))
        if hide:
            said = said.replace(hide, without_credentials(hide))
        raise GitError(f"{what}: {said}" if said else what) from error
