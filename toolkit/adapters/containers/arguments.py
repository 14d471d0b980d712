"""A step as the arguments of ``run``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.adapters.containers.engine import LABEL, ContainerEngine
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import ContainerCall

_HUB = "docker.io"


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of this machine at ``path`` in the container."""

    source: Path
    path: str
    is_read_only: bool = False


def run_arguments(
    engine: ContainerEngine,
    name: str,
    call: ContainerCall,
    *,
    mounts: Iterable[Mount],
    env_file: Path,
    inherited: Sequence[str] = (),
    limits: Sequence[str] = (),
    script: str = "",
) -> tuple[str, ...]:
    """``inherited``: names of variables whose values are the client's own. ``script``: where the
    source of a script template is, in the container.

    The container shares this machine's network, so that steps reach daemons, and daemons steps, at
    127.0.0.1 as in the process runtime. The engine keeps no log: what a step says may hold secrets,
    which only our own log is without, and a journal would keep them.
    """
    entry, words = _command(call, script)
    return (
        *(engine.program, "run", "--name", name, "--label", f"{LABEL}={engine.owner}"),
        *("--network", "host", "--log-driver", "none", "--env-file", str(env_file)),
        *(word for variable in inherited for word in ("--env", variable)),
        *(("--init",) if engine.has_init else ()),
        *(("--security-opt", "label=disable") if engine.kind == "podman" else ()),
        *(word for mount in mounts for word in ("--mount", _mount(mount))),
        *limits,
        *(("--workdir", call.working_dir) if call.working_dir else ()),
        *(("--entrypoint", entry) if entry else ()),
        *("--", qualified(call.image), *words),
    )


def environment_file(environment: Mapping[str, str]) -> tuple[bytes, tuple[str, ...]]:
    """The content of an env-file, and the names of what no line can hold: values of several lines,
    which the client must inherit.
    """
    long = tuple(name for name, value in environment.items() if "\n" in value or "\r" in value)
    lines = (f"{name}={value}\n" for name, value in environment.items() if name not in long)
    return "".join(lines).encode(), long


def qualified(image: str) -> str:
    """With its registry, as Kubernetes completes a short name."""
    first, slash, _ = image.partition("/")
    if not slash:
        return f"{_HUB}/library/{image}"
    is_registry = "." in first or ":" in first or first == "localhost"
    return image if is_registry else f"{_HUB}/{image}"


def _command(call: ContainerCall, script: str) -> tuple[str, tuple[str, ...]]:
    """The entrypoint and the words after the image: a command replaces the image's entrypoint."""
    last = (script,) if script else ()
    if not call.command:
        return "", (*call.args, *last)
    entry, *rest = call.command
    return entry, (*rest, *call.args, *last)


def _mount(mount: Mount) -> str:
    for text in (str(mount.source), mount.path):
        if "," in text:
            raise ExecutionError(f"{text!r} cannot be mounted: its path has a comma")
    mode = ",readonly" if mount.is_read_only else ""
    return f"type=bind,source={mount.source},target={mount.path}{mode}"
