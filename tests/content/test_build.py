"""Plain kustomize and this toolkit print the same bytes, in both of its modes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from toolkit.adapters.files import DiskTree
from toolkit.kustomize.build import build, render
from toolkit.kustomize.result import BuildOptions


@pytest.mark.parametrize("compat", ["kustomize", "argo"])
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_overlays_are_built_as_kubectl_does(
    texts: Mapping[str, bytes], root: Path, environment: str, compat: str
) -> None:
    result = build(DiskTree(str(root)), f"overlays/{environment}", BuildOptions(compat))
    assert render(result).encode() == texts[environment]
    assert result.warnings == ()
