"""Which container engine this machine has, and whether it answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.errors import ExecutionError
from toolkit.repository.settings import RuntimeKind

_PROBE_TIMEOUT_S = 20
_PROBES = {
    "podman": ("info", "--format", "{{.Host.OCIRuntime.Name}}"),
    "docker": ("version", "--format", "{{.Server.Version}}"),
}
_PODMAN_INITS = ("/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit")
_CLIENT = (
    *("CONTAINER_CONNECTION", "CONTAINER_HOST", "CONTAINER_SSHKEY"),
    *("HOME", "LANG", "LOGNAME", "PATH", "TMPDIR", "USER", "SSH_AUTH_SOCK"),
)
_CLIENT_PREFIXES = ("CONTAINERS_", "DBUS_", "DOCKER_", "PODMAN_", "XDG_")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def find_engine(
    kind: RuntimeKind, state: Path, environment: Mapping[str, str] = os.environ
) -> ContainerEngine | None:
    """The engine for a runtime; None where steps are processes. With AUTO, podman or docker where
    one answers, else None.

    Raises ExecutionError where the engine that was asked for by name is missing or does not
    answer. Takes as long as the engine takes to answer: part of a second.
    """
    if kind is RuntimeKind.PROCESS:
        return None
    asked = tuple(_PROBES) if kind is RuntimeKind.AUTO else (kind.value,)
    reasons = []
    for name in asked:
        found = _probe(name, state, _client(environment))
        if isinstance(found, ContainerEngine):
            return found
        reasons.append(found)
    if kind is RuntimeKind.AUTO:
        return None
    raise ExecutionError(
        f"runtime.kind is {kind.value}: {reasons[0]}",
        hints=["install it, or set runtime.kind to process in gitops.yaml"],
    )


def _probe(name: str, state: Path, environment: Mapping[str, str]) -> ContainerEngine | str:
    """The engine, or why it is none."""
    program = shutil.which(name, path=environment.get("PATH"))
    if program is None:
        return f"this machine has no command {name!r}"
    try:
        done = subprocess.run(
            [program, *_PROBES[name]],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PROBE_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{name} does not answer: {error}"
    if done.returncode != 0 or not done.stdout.strip():
        said = done.stderr.strip().splitlines()
        return f"{name} does not answer: {said[-1] if said else 'no reason given'}"
    owner = sha256(str(state.resolve()).encode()).hexdigest()[:16]
    return ContainerEngine(name, program, owner, environment, has_init=_has_init(name))


def _has_init(name: str) -> bool:
    """Docker brings its own; podman takes the machine's."""
    return name == "docker" or bool(
        shutil.which("catatonit") or any(Path(path).exists() for path in _PODMAN_INITS)
    )


def _client(environment: Mapping[str, str]) -> dict[str, str]:
    """What the client needs to find its configuration, and nothing else."""
    return {
        name: value
        for name, value in environment.items()
        if name in _CLIENT or name.startswith(_CLIENT_PREFIXES) or name.lower() in _PROXIES
    }
