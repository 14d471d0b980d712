"""Refuses what could not run, before it is stored: the rules of ``gitops validate``."""

from __future__ import annotations

from typing import Final

from toolkit.adapters.http.argo_ask import Ask
from toolkit.errors import BadRequestError
from toolkit.resource.field_path import format_path
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body, Origin
from toolkit.validate import Document, Finding, Severity, validate_documents
from toolkit.workflow.submission.submission import CLUSTER_WORKFLOW_TEMPLATE, WORKFLOW_TEMPLATE

_REFERRED: Final = (
    GroupVersionKind("", "v1", "ConfigMap"),
    WORKFLOW_TEMPLATE,
    CLUSTER_WORKFLOW_TEMPLATE,
)


def refuse_broken(ask: Ask, body: Body, *, is_submission: bool) -> None:
    """Raises BadRequestError with every error. ``is_submission``: a run starts, so every parameter
    has its value.
    """
    findings = validate_documents(
        [Document(body, Origin(str(body["kind"])))],
        sources=lambda _: b"",
        environment=_around(ask),
        is_submission=is_submission,
    )
    errors = [_told(finding) for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise BadRequestError("\n".join(errors))


def _around(ask: Ask) -> list[Body]:
    return [
        body
        for gvk in _REFERRED
        for body in ask.objects.list(
            gvk, "" if gvk == CLUSTER_WORKFLOW_TEMPLATE else ask.namespace
        ).items
    ]


def _told(finding: Finding) -> str:
    place = format_path(finding.path)
    hint = f" (hint: {finding.hint})" if finding.hint else ""
    return f"{place}: {finding.message}{hint}" if place else f"{finding.message}{hint}"
