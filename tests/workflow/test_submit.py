"""What submit refuses, and how it says so: a run that ends at once, never an exception."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.workflow.machine import submit
from toolkit.workflow.rehearsal.simulation import EPOCH, Outcome, Simulation, named
from toolkit.workflow.run import Run
from toolkit.workflow.spec.library import Library, Reference, missing

OK = {"name": "ok", "container": {"image": "alpine", "command": ["ok"]}}


def ended(spec: Any, **metadata: Any) -> tuple[str, str]:
    run = Run.start(submit(named({"metadata": metadata, "spec": spec}), Library(), EPOCH))
    assert run.is_finished
    return run.phase, str(run.row["message"])


def dag(*tasks: dict[str, Any]) -> dict[str, Any]:
    main = {"name": "main", "dag": {"tasks": [{"template": "ok", **task} for task in tasks]}}
    return {"entrypoint": "main", "templates": [main, OK]}


def steps(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"entrypoint": "main", "templates": [{"name": "main", "steps": [list(calls)]}, OK]}


REFUSED: list[tuple[Any, str, str]] = [
    ({}, "Failed", "spec.entrypoint is required"),
    (None, "Failed", "spec.entrypoint is required"),
    ({"entrypoint": "no", "templates": [OK]}, "Failed", "template name 'no' undefined"),
    ({"entrypoint": "ok", "templates": [OK], "hooks": {"h": {"template": "ok"}}}, "Failed",
     "invalid spec: hooks.h Expression required"),
    (steps({"name": "a", "template": "ok", "hooks": {"h": {"template": "ok"}}}), "Failed",
     "invalid spec: templates.main.steps[0].a.h Expression required"),
    ({"entrypoint": "ok", "onExit": "no", "templates": [OK]}, "Failed",
     "invalid spec: template name 'no' undefined"),
    (steps({"name": "a", "template": "no"}), "Failed",
     "templates.main.steps[0].a template name 'no' undefined"),
    (steps({"name": "a", "template": "ok"}, {"name": "a", "template": "ok"}), "Failed",
     "name 'a' is not unique"),
    (steps({"name": "a", "templateRef": {"name": "t", "template": "x"}}), "Failed",
     "template reference t.x not found"),
    (dag({"name": "A", "dependencies": ["B"]}, {"name": "B", "dependencies": ["A"]}), "Failed",
     "templates.main sorting failed: graph with cycle"),
    (dag({"name": "A", "depends": "B"}), "Failed",
     "templates.main sorting failed: invalid dependency B"),
    (dag({"name": "A"}, {"name": "B", "depends": "A.Happy"}), "Failed",
     "task result 'Happy' for task 'A' is invalid"),
    ({"entrypoint": "x", "templates": [{"name": "x"}]}, "Failed", "template 'x' type is unknown"),
    ({"entrypoint": "x", "templates": [{**OK, "name": "x", "suspend": {}}]}, "Failed",
     "multiple template types specified"),
    ({"workflowTemplateRef": {"name": "gone"}}, "Error",
     'workflowtemplate.argoproj.io "gone" not found'),
    ({"entrypoint": "ok", "templates": [OK], "arguments": {"parameters": [{"name": "p"}]}},
     "Failed", "invalid spec: spec.arguments.p.value or spec.arguments.p.valueFrom is required"),
    ({"entrypoint": "ok", "templates": [OK], "arguments": {"parameters": [
        {"name": "p", "valueFrom": {"supplied": {}}}]}}, "Error",
     "either value or valueFrom must be specified in order to set global parameter p"),
    ({"entrypoint": "ok", "templates": [OK], "arguments": {"parameters": [
        {"name": "p", "value": "c", "enum": ["a", "b"]}]}}, "Failed",
     "spec.arguments.parameters.p.value should be present in"),
    ({"entrypoint": "ok", "templates": [OK], "brandNew": 1}, "Error",
     "spec.brandNew is not supported by the embedded engine"),
    ({"entrypoint": "ok", "templates": [{**OK, "sidecars": [
        {"name": "s", "image": "i", "volumeDevices": [{"name": "d"}]}]}]}, "Error",
     "templates.ok.sidecars.s.volumeDevices is not supported by the embedded engine (block"),
    ({"entrypoint": "c", "templates": [{"name": "c", "containerSet": {"containers": [
        {"name": "a", "image": "i", "dependencies": ["b"]}]}}]}, "Failed",
     "invalid spec: templates.c.containerSet.containers.a dependency 'b' not defined"),
    ({"entrypoint": "c", "templates": [{"name": "c", "containerSet": {"containers": [
        {"name": "a", "image": "i", "dependencies": ["b"]},
        {"name": "b", "image": "i", "dependencies": ["a"]}]}}]}, "Failed",
     "invalid spec: templates.c.containerSet.containers dependency cycle detected: a->b->a"),
    ({"entrypoint": "c", "templates": [{"name": "c", "containerSet": {"containers": [
        {"name": "a", "image": "i"}]},
        "outputs": {"parameters": [{"name": "o", "valueFrom": {"path": "/o"}}]}}]}, "Failed",
     'containers must have a container named "main" for input or output'),
    ({"entrypoint": "c", "templates": [{"name": "c", "containerSet": {"containers": []}}]},
     "Failed", "templates.c.containerSet.containers must have at least one container"),
    ({"entrypoint": "ok", "templates": [{**OK, "sidecars": [{"name": "wait", "image": "i"}]}]},
     "Failed", 'templates.ok.sidecars: "wait" is a reserved Argo container name'),
    ({"entrypoint": "ok", "templates": [{**OK, "initContainers": [
        {"name": "a", "image": "i"}, {"name": "a", "image": "i"}]}]}, "Failed",
     "templates.ok.initContainers[1].name 'a' is not unique"),
    ({"entrypoint": "d", "templates": [{"name": "d", "data": {"source": {}}}]}, "Error",
     "no valid source is used for data template"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "phase", "message"), REFUSED)
def test_refused_at_submit(spec: Any, phase: str, message: str) -> None:
    found_phase, found = ended(spec)
    assert message in found
    assert found_phase == phase


def test_a_name_that_is_too_long_is_refused() -> None:
    _, message = ended({"entrypoint": "ok", "templates": [OK]}, name="x" * 64)
    assert "must not be more than 63 characters long (currently 64)" in message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = ["entrypoint", "templates", "arguments", "onExit", "hooks", "volumes", "suspend",
          "parallelism", "activeDeadlineSeconds", "templateDefaults", "workflowTemplateRef",
          "workflowMetadata", "retryStrategy"]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_spec_is_submitted_without_an_exception(spec: dict[str, Any]) -> None:
    body = named({"spec": {"entrypoint": "ok", "templates": [OK], **spec}})
    assert submit(body, Library(), EPOCH).run is not None


REPOSITORIES = Reference("ConfigMap", "artifact-repositories")


def test_missing_asks_for_templates_and_config_maps_until_all_are_known() -> None:
    workflow = {
        "spec": {
            "workflowTemplateRef": {"name": "shared"},
            "arguments": {"parameters": [
                {"name": "a", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "k"}}}]},
        }
    }  # fmt: skip
    first = missing(workflow, Library())
    assert set(first) == {
        Reference("WorkflowTemplate", "shared"), REPOSITORIES, Reference("ConfigMap", "cm"),
    }  # fmt: skip
    call = {"name": "x", "templateRef": {"name": "deep", "template": "t", "clusterScope": True}}
    shared = {"spec": {"templates": [{"name": "main", "steps": [[call]]}]}}
    library = Library(
        {("WorkflowTemplate", "shared"): shared},
        {"cm": {"k": "v"}},
        frozenset({REPOSITORIES}),
    )
    deep = Reference("ClusterWorkflowTemplate", "deep")
    assert missing(workflow, library) == (deep,)
    found = Library(library.templates, library.config_maps, frozenset({deep, REPOSITORIES}))
    assert missing(workflow, found) == ()


def test_an_environment_variable_from_a_config_map_is_not_fetched_at_submit() -> None:
    source = {"configMapKeyRef": {"name": "cm", "key": "k"}}
    container = {"image": "i", "env": [{"name": "A", "valueFrom": source}]}
    body = {"spec": {"templates": [{"name": "m", "container": container}]}}
    assert missing(body, Library()) == (REPOSITORIES,)


SUPPORTED_ONLY = ("must_succeed.json", "are refused by name, not skipped")
RESULTS = {"flip-coin": "heads", "split": '["0"]', "gen-number-list": "[1]"}


def test_upstream_examples_succeed_or_are_refused_by_field(corpus: Path) -> None:
    import json

    library = _library(corpus)
    ended_well, refused = [], []
    for entry in json.loads((corpus / "must_succeed.json").read_text())["must_succeed"]:
        documents = [
            body for body in yaml.safe_load_all((corpus / entry["path"]).read_text()) if body
        ]
        body = json.loads(json.dumps(documents[entry["doc"]], default=str))
        simulation = Simulation(body, library=library, outcome=_outcome).run_to_end(most=5000)
        assert simulation.run.is_finished, entry["path"]
        if simulation.run.phase == "Succeeded":
            ended_well.append(entry["path"])
        else:
            refused.append((entry["path"], simulation.run.row["message"]))
    assert len(ended_well) >= 80
    unexplained = [item for item in refused if "not supported" not in item[1]]
    assert len(unexplained) <= 6, unexplained


def _library(corpus: Path) -> Library:
    templates = {}
    for path in corpus.glob("examples/**/*.yaml"):
        for body in yaml.safe_load_all(path.read_text()):
            if body and str(body.get("kind")).endswith("WorkflowTemplate"):
                templates[(body["kind"], str(body["metadata"].get("name", "")))] = body
    return Library(templates, {"simple-parameters": {"msg": "hello"}})


def _outcome(start: Any) -> Outcome:
    files = getattr(start, "output_files", ())
    outputs = {file.name: "1" for file in files} or {name: "1" for name, _, _ in
                                                     getattr(start, "outputs", ())}  # fmt: skip
    return Outcome(result=RESULTS.get(getattr(start, "template", ""), "1"), outputs=dict(outputs))
