"""Events from outside, sent to Argo's endpoint, submit what is bound to them."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from toolkit.resource.cluster import ObjectRef
from toolkit.workflow.submission.event_binding import WORKFLOW_EVENT_BINDING

TEMPLATE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "WorkflowTemplate",
    "metadata": {"name": "greet", "namespace": "data"},
    "spec": {
        "entrypoint": "say",
        "arguments": {"parameters": [{"name": "who", "value": "nobody"}]},
        "templates": [
            {
                "name": "say",
                "container": {
                    "image": "any",
                    "command": ["sh", "-c", "echo hello {{workflow.parameters.who}}"],
                },
            }
        ],
    },
}


def bound(name: str, selector: str, event: str = "payload.who") -> dict[str, Any]:
    parameter = {"name": "who", "valueFrom": {"event": event}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowEventBinding",
        "metadata": {"name": name, "namespace": "data"},
        "spec": {
            "event": {"selector": selector},
            "submit": {
                "workflowTemplateRef": {"name": "greet"},
                "metadata": {"name": f"'{name}-' + payload.id"},
                "arguments": {"parameters": [parameter]},
            },
        },
    }


def send(laptop: Any, path: str, document: Any, method: str = "POST", **headers: str) -> Any:
    request = urllib.request.Request(
        f"{laptop.url}/api/v1/{path}",
        data=None if document is None else json.dumps(document).encode(),
        method=method,
        headers={"Authorization": f"Bearer {laptop.serving.token}", **headers},
    )
    context = ssl.create_default_context(cafile=laptop.authority)
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def greeting(laptop: Any) -> Any:
    laptop.cluster.create(TEMPLATE)
    return laptop


@pytest.fixture(autouse=True)
def unbound(greeting: Any) -> Iterator[None]:
    """No binding of another test hears of an event."""
    yield
    for body in greeting.cluster.list(WORKFLOW_EVENT_BINDING, "data").items:
        greeting.cluster.delete(ObjectRef(WORKFLOW_EVENT_BINDING, "data", body["metadata"]["name"]))


def test_an_event_runs_the_template_that_is_bound_to_it(greeting: Any) -> None:
    greeting.cluster.create(bound("on-push", 'metadata["x-kind"] == ["push"]'))
    sent = {"id": "1", "who": "world"}
    assert send(greeting, "events/data/git", sent, **{"X-Kind": "push"}) == {}
    workflow = greeting.ended("on-push-1")
    assert workflow["status"]["phase"] == "Succeeded"
    parameters = workflow["spec"]["arguments"]["parameters"]
    assert parameters == [{"name": "who", "value": "world"}]


def test_a_broken_binding_is_told_and_the_others_run(greeting: Any) -> None:
    greeting.cluster.create(bound("bad", "true", event="payload.no.such"))
    greeting.cluster.create(bound("good", "discriminator == ''"))
    with pytest.raises(urllib.error.HTTPError) as caught:
        send(greeting, "events/data/", {"id": "2", "who": "all"})
    with caught.value as answer:
        assert "failed to dispatch event" in json.load(answer)["message"]
    assert greeting.ended("good-2")["status"]["phase"] == "Succeeded"


def test_bindings_are_listed(greeting: Any) -> None:
    greeting.cluster.create(bound("listed", "false"))
    answer = send(greeting, "workflow-event-bindings/data", None, method="GET")
    assert "listed" in [item["metadata"]["name"] for item in answer["items"]]
    assert answer["kind"] == f"{WORKFLOW_EVENT_BINDING.kind}List"


def test_what_is_no_json_is_refused(greeting: Any) -> None:
    request = urllib.request.Request(
        f"{greeting.url}/api/v1/events/data/x",
        data=b"{",
        headers={"Authorization": f"Bearer {greeting.serving.token}"},
    )
    context = ssl.create_default_context(cafile=greeting.authority)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, context=context, timeout=30)
    with caught.value as answer:
        assert answer.code == 400
