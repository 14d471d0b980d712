"""A private copy of one repository elsewhere: bare, shallow, and of the commits that were used.

Every git is started without a shell, asks nobody anything, runs no hooks, speaks only the
protocols it is given, and is killed with all that it started where it takes too long or fetches
too much.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from toolkit.adapters.file_lock import locked
from toolkit.adapters.git.gitpython import git
from toolkit.adapters.git.tree import TreeEntry
from toolkit.errors import BuildError
from toolkit.kustomize.sources.remote_url import is_full_commit, without_secrets
from toolkit.publish.provenance import one_line

MOST_BYTES: Final = 1 << 30
"""Of one repository's copy."""

_LOCAL_TIMEOUT_S: Final = 60.0
_POLL_S: Final = 0.2
_NETWORK: Final = "git:http:https:ssh"
_MOST_RECORDS: Final = 64
_MOST_PACKS: Final = 50
_REPOSITORY: Final = "repo.git"
_RECORDS: Final = "resolved.json"
_BAD_REF = re.compile(r"^[-+]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^/|[/.]$|\.lock$")
_IS_SHALLOW_REFUSED = re.compile(
    r"unadvertised object|not our ref|does not support shallow|"
    r"couldn't find remote ref [0-9a-f]{40}"
)
_BOILERPLATE = re.compile(r"hint:|warning:|Please make sure you have|and the repository exists")
_MOST_SAID: Final = 3


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a ref named, and when that was asked."""

    commit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a commit; ``size_bytes`` is 0 for a submodule."""

    entry: TreeEntry
    size_bytes: int


class GitRefusedError(Exception):
    """git, or our limits, ended it; the text is one line without credentials."""


