"""WorkflowEventBindings: what an event that comes from outside submits.

Rules: argo-workflows, ``docs/events.md`` and ``server/event/dispatch``. A binding's selector and
the expressions of what it submits see ``payload`` (any JSON), ``discriminator``, ``namespace`` and
``metadata``: the request's ``x-`` headers, each a list of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from toolkit.errors import ExpressionError, RefusedError
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.expressions import Environment, evaluate_bool, json_text, parse
from toolkit.workflow.status.projection import GROUP
from toolkit.workflow.submission.submission import CLUSTER_WORKFLOW_TEMPLATE, WORKFLOW_TEMPLATE
from toolkit.workflow.verbs import from_template

WORKFLOW_EVENT_BINDING: Final = GroupVersionKind("argoproj.io", "v1alpha1", "WorkflowEventBinding")
BINDING_LABEL: Final = f"{GROUP}/workflow-event-binding"


def sight(
    *,
    namespace: str,
    discriminator: str,
    payload: Any,
    headers: Mapping[str, list[str]],
    now: datetime,
) -> Environment:
    """What expressions see of an event; of ``headers`` only those that begin with ``x-``, for the
    others may be credentials.
    """
    seen = {
        "namespace": namespace,
        "discriminator": discriminator,
        "metadata": {name: list(v) for name, v in headers.items() if name.startswith("x-")},
        "payload": payload,
    }
    return Environment.of(seen, now)


def is_meant(binding: Body, event: Environment) -> bool:
    """Whether the event is one for this binding, and it submits something. Raises RefusedError
    with Argo's text where its selector is broken.
    """
    spec = binding.get("spec") or {}
    selector = str((spec.get("event") or {}).get("selector") or "")
    try:
        matches = evaluate_bool(selector, event)
    except ExpressionError as error:
        said = f"failed to evaluate workflow template expression: {error.message}"
        raise RefusedError(said) from error
    return matches and bool(spec.get("submit"))


def template_of(binding: Body) -> tuple[GroupVersionKind, str]:
    """The template that it submits. Raises RefusedError where it names none."""
    ref = binding["spec"]["submit"].get("workflowTemplateRef") or {}
    if not ref.get("name"):
        raise RefusedError("spec.submit.workflowTemplateRef.name is missing")
    gvk = CLUSTER_WORKFLOW_TEMPLATE if ref.get("clusterScope") else WORKFLOW_TEMPLATE
    return gvk, str(ref["name"])


def submitted(binding: Body, template: Body, event: Environment) -> Body:
    """The Workflow that the event makes of the template. Raises RefusedError with Argo's text
    where an expression of the binding is broken.
    """
    submit = binding["spec"]["submit"]
    workflow = from_template(template)
    metadata = workflow["metadata"]
    metadata["namespace"] = binding["metadata"]["namespace"]
    _name(metadata, submit.get("metadata") or {}, event)
    labels = metadata.setdefault("labels", {})
    labels[BINDING_LABEL] = binding["metadata"]["name"]
    given = [_parameter(p, event) for p in (submit.get("arguments") or {}).get("parameters") or ()]
    if given:
        names = {parameter["name"] for parameter in given}
        arguments = workflow["spec"].get("arguments") or {}
        others = [p for p in arguments.get("parameters") or () if p.get("name") not in names]
        workflow["spec"]["arguments"] = {**arguments, "parameters": [*given, *others]}
    return workflow


def _name(metadata: Body, wanted: Mapping[str, Any], event: Environment) -> None:
    """Name, prefix, labels and annotations: each an expression that gives a text."""
    for field in ("name", "generateName"):
        if wanted.get(field):
            metadata[field] = _text(str(wanted[field]), field, event)
    if wanted.get("name"):
        metadata.pop("generateName", None)
    for field, said in (("labels", "label"), ("annotations", "annotation")):
        for key, expression in (wanted.get(field) or {}).items():
            text = _text(str(expression), f'{said} "{key}"', event)
            metadata.setdefault(field, {})[key] = text


def _text(expression: str, what: str, event: Environment) -> str:
    value = _value(expression, f"failed to evaluate workflow {what} expression", event)
    if not isinstance(value, str):
        raise RefusedError(f"workflow {what} expression must evaluate to a string: {value!r}")
    return value


def _parameter(parameter: Mapping[str, Any], event: Environment) -> Body:
    name, source = str(parameter.get("name") or ""), parameter.get("valueFrom")
    if not source:
        raise RefusedError(f'malformed workflow template parameter "{name}": valueFrom is nil')
    failed = f'failed to evaluate workflow template parameter "{name}" expression'
    value = _value(str(source.get("event") or ""), failed, event)
    return {"name": name, "value": value if isinstance(value, str) else json_text(value)}


def _value(expression: str, failed: str, event: Environment) -> Any:
    try:
        return parse(expression).evaluate(event)
    except ExpressionError as error:
        raise RefusedError(f"{failed}: {error.message}") from error
