"""gitops cron backfill, with the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.cli.main import run

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: filled}
spec:
  schedules: ["0 3 * * *"]
  suspend: true
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        container:
          image: any
          command: [sh, -c]
          args: ['t={{workflow.scheduledTime}}; echo at $t; test $t != 2026-03-02T03:00:00Z']
"""
FIRST = "filled-1772334000"


def test_each_time_runs_once_and_a_failure_shows(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "cron.yaml").write_text(CRON)
    assert run(["cron", "create", "cron.yaml"]) == 0
    span = ["cron", "backfill", "filled", "--from", "2026-03-01"]
    assert run([*span, "--to", "2026-03-02", "--dry-run"]) == 0
    assert capsys.readouterr().out.endswith(f"workflow/{FIRST}  2026-03-01T03:00:00Z\n")
    assert run([*span, "--to", "2026-03-02"]) == 0
    assert f"workflow/{FIRST} Succeeded\n" in capsys.readouterr().out
    assert run(["logs", FIRST]) == 0
    assert "at 2026-03-01T03:00:00Z" in capsys.readouterr().out

    assert run([*span, "--to", "2026-03-04", "--parallel", "3"]) == 1
    out, err = capsys.readouterr()
    assert f"{FIRST} created" not in out, "what ran is not run again"
    assert "3 scheduled times: 2 run now, 1 there already, 1 not succeeded" in err
    assert "gitops retry filled-1772420400 --env staging" in err
    assert run([*span, "--to", "2026-02-01"]) == 2
