from __future__ import annotations

import pytest

from tests.controllers.bench import Bench, container
from tests.controllers.conftest import NAMESPACE, config_map
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.memory.executor import Ending
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.errors import StateError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body
from toolkit.workflow.ports import Change

ONE = {"entrypoint": "main", "templates": [{"name": "main", "container": container()}]}
TWO = {
    "entrypoint": "main",
    "templates": [
        {
            "name": "main",
            "steps": [
                [{"name": "a", "template": "work"}],
                [{"name": "b", "template": "work"}],
            ],
        },
        {"name": "work", "container": container()},
    ],
}


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> Bench:
    return Bench(cluster, clock)


def test_a_workflow_runs_to_its_end_and_shows_it(bench: Bench) -> None:
    bench.submit(**ONE)
    assert bench.phase() == "Succeeded"
    assert set(bench.pods().values()) == {"Succeeded"}
    assert [notice.phase for notice in bench.notices] == ["Running", "Succeeded"]


def test_a_broken_workflow_ends_with_a_message(bench: Bench) -> None:
    bench.submit(entrypoint="absent", templates=ONE["templates"])
    assert bench.phase() in ("Failed", "Error")
    assert "absent" in bench.workflow()["status"]["message"]


def test_templates_of_the_namespace_are_found(bench: Bench) -> None:
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "shared", "namespace": NAMESPACE},
        "spec": ONE,
    }
    bench.cluster.create(template)
    bench.submit(workflowTemplateRef={"name": "shared"})
    assert bench.phase() == "Succeeded"


def test_a_missing_secret_is_an_error_that_names_it(bench: Bench) -> None:
    call = container(envFrom=[{"secretRef": {"name": "slack-hook"}}])
    bench.submit(entrypoint="m", templates=[{"name": "m", "container": call}])
    assert bench.phase() == "Error"
    assert 'secret "slack-hook" not found' in str(bench.workflow()["status"])
    assert bench.world.starts == []


def test_a_running_step_shows_as_running(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**ONE)
    bench.advance(1)
    assert bench.phase() == "Running"
    assert set(bench.pods().values()) == {"Running"}


def test_node_changes_are_written_at_most_once_a_second(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)
    before = bench.workflow()["metadata"]["resourceVersion"]
    bench.executor.end(bench.world.starts[0], Ending())
    bench.settle()
    assert bench.workflow()["metadata"]["resourceVersion"] == before
    assert len(bench.world.starts) == 2
    bench.advance(1)
    assert bench.workflow()["metadata"]["resourceVersion"] != before


def test_suspend_holds_the_next_step_and_resume_lets_it_go(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)
    bench.edit(lambda body: body["spec"].update(suspend=True))
    bench.executor.end(bench.world.starts[0], Ending())
    bench.advance(2)
    assert len(bench.world.starts) == 1
    bench.edit(lambda body: body["spec"].pop("suspend"))
    assert len(bench.world.starts) == 2


def test_shutdown_stops_what_runs(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)
    bench.edit(lambda body: body["spec"].update(shutdown="Terminate"))
    bench.advance(1)
    assert bench.phase() == "Failed"
    assert len(bench.world.starts) == 1


def test_a_deleted_workflow_stops_its_steps_and_leaves_no_rows(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**ONE)
    bench.advance(1)
    (command_id,) = bench.world.starts
    bench.cluster.delete(ObjectRef(WORKFLOW, NAMESPACE, "wf"))
    bench.settle()
    assert bench.world.endings[command_id] is not None
    assert bench.runs.uids("staging") == frozenset()
    assert bench.pods() == {}


def test_a_workflow_deleted_while_nobody_watched_is_forgotten(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**ONE)
    bench.cluster.delete(ObjectRef(WORKFLOW, NAMESPACE, "wf"))
    bench.boot()
    bench.settle()
    assert bench.runs.uids("staging") == frozenset()
    assert len(bench.world.starts) == 1


def test_recovery_follows_what_runs_and_starts_nothing_twice(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)
    bench.boot()
    bench.settle()
    assert len(bench.world.starts) == 1
    bench.executor.end(bench.world.starts[0], Ending())
    bench.settle()
    assert len(bench.world.starts) == 2
    bench.executor.end(bench.world.starts[1], Ending())
    bench.settle()
    assert bench.phase() == "Succeeded"


def test_what_ended_while_nobody_watched_is_taken_up(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)
    bench.world.endings[bench.world.starts[0]] = Ending()
    bench.boot()
    bench.settle()
    assert len(bench.world.starts) == 2


def test_a_step_that_vanished_is_interrupted(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**ONE)
    bench.world.lose(bench.world.starts[0])
    bench.boot()
    bench.settle()
    assert bench.phase() == "Error"
    assert "interrupted" in str(bench.workflow()["status"])


