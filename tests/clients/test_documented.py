"""The lines that docs/argo-api.md tells people to paste."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "argo-api.md"


def block(language: str) -> str:
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return str(text)


def run(laptop: Any, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=laptop.environment(PYTHONWARNINGS="ignore"),
        cwd=laptop.workspace.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_heras_lines(laptop: Any) -> None:
    done = run(laptop, sys.executable, "-c", block("python"))
    assert done.stdout == "Succeeded\n", done.stderr


@pytest.mark.skipif(shutil.which("argo") is None, reason="no argo on this machine")
@pytest.mark.parametrize("language", ["sh", "bash"])
def test_argos_lines(laptop: Any, language: str) -> None:
    manifest = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hello-}
spec:
  entrypoint: say
  templates: [{name: say, container: {image: any, command: [echo, hello]}}]
"""
    (laptop.workspace.root / "hello.yaml").write_text(manifest)
    lines = block(language)
    if language == "bash":
        lines += "argo submit --watch hello.yaml\n"
    done = run(laptop, "bash", "-euc", lines)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Succeeded" in done.stdout
