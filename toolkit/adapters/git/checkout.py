"""The files of a commit and of its submodules, as one tree, without a checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Final

from toolkit.adapters.git.mirror import GitMirror, GitRefusedError, Listed
from toolkit.adapters.git.tree import SUBMODULE_MODE, GitTree, TreeEntry
from toolkit.errors import BuildError
from toolkit.kustomize.sources.remote_url import RemoteUrl, without_credentials

if TYPE_CHECKING:
    from toolkit.adapters.remote.bases import RemoteBases

MOST_FILE_BYTES: Final = 16 << 20

_MOST_BATCH_BYTES: Final = 1 << 20
_MOST_BATCH: Final = 256
_DEEPEST: Final = 8
_SETTINGS_FILE: Final = ".gitmodules"
_RELATIVE = re.compile(r"\.\.?(?:/|\Z)")
_OVER_NETWORK = re.compile(r"(?:https?|ssh|git)://(?!-)|(?!-)[\w.-]+@(?!-)[\w.-]+:(?!:|//)")


def tree_of(source: RemoteBases, url: RemoteUrl, commit: str, *, is_offline: bool) -> GitTree:
    """Raises BuildError, as reading from it may."""
    contents = _Contents(url.shown)
    mirror = source.mirror(url.repository)
    walk = _Walk(source, url, contents, is_offline=is_offline)
    try:
        entries = tuple(walk.entries(mirror, commit, "", 0))
    except GitRefusedError as error:
        raise BuildError(f"{url.shown}: commit {commit} cannot be read: {error}") from error
    return GitTree(entries, contents.read)


class _Walk:
    """Through a commit and its submodules."""

    def __init__(
        self, source: RemoteBases, url: RemoteUrl, contents: _Contents, *, is_offline: bool
    ) -> None:
        self._source = source
        self._url = url
        self._contents = contents
        self._is_offline = is_offline

    def entries(
        self, mirror: GitMirror, commit: str, prefix: str, depth: int
    ) -> Iterator[TreeEntry]:
        """What is in a commit; its paths stand below ``prefix``."""
        listed = mirror.entries(commit)
        self._contents.add(mirror, listed)
        for each in listed:
            yield replace(each.entry, path=join(prefix, each.entry.path)) if prefix else each.entry
        links = [each.entry for each in listed if each.entry.mode == SUBMODULE_MODE]
        if not links or not self._url.submodules:
            return
        if depth == _DEEPEST:
            raise BuildError(f"{self._url.shown}: submodules are nested deeper than {_DEEPEST}")
        settings = _settings(mirror, listed)
        for link in links:
            inner = self._submodule(mirror, link, settings.get(link.path))
            if inner is not None:
                yield from self.entries(inner, link.blob, join(prefix, link.path), depth + 1)

    def _submodule(
        self, mirror: GitMirror, link: TreeEntry, settings: Mapping[str, str] | None
    ) -> GitMirror | None:
        """None for one that its repository does not want fetched."""
        if settings is None or not settings.get("url"):
            raise self._refused(link, f"{_SETTINGS_FILE} gives no url for it")
        if settings.get("update") == "none":
            return None
        url = self._address(mirror, link, settings["url"])
        inner = self._source.mirror(url)
        if inner.has(link.blob):
            return inner
        if self._is_offline:
            raise self._refused(link, "it was never fetched, and this build is offline")
        try:
            inner.fetch(link.blob, timeout_s=self._url.timeout_s, since=self._source.since)
        except GitRefusedError as error:
            raise self._refused(link, f"{without_credentials(url)}: {error}") from error
        return inner

    def _address(self, mirror: GitMirror, link: TreeEntry, text: str) -> str:
        """A repository must not name what is on this machine, unless it is itself there and names
        its neighbour.
        """
        if _RELATIVE.match(text):
            url = resolve_relative(mirror.url, text)
            if url.startswith("file://") or _OVER_NETWORK.match(url):
                return url
        elif _OVER_NETWORK.match(text):
            return text
        raise self._refused(link, f"{without_credentials(text)!r} is no address it may have")

    def _refused(self, link: TreeEntry, why: str) -> BuildError:
        return BuildError(
            f"{self._url.shown}: submodule {link.path} cannot be fetched: {why}",
            hints=["submodules=false in the address builds without them"],
        )


class _Contents:
    """Files by id. One is read with its folder: a kustomization uses most of what is there."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._sizes: dict[str, int] = {}
        self._batches: dict[str, tuple[GitMirror, Sequence[str]]] = {}
        self._kept: dict[str, bytes] = {}

    def add(self, mirror: GitMirror, listed: Sequence[Listed]) -> None:
        for _, group in groupby(listed, key=lambda each: dirname(each.entry.path)):
            files = [each for each in group if each.entry.mode != SUBMODULE_MODE]
            small = [e.entry.blob for e in files if e.size_bytes <= _MOST_BATCH_BYTES]
            for each in files:
                self._sizes[each.entry.blob] = each.size_bytes
                self._batches.setdefault(each.entry.blob, (mirror, small[:_MOST_BATCH]))

    def read(self, blob: str) -> bytes:
        """Raises BuildError."""
        if self._sizes[blob] > MOST_FILE_BYTES:
            raise BuildError(f"{self._shown}: a file is larger than {MOST_FILE_BYTES >> 20} MiB")
        if blob not in self._kept:
            mirror, batch = self._batches[blob]
            wanted = [each for each in batch if each not in self._kept]
            try:
                self._kept |= mirror.read(list(dict.fromkeys([blob, *wanted])))
            except GitRefusedError as error:
                raise BuildError(f"{self._shown}: a file cannot be read: {error}") from error
        return self._kept[blob]


def resolve_relative(base: str, text: str) -> str:
    """A submodule's URL that begins with ``./`` or ``../``, from that of its repository."""
    base = base.rstrip("/")
    while True:
        if text.startswith("./"):
            text = text[2:]
        elif text.startswith("../"):
            text = text[3:]
            head, separator, _ = base.rpartition("/")
            if not separator or head.endswith("/"):
                head, separator, _ = base.rpartition(":")
                return f"{head}:{text}" if separator and not head.endswith("/") else text
            base = head
        else:
            break
    return f"{base}/{text}".rstrip("/")


def _settings(mirror: GitMirror, listed: Sequence[Listed]) -> dict[str, dict[str, str]]:
    """Of each submodule, by its path."""
    blob = next((e.entry.blob for e in listed if e.entry.path == _SETTINGS_FILE), None)
    if blob is None:
        return {}
    named: dict[str, dict[str, str]] = {}
    for key, value in mirror.submodule_settings(blob).items():
        section, _, field = key.rpartition(".")
        if section.startswith("submodule."):
            named.setdefault(section, {})[field] = value
    return {normpath(each["path"]): each for each in named.values() if each.get("path")}
