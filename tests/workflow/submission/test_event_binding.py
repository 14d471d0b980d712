"""What events from outside submit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.errors import RefusedError
from toolkit.workflow.expressions import Environment
from toolkit.workflow.submission.event_binding import is_meant, sight, submitted, template_of

EVENT = sight(
    namespace="data",
    discriminator="git",
    payload={"ref": "main", "count": 2, "tags": ["a", "<b>"]},
    headers={"x-kind": ["push"], "authorization": ["Bearer secret"]},
    now=datetime(2026, 3, 4, tzinfo=UTC),
)
TEMPLATE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "WorkflowTemplate",
    "metadata": {"name": "load", "namespace": "data"},
    "spec": {"arguments": {"parameters": [{"name": "ref", "value": "x"}, {"name": "day"}]}},
}


def binding(selector: str = "true", **submit: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "on-push", "namespace": "data"},
        "spec": {
            "event": {"selector": selector},
            "submit": {"workflowTemplateRef": {"name": "load"}, **submit},
        },
    }


def parameter(name: str, expression: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"event": expression}}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("true", True),
        ("payload.ref == 'main' && discriminator == 'git'", True),
        ("namespace == 'other'", False),
        ('metadata["x-kind"] == ["push"]', True),
        ('metadata["authorization"] == nil', True),
    ],
)
def test_a_selector_sees_the_event(selector: str, *, expected: bool) -> None:
    assert is_meant(binding(selector), EVENT) is expected


def test_a_binding_that_submits_nothing_is_for_no_event() -> None:
    assert not is_meant({"spec": {"event": {"selector": "true"}}}, EVENT)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("garbage!!", "failed to evaluate workflow template expression"),
        ("payload.ref", "unable to cast expression result 'main' to bool"),
        ("", "failed to evaluate workflow template expression"),
    ],
)
def test_a_broken_selector_says_so(selector: str, message: str) -> None:
    with pytest.raises(RefusedError, match="failed to evaluate") as caught:
        is_meant(binding(selector), EVENT)
    assert message in caught.value.message


def test_parameters_come_from_the_event_over_the_templates_own() -> None:
    given = [parameter("ref", "payload.ref"), parameter("tags", "payload.tags")]
    workflow = submitted(binding(arguments={"parameters": given}), TEMPLATE, EVENT)
    assert workflow["spec"]["arguments"]["parameters"] == [
        {"name": "ref", "value": "main"},
        {"name": "tags", "value": '["a","\\u003cb\\u003e"]'},
        {"name": "day"},
    ]


def test_the_workflow_is_of_the_template_and_names_its_binding() -> None:
    workflow = submitted(binding(), TEMPLATE, EVENT)
    assert workflow["spec"]["workflowTemplateRef"] == {"name": "load"}
    assert workflow["metadata"]["generateName"] == "load-"
    assert workflow["metadata"]["namespace"] == "data"
    label = "workflows.argoproj.io/workflow-event-binding"
    assert workflow["metadata"]["labels"][label] == "on-push"


def test_name_labels_and_annotations_are_expressions() -> None:
    wanted = {
        "name": "'push-' + payload.ref",
        "labels": {"team": "discriminator"},
        "annotations": {"count": "string(payload.count)"},
    }
    metadata = submitted(binding(metadata=wanted), TEMPLATE, EVENT)["metadata"]
    assert metadata["name"] == "push-main"
    assert "generateName" not in metadata
    assert metadata["labels"]["team"] == "git"
    assert metadata["annotations"]["count"] == "2"


@pytest.mark.parametrize(
    ("submit", "message"),
    [
        ({"metadata": {"name": "payload.count"}}, "must evaluate to a string"),
        ({"metadata": {"labels": {"a": "rubbish!!"}}}, 'workflow label "a" expression'),
        ({"arguments": {"parameters": [{"name": "p"}]}}, "valueFrom is nil"),
        ({"arguments": {"parameters": [parameter("p", "no.such")]}}, 'parameter "p" expression'),
    ],
)
def test_what_cannot_be_submitted_says_why(submit: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError) as caught:
        submitted(binding(**submit), TEMPLATE, EVENT)
    assert message in caught.value.message


def test_a_binding_names_its_template() -> None:
    cluster = {"name": "shared", "clusterScope": True}
    gvk, name = template_of(binding(workflowTemplateRef=cluster))
    assert (gvk.kind, name) == ("ClusterWorkflowTemplate", "shared")
    with pytest.raises(RefusedError, match=r"workflowTemplateRef\.name is missing"):
        template_of(binding(workflowTemplateRef={}))


def test_an_event_may_be_any_json() -> None:
    plain: Environment = sight(
        namespace="data", discriminator="", payload=7, headers={}, now=datetime.now(UTC)
    )
    assert is_meant(binding("payload == 7 && discriminator == ''"), plain)
