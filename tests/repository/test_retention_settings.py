from __future__ import annotations

from datetime import timedelta

import pytest

from toolkit.errors import SettingsError
from toolkit.repository.load import load_settings
from toolkit.repository.settings import Settings
from toolkit.workflow.retention.retention import Limits, Retention

BASE = """\
environments:
  staging: {overlay: o/s, namespace: data}
  production:
    overlay: o/p
    namespace: data
    retention:
      logs: {maxAge: none, maxCount: 5}
"""


def settings(more: str = "") -> Settings:
    return load_settings((BASE + more).encode(), "gitops.yaml")


def test_retention_is_on_where_nothing_is_said() -> None:
    kept = settings().environment("staging").retention
    assert kept == Retention()
    assert kept.runs == Limits(timedelta(days=30), 1_000, 1 << 30)


def test_the_top_holds_for_all_and_an_environment_for_itself_limit_by_limit() -> None:
    found = settings("retention: {logs: {maxAge: 2w, maxSize: 500MB}, runs: {maxCount: none}}\n")
    assert found.environment("staging").retention.logs == Limits(
        timedelta(weeks=2), 10_000, 500_000_000
    )
    assert found.environment("production").retention.logs == Limits(None, 5, 500_000_000)
    assert found.environment("production").retention.runs.max_count is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{logs: {maxAge: 3 years}}",
            "expected an age as 30d, 2w or 36h, or none, found '3 years'",
        ),
        ("{logs: {maxSize: 1.5GB}}", "expected a size as 500MB or 10GiB, or none, found '1.5GB'"),
        ("{logs: {maxCount: -1}}", "expected a number, or none, found -1"),
        ("{logs: {maxCount: true}}", "expected a number, or none, found true"),
        ("{log: {}}", "unknown field 'log'"),
    ],
)
def test_a_limit_that_is_none_is_refused_at_its_place(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings(f"retention: {text}\n")
    assert refusal.value.message == message
    assert refusal.value.location is not None
    assert refusal.value.location.line == 8
