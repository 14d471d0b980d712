"""The RemoteSource port over git and HTTP, through a private cache.

A cache folder holds a copy of each repository (:mod:`~toolkit.adapters.git.mirror`) and the files
that were read over HTTP. A ref is asked for once in a source's life, a full commit that is here
never. Offline nobody is asked: what was found last is used, and said.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, Self

from toolkit.errors import BuildError
from toolkit.kustomize.ports import WebAnswer
from toolkit.kustomize.sources.remote_url import (
    TIMEOUT_S,
    NotRemoteError,
    RemoteUrl,
    is_full_commit,
    is_web_file,
    parse_remote,
    without_credentials,
)

if TYPE_CHECKING:
    from toolkit.adapters.git.mirror import GitMirror, GitRefusedError, Resolved
    from toolkit.adapters.git.tree import GitTree

GIT: Final = "git"
WEB: Final = "web"
USE_LOCK: Final = "use.lock"
OFFLINE_HINT: Final = "--offline, or GITOPS_OFFLINE=1"

_SHORT_COMMIT = re.compile(r"[0-9a-f]{4,39}")
_NEEDS_LOGIN = re.compile(
    r"could not read Username|Authentication failed|Permission denied|Host key verification|"
    r"terminal prompts disabled|access rights",
    re.IGNORECASE,
)
Say = Callable[[str], None]


class RemoteBases:
    """``folder`` None is a temporary one, gone with the source. ``say`` is told, a line at a
    time, what is used that may be old. What somebody asked after ``since`` (default: now) is not
    asked again. Not for several threads at once.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        say: Say,
        is_offline: bool = False,
        since: datetime | None = None,
    ) -> None:
        self._given = folder
        self._say = say
        self._is_offline = is_offline
        self._since = since or datetime.now(UTC)
        self._folder: Path | None = None
        self._mirrors: dict[str, GitMirror] = {}
        self._locks: list[int] = []
        weakref.finalize(self, _release, self._locks)
        self._commits: dict[tuple[str, str], str] = {}
        self._trees: dict[tuple[str, str, bool], GitTree] = {}
        self._answers: dict[str, WebAnswer] = {}

    def knows(self, url: RemoteUrl) -> bool:
        if not (self._folder_of(url.repository) / USE_LOCK).is_file():
            return False  # and nothing is made for what may be a file
        mirror = self.mirror(url.repository)
        if is_full_commit(url.ref):
            return mirror.has(url.ref)
        return self._is_offline and mirror.resolved(url.ref) is not None

    def resolve(self, url: RemoteUrl) -> str:
        key = (url.repository, url.ref)
        if key not in self._commits:
            mirror = self.mirror(url.repository)
            if is_full_commit(url.ref) and mirror.has(url.ref):
                self._commits[key] = url.ref
            elif self._is_offline:
                self._commits[key] = self._last_known(url, mirror)
            else:
                self._commits[key] = self._asked(url, mirror)
        return self._commits[key]

    def tree(self, url: RemoteUrl, commit: str) -> GitTree:
        from toolkit.adapters.git.checkout import tree_of

        key = (url.repository, commit, url.submodules)
        if key not in self._trees:
            self._trees[key] = tree_of(self, url, commit, is_offline=self._is_offline)
        return self._trees[key]

    def fetch(self, url: str) -> WebAnswer:
        if url not in self._answers:
            self._answers[url] = self._offline_answer(url) if self._is_offline else self._get(url)
        return self._answers[url]

    def mirror(self, repository: str) -> GitMirror:
        """The copy of a repository, held until this source is closed. Raises BuildError."""
        from toolkit.adapters.file_lock import take_lock
        from toolkit.adapters.git.mirror import GitMirror, refuse_unsafe

        if repository not in self._mirrors:
            refuse_unsafe(repository)
            folder = self._folder_of(repository)
            lock = take_lock(folder / USE_LOCK, is_shared=True)
            if lock is not None:
                self._locks.append(lock)
            os.utime(folder / USE_LOCK)  # by which the least recently used go first
            self._mirrors[repository] = GitMirror(repository, folder)
        return self._mirrors[repository]

    @property
    def since(self) -> datetime:
        """What was asked later need not be asked again."""
        return self._since

    def close(self) -> None:
        """Lets go of the cache, and bounds it. Trees can still be read where they are kept."""
        from toolkit.adapters.remote.cache import bound

        _release(self._locks)
        self._mirrors.clear()
        if self._folder is not None and self._given is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        elif self._folder is not None:
            bound(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, url: RemoteUrl, mirror: GitMirror) -> str:
        from toolkit.adapters.git.mirror import GitRefusedError

        try:
            return mirror.fetch(url.ref, timeout_s=url.timeout_s, since=self._since)
        except GitRefusedError as error:
            _refuse(url, error, mirror.resolved(url.ref))

    def _last_known(self, url: RemoteUrl, mirror: GitMirror) -> str:
        known = mirror.resolved(url.ref)
        if known is None or not mirror.has(known.commit):
            raise BuildError(
                f"{url.shown}: {_named(url)} was never fetched, and this build is offline",
                hints=["build it once with the network: what that finds is kept"],
            )
        self._say(
            f"offline: {url.shown}: {_named(url)} is commit {known.commit}, {_asked_at(known)}"
        )
        return known.commit

    def _get(self, url: str) -> WebAnswer:
        from toolkit.adapters.remote.web_file import get, keep, kept

        if not is_web_file(url):
            raise BuildError(f"{without_credentials(url)!r} is no HTTP address")
        try:
            answer = get(url, timeout_s=_timeout_s(url))
        except BuildError as error:
            if kept(self._web_file(url)) is None:
                raise
            hints = [*error.hints, f"{OFFLINE_HINT}: what it gave last"]
            raise BuildError(error.message, hints=hints) from error
        if answer.content is not None:
            keep(self._web_file(url), answer.content)
        return answer

    def _offline_answer(self, url: str) -> WebAnswer:
        from toolkit.adapters.remote.web_file import kept

        found = kept(self._web_file(url))
        shown = without_credentials(url)
        if found is None:
            raise BuildError(
                f"{shown} was never fetched, and this build is offline",
                hints=["build it once with the network: what that finds is kept"],
            )
        content, at = found
        self._say(f"offline: {shown} is as it was at {at:%Y-%m-%d %H:%M} UTC")
        return WebAnswer("200", content)

    def _web_file(self, url: str) -> Path:
        return self._cache(WEB) / _name(url)

    def _folder_of(self, repository: str) -> Path:
        return self._cache(GIT) / _name(repository)

    def _cache(self, kind: str) -> Path:
        if self._folder is None:
            self._folder = self._given or _temporary(self)
        return _private(self._folder / kind)


