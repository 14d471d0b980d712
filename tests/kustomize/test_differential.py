"""Random repositories, built by us and by the real kustomize: the same bytes, the same refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kustomize.layered_repositories import LayeredRepository
from tests.kustomize.random_repositories import Repository
from tests.kustomize.rich_repositories import RichRepository
from toolkit.adapters.files import DiskTree
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build, render

RealBuild = Callable[[Path], str | None]
Files = Repository | LayeredRepository
Kind = type[Repository] | type[LayeredRepository]

KINDS = (Repository, RichRepository, LayeredRepository)
SAMPLE = range(9000, 9006)
SOAK = range(10_000, 13_000)


def _ours(root: Path, target: str) -> str | None:
    try:
        return render(build(DiskTree(root), target))
    except (BuildError, YamlError):
        return None


def _compare(repository: Files, root: Path, real_kustomize: RealBuild) -> None:
    for path, text in repository.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    ours = {target: _ours(root, target) for target in repository.targets}
    assert ours == {target: real_kustomize(root / target) for target in repository.targets}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", SAMPLE)
def test_a_random_repository_is_built_as_kustomize_builds_it(
    seed: int, kind: Kind, tmp_path: Path, real_kustomize: RealBuild
) -> None:
    _compare(kind(seed), tmp_path, real_kustomize)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_random_repositories(
    kind: Kind, tmp_path: Path, real_kustomize: RealBuild
) -> None:
    for seed in SOAK:
        _compare(kind(seed), tmp_path / str(seed), real_kustomize)
