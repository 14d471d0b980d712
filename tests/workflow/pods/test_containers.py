"""Container nodes beside what is made of them: the graph, the Pod, a retry, a pending timeout."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from toolkit.workflow.rehearsal.simulated_pod import Ending
from toolkit.workflow.rehearsal.simulation import EPOCH, Outcome, Simulation
from toolkit.workflow.retry.plan import plan_retry
from toolkit.workflow.status.projection import project_pod, project_workflow

SECOND = timedelta(seconds=1)


def workflow(**template: Any) -> dict[str, Any]:
    main = [
        [{"name": "set", "template": "set"}],
        [{"name": "last", "template": "last"}],
    ]
    last = {"name": "last", "container": {"image": "i"}}
    return {
        "metadata": {"name": "wf"},
        "spec": {
            "entrypoint": "main",
            "templates": [{"name": "main", "steps": main}, {"name": "set", **template}, last],
        },
    }


DIAMOND = {
    "containerSet": {
        "containers": [
            {"name": "a", "image": "ia"},
            {"name": "b", "image": "ib", "dependencies": ["a"]},
            {"name": "main", "image": "im", "dependencies": ["a"]},
        ]
    },
    "initContainers": [{"name": "init", "image": "ii"}],
    "sidecars": [{"name": "side", "image": "is"}],
}


def played(outcome: Outcome | None = None, **template: Any) -> Simulation:
    given = outcome or Outcome()
    return Simulation(workflow(**template), outcome=lambda _: given).run_to_end()


def nodes_of(simulation: Simulation) -> dict[str, Any]:
    live = {"metadata": {"name": "wf"}, "spec": {}}
    nodes = project_workflow(simulation.run, live)["status"]["nodes"]
    return {node["name"]: node for node in nodes.values()}


def named(simulation: Simulation, ids: list[str]) -> list[str]:
    return [simulation.run.nodes[id].name for id in ids]


def test_containers_hang_on_their_pod_and_on_those_they_wait_for() -> None:
    simulation = played(**DIAMOND)
    nodes = nodes_of(simulation)
    assert named(simulation, nodes["wf[0].set"]["children"]) == ["wf[0].set.a"]
    after_a = named(simulation, nodes["wf[0].set.a"]["children"])
    assert after_a == ["wf[0].set.b", "wf[0].set.main"]


def test_what_follows_a_set_follows_its_last_containers() -> None:
    simulation = played(**DIAMOND)
    nodes = nodes_of(simulation)
    assert named(simulation, nodes["wf[0].set.b"]["children"]) == ["wf[1]"]
    assert named(simulation, nodes["wf[0].set.main"]["children"]) == ["wf[1]"]


def test_a_container_node_names_its_template_and_its_pod() -> None:
    node = nodes_of(played(**DIAMOND))["wf[0].set.b"]
    assert (node["type"], node["displayName"], node["templateName"]) == ("Container", "b", "set")
    assert node["boundaryID"] == nodes_of(played(**DIAMOND))["wf[0].set"]["id"]


def test_the_pod_shows_its_containers_and_how_they_ended() -> None:
    simulation = played(**DIAMOND)
    pod = project_pod(simulation.run, simulation.node("wf[0].set").id)
    assert pod is not None
    assert [each["name"] for each in pod["spec"]["containers"]] == ["a", "b", "main", "side"]
    assert pod["spec"]["initContainers"] == [{"name": "init", "image": "ii"}]
    states = {each["name"]: each["state"]["terminated"]["exitCode"]
              for each in pod["status"]["containerStatuses"]}  # fmt: skip
    assert states == {"a": 0, "b": 0, "main": 0, "side": 143}


def test_a_pod_whose_init_container_runs_is_pending() -> None:
    simulation = Simulation(workflow(**DIAMOND), outcome=lambda _: Outcome(duration=10 * SECOND))
    simulation.run_until(EPOCH + 5 * SECOND)
    node = simulation.node("wf[0].set")
    pod = project_pod(simulation.run, node.id)
    assert pod is not None
    assert (node.phase, pod["status"]["phase"]) == ("Pending", "Pending")
    waiting = pod["status"]["containerStatuses"][0]["state"]
    assert waiting == {"waiting": {"reason": "PodInitializing"}}


def test_a_retry_runs_the_whole_pod_again_though_one_container_had_succeeded() -> None:
    fails = Outcome(containers={"b": Ending(2, SECOND)})
    simulation = played(fails, **DIAMOND)
    live = {"metadata": {"name": "wf"}, "spec": {}}
    kept, pods = plan_retry(project_workflow(simulation.run, live), "", "2026-01-01T00:00:00Z")
    left = [node["name"] for node in kept.values()]
    assert left == ["wf", "wf[0]"]
    assert pods == (simulation.node("wf[0].set").engine["pod"],)


def test_a_pod_that_waits_too_long_for_its_start_times_out() -> None:
    late = Outcome(delay=60 * SECOND)
    simulation = played(late, container={"image": "i"}, pendingTimeout="10s")
    node = simulation.node("wf[0].set")
    assert (node.phase, node.message) == ("Failed", "timeout")


def test_a_pod_that_runs_is_not_ended_by_its_pending_timeout() -> None:
    simulation = played(Outcome(duration=60 * SECOND), container={"image": "i"},
                        pendingTimeout="10s")  # fmt: skip
    assert simulation.node("wf[0].set").phase == "Succeeded"


def test_a_broken_pending_timeout_is_named() -> None:
    simulation = played(container={"image": "i"}, pendingTimeout="soon")
    assert "pendingTimeout" in simulation.node("wf[0].set").message


def test_a_companion_mirrors_the_mounts_of_main() -> None:
    mounts = [{"name": "v", "mountPath": "/v"}]
    simulation = played(
        volumes=[{"name": "v", "emptyDir": {}}],
        container={"image": "i", "volumeMounts": mounts},
        sidecars=[
            {"name": "near", "image": "i", "mirrorVolumeMounts": True},
            {"name": "far", "image": "i"},
        ],
    )
    [start] = [command for command in simulation.started if command.node_name == "wf[0].set"]
    seen = {each.name: each.call.volume_mounts for each in start.containers}
    assert seen == {"main": tuple(mounts), "near": tuple(mounts), "far": ()}
