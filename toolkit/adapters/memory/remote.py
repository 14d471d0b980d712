"""The RemoteSource port in memory: repositories by URL, their commits by id, files by URL."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.adapters.files import MemoryTree
from toolkit.errors import BuildError
from toolkit.kustomize.ports import WebAnswer
from toolkit.kustomize.sources.remote_url import RemoteUrl, is_full_commit


class MemoryRemote:
    """``refs``: commit ids by repository and ref ("" is the default branch). ``commits``: trees by
    id. ``files``: contents by URL; any other is not found.
    """

    def __init__(
        self,
        refs: Mapping[str, Mapping[str, str]],
        commits: Mapping[str, MemoryTree],
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        self._refs = refs
        self._commits = commits
        self._files = files or {}
        self._resolved: dict[tuple[str, str], str] = {}

    def knows(self, url: RemoteUrl) -> bool:
        return is_full_commit(url.ref) and (url.repository, url.ref) in self._resolved

    def resolve(self, url: RemoteUrl) -> str:
        key = (url.repository, url.ref)
        if key not in self._resolved:
            refs = self._refs.get(url.repository, {})
            commit = url.ref if url.ref in refs.values() else refs.get(url.ref)
            if commit is None:
                raise BuildError(f"{url.shown}: {url.ref or 'its default branch'} is not there")
            self._resolved[key] = commit
        return self._resolved[key]

    def tree(self, url: RemoteUrl, commit: str) -> MemoryTree:  # noqa: ARG002 — no submodules
        return self._commits[commit]

    def fetch(self, url: str) -> WebAnswer:
        content = self._files.get(url)
        return WebAnswer("404 Not Found" if content is None else "200", content)
