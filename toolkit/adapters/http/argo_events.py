"""Argo's endpoint for events from outside, and the list of what is bound to them."""

from __future__ import annotations

from typing import Any, Final

import orjson

from toolkit.adapters.http.argo_ask import Ask
from toolkit.adapters.http.argo_kinds import Verb, listed
from toolkit.adapters.http.argo_lint import refuse_broken
from toolkit.errors import BadRequestError, RefusedError, ToolkitError
from toolkit.resource.resource import Body
from toolkit.workflow.expressions import Environment
from toolkit.workflow.nodes import rfc3339
from toolkit.workflow.submission import event_binding
from toolkit.workflow.submission.event_binding import WORKFLOW_EVENT_BINDING

_REASON: Final = "WorkflowEventBindingError"


def _receive(ask: Ask) -> Body:
    """Submits what the namespace's bindings say of this event; where one fails, the others go on,
    and the answer says so. Raises BadRequestError, RefusedError.
    """
    event = event_binding.sight(
        namespace=ask.namespace,
        discriminator=ask.path.get("discriminator", ""),
        payload=_payload(ask.content),
        headers=ask.headers,
        now=ask.now(),
    )
    failures = [
        failure
        for binding in ask.objects.list(WORKFLOW_EVENT_BINDING, ask.namespace).items
        if (failure := _dispatch(ask, binding, event))
    ]
    if failures:
        raise RefusedError(f"failed to dispatch event: [{' '.join(failures)}]")
    return {}


def _payload(content: bytes) -> Any:
    try:
        return orjson.loads(content or b"null")
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"the event is not JSON: {error}") from None


def _dispatch(ask: Ask, binding: Body, event: Environment) -> str:
    """Why it failed; "" where it did not."""
    try:
        if event_binding.is_meant(binding, event):
            template = ask.found(*event_binding.template_of(binding))
            workflow = event_binding.submitted(binding, template, event)
            refuse_broken(ask, workflow, is_submission=True)
            ask.objects.create(workflow)
    except ToolkitError as error:
        ask.objects.create(_event(binding, f"failed to dispatch event: {error.message}", ask))
        return error.message
    return ""


def _event(binding: Body, message: str, ask: Ask) -> Body:
    """A core/v1 Event: who bound the template sees there why nothing ran."""
    metadata, at = binding["metadata"], rfc3339(ask.now())
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": WORKFLOW_EVENT_BINDING.api_version,
            "kind": WORKFLOW_EVENT_BINDING.kind,
            **{key: metadata[key] for key in ("name", "namespace", "uid")},
        },
        "type": "Warning",
        "reason": _REASON,
        "message": message,
        "source": {"component": "argo-server"},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


EVENT_VERBS: Final[dict[tuple[str, str], Verb]] = {
    ("POST", "events/{namespace}/"): _receive,
    ("POST", "events/{namespace}/{discriminator}"): _receive,
    ("GET", "workflow-event-bindings/{namespace}"): lambda ask: listed(ask, WORKFLOW_EVENT_BINDING),
}
"""By method and path."""
