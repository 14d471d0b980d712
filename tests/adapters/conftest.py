"""Engines that run containers here, and an image for them that no registry is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest

from tests.adapters.docker_daemon import docker_environment
from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.adapters.containers.find import find_engine
from toolkit.errors import ExecutionError
from toolkit.repository.settings import RuntimeKind

IMAGE = "localhost/gitops-test-busybox:1"
CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""
TRIAL = ("run", "--rm", "--network", "host", IMAGE, "true")
APPLETS = ("sh", "cat", "echo", "env", "id", "ls", "mkdir", "sleep", "test", "true", "printf", "wc")


@pytest.fixture(scope="session", params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> ContainerEngine:
    """Each that this machine has."""
    found: ContainerEngine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def podman(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerEngine]:
    """Podman with runc as root: what runs on a machine where nothing else is set up."""
    folder = tmp_path_factory.mktemp("podman")
    conf = folder / "containers.conf"
    conf.write_text(CONF)
    environment = {**os.environ, "CONTAINERS_CONF": str(conf)}
    yield from _opened(RuntimeKind.PODMAN, folder, environment, image)


@pytest.fixture(scope="session")
def docker(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerEngine]:
    """The machine's Docker where its daemon answers, else one of the tests' own."""
    folder = tmp_path_factory.mktemp("docker")
    with docker_environment(os.environ) as environment:
        yield from _opened(RuntimeKind.DOCKER, folder, environment, image)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a root filesystem."""
    busybox = shutil.which("busybox")
    if busybox is None or os.geteuid() != 0:
        pytest.skip("containers are tested as root, with a static busybox for an image")
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    _write_image(archive, Path(busybox))
    return archive


def _opened(
    kind: RuntimeKind, folder: Path, environment: Mapping[str, str], image: Path
) -> Iterator[ContainerEngine]:
    try:
        found = find_engine(kind, folder, environment)
    except ExecutionError as error:
        pytest.skip(error.message)
    assert found is not None
    imported = _call(found, "import", str(image), IMAGE)
    if imported.returncode != 0 or _call(found, *TRIAL).returncode != 0:
        pytest.skip(f"{found.kind} runs no container on this machine")
    yield found
    found.remove(found.names())


def _call(engine: ContainerEngine, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [engine.program, *words],
        env=dict(engine.environment),
        capture_output=True,
        text=True,
        check=False,
    )


def _write_image(archive: Path, busybox: Path) -> None:
    with tarfile.open(archive, "w") as tar:
        tar.add(busybox.resolve(), "bin/busybox")
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        for folder in ("tmp", "etc", "proc", "dev", "sys"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(entry)
        text = b"from the image\n"
        file = tarfile.TarInfo("etc/image")
        file.size = len(text)
        tar.addfile(file, BytesIO(text))
