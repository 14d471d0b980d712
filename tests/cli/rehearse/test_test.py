"""gitops test: what passes, what fails with its place, and what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from toolkit.cli.main import run

GOOD = """\
tests:
  - name: it is tried twice
    run: cron/nightly
    mock:
      - {step: main, attempt: 0, exitCode: 1}
    expect:
      phase: Succeeded
      steps: {main: {attempts: 2}}
      notifications:
        - {title: Succeeded}
"""
BAD = """\
tests:
  - name: it is not
    run: cron/nightly
    expect:
      phase: Failed
  - name: there is none
    run: cron/nihgtly
    expect: {phase: Failed}
"""


@pytest.fixture
def good(repository: Path) -> Path:
    folder = repository / "tests" / "workflows"
    folder.mkdir(parents=True)
    (folder / "good.yaml").write_text(GOOD)
    return folder


def test_tests_are_found_and_pass(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "--coverage"]) == 0
    out = capsys.readouterr().out
    assert "ok   it is tried twice" in out
    assert "1 test, 0 failed" in out
    assert "templates: 3 of 4 (75%)\n  not covered: resting/main" in out
    assert "branches: 1 of 2 (50%)\n  not covered: nightly/main: succeeds at once" in out


def test_failures_tell_where_and_what(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (good / "bad.yaml").write_text(BAD)
    assert run(["test", "tests/workflows/bad.yaml"]) == 1
    out = capsys.readouterr().out
    assert (
        "FAIL it is not\n"
        "  tests/workflows/bad.yaml:5:14: expect.phase\n"
        "    expected: Failed\n"
        "    found:    Succeeded\n"
    ) in out
    assert "bad.yaml:7:10" in out
    assert "did you mean 'nightly'?" in out


def test_one_test_by_name(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (good / "bad.yaml").write_text(BAD)
    assert run(["test", "-k", "twice"]) == 0
    assert run(["test", "-k", "nobody"]) == 2


def test_machines_read_junit_and_json(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (good / "bad.yaml").write_text(BAD)
    assert run(["test", "-o", "junit"]) == 1
    root = Xml.fromstring(capsys.readouterr().out)
    counts = {suite.get("name"): suite.get("failures") for suite in root}
    assert counts == {"tests/workflows/bad.yaml": "2", "tests/workflows/good.yaml": "0"}
    assert run(["test", "-o", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["passed"] for one in found["tests"]] == [False, False, True]
    assert found["tests"][0]["mismatches"][0]["line"] == 5


BROKEN = [
    ("tests: [{name: a, run: b, expct: {}}]", 1, "'expect' is missing"),
    ("tests: [{name: a, run: b, expect: {phases: x}}]", 1, "did you mean 'phase'?"),
    ("tests: []", 1, "at least one entry"),
    ("[", 1, "broken.yaml:2:1"),
]


@pytest.mark.parametrize(("text", "code", "message"), BROKEN)
def test_broken_files_are_refused_with_their_place(
    repository: Path, capsys: pytest.CaptureFixture[str], text: str, code: int, message: str
) -> None:
    (repository / "broken.yaml").write_text(text)
    assert run(["test", "broken.yaml"]) == code
    assert message in capsys.readouterr().err


def test_without_tests_it_says_where_they_go(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["test", "overlays"]) == 1, "what stands there are no tests"
    assert run(["test"]) == 2
    assert run(["test", "nowhere"]) == 2
    assert "nowhere: no such file or folder" in capsys.readouterr().err
