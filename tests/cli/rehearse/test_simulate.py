"""gitops simulate: an environment under a virtual clock, from its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.cli.main import run

DAYS = ["simulate", "--from", "2026-05-01", "--days", "2"]


def test_a_table_of_crons_and_what_would_be_sent(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*DAYS, "--fail", "nightly.main=always"]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert rows[1][:4] == ["nightly", "2", "0", "2"]
    assert "2026-05-01 00:30  nightly to #x: Failed" in out
    assert "suspended, and so without runs: resting" in out
    assert "2 runs rehearsed" in out
    assert err == "", "no bar where nobody looks"
    assert not (repository / ".gitops").exists()


def test_as_json(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*DAYS, "--fail", "nightly.main=1", "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    first, _ = found["runs"]
    assert (first["cron"], first["phase"], first["retries"]) == ("nightly", "Succeeded", 1)
    assert first["scheduled"] == "2026-05-01T00:30:00Z"
    assert first["notifications"][0]["parameters"] == {"title": "Succeeded", "channel": "#x"}


def test_the_same_seed_plays_the_same(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "d.yaml").write_text("steps: {nightly.main: [1, 2, 3, 60, 600]}\n")
    said = []
    for seed in ("7", "7"):
        assert run([*DAYS, "--durations", "d.yaml", "--seed", seed, "-o", "json"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_steps_that_never_start_cannot_fail(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*DAYS, "--fail", "nightly.mian=1"]) == 0
    assert "--fail nightly.mian=1: no such step was started" in capsys.readouterr().err
    assert run([*DAYS, "--fail", "nightl.main=1"]) == 2
    assert "did you mean 'nightly'?" in capsys.readouterr().err
