"""Argo's verbs for objects as such: lists, and create, get, update, delete, lint of templates and
crons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from toolkit.adapters.http import asked
from toolkit.adapters.http.argo_ask import Ask, fields_at
from toolkit.adapters.http.argo_lint import refuse_broken
from toolkit.apiserver.field_choice import FieldChoice
from toolkit.apiserver.reading import ListOptions, Page
from toolkit.apiserver.selectors import parse_selector
from toolkit.errors import BadRequestError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.submission.submission import (
    CLUSTER_WORKFLOW_TEMPLATE,
    CRON_WORKFLOW,
    WORKFLOW,
    WORKFLOW_TEMPLATE,
)

Verb = Callable[[Ask], Any]
_REMAINING: Final = "ext.showRemainingItemCount="
_FIRST: Final = "0"


@dataclass(frozen=True, slots=True)
class ArgoKind:
    """``field``: where a request's body holds the object."""

    gvk: GroupVersionKind
    path: str
    field: str


TEMPLATES: Final = ArgoKind(WORKFLOW_TEMPLATE, "workflow-templates/{namespace}", "template")
CLUSTER_TEMPLATES: Final = ArgoKind(
    CLUSTER_WORKFLOW_TEMPLATE, "cluster-workflow-templates", "template"
)
CRONS: Final = ArgoKind(CRON_WORKFLOW, "cron-workflows/{namespace}", "cronWorkflow")


def verbs_of(kind: ArgoKind) -> dict[tuple[str, str], Verb]:
    """By method and path."""
    one = f"{kind.path}/{{name}}"
    return {
        ("GET", kind.path): lambda ask: listed(ask, kind.gvk),
        ("POST", kind.path): lambda ask: _create(ask, kind),
        ("POST", f"{kind.path}/lint"): lambda ask: _lint(ask, kind),
        ("GET", one): lambda ask: ask.found(kind.gvk),
        ("PUT", one): lambda ask: _update(ask, kind),
        ("PUT", f"{kind.path}/"): lambda ask: _update(ask, kind),
        ("DELETE", one): lambda ask: deleted(ask, kind.gvk),
    }


def set_suspended(*, is_suspended: bool) -> Verb:
    """Of a cron."""
    patch = {"spec": {"suspend": is_suspended}}

    def work(ask: Ask) -> Body:
        ref = ask.ref(CRON_WORKFLOW, ask.found(CRON_WORKFLOW))
        return ask.objects.patch(ref, patch, PatchType.MERGE)

    return work


def listed(ask: Ask, gvk: GroupVersionKind) -> Body:
    """A page of the kind, with the fields that are asked for."""
    wanted = _Wanted(ask.query)
    options = wanted.options()
    page = ask.cluster.list(ask.request(gvk), options)
    bodies = [body for body in page.bodies() if wanted.has(body)]
    if gvk == WORKFLOW:
        bodies.sort(key=_newest_first, reverse=True)
    answer = {
        "apiVersion": gvk.api_version,
        "kind": f"{gvk.kind}List",
        "metadata": _list_metadata(page),
        "items": bodies,
    }
    chosen: Body = FieldChoice.parse(ask.query.get("fields", "")).of(answer)
    return {**chosen, "items": chosen.get("items", [])}


def deleted(ask: Ask, gvk: GroupVersionKind) -> Body:
    """Deletes; an empty answer. ``force`` removes finalizers before."""
    query = {
        name.removeprefix("deleteOptions."): value
        for name, value in ask.query.items()
        if name.startswith("deleteOptions.")
    }
    body = ask.found(gvk)
    options, dry_run = asked.delete_options(query, None)
    if dry_run:
        return {}
    ref = ask.ref(gvk, body)
    if asked.flag_set(ask.query, "force"):
        ask.objects.patch(ref, {"metadata": {"finalizers": None}}, PatchType.MERGE)
    ask.objects.delete(
        ref,
        uid=query.get("preconditions.uid", ""),
        resource_version=query.get("preconditions.resourceVersion", ""),
        propagation=options.propagation.value,
    )
    return {}


