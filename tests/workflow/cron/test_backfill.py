"""The runs of a backfill."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.errors import RefusedError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.backfill import backfill_ticks, backfill_workflow
from toolkit.workflow.cron.ticks import workflow_of


def cron(**spec: Any) -> Body:
    return {"metadata": {"name": "c", "uid": "u"}, "spec": {"workflowSpec": {}, **spec}}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_each_scheduled_time_from_the_first_to_before_the_last() -> None:
    body = cron(schedules=["0 3 * * *", "0 3,15 * * *"], timezone="Europe/Rome", suspend=True)
    found = list(backfill_ticks(body, at("2026-03-28T02:00"), at("2026-03-29T13:00")))
    assert found == [at("2026-03-28T02:00"), at("2026-03-28T14:00"), at("2026-03-29T01:00")]


def test_a_run_is_named_as_the_crons_own_and_is_none_of_its_history() -> None:
    body, tick = cron(schedule="0 3 * * *"), at("2026-03-28T03:00")
    own, filled = workflow_of(body, tick)["metadata"], backfill_workflow(body, tick)["metadata"]
    assert filled["name"] == own["name"]
    assert filled["annotations"] == own["annotations"]
    assert filled["labels"] == {"gitops.toolkit/backfill": "c"}


def test_a_fixed_delay_has_no_times() -> None:
    with pytest.raises(RefusedError, match="no time to go back to"):
        list(backfill_ticks(cron(schedule="@every 1h"), at("2026-03-28"), at("2026-03-29")))
