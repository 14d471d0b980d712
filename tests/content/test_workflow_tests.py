"""The tests of workflows that ship pass, and cover what ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.cli.main import run


def test_our_workflows_pass_their_tests(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    assert run(["test", "--coverage", "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["tests"]) >= 10
    branches = found["coverage"]["branches"]
    assert [name for name, was in branches.items() if not was] == []
