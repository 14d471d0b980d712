"""Memoization: a template's outputs kept in a ConfigMap under a key, and taken from there.

The cache is read and written by the same resource calls that resource templates make, so nothing
else is asked of the shell. Argo's form is kept: an entry is JSON with ``nodeID``, ``outputs`` and
``creationTimestamp``, the ConfigMap has the label that marks caches.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.outputs import outputs
from toolkit.workflow.templates import pods
from toolkit.workflow.commands import CallResource
from toolkit.workflow.step.context import template_at, template_now
from toolkit.workflow.step.draft import Draft, Due
from toolkit.workflow.events import ContainerErrored, ResourceAnswered
from toolkit.workflow.expressions import json_text
from toolkit.workflow.step.halted import halted
from toolkit.workflow.nodes import FAILED, SUCCEEDED, Node, Row, pod_name, rfc3339
from toolkit.workflow.spans import parse_go_duration

CACHE_LABEL: Final = "workflows.argoproj.io/configmap-type"
_CACHE: Final = "Cache"
_ENTRY: Final = "entry"
_METADATA: Final = ".metadata"
"""With a point in front, as what is not the workflow's own output: nobody need mock it."""
_KEY: Final = re.compile("[a-zA-Z0-9][-a-zA-Z0-9]*")


def check(template: Row) -> None:
    """Raises ExpressionError where the template names no cache, a key that none can have, or an age
    that is no duration.
    """
    memo: Row = template.get("memoize") or {}
    key = str(memo.get("key") or "")
    if not memo:
        return
    if not ((memo.get("cache") or {}).get("configMap") or {}).get("name"):
        raise ExpressionError("cache could not be found or created")
    if not _KEY.fullmatch(key):
        raise ExpressionError(f"invalid cache key: {key}")
    try:
        parse_go_duration(str(memo.get("maxAge") or "0s"))
    except ValueError as error:
        raise ExpressionError(f"invalid maxAge: {error}") from error


def mark(node: Node, template: Row) -> None:
    """Let a node whose outputs are kept say so; there is no hit yet."""
    memo: Row = template.get("memoize") or {}
    if memo:
        name = str(((memo.get("cache") or {}).get("configMap") or {}).get("name") or "")
        key = str(memo.get("key") or "")
        node.status["memoizationStatus"] = {"hit": False, "key": key, "cacheName": name}


def look_up(draft: Draft, node: Node, template: Row) -> None:
    """Ask for the entry; the node waits for the answer."""
    mark(node, template)
    key = node.status["memoizationStatus"]["key"]
    quoted = key.replace("'", "\\'")
    path = f"{{.data['{quoted}']}}"
    wanted = ((_ENTRY, path, ""), (_METADATA, "{.metadata}", ""))
    command = _call(draft, node, template, "get", {}, outputs=wanted)
    node.engine["start"] = command.id
    node.engine["memo"] = "looks"
    draft.command(command)


def is_answer(draft: Draft, event: ResourceAnswered | ContainerErrored) -> bool:
    """Whether an event answers a look into the cache."""
    node = draft.get(event.node_id)
    if node is None or node.engine.get("memo") not in {"looks", "keeps"}:
        return False
    is_over = node.has_ended and node.engine["memo"] == "looks"
    return not is_over and bool(node.engine.get("start") == event.command_id)


def answered(draft: Draft, event: ResourceAnswered | ContainerErrored) -> None:
    """A hit ends the node with the outputs kept; a miss lets it run. Once a node's own outputs are
    kept, or could not be, its owner hears of its end.
    """
    node = draft.edit(event.node_id)
    node.engine.pop("start")
    if node.engine["memo"] == "keeps":
        node.engine["memo"] = "kept"
        draft.tell_owner(node)
        return
    node.engine["memo"] = "misses"
    node.engine["has_cache"] = isinstance(event, ResourceAnswered) and event.succeeded
    if message := halted(draft, in_exit=node.is_exit_part):
        draft.set_phase(node.id, FAILED, message)
        return
    found = event.outputs if isinstance(event, ResourceAnswered) else {}
    if problem := _refusal(found.get(_METADATA)):
        draft.fault(node.id, problem)
        return
    text = found.get(_ENTRY)
    template = template_at(draft, node)
    entry = _entry(text, template["memoize"].get("maxAge"), draft.now)
    if entry is None:
        draft.agenda.append(Due("begin", node.id))  # later, where the run is suspended
        return
    node.engine["memo"] = "hit"
    node.status["memoizationStatus"] = {**node.status["memoizationStatus"], "hit": True}
    if entry.get("outputs"):
        node.status["outputs"] = entry["outputs"]
        outputs.export(draft, node)
    draft.set_phase(node.id, SUCCEEDED, "")


def _refusal(metadata: str | None) -> str:
    """Why the ConfigMap is not used: it is marked as no cache. ``metadata``: as JSON, None where
    there is no ConfigMap; what is no object (of a played executor) says nothing.
    """
    try:
        found = json.loads(metadata or "null")
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    marked = (found.get("labels") or {}).get(CACHE_LABEL)
    if marked == _CACHE:
        return ""
    lacks = f"{CACHE_LABEL} label" if marked is None else f"label {CACHE_LABEL} = {_CACHE}"
    return f"memoization configmap doesn't have {lacks}, refusing to use it"


def _entry(text: str | None, max_age: Any, now: datetime) -> Row | None:
    """The entry, None where there is none, or none that is young enough."""
    try:
        entry = json.loads(text or "null")
        if not isinstance(entry, dict):
            return None
        if max_age:
            created = datetime.fromisoformat(str(entry.get("creationTimestamp")))
            return entry if now - created <= parse_go_duration(str(max_age)) else None
        return entry
    except ValueError:
        return None


def start(draft: Draft, node: Node) -> None:
    """A leaf that is in no cache is set in motion."""
    pods.start(draft, draft.edit(node.id), template_now(draft, node))


def keep(draft: Draft, node: Node) -> None:
    """A node that looked into the cache in vain has Succeeded: its outputs are kept."""
    key = node.status["memoizationStatus"]["key"]
    entry = {
        "nodeID": node.id,
        "outputs": node.outputs,
        "creationTimestamp": rfc3339(draft.now),
        "lastHitTimestamp": rfc3339(draft.now),
    }
    content = {
        "metadata": {"labels": {CACHE_LABEL: _CACHE}},
        "data": {key: json_text(entry)},
    }
    action = "patch" if node.engine.get("has_cache") else "create"
    command = _call(draft, node, template_at(draft, node), action, content)
    node = draft.edit(node.id)
    node.engine["memo"] = "keeps"
    node.engine["start"] = command.id
    draft.command(command)


def _call(
    draft: Draft,
    node: Node,
    template: Row,
    action: str,
    content: Row,
    outputs: tuple[tuple[str, str, str], ...] = (),
) -> CallResource:
    name = node.status["memoizationStatus"]["cacheName"]
    metadata = {
        **content.get("metadata", {}),
        "name": name,
        "namespace": draft.run.namespace,
    }
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", **content, "metadata": metadata}
    return CallResource(
        id=draft.command_id(),
        node_id=node.id,
        pod=pod_name(draft.run.name, node.name, str(template.get("name", ""))),
        action=action,
        manifest=json_text(manifest),
        merge_strategy="merge",
        outputs=outputs,
    )
