"""Changes as watchers see them: through a selector, each once, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolkit.apiserver.call import Call
from toolkit.apiserver.field_labels import require_known_fields
from toolkit.apiserver.reading import require_reached
from toolkit.apiserver.selectors import Selector
from toolkit.apiserver.sensitive import SENSITIVE_KINDS
from toolkit.apiserver.store import ObjectKey, Snapshot, StoredEvent
from toolkit.apiserver.text import from_text
from toolkit.errors import GoneError
from toolkit.resource.cluster import WatchEvent
from toolkit.resource.resource import Body


@dataclass(frozen=True, slots=True)
class Batch:
    """Events up to and with ``version``: go on from there."""

    events: tuple[WatchEvent, ...]
    version: int


@dataclass(frozen=True, slots=True)
class News:
    """A batch as texts, for those who only pass it on: (type, the object)."""

    events: tuple[tuple[str, str], ...]
    version: int


def news(snapshot: Snapshot, call: Call, since: int) -> News:
    """As :func:`changes` for who selects nothing; no object is read."""
    stored = _stored(snapshot, call, since, with_previous=False)
    return News(tuple((event.type, event.text) for event in stored), snapshot.version())


def changes(snapshot: Snapshot, call: Call, selector: Selector, since: int) -> Batch:
    """What happened after ``since``. Raises GoneError where that was compacted, TooNewError where
    it has not come, BadRequestError for a field the kind has no selector for.

    An object that comes to match the selector is ADDED, one that ceases to is DELETED.
    """
    require_known_fields(call.kind, selector)
    stored = _stored(snapshot, call, since, with_previous=bool(selector))
    seen = (_seen(event, selector) for event in stored)
    return Batch(tuple(event for event in seen if event), snapshot.version())


def _stored(
    snapshot: Snapshot, call: Call, since: int, *, with_previous: bool
) -> Sequence[StoredEvent]:
    require_reached(snapshot, since)
    if since < snapshot.compacted():
        raise GoneError(f"too old resource version: {since} ({snapshot.compacted()})")
    scope = (call.cluster, call.kind.storage, call.namespace)
    stored = snapshot.events(*scope, since=since, with_previous=with_previous)
    is_sensitive = call.kind.storage in SENSITIVE_KINDS
    return tuple(_only_with_values(stored)) if is_sensitive else stored


def bookmark(call: Call, version: int, *, ends_initial: bool = False) -> WatchEvent:
    """Says how far a watch has come; ``ends_initial``: the state at the start is complete."""
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if ends_initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    gvk = call.kind.gvk
    body = {"kind": gvk.kind, "apiVersion": gvk.api_version, "metadata": metadata}
    return WatchEvent("BOOKMARK", body)


def _seen(event: StoredEvent, selector: Selector) -> WatchEvent | None:
    body = from_text(event.text)
    if not selector:
        return WatchEvent(event.type, body)
    matched = event.previous is not None and selector.matches(from_text(event.previous))
    matches = event.type != "DELETED" and selector.matches(body)
    if event.type == "DELETED":
        return WatchEvent("DELETED", body) if matched else None
    if matches:
        return WatchEvent("MODIFIED" if matched else "ADDED", body)
    return WatchEvent("DELETED", _as_last_matched(event, body)) if matched else None


def _as_last_matched(event: StoredEvent, body: Body) -> Body:
    """The state that matched, at the version of the change that ended it."""
    last = from_text(event.previous) if event.previous is not None else body
    metadata = {**last["metadata"], "resourceVersion": body["metadata"]["resourceVersion"]}
    return {**last, "metadata": metadata}


def _only_with_values(events: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
    """A Secret's replaced values are not kept: its changes are told as one, when they are known."""
    held: dict[ObjectKey, StoredEvent] = {}
    for event in events:
        first = held.pop(event.key, None)
        if event.type == "DELETED":
            if first is None or first.type != "ADDED":
                yield event
        elif event.is_current:
            yield replace(event, type=first.type, previous=first.previous) if first else event
        else:
            held[event.key] = first or event
