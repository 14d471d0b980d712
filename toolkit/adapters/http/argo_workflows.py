"""Argo's verbs for workflows: each is one edit of the Workflow object, or a new one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from toolkit.adapters.embedded import new_suffix
from toolkit.adapters.http.argo_ask import Ask, fields_at
from toolkit.adapters.http.argo_kinds import Verb, deleted, is_dry_run, listed
from toolkit.adapters.http.argo_lint import refuse_broken
from toolkit.apiserver.field_choice import FieldChoice
from toolkit.errors import BadRequestError, NotFoundError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow import verbs
from toolkit.workflow.submission.options import with_options, with_parameters
from toolkit.workflow.submission.submission import (
    CLUSTER_WORKFLOW_TEMPLATE,
    CRON_WORKFLOW,
    SHORT_NAMES,
    WORKFLOW,
    WORKFLOW_TEMPLATE,
)
from toolkit.workflow.templates.memoized import with_nodes_of

_POD: Final = GroupVersionKind("", "v1", "Pod")


def _create(ask: Ask) -> Body:
    document = ask.document()
    body = ask.submitted(document, "workflow", WORKFLOW)
    refuse_broken(ask, body, is_submission=True)
    return ask.objects.create(body, dry_run=is_dry_run(document))


def _lint(ask: Ask) -> Body:
    body = ask.submitted(ask.document(), "workflow", WORKFLOW)
    refuse_broken(ask, body, is_submission=True)
    return body


def _submit(ask: Ask) -> Body:
    """From a template or a cron that is there."""
    document = ask.document()
    source = _source(ask, document)
    options = fields_at(document, "submitOptions")
    body = with_options(source, options)
    body["metadata"]["namespace"] = ask.namespace
    refuse_broken(ask, body, is_submission=True)
    dry_run = bool(options.get("serverDryRun") or options.get("dryRun"))
    return ask.objects.create(body, dry_run=dry_run)


def _source(ask: Ask, document: Mapping[str, Any]) -> Body:
    kind = str(document.get("resourceKind") or "")
    gvk = SHORT_NAMES.get(kind.lower())
    name = str(document.get("resourceName") or "")
    if gvk not in (CRON_WORKFLOW, WORKFLOW_TEMPLATE, CLUSTER_WORKFLOW_TEMPLATE):
        raise BadRequestError(f"Resource kind '{kind}' is not supported for submitting")
    if not name:
        raise BadRequestError("resourceName is missing")
    found = ask.found(gvk, name)
    if gvk == CRON_WORKFLOW:
        return verbs.from_cron(found, ask.now())
    return verbs.from_template(found)


def _get(ask: Ask) -> Body:
    body = ask.found(WORKFLOW)
    uid = ask.query.get("uid", "")
    if uid and body["metadata"].get("uid") != uid:
        raise NotFoundError(f'workflows.argoproj.io "{ask.path["name"]}" with uid {uid} not found')
    chosen: Body = FieldChoice.parse(ask.query.get("fields", "")).of(body)
    return chosen


def _suspend(ask: Ask) -> Body:
    return ask.changed(WORKFLOW, verbs.suspend)


def _resume(ask: Ask) -> Body:
    selector = str(ask.document().get("nodeFieldSelector") or "")
    return ask.changed(
        WORKFLOW, lambda body: verbs.resume(body, now=ask.now(), node_field_selector=selector)
    )


def _stop(ask: Ask) -> Body:
    """With a selector only the waiting steps that fit it: they fail."""
    document = ask.document()
    selector = str(document.get("nodeFieldSelector") or "")
    message = str(document.get("message") or "")
    if not selector:
        return ask.changed(WORKFLOW, lambda body: verbs.stop(body, message))
    return ask.changed(
        WORKFLOW,
        lambda body: verbs.reject(
            body, now=ask.now(), node_field_selector=selector, message=message
        ),
    )


def _terminate(ask: Ask) -> Body:
    return ask.changed(WORKFLOW, verbs.terminate)


def _retry(ask: Ask) -> Body:
    document = ask.document()
    obsolete: tuple[str, ...] = ()

    def edit(body: Body) -> Body:
        nonlocal obsolete
        changed, obsolete = verbs.retry(
            body,
            now=ask.now(),
            restart_successful=bool(document.get("restartSuccessful")),
            node_field_selector=str(document.get("nodeFieldSelector") or ""),
            parameters=document.get("parameters") or (),
        )
        return changed

    body = ask.changed(WORKFLOW, edit)
    for pod in obsolete:
        with contextlib.suppress(NotFoundError):  # its retention was over
            ask.objects.delete(ObjectRef(_POD, ask.namespace, pod))
    return body


def _resubmit(ask: Ask) -> Body:
    return resubmitted(ask, ask.found(WORKFLOW))


def resubmitted(ask: Ask, old: Body) -> Body:
    """The new workflow as it was created, for one that has run: as the request's body wishes."""
    document = ask.document()
    body = with_parameters(verbs.resubmit(old), document.get("parameters") or [])
    refuse_broken(ask, body, is_submission=True)
    if document.get("memoized"):
        body = with_nodes_of(old, body, new_suffix(), ask.now())
    return ask.objects.create(body)


