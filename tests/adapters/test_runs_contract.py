from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.memory.runs import MemoryRuns
from toolkit.adapters.sqlite.archive import SqliteArchive
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.workflow.commands import ContainerCall, OutputFile, StartContainer, WakeAt
from toolkit.workflow.locks.locks import MUTEX, Lock, LockRequest
from toolkit.workflow.ports import Change, RunArchive, RunStore
from toolkit.workflow.run import AuditEvent, Transition

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
START = StartContainer(
    "u1-1", "n", "wf.n", "pod", "t", ContainerCall("i", ("sh",)), (OutputFile("o", "/o", "d"),)
)
CRON_LABEL = "workflows.argoproj.io/cron-workflow"
WAKE = WakeAt("u1-2", NOW + timedelta(seconds=5))


@pytest.fixture(params=["sqlite", "memory"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    if request.param == "memory":
        yield MemoryRuns()
        return
    with Database(tmp_path / "state.db") as database:
        yield SqliteRuns(database)


@pytest.fixture
def archive(runs: RunStore) -> RunArchive:
    if isinstance(runs, MemoryRuns):
        return runs
    assert isinstance(runs, SqliteRuns)
    return SqliteArchive(runs.database)


def row(uid: str = "u1", stage: str = "main") -> dict[str, Any]:
    return {"uid": uid, "name": f"wf-{uid}", "namespace": "data", "phase": "x", "stage": stage}


def note(text: str) -> dict[str, Any]:
    return {"text": text}


BEGIN = Transition(run=row(), nodes=(("@a", note("1")), ("@b", note("2"))), commands=(START, WAKE))
DONE = Transition(run=row(stage="done"))


def test_what_was_begun_is_found(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    found = runs.find("u1")
    assert found is not None
    assert (found.uid, found.cluster, found.run) == ("u1", "staging", row())
    assert dict(found.nodes) == {"@a": note("1"), "@b": note("2")}
    assert found.commands == (START, WAKE)
    assert runs.find("u2") is None


def test_beginning_again_changes_nothing(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    runs.begin("staging", replace(BEGIN, nodes=(("@a", note("other")),), commands=()), NOW)
    found = runs.find("u1")
    assert found is not None
    assert dict(found.nodes)["@a"] == note("1")
    assert found.commands == (START, WAKE)


def test_a_commit_changes_what_it_names_and_nothing_else(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    changes = Transition(nodes=(("@b", note("new")), ("@c", note("3"))), removed=("@a",))
    runs.commit(Change("u1", changes, NOW))
    found = runs.find("u1")
    assert found is not None
    assert found.run == row()
    assert dict(found.nodes) == {"@b": note("new"), "@c": note("3")}


def test_answered_commands_are_gone_with_the_commit_that_answers(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    third = replace(WAKE, id="u1-3")
    runs.commit(Change("u1", Transition(commands=(third,)), NOW, ("u1-1", "u1-unknown")))
    found = runs.find("u1")
    assert found is not None
    assert found.commands == (WAKE, third)
    assert runs.outstanding() == {"u1-2", "u1-3"}


def test_a_failed_commit_changes_nothing(runs: RunStore) -> None:
    with pytest.raises(Exception, match=r"FOREIGN KEY|u1"):
        runs.commit(Change("u1", BEGIN, NOW))
    assert runs.find("u1") is None
    assert runs.outstanding() == frozenset()


def test_recovery_sees_runs_of_its_cluster_until_their_end_is_shown(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    runs.begin("production", Transition(run=row("u2")), NOW)
    runs.settle("u1")
    assert [run.uid for run in runs.unsettled("staging")] == ["u1"]
    runs.commit(Change("u1", DONE, NOW))
    assert [run.uid for run in runs.unsettled("staging")] == ["u1"]
    runs.settle("u1")
    assert runs.unsettled("staging") == ()
    assert runs.uids("staging") == {"u1"}
    assert runs.outstanding() == frozenset()


def test_a_run_that_goes_on_is_recovered_again(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    runs.commit(Change("u1", DONE, NOW))
    runs.settle("u1")
    runs.commit(Change("u1", Transition(run=row()), NOW))
    assert [run.uid for run in runs.unsettled("staging")] == ["u1"]


def test_audit_is_kept_in_order(runs: RunStore) -> None:
    first = AuditEvent("Normal", "Started", "one")
    second = AuditEvent("Warning", "Failed", "two", "n")
    runs.begin("staging", replace(BEGIN, audit=(first,)), NOW)
    runs.commit(Change("u1", Transition(audit=(second,)), NOW + timedelta(seconds=1)))
    assert runs.audit("u1") == ((NOW, first), (NOW + timedelta(seconds=1), second))
    assert runs.audit("u2") == ()


def test_removal_leaves_nothing(runs: RunStore) -> None:
    runs.begin("staging", replace(BEGIN, audit=(AuditEvent("Normal", "r", "m"),)), NOW)
    runs.remove("u1")
    runs.remove("u1")
    assert runs.find("u1") is None
    assert (runs.outstanding(), runs.audit("u1"), runs.uids("staging")) == (
        frozenset(),
        (),
        frozenset(),
    )


WORKFLOW = {"kind": "Workflow", "metadata": {"name": "wf-u1", "namespace": "data", "uid": "u1"}}
LATER = NOW + timedelta(hours=1)


def ended(runs: RunStore, uid: str = "u1", workflow: dict[str, Any] | None = WORKFLOW) -> None:
    nodes = (("@a", note("1")), ("@b", note("2")))
    runs.begin("staging", Transition(run=row(uid), nodes=nodes, commands=(WAKE,)), NOW)
    runs.commit(Change(uid, Transition(run=row(uid, stage="done")), NOW))
    runs.settle(uid, workflow)


def test_a_finished_run_stays_in_the_archive_when_its_workflow_goes(
    runs: RunStore, archive: RunArchive
) -> None:
    ended(runs)
    assert [found.gone_at for found in archive.archived("staging")] == [None]
    runs.retire("u1", LATER)
    runs.retire("u1", LATER + timedelta(hours=1))
    (found,) = archive.archived("staging")
    assert (found.uid, found.workflow, found.gone_at, found.nodes) == ("u1", WORKFLOW, LATER, ())
    assert found.run == row(stage="done")
    assert runs.uids("staging") == frozenset()


def test_the_archive_gives_one_run_with_its_nodes(runs: RunStore, archive: RunArchive) -> None:
    ended(runs)
    runs.retire("u1", LATER)
    found = archive.find_archived("staging", "u1")
    assert found is not None
    assert dict(found.nodes) == {"@a": note("1"), "@b": note("2")}
    assert archive.find_archived("production", "u1") is None
    assert archive.archived("production") == ()


def succeeded(runs: RunStore, uid: str, minute: int, **fields: Any) -> None:
    """A run of a cron that ended a minute later, and was deleted."""
    label = {CRON_LABEL: fields.pop("cron", "nightly")}
    at = NOW + timedelta(minutes=minute)
    begun = {**row(uid), "phase": "Succeeded", **fields}
    runs.begin("staging", Transition(run=begun), NOW)
    done = {**begun, "stage": "done", "finished": at.isoformat()}
    runs.commit(Change(uid, Transition(run=done), at))
    runs.settle(uid, {"metadata": {"name": "wf", "labels": label}})
    runs.retire(uid, at)


def test_the_archive_knows_the_last_that_succeeded_of_each_label(
    runs: RunStore, archive: RunArchive
) -> None:
    ended(runs)
    succeeded(runs, "u2", 2)
    succeeded(runs, "u4", 4)
    succeeded(runs, "u3", 3)
    succeeded(runs, "u5", 5, phase="Failed")
    succeeded(runs, "u6", 6, cron="hourly")
    succeeded(runs, "u7", 7, namespace="other")
    assert archive.last_succeeded("staging", ("other", CRON_LABEL)) == {
        ("data", CRON_LABEL, "nightly"): "u4",
        ("data", CRON_LABEL, "hourly"): "u6",
        ("other", CRON_LABEL, "nightly"): "u7",
    }
    assert archive.last_succeeded("production", (CRON_LABEL,)) == {}


def test_an_unfinished_run_goes_with_its_workflow(runs: RunStore, archive: RunArchive) -> None:
    runs.begin("staging", BEGIN, NOW)
    runs.retire("u1", LATER)
    assert runs.find("u1") is None
    assert archive.archived("staging") == ()


def test_a_run_that_is_not_archived_goes_with_its_workflow(
    runs: RunStore, archive: RunArchive
) -> None:
    ended(runs, workflow=None)
    assert archive.archived("staging") == ()
    runs.retire("u1", LATER)
    assert runs.find("u1") is None


def test_taking_a_run_out_of_the_archive_leaves_what_its_workflow_needs(
    runs: RunStore, archive: RunArchive
) -> None:
    ended(runs)
    archive.remove_archived("staging", "u1")
    archive.remove_archived("staging", "unknown")
    assert archive.archived("staging") == ()
    assert runs.find("u1") is not None
    runs.retire("u1", LATER)
    assert runs.find("u1") is None


def test_taking_a_run_out_of_the_archive_removes_it_where_its_workflow_is_gone(
    runs: RunStore, archive: RunArchive
) -> None:
    ended(runs)
    runs.retire("u1", LATER)
    archive.remove_archived("production", "u1")
    assert runs.find("u1") is not None
    archive.remove_archived("staging", "u1")
    assert runs.find("u1") is None


def test_an_archived_run_goes_on_under_another_uid(runs: RunStore, archive: RunArchive) -> None:
    ended(runs)
    assert not runs.adopt("u1", "u9")  # its Workflow is there
    runs.retire("u1", LATER)
    assert runs.adopt("u1", "u9")
    assert not runs.adopt("u1", "u9")
    found = runs.find("u9")
    assert found is not None
    assert found.run == row(stage="done") | {"uid": "u9"}
    assert dict(found.nodes) == {"@a": note("1"), "@b": note("2")}
    assert runs.uids("staging") == {"u9"}
    assert archive.archived("staging") == ()


def test_rows_survive_the_program(tmp_path: Path) -> None:
    with Database(tmp_path / "state.db") as database:
        SqliteRuns(database).begin("staging", BEGIN, NOW)
    with Database(tmp_path / "state.db") as database:
        (found,) = SqliteRuns(database).unsettled("staging")
    assert found.commands == (START, WAKE)


def request(uid: str, node: str = "", *, held: bool = False) -> LockRequest:
    return LockRequest(
        f"{uid}-1", uid, node, f"data/{uid}", (Lock(MUTEX, "data", "m"),), 1, "now", is_held=held
    )


def test_requests_are_committed_with_the_rows_and_kept_in_order(runs: RunStore) -> None:
    runs.begin("staging", replace(BEGIN, lock_requests=(("", request("u1")),)), NOW)
    other = Transition(run=row("u2"), lock_requests=(("n", request("u2", "n")),))
    runs.begin("production", other, NOW)
    assert runs.lock_requests() == (("staging", request("u1")), ("production", request("u2", "n")))


def test_a_request_that_is_granted_takes_the_place_of_the_wish(runs: RunStore) -> None:
    runs.begin("staging", replace(BEGIN, lock_requests=(("", request("u1")),)), NOW)
    runs.commit(Change("u1", Transition(lock_requests=(("", request("u1", held=True)),)), NOW))
    assert runs.lock_requests() == (("staging", request("u1", held=True)),)


def test_what_is_given_back_and_what_a_removed_run_held_is_gone(runs: RunStore) -> None:
    requests = (("", request("u1")), ("n", request("u1", "n")))
    runs.begin("staging", replace(BEGIN, lock_requests=requests), NOW)
    runs.commit(Change("u1", Transition(lock_requests=(("n", None),)), NOW))
    assert [each.node_id for _, each in runs.lock_requests()] == [""]
    runs.remove("u1")
    assert runs.lock_requests() == ()