def is_dry_run(document: Mapping[str, Any]) -> bool:
    """Either of the two ways to say so."""
    options = fields_at(document, "createOptions")
    return bool(document.get("serverDryRun") or options.get("dryRun"))


class _Wanted:
    """A list's options. What our selectors do not know is looked at here; then the list is whole,
    because a page of it could be empty.
    """

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        texts = [
            text
            for text in query.get("listOptions.fieldSelector", "").split(",")
            if text and not text.startswith(_REMAINING)
        ]
        how = query.get("nameFilter", "")
        self._is_like = _LIKE.get(how)
        if how and self._is_like is None and how != "Exact":
            raise BadRequestError(f"nameFilter must be Exact, Prefix or Contains, not {how!r}")
        self._name = query.get("namePattern", "")
        if self._name:
            self._is_like = _contains
        elif self._is_like is not None:
            self._name = _name_in(texts)
            texts = [text for text in texts if not text.startswith("metadata.name=")]
        self._fields = ",".join(texts)
        self._after = _instant(query, "createdAfter")
        self._before = _instant(query, "finishedBefore")

    def options(self) -> ListOptions:
        query = self._query
        selector = parse_selector(query.get("listOptions.labelSelector", ""), self._fields)
        if self._looks_closer:
            return ListOptions(selector)
        limit = asked.number(query, "listOptions.limit", 0)
        begin = query.get("listOptions.continue", "")
        return ListOptions(selector, limit, "" if begin == _FIRST else begin)

    def has(self, body: Body) -> bool:
        metadata, status = body["metadata"], body.get("status") or {}
        if self._is_like is not None and not self._is_like(str(metadata["name"]), self._name):
            return False
        if self._after and not _instant(metadata, "creationTimestamp", self._after) > self._after:
            return False
        ended = _instant(status, "finishedAt")
        return not self._before or (ended is not None and ended < self._before)

    @property
    def _looks_closer(self) -> bool:
        return bool(self._is_like or self._after or self._before)


def _starts_with(name: str, text: str) -> bool:
    return name.startswith(text)


def _contains(name: str, text: str) -> bool:
    return text in name


_LIKE: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "Prefix": _starts_with,
    "Contains": _contains,
}


def _name_in(selectors: Iterable[str]) -> str:
    for text in selectors:
        if text.startswith("metadata.name="):
            return text.removeprefix("metadata.name=").removeprefix("=")
    return ""


def _instant(fields: Mapping[str, Any], name: str, default: Any = None) -> Any:
    text = str(fields.get(name) or "")
    if not text:
        return default
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequestError(f"{name} is no RFC 3339 time: {text!r}") from None
    if instant.tzinfo is None:
        raise BadRequestError(f"{name} says no time zone: {text!r}")
    return instant


def _newest_first(body: Body) -> tuple[bool, str, str]:
    """Those that run stand before those that ended."""
    status = body.get("status") or {}
    ended = str(status.get("finishedAt") or "")
    return not ended, ended, str(body["metadata"].get("creationTimestamp") or "")


def _list_metadata(page: Page) -> Body:
    metadata: Body = {"resourceVersion": str(page.version)}
    if page.continue_token:
        metadata["continue"] = page.continue_token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    return metadata


def _create(ask: Ask, kind: ArgoKind) -> Body:
    document = ask.document()
    body = ask.submitted(document, kind.field, kind.gvk)
    refuse_broken(ask, body, is_submission=False)
    return ask.objects.create(body, dry_run=is_dry_run(document))


def _lint(ask: Ask, kind: ArgoKind) -> Body:
    body = ask.submitted(ask.document(), kind.field, kind.gvk)
    refuse_broken(ask, body, is_submission=False)
    return body


def _update(ask: Ask, kind: ArgoKind) -> Body:
    """The name in the body counts, as upstream."""
    body = ask.submitted(ask.document(), kind.field, kind.gvk)
    body["metadata"].setdefault("name", ask.path.get("name", ""))
    live = ask.found(kind.gvk, str(body["metadata"]["name"]))
    refuse_broken(ask, body, is_submission=False)
    if "status" in live:
        body["status"] = live["status"]
    return ask.objects.update(body)
