"""Builds from files in memory; the real kustomize where it is present."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from toolkit.adapters.files import MemoryTree
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build, render
from toolkit.kustomize.result import BuildOptions, BuildResult

Build = Callable[..., BuildResult]
RealBuild = Callable[[Path], str | None]

PEER = "v5.8.1"


@pytest.fixture
def built() -> Build:
    """``built({"kustomization.yaml": …, …}, target="", **options)``."""

    def run(files: Mapping[str, str], target: str = "", **options: str) -> BuildResult:
        return build(MemoryTree(files), target, BuildOptions(**options))  # type: ignore[arg-type]

    return run


@pytest.fixture
def rendered(built: Build) -> Callable[..., str]:
    """As ``built``, but the text."""
    return lambda *args, **options: render(built(*args, **options))


@pytest.fixture
def objects(built: Build) -> Callable[..., list[dict[str, object]]]:
    """As ``built``, but the bodies in order."""
    return lambda *args, **options: [r.body for r in built(*args, **options).resources]


@pytest.fixture
def refused(built: Build) -> Callable[..., BuildError | YamlError]:
    """As ``built``, but the error."""

    def run(*args: object, **options: str) -> BuildError | YamlError:
        with pytest.raises((BuildError, YamlError)) as caught:
            built(*args, **options)
        return caught.value

    return run


@pytest.fixture(scope="session")
def real_kustomize() -> RealBuild:
    """The real kustomize of exactly the version that is copied: its output, None for an error."""
    command = shutil.which("kustomize") or str(Path.home() / "go/bin/kustomize")
    if not Path(command).is_file():
        pytest.skip("kustomize is not installed")
    version = subprocess.run([command, "version"], capture_output=True, text=True, check=False)
    if PEER not in version.stdout and "(devel)" not in version.stdout:
        pytest.skip(f"kustomize is {version.stdout.strip()}, not {PEER}")

    def run(folder: Path) -> str | None:
        done = subprocess.run([command, "build", str(folder)], capture_output=True, check=False)
        return done.stdout.decode() if done.returncode == 0 else None

    return run


def as_yaml(body: object) -> str:
    """A file's text."""
    return yaml.safe_dump(body, sort_keys=False)
