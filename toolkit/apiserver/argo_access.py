"""What a request to Argo's API needs in RBAC: the rights of who asks count, as upstream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from toolkit.apiserver.access import Action

_ARGO: Final = "argoproj.io"
_RESOURCES: Final[Mapping[str, str]] = {
    "workflows": "workflows",
    "workflow-templates": "workflowtemplates",
    "cluster-workflow-templates": "clusterworkflowtemplates",
    "cron-workflows": "cronworkflows",
    "workflow-event-bindings": "workfloweventbindings",
}
"""By the first part of a path."""

_STREAMS: Final[Mapping[str, tuple[Action, ...]]] = {
    "workflow-events/{namespace}": (Action("watch", _ARGO, "workflows"),),
    "stream/events/{namespace}": (Action("watch", "", "events"),),
}
_EVENTS: Final = (
    Action("list", _ARGO, "workfloweventbindings"),
    Action("get", _ARGO, "workflowtemplates"),
    Action("create", _ARGO, "workflows"),
)
"""What an event from outside may come to."""

_VERBS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("GET", ""): ("list",),
    ("POST", ""): ("create",),
    ("POST", "lint"): ("create",),
    ("POST", "submit"): ("create",),
    ("GET", "{name}"): ("get",),
    ("PUT", "{name}"): ("get", "update"),
    ("DELETE", "{name}"): ("get", "delete"),
    ("PUT", "resubmit"): ("get", "create"),
}
"""By method and the last part of a path; of other parts see :data:`_STEERS`."""

_STEERS: Final = ("get", "update")


def actions_of(method: str, path: str) -> tuple[Action, ...]:
    """What is asked of the cluster where ``path`` (a route below ``/api/v1/``) is asked for, still
    without a namespace and a name. None are needed for what tells nothing of the cluster.
    """
    if path in _STREAMS:
        return _STREAMS[path]
    if path.startswith("events/"):
        return _EVENTS
    first, *rest = path.rstrip("/").split("/")
    resource = _RESOURCES.get(first)
    if resource is None:
        return ()
    last = rest[-1] if rest and rest[-1] != "{namespace}" else ""
    if last == "log":
        return Action("get", _ARGO, resource), Action("get", "", "pods", "log")
    if method == "PUT" and not last:
        last = "{name}"  # the name is in the body
    verbs = _VERBS.get((method, last), _STEERS)
    return tuple(Action(verb, _ARGO, resource) for verb in verbs)