def _release(locks: list[int]) -> None:
    while locks:
        os.close(locks.pop())


def _name(url: str) -> str:
    """A name in the cache; nothing of a password goes into it."""
    return sha256(without_credentials(url).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _timeout_s(url: str) -> float:
    try:
        return parse_remote(url).timeout_s
    except NotRemoteError:
        return TIMEOUT_S


def _named(url: RemoteUrl) -> str:
    return url.ref or "its default branch"


def _asked_at(known: Resolved) -> str:
    return f"asked at {known.at:%Y-%m-%d %H:%M} UTC"


def _refuse(url: RemoteUrl, error: GitRefusedError, known: Resolved | None) -> NoReturn:
    hints = []
    said = str(error)
    if _SHORT_COMMIT.fullmatch(url.ref):
        hints.append("a commit must be given by its whole id")
    if "no answer within" in said:
        hints.append("more time: timeout=120 in the address")
    if _NEEDS_LOGIN.search(said):
        hints.append("git must get in without asking: a credential helper, or an ssh key")
    if "remote ref" in said:
        hints.append(f"its branches and tags: git ls-remote {url.shown}")
    if known is not None:
        hints.append(f"{OFFLINE_HINT}: commit {known.commit}, {_asked_at(known)}")
    raise BuildError(
        f"{url.shown}: {_named(url)} cannot be fetched: {said}", hints=hints
    ) from error


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = folder.lstat()
    if not folder.is_dir() or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise BuildError(
            f"the cache {folder} is not a folder that is yours alone",
            hints=[f"chmod 700 {folder}, or GITOPS_CACHE=off for none"],
        )
    return folder


def _temporary(source: RemoteBases) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gitops-git-"))
    weakref.finalize(source, shutil.rmtree, folder, ignore_errors=True)
    return folder
