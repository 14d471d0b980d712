"""gitops schedule: from rendered files, without a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.cli.main import run

SPRING = ["schedule", "--from", "2026-03-28", "--days", "3"]
TEXT = """\
UTC                LOCAL                                CRON
2026-03-28 01:30   2026-03-28 02:30 +0100 Europe/Rome   nightly
2026-03-30 00:30   2026-03-30 02:30 +0200 Europe/Rome   nightly

2 runs from 2026-03-28 00:00 to 2026-03-31 00:00 UTC
  nightly: 2
suspended, and so without runs: resting
changes of clocks:
  2026-03-29 Europe/Rome  nightly  skipped: 02:30 is not there
"""


def test_coming_runs_in_their_zone_and_in_utc(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(SPRING) == 0
    assert capsys.readouterr().out == TEXT
    assert not (repository / ".gitops").exists(), "it needs no state, and makes none"


def test_overlaps_that_durations_let_expect(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "d.yaml").write_text("runs: {nightly: 25h}\n")
    assert run([*SPRING, "--durations", "d.yaml", "--from", "2026-05-01"]) == 0
    out = capsys.readouterr().out
    assert "nightly   (skipped: the run before still goes on)" in out
    assert "nightly: 3, each about 1d 1h; of them 1 skipped, the first at 2026-05-02 00:30" in out


def test_suspended_crons_count_where_asked(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SPRING, "--suspended", "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], found["total"], found["suspended"]) == (1, 74, [])
    assert found["runs"][0] == {
        "cron": "resting", "at": "2026-03-28T00:00:00Z", "local": "2026-03-28T00:00:00+0000",
        "zone": "UTC", "expected": "runs",
    }  # fmt: skip
    assert [one["name"] for one in found["crons"]] == ["nightly", "resting"]
    (change,) = found["clockChanges"]
    assert (change["cron"], change["effect"], change["times"]) == ("nightly", "skipped", ["02:30"])


def test_an_empty_span_is_json_too(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "--from", "2026-03-29", "--days", "1", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == []


def test_a_calendar(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "d.yaml").write_text("runs: {nightly: 90}\n")
    assert run([*SPRING, "--durations", "d.yaml", "-o", "ical"]) == 0
    text = capsys.readouterr().out
    lines = text.split("\r\n")
    assert (lines[0], lines[-2:]) == ("BEGIN:VCALENDAR", ["END:VCALENDAR", ""])
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = text.replace("\r\n ", "").split("\r\n")
    events = [index for index, line in enumerate(unfolded) if line == "BEGIN:VEVENT"]
    assert len(events) == 2
    first = dict(line.split(":", 1) for line in unfolded[events[0] : events[1]])
    assert first["UID"] == "nightly-1774661400@staging.gitops"
    assert (first["DTSTART"], first["DURATION"]) == ("20260328T013000Z", "PT90S")
    assert first["DESCRIPTION"].endswith(r"in Europe/Rome: 2026-03-28 02:30 +0100")


REFUSED = [
    (["schedule", "stagin"], 2, "no environment 'stagin'"),
    (["schedule", "--from", "soon"], 2, "'soon' is no time"),
    (["schedule", "--durations", "none.yaml"], 2, "none.yaml: No such file"),
    (["schedule", "--days", "0"], 2, "0 is not in the range"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED)
def test_what_does_not_fit_is_refused(
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    assert run(arguments) == code
    assert message in capsys.readouterr().err


def test_a_broken_schedule_names_its_cron(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crons = repository / "overlays" / "staging" / "crons.yaml"
    crons.write_text(crons.read_text().replace("30 2 * * *", "99 2 * * *"))
    assert run(["schedule"]) == 1
    assert "CronWorkflow nightly: cron schedule 99 2 * * * is malformed" in capsys.readouterr().err
