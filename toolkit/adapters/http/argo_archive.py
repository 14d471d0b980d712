"""Argo's archive: finished workflows by uid, whether their objects are still there or not.

Rights are asked for where the workflow is known, as upstream: its path names only a uid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from toolkit.adapters.http import asked
from toolkit.adapters.http.argo_ask import Ask
from toolkit.adapters.http.argo_kinds import Verb
from toolkit.adapters.http.argo_workflows import resubmitted
from toolkit.apiserver.access import Action
from toolkit.apiserver.selectors import Selector, parse_selector
from toolkit.errors import BadRequestError, ForbiddenError, NotFoundError
from toolkit.resource.resource import Body
from toolkit.workflow.nodes import parse_instant
from toolkit.workflow.ports import ArchivedRun
from toolkit.workflow.retention.archive import archived_summary, archived_workflow, retried
from toolkit.workflow.submission.submission import WORKFLOW

_GROUP: Final = "argoproj.io"
_WORKFLOWS: Final = "workflows"


def _list(ask: Ask) -> Body:
    query = _Query(ask.query)
    _require(ask, "list", query.namespace)
    found = [run for run in _all(ask) if query.has(run)]
    limit = asked.number(ask.query, "listOptions.limit", 0)
    begin = asked.number(ask.query, "listOptions.continue", 0)
    end = begin + limit if limit else len(found)
    metadata: Body = {}
    if end < len(found):
        metadata["continue"] = str(end)
    if query.counts_rest and limit:
        metadata["remainingItemCount"] = max(0, len(found) - end)
    items = [archived_summary(run) for run in found[begin:end]]
    return {
        "apiVersion": f"{_GROUP}/v1alpha1",
        "kind": "WorkflowList",
        "metadata": metadata,
        "items": items,
    }


def _get(ask: Ask) -> Body:
    return archived_workflow(_found(ask, "get"))


def _delete(ask: Ask) -> Body:
    found = _found(ask, "get", "delete")
    if ask.archive is not None:
        ask.archive.remove_archived(ask.cluster.name, found.uid)
    return {}


def _retry(ask: Ask) -> Body:
    document = ask.document()
    found = _found(ask, "get", "create")
    body = retried(
        found,
        ask.objects.get(ask.ref(WORKFLOW, found.workflow)),
        now=ask.now(),
        restart_successful=bool(document.get("restartSuccessful")),
        node_field_selector=str(document.get("nodeFieldSelector") or ""),
        parameters=document.get("parameters") or (),
    )
    return ask.objects.create(body)


def _resubmit(ask: Ask) -> Body:
    return resubmitted(ask, archived_workflow(_found(ask, "get", "create")))


def _label_keys(ask: Ask) -> Body:
    keys = {key for run in _readable(ask) for key in _labels(run)}
    return {"items": sorted(keys)}


def _label_values(ask: Ask) -> Body:
    key = ask.query.get("listOptions.labelSelector", "")
    if not key or not set("=!<> ,(").isdisjoint(key):
        raise BadRequestError("listOptions.labelSelector must be one label's key")
    values = {_labels(run)[key] for run in _readable(ask) if key in _labels(run)}
    return {"items": sorted(values)}


ARCHIVE_VERBS: Final[Mapping[tuple[str, str], Verb]] = {
    ("GET", "archived-workflows"): _list,
    ("GET", "archived-workflows-label-keys"): _label_keys,
    ("GET", "archived-workflows-label-values"): _label_values,
    ("GET", "archived-workflows/{uid}"): _get,
    ("DELETE", "archived-workflows/{uid}"): _delete,
    ("PUT", "archived-workflows/{uid}/retry"): _retry,
    ("PUT", "archived-workflows/{uid}/resubmit"): _resubmit,
}
"""By method and path."""


class _Query:
    """Which runs a list wants: namespace, name, prefix, times of start, labels."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.namespace = query.get("namespace", "")
        self.counts_rest = False
        self._name = ""
        self._text = query.get("namePrefix", "")
        self._how = query.get("nameFilter", "") or "Prefix"
        if self._how not in _NAME_FILTERS:
            known = ", ".join(_NAME_FILTERS)
            raise BadRequestError(f"nameFilter must be one of {known}, not {self._how!r}")
        self._after: datetime | None = None
        self._before: datetime | None = None
        self._labels: Selector = parse_selector(query.get("listOptions.labelSelector", ""), "")
        for text in filter(None, query.get("listOptions.fieldSelector", "").split(",")):
            self._select(text)

    def has(self, run: ArchivedRun) -> bool:
        metadata, started = run.workflow["metadata"], parse_instant(str(run.run["started"]))
        name = str(metadata["name"])
        return (
            (not self.namespace or metadata["namespace"] == self.namespace)
            and (not self._name or name == self._name)
            and (not self._text or _NAME_FILTERS[self._how](name, self._text))
            and (self._after is None or started > self._after)
            and (self._before is None or started < self._before)
            and self._labels.matches(run.workflow)
        )

    def _select(self, text: str) -> None:
        for prefix, take in _FIELDS.items():
            if text.startswith(prefix):
                take(self, text.removeprefix(prefix).removeprefix("="))
                return
        raise BadRequestError(f"unsupported requirement {text}")

    def take_namespace(self, text: str) -> None:
        if self.namespace not in ("", text):
            raise BadRequestError(
                f"'namespace' query param ({self.namespace!r}) and fieldselector "
                f"'metadata.namespace' ({text!r}) are both specified and contradict each other"
            )
        self.namespace = text

    def take_name(self, text: str) -> None:
        self._name = text

    def take_after(self, text: str) -> None:
        self._after = _instant(text)

    def take_before(self, text: str) -> None:
        self._before = _instant(text)

    def take_rest(self, text: str) -> None:
        self.counts_rest = text == "true"