def test_an_end_not_yet_shown_is_shown_after_a_restart(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.script = lambda _: None
    bench.submit(**ONE)
    monkeypatch.setattr("toolkit.controllers.runs.picture.draw_workflow", lambda *_, **__: None)
    monkeypatch.setattr(bench.runs, "settle", lambda *_: None)
    bench.executor.end(bench.world.starts[0], Ending())
    bench.settle()
    monkeypatch.undo()
    assert bench.phase() == "Running"
    bench.boot()
    bench.settle()
    assert bench.phase() == "Succeeded"
    assert bench.runs.unsettled("staging") == ()


def test_a_wish_made_while_nobody_watched_comes_before_the_deeds(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)
    body = bench.workflow()
    body["spec"]["suspend"] = True
    bench.cluster.update(body)
    bench.world.endings[bench.world.starts[0]] = Ending()
    bench.boot()
    bench.advance(1)
    assert len(bench.world.starts) == 1


def test_a_conflicting_edit_is_looked_at_before_it_is_overwritten(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)
    body = bench.workflow()
    body["spec"]["suspend"] = True
    body["metadata"]["labels"] = {**body["metadata"].get("labels", {}), "mine": "yes"}
    bench.cluster.update(body)
    bench.executor.end(bench.world.starts[0], Ending(exit_code=1))
    bench.controller.loop.run_ready()
    bench.advance(1)
    assert bench.workflow()["metadata"]["labels"]["mine"] == "yes"
    assert bench.workflow()["spec"]["suspend"] is True


def test_a_backoff_waits_its_time(bench: Bench) -> None:
    bench.script = lambda _: Ending(exit_code=1)
    retry = {"limit": 1, "backoff": {"duration": "10s"}}
    template = {"name": "main", "container": container(), "retryStrategy": retry}
    bench.submit(entrypoint="main", templates=[template])
    bench.advance(9)
    assert len(bench.world.starts) == 1
    bench.advance(1)
    assert len(bench.world.starts) == 2
    assert bench.phase() == "Failed"


def test_a_timer_survives_a_restart(bench: Bench) -> None:
    steps = [[{"name": "wait", "template": "wait"}], [{"name": "b", "template": "work"}]]
    work = {"name": "work", "container": container()}
    wait = {"name": "wait", "suspend": {"duration": "10s"}}
    bench.submit(entrypoint="m", templates=[{"name": "m", "steps": steps}, wait, work])
    bench.boot()
    bench.advance(9)
    assert bench.world.starts == []
    bench.advance(1)
    assert bench.phase() == "Succeeded"


def test_a_resource_template_waits_for_its_condition(bench: Bench) -> None:
    from toolkit.yaml import emit

    resource = {
        "action": "create",
        "manifest": emit(config_map("made", state="new")),
        "successCondition": "data.state == done",
    }
    bench.submit(entrypoint="m", templates=[{"name": "m", "resource": resource}])
    bench.controller._calls._resources.submit(int).result()
    bench.settle()
    assert bench.phase() == "Running"
    bench.cluster.update(config_map("made", state="done"))
    bench.advance(1)
    bench.controller._calls._resources.submit(int).result()
    bench.settle()
    assert bench.phase() == "Succeeded"


def test_retry_goes_on_with_what_failed(bench: Bench) -> None:
    from toolkit.workflow import verbs

    bench.script = lambda resolved: Ending(exit_code=int(resolved.start.id.endswith("-2")))
    bench.submit(**TWO)
    assert bench.phase() == "Failed"

    def retried(body: Body) -> None:
        changed, _ = verbs.retry(body)
        body.clear()
        body.update(changed)

    bench.script = lambda _: Ending()
    bench.edit(retried)
    bench.advance(1)
    assert bench.phase() == "Succeeded"
    assert len(bench.world.starts) == 3


def test_a_step_that_waits_for_room_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.executor, "start", lambda _: None)
    monkeypatch.setattr(bench.executor, "why_waiting", lambda _: "waiting: no room")
    bench.submit(**ONE)
    (node,) = bench.workflow()["status"]["nodes"].values()
    assert (node["phase"], node["message"]) == ("Pending", "waiting: no room")


FAN_OUT = {
    "entrypoint": "main",
    "templates": [
        {
            "name": "main",
            "steps": [[{"name": "a", "template": "work", "withSequence": {"count": "3"}}]],
        },
        {"name": "work", "container": container()},
    ],
}


def test_what_is_decided_close_together_is_one_commit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.script = lambda _: None
    bench.submit(**FAN_OUT)
    bench.advance(1)
    commits: list[tuple[Change, ...]] = []
    commit = bench.runs.commit

    def counted(*changes: Change) -> None:
        commits.append(changes)
        commit(*changes)

    monkeypatch.setattr(bench.runs, "commit", counted)
    for command_id in bench.world.starts:
        bench.executor.end(command_id, Ending())
    bench.settle()
    assert bench.phase() == "Succeeded"
    ((change,),) = commits
    assert set(change.answered) == set(bench.world.starts)


def test_a_step_is_forgotten_only_once_its_end_is_committed(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit(**FAN_OUT)
    bench.executor.end(bench.world.starts[0], Ending())
    bench.settle()
    assert bench.world.starts[0] in bench.runs.outstanding()
    bench.boot()
    bench.settle()
    bench.advance(1)
    assert bench.world.starts[0] not in bench.runs.outstanding()
    assert len(bench.world.starts) == 3


def test_what_cannot_be_committed_is_not_done_and_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.script = lambda _: None
    bench.submit(**TWO)

    def full(*_: Change) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(bench.runs, "commit", full)
    bench.executor.end(bench.world.starts[0], Ending())
    with pytest.raises(StateError):
        bench.settle()
    assert len(bench.world.starts) == 1
    monkeypatch.undo()
    bench.advance(1)
    assert len(bench.world.starts) == 2