def _set(ask: Ask) -> Body:
    """``argo node set``: what a waiting step is told."""
    document = ask.document()
    phase = str(document.get("phase") or "")
    edit = _SETS.get(phase)
    if edit is None:
        known = " or ".join(_SETS)
        raise BadRequestError(f"{phase or 'no phase'} is an invalid phase to set to: {known}")
    return ask.changed(WORKFLOW, lambda body: edit(ask, document, body))


def _set_succeeded(ask: Ask, document: Mapping[str, Any], body: Body) -> Body:
    return verbs.resume(
        body,
        now=ask.now(),
        node_field_selector=_selector(document),
        parameters=_outputs(document),
        message=str(document.get("message") or ""),
    )


def _set_failed(ask: Ask, document: Mapping[str, Any], body: Body) -> Body:
    if _outputs(document):
        raise BadRequestError("outputParameters go with the phase Succeeded only")
    return verbs.reject(
        body,
        now=ask.now(),
        node_field_selector=_selector(document),
        message=str(document.get("message") or ""),
    )


_SETS: Final[Mapping[str, Callable[[Ask, Mapping[str, Any], Body], Body]]] = {
    "Succeeded": _set_succeeded,
    "Failed": _set_failed,
}


def _selector(document: Mapping[str, Any]) -> str:
    selector = str(document.get("nodeFieldSelector") or "")
    if not selector:
        raise BadRequestError("nodeFieldSelector is missing: it says which steps are meant")
    return selector


def _outputs(document: Mapping[str, Any]) -> dict[str, str]:
    """Argo's clients send a JSON text within the JSON."""
    text = str(document.get("outputParameters") or "{}")
    try:
        outputs = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequestError(f"outputParameters is no JSON object: {text!r}") from None
    if not isinstance(outputs, dict):
        raise BadRequestError(f"outputParameters is no JSON object: {text!r}")
    return {name: str(value) for name, value in outputs.items()}


_ALL: Final = "workflows/{namespace}"
_ONE: Final = "workflows/{namespace}/{name}"

WORKFLOW_VERBS: Final[Mapping[tuple[str, str], Verb]] = {
    ("GET", _ALL): lambda ask: listed(ask, WORKFLOW),
    ("POST", _ALL): _create,
    ("POST", f"{_ALL}/lint"): _lint,
    ("POST", f"{_ALL}/submit"): _submit,
    ("GET", _ONE): _get,
    ("DELETE", _ONE): lambda ask: deleted(ask, WORKFLOW),
    ("PUT", f"{_ONE}/suspend"): _suspend,
    ("PUT", f"{_ONE}/resume"): _resume,
    ("PUT", f"{_ONE}/stop"): _stop,
    ("PUT", f"{_ONE}/terminate"): _terminate,
    ("PUT", f"{_ONE}/retry"): _retry,
    ("PUT", f"{_ONE}/resubmit"): _resubmit,
    ("PUT", f"{_ONE}/set"): _set,
}
"""By method and path."""
