"""Runs the programs that a build calls for: helm, and KRM functions. No shell, bounded time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from toolkit.errors import BuildError
from toolkit.kustomize.ports import HelmCall

TIMEOUT_S = 300.0

_VERSION = re.compile(r"v?(\d+)(?:\.\d+)+")
_MAJORS = ("3", "4")


class ProcessRunner:
    """FunctionRunner for the tree at ``root``."""

    def __init__(  # noqa: PLR0913 — the flags of kustomize build
        self,
        root: str = "/",
        *,
        has_helm: bool = False,
        has_functions: bool = False,
        helm: str = "helm",
        api_versions: tuple[str, ...] = (),
        kube_version: str = "",
        is_debug: bool = False,
        env: tuple[str, ...] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """``env``: ``NAME=VALUE`` for functions, over what they say themselves."""
        self.has_helm = has_helm
        self.has_functions = has_functions
        self.api_versions = api_versions
        self.kube_version = kube_version
        self.is_debug = is_debug
        self._root = root
        self._helm = helm
        self._env = env
        self._timeout_s = timeout_s

    def absolute(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}"

    def template(self, call: HelmCall) -> str:
        program = shutil.which(self._helm)
        if program is None:
            raise BuildError(
                f"there is no program {self._helm!r}",
                hints=["install Helm, or name it: --helm-command PATH"],
            )
        with tempfile.TemporaryDirectory(prefix="gitops-helm-") as folder:
            home = call.config_home or str(Path(folder) / "helm")
            env = {
                "HELM_CONFIG_HOME": home,
                "HELM_CACHE_HOME": f"{home}/.cache",
                "HELM_DATA_HOME": f"{home}/.data",
            }
            self._require_version(self._run([program, "version", "--short"], env))
            values = Path(folder) / call.values_name
            values.write_bytes(call.values)
            return self._run([program, *call.before, "-f", str(values), *call.after], env)

    def call(
        self, program: str, arguments: list[str], env: list[str], folder: str, text: str
    ) -> str:
        given = [line for line in self._env if "=" in line]  # a mere name is inherited
        variables = dict(line.partition("=")[::2] for line in (*env, *given))
        return self._run(
            [self.absolute(program), *arguments], variables, self.absolute(folder), text
        )

    def _require_version(self, printed: str) -> None:
        found = _VERSION.search(printed)
        if found is None or found[1] not in _MAJORS:
            shown = printed.strip() or "nothing"
            raise BuildError(
                f"{self._helm} is no Helm 3 or 4: `{self._helm} version --short` says {shown!r}"
            )

    def _run(
        self,
        command: list[str],
        env: Mapping[str, str],
        folder: str | None = None,
        text: str | None = None,
    ) -> str:
        name = Path(command[0]).name
        given = (text or "").encode("utf-8", "surrogateescape")
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise BuildError(
                f"{name} cannot be started: {error.strerror}",
                hints=["it must be executable, and begin with #! where it is a script"],
            ) from error
        with process:
            try:
                printed, said = process.communicate(given, timeout=self._timeout_s)
            except BaseException as error:
                _kill(process)
                if isinstance(error, subprocess.TimeoutExpired):
                    message = f"{name} took longer than {self._timeout_s:g} s"
                    raise BuildError(message) from error
                raise
        if process.returncode != 0:
            told = said.decode(errors="replace").strip().splitlines()
            raise BuildError(f"{name} failed with exit code {process.returncode}", hints=told[-10:])
        return printed.decode("utf-8", "surrogateescape")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
