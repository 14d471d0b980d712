"""What of a status is settled at the submit: stored templates, the stored spec, the repository."""

from __future__ import annotations

from typing import Any

from toolkit.workflow.events import SpecChanged
from toolkit.workflow.rehearsal.simulation import Simulation
from toolkit.workflow.spec.library import REPOSITORIES, Library
from toolkit.workflow.status.projection import project_workflow

WORK = {"name": "work", "container": {"image": "i", "args": ["{{workflow.name}}"]}}
SHARED = {
    "kind": "WorkflowTemplate",
    "metadata": {"name": "shared"},
    "spec": {
        "entrypoint": "main",
        "arguments": {"parameters": [{"name": "day", "value": "of {{workflow.name}}"}]},
        "templates": [
            {
                "name": "main",
                "steps": [
                    [{"name": "a", "template": "work"}],
                    [{"name": "b", "inline": {"container": {"image": "j"}}}],
                ],
            },
            WORK,
            {"name": "unused", "container": {"image": "i"}},
        ],
    },
}
LIBRARY = Library(templates={("WorkflowTemplate", "shared"): SHARED})


def status_of(spec: dict[str, Any], library: Library = LIBRARY) -> dict[str, Any]:
    simulation = Simulation({"metadata": {"name": "wf"}, "spec": spec}, library=library)
    return shown(simulation.run_to_end())


def shown(simulation: Simulation) -> dict[str, Any]:
    status: dict[str, Any] = project_workflow(simulation.run, {"metadata": {}})["status"]
    return status


def test_templates_of_others_are_stored_under_their_keys() -> None:
    reference = {"name": "shared", "template": "main"}
    local = {"name": "own", "steps": [[{"name": "s", "templateRef": reference}]]}
    stored = status_of({"entrypoint": "own", "templates": [local]})["storedTemplates"]
    assert set(stored) == {
        "namespaced/shared/main", "namespaced/shared/work", "namespaced/shared/inline/b",
    }  # fmt: skip
    assert stored["namespaced/shared/work"] == WORK


def test_of_a_workflow_of_its_own_nothing_is_stored() -> None:
    status = status_of({"entrypoint": "work", "templates": [WORK]})
    assert not {"storedTemplates", "storedWorkflowTemplateSpec"} & set(status)


def test_the_spec_of_a_template_is_stored_with_its_tags() -> None:
    spec = {"workflowTemplateRef": {"name": "shared"}, "priority": 3}
    stored = status_of(spec)["storedWorkflowTemplateSpec"]
    assert stored["arguments"]["parameters"] == [{"name": "day", "value": "of {{workflow.name}}"}]
    assert (stored["priority"], stored["entrypoint"]) == (3, "main")
    assert [template["name"] for template in stored["templates"]] == ["main", "work", "unused"]


def test_the_stored_spec_follows_suspend_and_shutdown() -> None:
    body = {"metadata": {"name": "wf"}, "spec": {"workflowTemplateRef": {"name": "shared"}}}
    simulation = Simulation(body, library=LIBRARY)
    simulation.send(SpecChanged(suspend=True, shutdown=""))
    assert shown(simulation)["storedWorkflowTemplateSpec"]["suspend"] is True
    simulation.send(SpecChanged(suspend=False, shutdown="Stop"))
    stored = shown(simulation)["storedWorkflowTemplateSpec"]
    assert (stored.get("suspend"), stored["shutdown"]) == (None, "Stop")


def test_the_artifact_repository_is_named() -> None:
    text = "s3: {bucket: lake}"
    library = Library(
        config_maps={REPOSITORIES: {"main": text}}, default_keys={REPOSITORIES: "main"}
    )
    spec = {"entrypoint": "work", "templates": [WORK]}
    assert status_of(spec)["artifactRepositoryRef"] == {"default": True, "artifactRepository": {}}
    found = status_of(spec, library)["artifactRepositoryRef"]
    assert (found["configMap"], found["key"]) == (REPOSITORIES, "main")
    assert found["artifactRepository"] == {"s3": {"bucket": "lake"}}


def test_a_workflow_that_cannot_be_read_has_none_of_it() -> None:
    status = status_of({"workflowTemplateRef": {"name": "absent"}})
    assert status["phase"] == "Error"
    assert "artifactRepositoryRef" not in status


def test_conditions_are_argos() -> None:
    simulation = Simulation(
        {"metadata": {"name": "wf"}, "spec": {"entrypoint": "work", "templates": [WORK]}}
    )
    begun = {one["type"]: one["status"] for one in shown(simulation)["conditions"]}
    ended = {one["type"]: one["status"] for one in shown(simulation.run_to_end())["conditions"]}
    assert (begun, ended) == (
        {"PodRunning": "True"},
        {"PodRunning": "False", "Completed": "True"},
    )


def test_pods_have_sent_their_results_but_for_daemons() -> None:
    daemon = {"name": "up", "daemon": True, "container": {"image": "i"}}
    steps = [[{"name": "d", "template": "up"}], [{"name": "w", "template": "work"}]]
    spec = {"entrypoint": "main", "templates": [{"name": "main", "steps": steps}, daemon, WORK]}
    nodes = status_of(spec)["nodes"].values()
    synced = [node["displayName"] for node in nodes if node.get("taskResultSynced")]
    assert synced == ["w"]