_FIELDS: Final[Mapping[str, Callable[[_Query, str], None]]] = {
    "metadata.namespace=": _Query.take_namespace,
    "metadata.name=": _Query.take_name,
    "spec.startedAt>": _Query.take_after,
    "spec.startedAt<": _Query.take_before,
    "ext.showRemainingItemCount=": _Query.take_rest,
}
_NAME_FILTERS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "Prefix": str.startswith,
    "Contains": lambda name, text: text in name,
    "Exact": lambda name, text: name == text,
}


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequestError(f"spec.startedAt is no RFC 3339 time: {text!r}") from None
    if instant.tzinfo is None:
        raise BadRequestError(f"spec.startedAt says no time zone: {text!r}")
    return instant


def _all(ask: Ask) -> Iterable[ArchivedRun]:
    return () if ask.archive is None else ask.archive.archived(ask.cluster.name)


def _readable(ask: Ask) -> Iterable[ArchivedRun]:
    namespace = ask.query.get("namespace", "")
    _require(ask, "list", namespace)
    return (
        run
        for run in _all(ask)
        if not namespace or run.workflow["metadata"]["namespace"] == namespace
    )


def _found(ask: Ask, *needed: str) -> ArchivedRun:
    """The run that the path names. Raises NotFoundError, ForbiddenError."""
    uid = ask.path["uid"]
    found = None if ask.archive is None else ask.archive.find_archived(ask.cluster.name, uid)
    if found is None:
        raise NotFoundError(f"there is no archived workflow with uid {uid}")
    metadata = found.workflow["metadata"]
    for verb in needed:
        _require(ask, verb, str(metadata["namespace"]), str(metadata["name"]))
    return found


def _require(ask: Ask, verb: str, namespace: str, name: str = "") -> None:
    action = Action(verb, _GROUP, _WORKFLOWS, namespace=namespace, name=name)
    if not ask.cluster.decide(ask.subject, action).is_allowed:
        raise ForbiddenError(f'User "{ask.subject.name}" {action}')


def _labels(run: ArchivedRun) -> Mapping[str, Any]:
    return run.workflow["metadata"].get("labels") or {}
