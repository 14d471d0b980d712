"""What a reader of this repository may rely on, in both environments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.process.images import ImageMap
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.repository.load import load_settings

CRONS = ["daily-sales", "freshness-check", "hello-cron", "weekly-report"]
Rendered = Mapping[str, Mapping[tuple[str, str], dict[str, Any]]]


def of_kind(objects: Mapping[tuple[str, str], dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [body for (its_kind, _), body in objects.items() if its_kind == kind]


def each(value: Any, key: str) -> Iterator[Any]:
    """Every value of ``key``, at any depth."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for item in value.values():
            yield from each(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from each(item, key)


@pytest.mark.parametrize(("environment", "suspend"), [("staging", True), ("production", False)])
def test_every_cron_says_whether_it_is_suspended(
    rendered: Rendered, environment: str, suspend: bool
) -> None:
    crons = of_kind(rendered[environment], "CronWorkflow")
    assert {cron["metadata"]["name"]: cron["spec"]["suspend"] for cron in crons} == dict.fromkeys(
        CRONS, suspend
    )


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_everything_stands_in_the_environments_namespace(
    rendered: Rendered, environment: str
) -> None:
    namespaces = {
        body["metadata"].get("namespace", body["metadata"]["name"])
        for body in rendered[environment].values()
    }
    assert namespaces == {f"data-{environment}"}


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_no_run_is_deployed(rendered: Rendered, environment: str) -> None:
    assert of_kind(rendered[environment], "Workflow") == []


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_generated_names_are_followed(rendered: Rendered, environment: str) -> None:
    objects = rendered[environment]
    exist = {name for kind, name in objects if kind == "ConfigMap"}
    keys = ("configMapKeyRef", "configMapRef", "configMap")
    used = {
        reference["name"]
        for body in objects.values()
        for key in keys
        for reference in each(body, key)
    }
    assert used == exist
    assert all(re.search(r"-[a-z0-9]{10}\Z", name) for name in used)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_called_templates_exist(
    rendered: Rendered, manual: Mapping[str, Any], environment: str
) -> None:
    objects = rendered[environment]
    exist = {
        (body["metadata"]["name"], template["name"])
        for body in of_kind(objects, "WorkflowTemplate")
        for template in body["spec"]["templates"]
    }
    callers = [*objects.values(), *manual.values()]
    called = {(r["name"], r["template"]) for r in each(callers, "templateRef")}
    assert called <= exist


def test_approval_stands_in_production_only(rendered: Rendered) -> None:
    kinds = {
        environment: [
            name
            for name in ("suspend", "steps", "container")
            for template in rendered[environment]["CronWorkflow", "weekly-report"]["spec"][
                "workflowSpec"
            ]["templates"]
            if name in template
        ]
        for environment in rendered
    }
    assert kinds == {
        "staging": ["steps", "container"],
        "production": ["suspend", "steps", "container"],
    }
    steps = next(each(rendered["production"]["CronWorkflow", "weekly-report"]["spec"], "steps"))
    assert [group[0]["name"] for group in steps] == ["resolve-day", "build", "approve", "publish"]


def test_hello_cron(rendered: Rendered) -> None:
    spec = rendered["production"]["CronWorkflow", "hello-cron"]["spec"]
    hello, notify = spec["workflowSpec"]["templates"]
    call = notify["steps"][0][0]
    assert spec["schedules"] == ["* * * * *"]
    assert hello["container"]["command"] == ["cowsay"]
    assert hello["container"]["args"] == ["hello world"]
    assert hello["container"]["image"].startswith("docker/whalesay@sha256:")
    assert spec["workflowSpec"]["onExit"] == "notify"
    assert call["templateRef"] == {"name": "slack-notifier", "template": "notify"}
    assert {p["name"]: p["value"] for p in call["arguments"]["parameters"]} == {
        "title": "Hello from {{workflow.name}}",
        "wf-status": "{{workflow.status}}",
        "failures": "{{workflow.failures}}",
    }


def test_notifiers_parameters_have_defaults_and_become_variables(rendered: Rendered) -> None:
    spec = rendered["production"]["WorkflowTemplate", "slack-notifier"]["spec"]
    (template,) = spec["templates"]
    parameters = template["inputs"]["parameters"]
    values = {variable["name"]: variable["value"] for variable in template["container"]["env"]}
    assert {p["name"] for p in parameters} >= {"channel", "title", "icon", "wf-status", "failures"}
    assert all("value" in parameter for parameter in parameters)
    for parameter in parameters:
        variable = parameter["name"].upper().replace("-", "_")
        assert values[variable] == f"{{{{inputs.parameters.{parameter['name']}}}}}"
    assert template["container"]["envFrom"][0] == {"secretRef": {"name": "slack-hook"}}


def test_hourly_check_is_silent_while_all_is_well(rendered: Rendered) -> None:
    spec = rendered["production"]["CronWorkflow", "freshness-check"]["spec"]["workflowSpec"]
    assert spec["templates"][1]["steps"][0][0]["when"] == "{{workflow.status}} != Succeeded"


def test_common_steps_are_shared(rendered: Rendered) -> None:
    callers = [
        name
        for (kind, name), body in rendered["staging"].items()
        if any(reference["name"] == "common-steps" for reference in each(body, "templateRef"))
    ]
    assert callers == ["daily-sales", "weekly-report"]


def test_images_are_pinned_and_known_to_the_embedded_runtime(
    rendered: Rendered, manual: Mapping[str, Any], root: Path
) -> None:
    rules = load_settings((root / "gitops.yaml").read_bytes(), "gitops.yaml").images
    known = ImageMap(rules, root, MadeOnce(root / "made"))
    images = {image for body in [*rendered.values(), manual] for image in _images(body)}
    assert len(images) >= 4
    for image in images:
        assert "@sha256:" in image or re.search(r":[0-9][^:/]*\Z", image), image
        assert known.is_known(image), image


def _images(objects: Mapping[Any, Any]) -> Iterator[str]:
    return each(list(objects.values()), "image")


def test_no_secret_stands_in_git(texts: Mapping[str, bytes]) -> None:
    assert all(b"kind: Secret\n" not in text for text in texts.values())


@pytest.mark.parametrize("name", ["backfill.yaml", "fire-drill.yaml"])
def test_manual_workflows_fit_any_environment(manual: Mapping[str, Any], name: str) -> None:
    body = manual[name]
    assert body["kind"] == "Workflow"
    assert "namespace" not in body["metadata"]
    assert body["metadata"]["generateName"].endswith("-")
    assert "configMap" not in json.dumps(body)  # its generated name is the environment's affair
