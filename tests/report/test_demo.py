from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.publish.provenance import Provenance
from toolkit.publish.publication import ChangeCounts, Publication
from toolkit.report.demo import (
    format_attempts,
    format_crons,
    format_next,
    format_publications,
    format_syncs,
)
from toolkit.sync.state import Outcome, Stage, SyncRecord


def cron(name: str, *, suspend: bool | None, **spec: Any) -> dict[str, Any]:
    state = {} if suspend is None else {"suspend": suspend}
    return {"metadata": {"name": name}, "spec": {"schedules": ["@hourly"], **spec, **state}}


def synced(**counts: int) -> SyncRecord:
    at = datetime(2024, 5, 1, tzinfo=UTC)
    return SyncRecord(
        1,
        "staging",
        "abc",
        "by hand",
        Stage.DONE,
        Outcome.SYNCED,
        at,
        at,
        "",
        "",
        counts,
        "Healthy",
    )


def published(*, is_unchanged: bool) -> Publication:
    source = Provenance("repository", "abc", "me", "subject", is_dirty=False)
    counts = ChangeCounts() if is_unchanged else ChangeCounts(added=3)
    return Publication("staging", "env/staging", "f" * 40, "", counts, source, is_unchanged)


def test_crons_of_every_environment_side_by_side() -> None:
    text = format_crons(
        {
            "staging": [cron("a", suspend=True), cron("b", suspend=True, timezone="Etc/UTC")],
            "production": [cron("a", suspend=False), cron("c", suspend=None)],
        },
        coloured=False,
    )
    *table, _, said = text.splitlines()
    assert said == "in staging all 2 are suspended; in production none of 2 is suspended."
    assert [line.split() for line in table] == [
        ["CRON", "SCHEDULE", "STAGING", "PRODUCTION"],
        ["a", "@hourly", "suspended", "active"],
        ["b", "@hourly", "Etc/UTC", "suspended", "-"],
        ["c", "@hourly", "-", "active"],
    ]


def test_some_crons_suspended() -> None:
    text = format_crons({"x": [cron("a", suspend=True), cron("b", suspend=False)]}, coloured=False)
    assert text.endswith("in x 1 of 2 is suspended.")


@pytest.mark.parametrize(
    ("is_unchanged", "said"),
    [(False, "new: 3 added"), (True, "published already, so no new commit")],
)
def test_publication_tells_whether_there_is_a_new_commit(is_unchanged: bool, said: str) -> None:
    text = format_publications([published(is_unchanged=is_unchanged)])
    assert "ffffffffffff" in text
    assert text.splitlines()[1].endswith(said)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"create": 13, "update": 1}, "staging: 13 created, 1 updated; Healthy"),
        ({"update": 1, "unchanged": 13}, "staging: 1 updated, 13 unchanged; Healthy"),
        (
            {"create": 0, "unchanged": 14},
            "staging: all 14 objects are as published, no object was written",
        ),
    ],
)
def test_sync_tells_what_it_wrote(counts: dict[str, int], said: str) -> None:
    assert format_syncs([synced(**counts)]) == said


def test_attempts_are_counted() -> None:
    nodes = {
        "1": {"type": "Retry", "displayName": "load", "children": ["a", "b", "c"]},
        "2": {"type": "Retry", "displayName": "fine", "children": ["d"]},
        "3": {"type": "Pod", "displayName": "load(0)"},
    }
    assert format_attempts({"status": {"nodes": nodes}}) == "load was tried 3 times"
    assert format_attempts({}) == ""


def test_next_commands_are_verbs_that_exist() -> None:
    from toolkit.cli.verbs import VERBS

    verbs = [line.split()[1] for line in format_next("gitops", coloured=False).splitlines()[1:]]
    assert verbs
    assert set(verbs) <= set(VERBS)