class GitMirror:
    """The copy, in ``folder``, of the repository at ``url``: one on this machine where that says
    ``file://``, else one that the network gives.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._repository = folder / _REPOSITORY
        self._protocols = "file" if url.startswith("file://") else _NETWORK
        self._is_made = (self._repository / "HEAD").is_file()

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        if not self._is_made:
            return False
        try:
            self._run("cat-file", "-e", f"{commit}^{{commit}}")
        except GitRefusedError:
            return False
        return True

    def resolved(self, ref: str) -> Resolved | None:
        """What ``ref`` named when that was last asked."""
        record = self._records().get(ref)
        if not isinstance(record, dict):
            return None
        try:
            return Resolved(str(record["commit"]), datetime.fromisoformat(str(record["at"])))
        except (KeyError, ValueError):
            return None

    def fetch(self, ref: str, *, timeout_s: float, since: datetime) -> str:
        """The commit that ``ref`` ("" is the default branch) names now, which is then here. What
        another process found out after ``since`` is taken.

        Raises GitRefusedError.
        """
        if _BAD_REF.search(ref):
            raise GitRefusedError(f"{ref!r} is no name of a branch, a tag or a commit")
        with locked(self.folder / "fetch.lock"):
            known = self.resolved(ref)
            if known is not None and known.at >= since and self.has(known.commit):
                return known.commit
            self._make()
            commit = self._fetch(ref, timeout_s)
            self._keep(ref, commit)
            return commit

    def entries(self, commit: str) -> list[Listed]:
        """The files of a commit. Raises GitRefusedError."""
        output = self._run("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        listed = []
        for line in output.decode("utf-8", "surrogateescape").split("\0"):
            if line:
                head, _, path = line.partition("\t")
                mode, _, blob, size = head.split()
                size_bytes = int(size) if size.isdigit() else 0
                listed.append(Listed(TreeEntry(mode, blob, path), size_bytes))
        return listed

    def read(self, blobs: Sequence[str]) -> dict[str, bytes]:
        """Contents by id. Raises GitRefusedError."""
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{blob}\n" for blob in blobs).encode())
            wanted.seek(0)
            output = self._run("cat-file", "--batch", stdin=wanted)
        contents: dict[str, bytes] = {}
        start = 0
        for blob in blobs:
            end = output.index(b"\n", start)
            said = output[start:end].split()
            if len(said) != 3:
                raise GitRefusedError(f"blob {blob} is missing")
            start = end + 1
            contents[blob] = output[start : start + int(said[2])]
            start += int(said[2]) + 1
        return contents

    def submodule_settings(self, blob: str) -> Mapping[str, str]:
        """What the file ``.gitmodules`` with this id says, by key. Raises GitRefusedError."""
        output = self._run("config", "-z", f"--blob={blob}", "--list")
        pairs = [line.partition("\n") for line in output.decode(errors="replace").split("\0")]
        return {key: value for key, _, value in pairs if key}

    def _fetch(self, ref: str, timeout_s: float) -> str:
        name = f"refs/gitops/new/{uuid.uuid4().hex}"
        try:
            self._ask(timeout_s, "--depth=1", spec=[f"+{ref or 'HEAD'}:{name}"])
            found = name
        except GitRefusedError as error:
            if not _IS_SHALLOW_REFUSED.search(str(error)):
                raise
            found = self._fetch_all(ref, timeout_s)
        try:
            output = self._run("rev-parse", "--verify", "--end-of-options", f"{found}^{{commit}}")
            commit = output.decode().strip()
            self._run("update-ref", f"refs/gitops/kept/{commit}", commit)
        finally:
            with suppress(GitRefusedError):
                self._run("update-ref", "-d", name)
        return commit

    def _fetch_all(self, ref: str, timeout_s: float) -> str:
        """For servers that give no single commit: all branches and tags, with their past."""
        everything = ["+refs/heads/*:refs/gitops/heads/*", "+refs/tags/*:refs/gitops/tags/*"]
        self._ask(timeout_s, spec=[*everything, "+HEAD:refs/gitops/default"])
        if is_full_commit(ref):
            if not self.has(ref):
                raise GitRefusedError(f"no branch or tag leads to commit {ref}")
            return ref
        names = [f"refs/gitops/tags/{ref}", f"refs/gitops/heads/{ref}"]
        for name in names if ref else ["refs/gitops/default"]:
            with suppress(GitRefusedError):
                self._run("rev-parse", "--verify", "--end-of-options", name)
                return name
        raise GitRefusedError(f"couldn't find remote ref {ref}")

    def _ask(self, timeout_s: float, *options: str, spec: Iterable[str]) -> None:
        command = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force", *options]
        command += ["--no-recurse-submodules", "--end-of-options", self.url, *spec]
        self._run(*command, timeout_s=timeout_s, limits_size=True)

    def _make(self) -> None:
        if self._is_made:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = ["--quiet", "--bare", "--template=", "--initial-branch=main"]
        self._run("init", *options, "--", str(self._repository), is_inside=False)
        for key, value in _SETTINGS:
            self._run("config", key, value)
        self._is_made = True

    def _keep(self, ref: str, commit: str) -> None:
        """Notes what a ref names; what it named before goes with :meth:`collect`."""
        records = self._records()
        records.pop(ref, None)
        records[ref] = {"commit": commit, "at": datetime.now(UTC).isoformat()}
        kept = dict(list(records.items())[-_MOST_RECORDS:])
        write_private(self.folder / _RECORDS, json.dumps(kept, indent=1).encode())

    def collect(self) -> None:
        """Drops what no ref names any more, where many fetches left it. Nobody else may use the
        copy meanwhile.
        """
        packs = self._repository / "objects" / "pack"
        if len(list(packs.glob("*.pack"))) <= _MOST_PACKS:
            return
        wanted = {str(each.get("commit")) for each in self._records().values()}
        with suppress(GitRefusedError):
            output = self._run("for-each-ref", "--format=%(refname)", "refs/gitops/kept/")
            for name in output.decode().splitlines():
                if name.rpartition("/")[2] not in wanted:
                    self._run("update-ref", "-d", name)
            self._run("gc", "--quiet", "--prune=now", timeout_s=10 * _LOCAL_TIMEOUT_S)

    def _records(self) -> dict[str, Any]:
        try:
            records = json.loads((self.folder / _RECORDS).read_bytes())
        except (OSError, ValueError):
            return {}
        return records if isinstance(records, dict) else {}

    def _run(
        self,
        *arguments: str,
        timeout_s: float = _LOCAL_TIMEOUT_S,
        stdin: IO[bytes] | None = None,
        limits_size: bool = False,
        is_inside: bool = True,
    ) -> bytes:
        program = git.Git(str(self.folder))
        started: Any = program.execute(
            [git.Git.GIT_PYTHON_GIT_EXECUTABLE, *arguments],
            istream=stdin,  # type: ignore[arg-type]  # any file will do
            as_process=True,
            env=self._environment(is_inside=is_inside),
            start_new_session=True,
        )
        process: subprocess.Popen[bytes] = started.proc
        watched = self._repository if limits_size else None
        output, errors = _communicate(process, timeout_s, watched)
        if process.returncode:
            raise GitRefusedError(self._telling(errors))
        return output

    def _environment(self, *, is_inside: bool) -> dict[str, str]:
        """Nothing that a hook's environment, or the user's terminal, could lead astray."""
        environment = {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": self._protocols,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_DIR": str(self._repository),
            "GIT_OBJECT_DIRECTORY": str(self._repository / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
            "GIT_NAMESPACE": "",
            "LC_ALL": "C",
        }
        if not is_inside:
            del environment["GIT_DIR"], environment["GIT_OBJECT_DIRECTORY"]
        if "GIT_SSH_COMMAND" not in os.environ and "GIT_SSH" not in os.environ:
            environment["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
        return environment

    def _telling(self, errors: bytes) -> str:
        """What git said, in one line that may be shown."""
        lines = [line.strip() for line in errors.decode(errors="replace").splitlines()]
        telling = [line for line in lines if line and not _BOILERPLATE.match(line)]
        said = "; ".join(dict.fromkeys(telling[-_MOST_SAID:]))
        return one_line(without_secrets(said)) or "git failed without a word"


def write_private(path: Path, content: bytes) -> None:
    """The file holds all of it or what it held before; only the user can read it."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as file:
            file.write(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


_SETTINGS: Final = (
    ("core.hooksPath", os.devnull),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.writeCommitGraph", "false"),
)


def _communicate(
    process: subprocess.Popen[bytes], timeout_s: float, watched: Path | None
) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + timeout_s
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=_POLL_S)
            if time.monotonic() > deadline:
                raise GitRefusedError(f"no answer within {timeout_s:g} s")
            if watched is not None and _size_bytes(watched) > MOST_BYTES:
                raise GitRefusedError(f"it is larger than {MOST_BYTES >> 20} MiB")
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise


def _size_bytes(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.lstat().st_size
    return size


def refuse_unsafe(url: str) -> None:
    """Raises BuildError for a URL that git would take for something else than an address."""
    if url.startswith("-") or "::" in url.partition("/")[0] or re.search(r"[\x00-\x1f\x7f]", url):
        raise BuildError(f"{without_secrets(url)!r} is no address that is safe to give to git")
