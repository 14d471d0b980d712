"""What the long tests found, in benchmarks/RESULTS.md: one line a test, the last run's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

RESULTS = Path(__file__).parent.parent / "benchmarks" / "RESULTS.md"
_HEADING = "## Soak\n"


class SoakRecord:
    """A plugin of the process that gathers the reports. A test says its seeds and counts with
    ``record_property``.
    """

    def __init__(self, path: Path = RESULTS) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and "soak" in report.keywords:
            text = self._path.read_text(encoding="utf-8")
            self._path.write_text(recorded(text, report.nodeid, told(report)), encoding="utf-8")


def told(report: pytest.TestReport) -> str:
    """How it ended."""
    properties = ", ".join(f"{name} {value}" for name, value in report.user_properties)
    day = time.strftime("%Y-%m-%d")
    return f"{report.outcome} in {report.duration:,.0f} s{properties and f'; {properties}'} ({day})"


def recorded(text: str, test: str, result: str) -> str:
    """``text`` with the line of ``test``, in place of its former one; lines are sorted."""
    before, _, rest = text.partition(_HEADING)
    own, separator, after = rest.partition("\n## ")
    lines = [line for line in own.splitlines() if line and not line.startswith(f"- `{test}`")]
    section = "\n".join(sorted([*lines, f"- `{test}`: {result}"]))
    return f"{before.rstrip()}\n\n{_HEADING}\n{section}\n{separator}{after}"
