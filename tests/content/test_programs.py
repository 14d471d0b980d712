"""The pipelines' programs, run as the steps run them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[2] / "resources/base/programs"
COWSAY = Path(__file__).parents[2] / "toolkit/adapters/process/programs/cowsay"


def run(
    program: str, *arguments: str, cwd: Path, code: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-B", PROGRAMS / program, *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stderr
    return result


def transformed(day: str, country: str, cwd: Path) -> dict[str, object]:
    row: dict[str, object] = json.loads(run("transform_orders.py", day, country, cwd=cwd).stdout)
    return row


def test_transform_prints_nothing_but_its_result(tmp_path: Path) -> None:
    row = transformed("2024-05-01", "de", tmp_path)
    assert row == transformed("2024-05-01", "de", tmp_path)
    assert row["country"] == "de"
    assert row != transformed("2024-05-02", "de", tmp_path)


def test_load_may_run_twice(tmp_path: Path) -> None:
    rows = json.dumps([transformed("2024-05-01", country, tmp_path) for country in ("de", "fr")])
    for _ in range(2):
        out = run("load_sales.py", "2024-05-01", rows, cwd=tmp_path, WAREHOUSE="sales.db").stdout
        assert out.startswith("2024-05-01: 2 countries loaded, ")
    warehouse = sqlite3.connect(tmp_path / "sales.db")
    assert warehouse.execute("SELECT count(*) FROM sales").fetchone() == (2,)
    warehouse.close()


def test_fresh_orders_pass_and_stale_ones_fail(tmp_path: Path) -> None:
    run("check_freshness.py", cwd=tmp_path, COUNTRIES="de,fr", MAX_AGE_MINUTES="1440")
    stale = run("check_freshness.py", cwd=tmp_path, code=1, COUNTRIES="de", MAX_AGE_MINUTES="-1")
    assert stale.stderr.startswith("stale: de")


def test_wrong_day_is_refused(tmp_path: Path) -> None:
    error = run("transform_orders.py", "yesterday", "de", cwd=tmp_path, code=1).stderr
    assert "Invalid isoformat string: 'yesterday'" in error


@pytest.mark.parametrize(
    ("arguments", "balloon"),
    [
        (["hello world"], [" _____________", "< hello world >", " -------------"]),
        (
            ["a text that is longer than the line", "of a balloon"],
            [
                " " + "_" * 40,
                "/ a text that is longer than the line of \\",
                "\\ a balloon                              /",
                " " + "-" * 40,
            ],
        ),
    ],
)
def test_cowsay(arguments: list[str], balloon: list[str]) -> None:
    result = subprocess.run([COWSAY, *arguments], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[: len(balloon)] == balloon
