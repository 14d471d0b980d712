from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from toolkit.publish.ports import Commit
from toolkit.publish.provenance import Provenance, publish_message
from toolkit.report.history import format_history, format_sync, history_document
from toolkit.report.plan import format_plan, plan_document
from toolkit.report.status import EnvironmentStatus, format_status, status_document
from toolkit.resource.diff import FieldChange
from toolkit.resource.identity import GroupVersionKind, ResourceId
from toolkit.sync.guards import Refusal
from toolkit.sync.plan import Action, Phase, SyncPlan, Task
from toolkit.sync.state import EnvironmentState, Outcome, Stage, SyncRecord

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
CRON = GroupVersionKind("argoproj.io", "v1alpha1", "CronWorkflow")
LIVE = {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "metadata": {}}


def task(action: Action, name: str, **fields: object) -> Task:
    key = ResourceId("argoproj.io", "CronWorkflow", "data", name)
    phase = Phase.PRUNE if action in (Action.PRUNE, Action.KEEP) else Phase.SYNC
    made = Task(phase, 0, action, key, CRON, {"spec": "target"}, LIVE)
    return replace(made, **fields)


PLAN = SyncPlan(
    "staging",
    "c" * 40,
    "uid",
    (
        task(Action.CREATE, "new", reason="new", live=None),
        task(
            Action.UPDATE,
            "changed",
            reason="changed in git",
            changes=(FieldChange(("spec", "suspend"), False, True),),
        ),
        task(Action.UNCHANGED, "same"),
        task(Action.KEEP, "kept", reason="it is a run"),
        task(Action.PRUNE, "gone", reason="no longer in the target"),
    ),
    (Refusal("too-many-pruned", "it would delete a lot", "look again"),),
)


def test_a_plan_shows_each_object_that_changes_and_what_guards_hold_against_it() -> None:
    assert format_plan(PLAN).splitlines() == [
        "staging: 1 to create, 1 to update, 1 to delete, 1 left alone, 1 unchanged",
        "  + CronWorkflow/new in data  new",
        "  ~ CronWorkflow/changed in data  changed in git",
        "      spec.suspend: false → true",
        "  = CronWorkflow/kept in data  it is a run",
        "  - CronWorkflow/gone in data  no longer in the target",
        "refused (too-many-pruned): it would delete a lot",
        "hint: look again",
        f"plan {PLAN.hash}",
    ]


def test_an_empty_plan_has_no_hash_to_approve() -> None:
    empty = SyncPlan("staging", "c", "uid", (task(Action.UNCHANGED, "same"),))
    assert format_plan(empty) == "staging: 1 unchanged"


def test_a_preview_shows_no_hash_because_it_cannot_be_approved() -> None:
    assert PLAN.hash not in format_plan(replace(PLAN, is_preview=True))
    assert plan_document(replace(PLAN, is_preview=True))["preview"] is True


def test_a_plans_document_has_its_changes_and_no_bodies() -> None:
    document = plan_document(PLAN)
    assert document["version"] == 1
    assert document["hash"] == PLAN.hash
    assert [each["action"] for each in document["tasks"]] == ["create", "update", "keep", "prune"]
    assert document["tasks"][1]["changes"] == [{"path": "spec.suspend", "old": False, "new": True}]
    assert document["refusals"][0]["code"] == "too-many-pruned"
    assert "target" not in str(document["tasks"][0])


STATE = EnvironmentState("staging", "uid", "c" * 40, AT, "Healthy")
RECORD = SyncRecord(
    1,
    "staging",
    "c" * 40,
    "automation",
    Stage.DONE,
    Outcome.SYNCED,
    AT,
    AT,
    counts={"create": 2, "update": 0, "unchanged": 1},
    health="Healthy",
)


def test_status_says_synced_out_of_sync_unpublished_or_unknown() -> None:
    quiet = replace(PLAN, tasks=())
    cases = {
        "Unpublished": EnvironmentStatus("a"),
        "Synced": EnvironmentStatus("a", "c" * 40, state=STATE, sync_plan=quiet),
        "OutOfSync": EnvironmentStatus("a", "d" * 40, state=STATE, sync_plan=quiet),
        "Unknown": EnvironmentStatus("a", "c" * 40, state=STATE, problem="out of reach"),
    }
    assert {words: status.sync_status for words, status in cases.items()} == {
        words: words for words in cases
    }


def test_drift_is_out_of_sync() -> None:
    status = EnvironmentStatus("a", "c" * 40, state=STATE, sync_plan=PLAN)
    assert status.is_out_of_sync
    assert status_document([status])["environments"][0]["changes"] == 3


def test_the_notes_tell_what_to_do() -> None:
    failed = replace(RECORD, outcome=Outcome.FAILED, message="ConfigMap/x: no")
    status = EnvironmentStatus("a", "c" * 40, True, STATE, failed, PLAN)
    text = format_status([status])
    assert "a: held by a rollback; gitops publish a --clear-hold" in text
    assert "a: the last sync failed: ConfigMap/x: no" in text
    assert "a: what differs: gitops plan a" in text


def test_history_joins_commits_with_their_syncs() -> None:
    source = Provenance("r", "e" * 40, "Ada <a@b>", "Edit\x1b[31m")
    message = publish_message(
        source, environment="staging", digest="d", counts="1 updated", version="1"
    )
    commit = Commit("c" * 40, (), "Ada <a@b>", AT, message)
    heading, line = format_history([commit], [RECORD]).splitlines()
    assert heading.split() == ["REVISION", "PUBLISHED", "SOURCE", "SYNC", "WHAT"]
    assert line.split()[:5] == ["c" * 12, "2024-05-06", "07:08", "e" * 12, "Synced"]
    (revision,) = history_document("staging", [commit], [RECORD])["revisions"]
    assert revision["source"]["commit"] == "e" * 40
    assert revision["sync"]["counts"] == {"create": 2, "update": 0, "unchanged": 1}


def test_a_sync_in_a_line_leaves_out_what_did_not_happen() -> None:
    assert format_sync(RECORD) == "staging synced at cccccccccccc: 2 created, 1 unchanged; Healthy"
