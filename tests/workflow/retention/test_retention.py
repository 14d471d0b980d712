from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.workflow.retention.retention import (
    Kept,
    Limits,
    age_text,
    over_limits,
    parse_age,
    parse_size,
    size_text,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def kept(name: str, hours: float, size_bytes: int = 1, *, is_held: bool = False) -> Kept:
    return Kept(name, name, NOW - timedelta(hours=hours), size_bytes, is_held)


def gone(items: list[Kept], limits: Limits) -> dict[str, str]:
    return {removal.item.name: removal.reason for removal in over_limits(items, limits, NOW)}


def test_nothing_goes_without_limits() -> None:
    assert gone([kept("a", 99_999), kept("b", 1, 1 << 50)], Limits()) == {}


def test_what_is_older_goes() -> None:
    items = [kept("new", 1), kept("exact", 2), kept("old", 2.1)]
    assert gone(items, Limits(max_age=timedelta(hours=2))) == {"old": "older than 2h"}


def test_the_oldest_beyond_a_count_go_oldest_first() -> None:
    items = [kept("b", 2), kept("d", 4), kept("a", 1), kept("c", 3)]
    assert list(gone(items, Limits(max_count=2))) == ["d", "c"]


def test_the_newest_stay_within_a_size_and_a_small_old_one_too() -> None:
    items = [kept("a", 1, 40), kept("b", 2, 70), kept("c", 3, 60)]
    assert list(gone(items, Limits(max_size_bytes=100))) == ["b"]


def test_what_a_run_under_way_needs_stays_and_counts() -> None:
    items = [kept("held", 50, is_held=True), kept("a", 1), kept("b", 2)]
    limits = Limits(max_age=timedelta(hours=10), max_count=2)
    assert gone(items, limits) == {}
    held_first = [kept("held", 0, is_held=True), kept("a", 1), kept("b", 2)]
    assert gone(held_first, limits) == {"b": "more than 2"}


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100), st.booleans()), max_size=20),
    st.integers(0, 10),
    st.integers(0, 200),
)
def test_a_second_sweep_finds_nothing(
    drawn: list[tuple[int, int, bool]], count: int, size: int
) -> None:
    items = [kept(str(i), hours, s, is_held=h) for i, (hours, s, h) in enumerate(drawn)]
    limits = Limits(timedelta(hours=50), count, size)
    removed = {removal.item for removal in over_limits(items, limits, NOW)}
    rest = [item for item in items if item not in removed]
    assert over_limits(rest, limits, NOW) == ()


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
        ("36h", timedelta(hours=36)),
        ("1h30m", timedelta(minutes=90)),
        ("none", None),
    ],
)
def test_ages(text: str, age: timedelta | None) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "d", "-1h", "3 days", "99999999999999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_age(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [(7, 7), ("500MB", 500_000_000), ("10GiB", 10 << 30), ("2Gi", 2 << 30), ("3k", 3_000),
     ("1B", 1), ("none", None)],
)  # fmt: skip
def test_sizes(text: str | int, size: int | None) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "1iB", "-1", "1.5GB", "1PB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        parse_size(text)


def test_ages_and_sizes_are_said_shortly() -> None:
    spans = [timedelta(days=30), timedelta(hours=36), timedelta(seconds=90), timedelta()]
    assert [age_text(span) for span in spans] == ["30d", "36h", "90s", "0s"]
    assert [size_text(n) for n in (0, 1536, 3 << 20, 5 << 40)] == [
        "0 B",
        "1.5 KiB",
        "3.0 MiB",
        "5.0 TiB",
    ]
