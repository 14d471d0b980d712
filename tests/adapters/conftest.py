"""An engine that runs containers here, and an image for it that no registry is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

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
APPLETS = ("sh", "cat", "echo", "env", "id", "ls", "mkdir", "sleep", "test", "true", "printf", "wc")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerEngine]:
    """Podman with runc as root: what runs on a machine where nothing else is set up."""
    folder = tmp_path_factory.mktemp("containers")
    conf = folder / "containers.conf"
    conf.write_text(CONF)
    environment = {**os.environ, "CONTAINERS_CONF": str(conf)}
    busybox = shutil.which("busybox")
    if busybox is None or os.geteuid() != 0:
        pytest.skip("containers are tested as root, with a static busybox for an image")
    try:
        found = find_engine(RuntimeKind.PODMAN, folder, environment)
    except ExecutionError as error:
        pytest.skip(error.message)
    assert found is not None
    archive = folder / "image.tar"
    _write_image(archive, Path(busybox))
    imported = _podman(found, "import", str(archive), IMAGE)
    if imported.returncode != 0 or _podman(found, "run", "--rm", IMAGE, "true").returncode != 0:
        pytest.skip("podman runs no container on this machine")
    yield found
    found.remove(found.names())


def _podman(engine: ContainerEngine, *words: str) -> subprocess.CompletedProcess[str]:
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
