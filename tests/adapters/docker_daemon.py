"""A Docker engine for the tests alone, where there is dockerd and none answers."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START_S = 30
OPTIONS = (
    *("--storage-driver", "vfs", "--exec-opt", "native.cgroupdriver=cgroupfs"),
    *("--bridge", "none", "--iptables=false", "--ip6tables=false"),
)
"""What works in a machine that is a container or a small virtual machine, and touches neither its
network nor its firewall: steps use the host's network."""


@contextmanager
def docker_environment(environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """What the client needs to find the machine's daemon, or else one of the tests' own; as it was
    where there is none to be had.
    """
    program = shutil.which("dockerd", path=environment.get("PATH"))
    if program is None or _answers(environment):
        yield environment
        return
    # Not under pytest's folders: a socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="gitops-dockerd-"))
    own = {**environment, "DOCKER_HOST": f"unix://{folder}/socket"}
    places = {"data-root": "data", "exec-root": "run", "pidfile": "pid"}
    argv = (
        *_ending_with_us(environment),
        *(program, "--host", own["DOCKER_HOST"]),
        *(f"--{option}={folder}/{name}" for option, name in places.items()),
        *OPTIONS,
    )
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(argv, env=own, stdout=log, stderr=log)
    try:
        yield own if _comes_up(daemon, own) else environment
    finally:
        daemon.terminate()
        daemon.wait()
        _unmount(folder)
        shutil.rmtree(folder)


def _ending_with_us(environment: Mapping[str, str]) -> tuple[str, ...]:
    """So that tests which are killed leave no daemon behind."""
    program = shutil.which("setpriv", path=environment.get("PATH"))
    return (program, "--pdeathsig", "TERM") if program else ()


def _comes_up(daemon: subprocess.Popen[bytes], environment: Mapping[str, str]) -> bool:
    until = time.monotonic() + START_S
    while daemon.poll() is None and time.monotonic() < until:
        if _answers(environment):
            return True
        time.sleep(0.1)
    return False


def _answers(environment: Mapping[str, str]) -> bool:
    ask = ("docker", "version", "--format", "{{.Server.Version}}")
    try:
        done = subprocess.run(
            ask, env=dict(environment), capture_output=True, check=False, timeout=START_S
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _unmount(folder: Path) -> None:
    """Its namespaces stay mounted."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([each for each in mounts if each.startswith(f"{folder}/")]):
        subprocess.run(["umount", mount], check=False)
