from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Kustomize = Callable[[str], str]


def _binary() -> str | None:
    return shutil.which("kustomize", path=os.environ.get("PATH", "") + ":" + _go_folder())


def _go_folder() -> str:
    return str(Path("~/go/bin").expanduser())


@pytest.fixture(scope="session")
def kustomize_once(tmp_path_factory: pytest.TempPathFactory) -> Kustomize:
    """What the real kustomize prints for one resource file."""
    tmp_path = tmp_path_factory.mktemp("kustomize")
    binary = _binary()
    if binary is None:
        pytest.skip("kustomize is not installed")

    def build(text: str) -> str:
        (tmp_path / "kustomization.yaml").write_text("resources: [r.yaml]\n")
        (tmp_path / "r.yaml").write_bytes(text.encode())
        done = subprocess.run(
            [binary, "build", str(tmp_path)], capture_output=True, check=True, timeout=60
        )
        return done.stdout.decode()

    return build
