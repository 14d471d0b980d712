"""Random repositories, built by us and by the real kustomize: the same bytes, the same refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kustomize.random_repositories import Repository
from toolkit.adapters.files import DiskTree
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build, render

RealBuild = Callable[[Path], str | None]

SAMPLE = range(9000, 9012)
SOAK = range(10_000, 13_000)


def _ours(root: Path, target: str) -> str | None:
    try:
        return render(build(DiskTree(root), target))
    except (BuildError, YamlError):
        return None


def _compare(seed: int, root: Path, real_kustomize: RealBuild) -> None:
    repository = Repository(seed)
    for path, text in repository.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    ours = {target: _ours(root, target) for target in repository.targets}
    assert ours == {target: real_kustomize(root / target) for target in repository.targets}


@pytest.mark.parametrize("seed", SAMPLE)
def test_a_random_repository_is_built_as_kustomize_builds_it(
    seed: int, tmp_path: Path, real_kustomize: RealBuild
) -> None:
    _compare(seed, tmp_path, real_kustomize)


@pytest.mark.soak
def test_thousands_of_random_repositories(tmp_path: Path, real_kustomize: RealBuild) -> None:
    for seed in SOAK:
        _compare(seed, tmp_path / str(seed), real_kustomize)
