from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.memory_runs import MemoryRuns
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.workflow.commands import ContainerCall, OutputFile, StartContainer, WakeAt
from toolkit.workflow.ports import RunStore
from toolkit.workflow.run import AuditEvent, Transition

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
START = StartContainer(
    "u1-1", "n", "wf.n", "pod", "t", ContainerCall("i", ("sh",)), (OutputFile("o", "/o", "d"),)
)
WAKE = WakeAt("u1-2", NOW + timedelta(seconds=5))


@pytest.fixture(params=["sqlite", "memory"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    if request.param == "memory":
        yield MemoryRuns()
        return
    with Database(tmp_path / "state.db") as database:
        yield SqliteRuns(database)


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
    runs.commit("u1", changes, NOW)
    found = runs.find("u1")
    assert found is not None
    assert found.run == row()
    assert dict(found.nodes) == {"@b": note("new"), "@c": note("3")}


def test_answered_commands_are_gone_with_the_commit_that_answers(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    third = replace(WAKE, id="u1-3")
    runs.commit("u1", Transition(commands=(third,)), NOW, answered=["u1-1", "u1-unknown"])
    found = runs.find("u1")
    assert found is not None
    assert found.commands == (WAKE, third)
    assert runs.outstanding() == {"u1-2", "u1-3"}


def test_a_failed_commit_changes_nothing(runs: RunStore) -> None:
    with pytest.raises(Exception, match=r"FOREIGN KEY|u1"):
        runs.commit("u1", BEGIN, NOW)
    assert runs.find("u1") is None
    assert runs.outstanding() == frozenset()


def test_recovery_sees_runs_of_its_cluster_until_their_end_is_shown(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    runs.begin("production", Transition(run=row("u2")), NOW)
    runs.settle("u1")
    assert [run.uid for run in runs.unsettled("staging")] == ["u1"]
    runs.commit("u1", DONE, NOW)
    assert [run.uid for run in runs.unsettled("staging")] == ["u1"]
    runs.settle("u1")
    assert runs.unsettled("staging") == ()
    assert runs.uids("staging") == {"u1"}
    assert runs.outstanding() == frozenset()


def test_a_run_that_goes_on_is_recovered_again(runs: RunStore) -> None:
    runs.begin("staging", BEGIN, NOW)
    runs.commit("u1", DONE, NOW)
    runs.settle("u1")
    runs.commit("u1", Transition(run=row()), NOW)
    assert [run.uid for run in runs.unsettled("staging")] == ["u1"]


def test_audit_is_kept_in_order(runs: RunStore) -> None:
    first = AuditEvent("Normal", "Started", "one")
    second = AuditEvent("Warning", "Failed", "two", "n")
    runs.begin("staging", replace(BEGIN, audit=(first,)), NOW)
    runs.commit("u1", Transition(audit=(second,)), NOW + timedelta(seconds=1))
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


def test_rows_survive_the_program(tmp_path: Path) -> None:
    with Database(tmp_path / "state.db") as database:
        SqliteRuns(database).begin("staging", BEGIN, NOW)
    with Database(tmp_path / "state.db") as database:
        (found,) = SqliteRuns(database).unsettled("staging")
    assert found.commands == (START, WAKE)
