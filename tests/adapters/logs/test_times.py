from __future__ import annotations

import os
import time
from pathlib import Path

from toolkit.adapters.logs.times import LogTimes, TimeKeeper


def test_a_line_s_time_is_when_it_was_first_counted(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text("a\nb\nc\nd\n")
    (tmp_path / "main.times").write_text("1 1000.5\n3 2000.25\n")
    os.utime(log, (3000, 3000))
    times = LogTimes(log)
    assert [times.stamp(line) for line in (1, 2, 3, 4)] == [
        "1970-01-01T00:16:40.500000Z",
        "1970-01-01T00:33:20.250000Z",
        "1970-01-01T00:33:20.250000Z",
        "1970-01-01T00:50:00.000000Z",
    ]


def test_half_a_row_is_none(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text("a\n")
    (tmp_path / "main.times").write_text("1 1000\n2")
    assert LogTimes(log).stamp(1) == "1970-01-01T00:16:40.000000Z"


def test_lines_that_come_apart_have_times_apart(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.touch()
    keeper = TimeKeeper()
    keeper.begin(log)
    append(log, "one\n", 1000)
    wait_for(tmp_path / "main.times", 1)
    append(log, "two\nthr", 2000)
    wait_for(tmp_path / "main.times", 2)
    append(log, "ee\n", 3000)
    keeper.end(log, is_rewritten=True)
    rows = (tmp_path / "main.times").read_text().splitlines()
    assert rows == ["1 1000.000000", "2 2000.000000", "3 3000.000000"]


def append(log: Path, text: str, at: float) -> None:
    with log.open("a") as file:
        file.write(text)
        file.flush()
        os.utime(log, (at, at))


def wait_for(index: Path, rows: int) -> None:
    """As long as it takes; the suite's own limit ends what never comes."""
    while not index.exists() or len(index.read_text().splitlines()) < rows:
        time.sleep(0.02)


def test_of_a_log_that_came_and_went_the_file_s_own_time_is_enough(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text("a\n")
    keeper = TimeKeeper()
    keeper.begin(log)
    keeper.end(log, is_rewritten=False)
    assert not (tmp_path / "main.times").exists()


def test_a_log_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    keeper = TimeKeeper()
    keeper.begin(tmp_path / "gone.log")
    keeper.end(tmp_path / "gone.log", is_rewritten=True)
