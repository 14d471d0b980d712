"""``resubmit --memoized``: a new workflow takes the pods of the old one that went well as they
ended. Its nodes say so before it begins, as Argo's ``FormulateResubmitWorkflow`` writes them; a run
that begins with such nodes skips these pods and has their outputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from toolkit.errors import RefusedError
from toolkit.resource.resource import Body
from toolkit.workflow.nodes import (
    PENDING,
    POD,
    SKIPPED,
    SKIPPED_TYPE,
    SUCCEEDED,
    UNSUCCESSFUL,
    Row,
    node_id,
    rfc3339,
)

NOTE: Final = "@memoized"
"""The note's id. ``pods``: message and outputs of those that are skipped, by the names of their
nodes; ``attempts``: which one went well, by the name of the retry node.
"""

_LONGEST_PREFIX: Final = 58
_MESSAGE: Final = "original pod: "
_ATTEMPT: Final = re.compile(r"(.*)\((\d+)\)")


def with_nodes_of(old: Body, fresh: Body, suffix: str, now: datetime) -> Body:
    """The new workflow ``fresh`` with what the old one has to take over. Its nodes carry its name,
    so that it is settled here: its own, or its generateName with the random ``suffix``. Raises
    RefusedError where the old one has not failed.
    """
    prefix = str(fresh["metadata"].get("generateName") or "")
    name = str(fresh["metadata"].get("name") or f"{prefix[:_LONGEST_PREFIX]}{suffix}")
    status: Row = old.get("status") or {}
    if status.get("phase") not in UNSUCCESSFUL:
        raise RefusedError("workflow must be Failed/Error to resubmit in memoized mode")
    carried: Row = {"nodes": _nodes(old, name, rfc3339(now)), "phase": ""}
    carried["conditions"] = [{"type": "Completed", "status": "False"}]
    if status.get("storedTemplates"):
        carried["storedTemplates"] = status["storedTemplates"]
    metadata = {**fresh["metadata"], "name": name}
    return {**fresh, "metadata": metadata, "status": carried}


def _nodes(old: Body, name: str, now: str) -> dict[str, Row]:
    before = str(old["metadata"]["name"])
    nodes: Mapping[str, Row] = old["status"].get("nodes") or {}

    def renamed(text: str) -> str:
        return name + text[len(before) :] if text.startswith(before) else text

    def moved(id: str) -> str:
        return node_id(name, renamed(str(nodes.get(id, {}).get("name") or "")))

    taken: dict[str, Row] = {}
    for node in nodes.values():
        if str(node["name"]).startswith(f"{before}.onExit"):
            continue
        if (carried := _carried(node, nodes, now)) is None:
            continue
        own = renamed(str(node["name"]))
        carried |= {"id": node_id(name, own), "name": own}
        if node.get("boundaryID"):
            carried["boundaryID"] = moved(str(node["boundaryID"]))
        for field in ("children", "outboundNodes"):
            if node.get(field):
                carried[field] = [moved(id) for id in node[field]]
        taken[carried["id"]] = carried
    return taken


def _carried(node: Row, nodes: Mapping[str, Row], now: str) -> Row | None:
    """The node as it begins anew; None where it is left out."""
    has_failed, is_pod = node.get("phase") in UNSUCCESSFUL, node.get("type") == POD
    at = None if has_failed and is_pod else now
    carried = {**node, "startedAt": at, "finishedAt": at}
    carried.pop("message", None)
    if is_pod and not has_failed:
        kept = {"phase": SKIPPED, "type": SKIPPED_TYPE, "message": f"{_MESSAGE}{node['id']}"}
        return carried | kept
    if node.get("type") == SKIPPED_TYPE and not _has_succeeded_below(node, nodes):
        return None
    return carried | {"phase": PENDING}


def _has_succeeded_below(node: Row, nodes: Mapping[str, Row]) -> bool:
    seen: set[str] = set()
    pending = list(node.get("children") or ())
    while pending:
        id = pending.pop()
        if id in seen or id not in nodes:
            continue
        seen.add(id)
        if nodes[id].get("phase") == SUCCEEDED:
            return True
        pending += nodes[id].get("children") or ()
    return False


def memoized_nodes(workflow: Body) -> Row:
    """The note of a run that begins with a workflow; {} for one that takes nothing over. Nodes of
    a status that says more than these are not: they are a copy of a workflow that ran elsewhere.
    """
    status = workflow.get("status")
    if not isinstance(status, dict) or status.get("phase"):
        return {}
    pods = {
        str(node["name"]): {"message": node["message"], "outputs": node.get("outputs")}
        for node in (status.get("nodes") or {}).values()
        if node.get("phase") == SKIPPED and str(node.get("message") or "").startswith(_MESSAGE)
    }
    attempts = {
        found[1]: int(found[2]) for name in pods if (found := _ATTEMPT.fullmatch(name)) is not None
    }
    return {"pods": pods, "attempts": attempts} if pods else {}
