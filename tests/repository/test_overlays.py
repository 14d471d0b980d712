from __future__ import annotations

import subprocess
import sys

import pytest

from toolkit.repository.overlays import overlay_of

TEXT = b"""environments:
  staging: {overlay: overlays/staging/, namespace: a}
  production: {overlay: ./overlays/production, namespace: b, compat: kustomize}
"""


@pytest.mark.parametrize(
    ("target", "folder", "mode"),
    [
        ("staging", "overlays/staging", "argo"),
        ("overlays/staging", "overlays/staging", "argo"),
        ("./overlays/staging/", "overlays/staging", "argo"),
        ("production", "overlays/production", "kustomize"),
        ("crons/base", "crons/base", "kustomize"),
    ],
)
def test_mode_of_a_target(target: str, folder: str, mode: str) -> None:
    assert overlay_of(TEXT, "gitops.yaml", target) == (folder, mode)


@pytest.mark.parametrize("text", [b"", b"- a", b"environments: 3", b"environments: {staging: 4}"])
def test_broken_settings_do_not_stop_a_build_of_a_folder(text: bytes) -> None:
    assert overlay_of(text, "gitops.yaml", "staging") == ("staging", "kustomize")


def test_hot_path_imports_no_dataclasses() -> None:
    code = "import sys, toolkit.repository.overlays; sys.exit('dataclasses' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
