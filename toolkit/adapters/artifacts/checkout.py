"""Git repositories as input artifacts, checked out by git itself through GitPython."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from toolkit.adapters.artifacts.drivers import Credentials, Fields
from toolkit.adapters.git.gitpython import GitCommandError, git
from toolkit.errors import ExecutionError

_PROTOCOLS: Final = "file:git:http:https:ssh"
_CANDIDATES: Final = ("{0}", "refs/tags/{0}", "refs/heads/{0}", "refs/remotes/origin/{0}")


class GitDriver:
    """One revision of a repository."""

    def __init__(self, fields: Fields, credentials: Credentials) -> None:
        self._fields = fields
        self._credentials = credentials
        self._repo = str(fields.get("repo") or "")
        if self._repo.startswith("-") or "::" in self._repo:
            raise ExecutionError(f"git repository {self._repo!r} is no address")
        if fields.get("singleBranch") and not fields.get("branch"):
            raise ExecutionError("single branch mode without a branch specified")

    def load(self, target: Path) -> bool:
        with self._environment() as environment, _wrapped(self._repo):
            outside = git.Git()
            outside.update_environment(**environment)
            outside.clone(*self._clone_options(), "--", self._repo, str(target))
            inside = git.Git(target)
            inside.update_environment(**environment)
            self._fetch(inside)
            self._check_out(inside)
            if not self._fields.get("disableSubmodules"):
                inside.submodule("update", "--init", "--recursive")
        return True

    def save(self, source: Path) -> None:  # noqa: ARG002 - as in Argo
        raise ExecutionError("git output artifacts unsupported")

    def delete(self) -> None:
        raise ExecutionError("git artifacts cannot be deleted")

    def keys(self) -> list[str]:
        raise ExecutionError("git artifacts cannot be listed")

    def _clone_options(self) -> list[str]:
        options = self._depth()
        if self._fields.get("singleBranch"):
            return [*options, "--single-branch", f"--branch={self._fields['branch']}"]
        return [*options, "--no-single-branch"]

    def _depth(self) -> list[str]:
        depth = self._fields.get("depth")
        return [f"--depth={int(depth)}"] if depth else []

    def _fetch(self, inside: git.Git) -> None:
        wanted = [str(spec) for spec in self._fields.get("fetch") or ()]
        if wanted:
            inside.fetch(*self._depth(), "origin", "--", *wanted)

    def _check_out(self, inside: git.Git) -> None:
        """The commit itself, on no branch, as Argo leaves it."""
        revision = str(self._fields.get("revision") or "")
        if not revision:
            return
        for candidate in _CANDIDATES:
            try:
                name = f"{candidate.format(revision)}^{{commit}}"
                commit = inside.rev_parse("--verify", "--quiet", "--end-of-options", name)
            except GitCommandError:
                continue
            inside.checkout("--quiet", "--detach", commit.splitlines()[-1])
            return
        raise ExecutionError(f"git repository {self._repo}: no revision {revision!r}")

    @contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        """Credentials stand in the environment and in a private file, not on a command line."""
        fields, credentials = self._fields, self._credentials
        with tempfile.TemporaryDirectory(prefix="git-") as folder:
            environment = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": _PROTOCOLS}
            if fields.get("insecureSkipTLS"):
                environment["GIT_SSL_NO_VERIFY"] = "1"
            environment |= _basic(fields, credentials)
            key = credentials.get(fields, "sshPrivateKeySecret")
            insecure = bool(fields.get("insecureIgnoreHostKey"))
            yield {**environment, **_ssh(key, Path(folder), insecure=insecure)}


def _basic(fields: Fields, credentials: Credentials) -> Mapping[str, str]:
    username = credentials.get(fields, "usernameSecret")
    password = credentials.get(fields, "passwordSecret")
    if not (username or password):
        return {}
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}",
    }


def _ssh(key: str, folder: Path, *, insecure: bool) -> Mapping[str, str]:
    command = ["ssh", "-o", "BatchMode=yes"]
    if key:
        path = folder / "key"
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{key.rstrip()}\n")
        command += ["-i", str(path), "-o", "IdentitiesOnly=yes"]
    if insecure:
        command += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    return {"GIT_SSH_COMMAND": " ".join(command)}


@contextmanager
def _wrapped(repo: str) -> Iterator[None]:
    try:
        yield
    except GitCommandError as error:
        said = str(error.stderr or error).strip().removeprefix("stderr: ").strip("' \n")
        raise ExecutionError(f"git repository {repo}: {said}") from error
