"""The repository that we ship, rendered once for all tests, by the real tool."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ("staging", "production")

Objects = Mapping[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed")
    return found


@pytest.fixture(scope="session")
def texts(kubectl: str) -> Mapping[str, bytes]:
    """What kubectl prints for each environment. It must warn of nothing."""
    built = {}
    for name in ENVIRONMENTS:
        command = [kubectl, "kustomize", str(ROOT / "overlays" / name)]
        result = subprocess.run(command, capture_output=True, check=True)
        assert result.stderr == b""
        built[name] = result.stdout
    return built


@pytest.fixture(scope="session")
def rendered(texts: Mapping[str, bytes]) -> Mapping[str, Objects]:
    """The objects of each environment, by kind and name."""
    return {name: _by_name(text) for name, text in texts.items()}


@pytest.fixture(scope="session")
def manual() -> Mapping[str, dict[str, Any]]:
    """The workflows that are run by hand, by file name."""
    return {
        path.name: yaml.safe_load(path.read_bytes())
        for path in sorted((ROOT / "workflows").glob("*.yaml"))
    }


def _by_name(text: bytes) -> Objects:
    documents = list(yaml.safe_load_all(text))
    return {(body["kind"], body["metadata"]["name"]): body for body in documents}
