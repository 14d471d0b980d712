"""Get and list: selectors, pages at a fixed version."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from toolkit.apiserver.call import Call
from toolkit.apiserver.refusals import not_found
from toolkit.apiserver.selectors import EVERYTHING, Selector
from toolkit.apiserver.sensitive import SENSITIVE_KINDS
from toolkit.apiserver.store import Snapshot, StoredObject
from toolkit.apiserver.text import from_text
from toolkit.errors import BadRequestError, GoneError
from toolkit.resource.resource import Body


@dataclass(frozen=True, slots=True)
class ListOptions:
    """``limit`` 0 is no limit; ``continue_token`` is a former page's."""

    selector: Selector = EVERYTHING
    limit: int = 0
    continue_token: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """``texts``: objects as JSON, sorted by namespace and name. ``continue_token`` "" at the end.

    ``remaining`` is None where a selector makes it unknown.
    """

    texts: tuple[str, ...]
    version: int
    continue_token: str = ""
    remaining: int | None = None

    def bodies(self) -> tuple[Body, ...]:
        """The objects, the caller's own."""
        return tuple(from_text(text) for text in self.texts)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the next page starts, and at which version all pages are."""

    version: int
    namespace: str
    name: str


def get(snapshot: Snapshot, call: Call) -> Body:
    """Raises NotFoundError."""
    body = snapshot.get(call.key)
    if body is None:
        raise not_found(call.kind, call.name)
    return body


def list_page(snapshot: Snapshot, call: Call, options: ListOptions) -> Page:
    """Objects of the call's kind and namespace ("" is all).

    Raises GoneError for a continue token whose version was compacted, BadRequestError.
    """
    place = _parse_place(options.continue_token) if options.continue_token else None
    version = place.version if place else snapshot.version()
    found = _candidates(snapshot, call, options.selector, place)
    if options.selector:
        found = [o for o in found if options.selector.matches(from_text(o.text))]
    page = found[: options.limit] if options.limit else found
    texts = tuple(stored.text for stored in page)
    if len(page) == len(found):
        return Page(texts, version)
    last = page[-1].key
    token = _format_place(_Place(version, last.namespace, last.name))
    return Page(texts, version, token, None if options.selector else len(found) - len(page))


def _candidates(
    snapshot: Snapshot, call: Call, selector: Selector, place: _Place | None
) -> Sequence[StoredObject]:
    cluster, kind, namespace = call.cluster, call.kind.storage, call.namespace
    if place is None:
        return snapshot.objects(cluster, kind, namespace, labels=selector.exact_labels)
    after = (place.namespace, place.name)
    if _has_not_changed(snapshot, call, place.version):
        return snapshot.objects(cluster, kind, namespace, after=after, labels=selector.exact_labels)
    if place.version < snapshot.compacted():
        raise GoneError(
            "The provided continue parameter is too old to display a consistent list result. "
            "List again without it."
        )
    then = snapshot.objects_at(cluster, kind, namespace, version=place.version)
    return [stored for stored in then if (stored.key.namespace, stored.key.name) > after]


def _has_not_changed(snapshot: Snapshot, call: Call, version: int) -> bool:
    """Secrets count as unchanged: their former values are not kept, so later pages are of now."""
    if call.kind.storage in SENSITIVE_KINDS or version == snapshot.version():
        return True
    if version < snapshot.compacted():
        return False
    return not snapshot.events(
        call.cluster, call.kind.storage, call.namespace, since=version, with_previous=False
    )


def _format_place(place: _Place) -> str:
    text = orjson.dumps([place.version, place.namespace, place.name])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _parse_place(token: str) -> _Place:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        version, namespace, name = orjson.loads(text)
    except ValueError as error:
        raise BadRequestError("continue key is not valid") from error
    if not isinstance(version, int):
        raise BadRequestError("continue key is not valid")
    return _Place(version, str(namespace), str(name))
