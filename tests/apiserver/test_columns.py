from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from toolkit.apiserver.builtin_kinds import BUILTIN_KINDS
from toolkit.apiserver.columns import age_of, columns_of, short_duration
from toolkit.apiserver.kinds import Kind

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (7, "7s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (12_000, "3h20m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (187_200, "2d4h"),
        (691_200, "8d"),
        (63_071_999, "729d"),
        (63_072_000, "2y"),
    ],
)
def test_a_duration_is_written_as_kubectl_does(seconds: float, text: str) -> None:
    assert short_duration(seconds) == text


def test_an_age_is_of_a_time_or_unknown() -> None:
    assert age_of((NOW - timedelta(seconds=90)).isoformat(), NOW) == "90s"
    assert age_of("yesterday", NOW) == "<unknown>"


@pytest.mark.parametrize("kind", BUILTIN_KINDS, ids=lambda kind: kind.resource)
def test_every_kind_shows_an_object_that_says_nothing(kind: Kind) -> None:
    cells = [column.cell({"metadata": {"name": "x"}}, NOW) for column in columns_of(kind)]
    assert all(isinstance(cell, str | int | bool) for cell in cells)
