"""Get and list: selectors, pages at a fixed version."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import orjson

from toolkit.apiserver.call import Call
from toolkit.apiserver.field_labels import require_known_fields
from toolkit.apiserver.refusals import not_found
from toolkit.apiserver.selectors import EVERYTHING, Selector
from toolkit.apiserver.sensitive import SENSITIVE_KINDS
from toolkit.apiserver.store import Snapshot, StoredObject
from toolkit.apiserver.text import from_text
from toolkit.errors import BadRequestError, GoneError, TooNewError
from toolkit.resource.resource import Body

_LEAST_READ = 500


@dataclass(frozen=True, slots=True)
class ListOptions:
    """``limit`` 0 is no limit; ``continue_token`` is a former page's. ``exactly`` is the version
    to list at, ``not_before`` the one to have been reached; 0 is any.
    """

    selector: Selector = EVERYTHING
    limit: int = 0
    continue_token: str = ""
    exactly: int = 0
    not_before: int = 0


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
        return tuple(map(from_text, self.texts))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page starts, and at which version all pages are. No ``name``: at the beginning."""

    version: int
    namespace: str = ""
    name: str = ""

    @property
    def after(self) -> tuple[str, str] | None:
        return (self.namespace, self.name) if self.name else None


def get(snapshot: Snapshot, call: Call) -> Body:
    """Raises NotFoundError."""
    body = snapshot.get(call.key)
    if body is None:
        raise not_found(call.kind, call.name)
    return body


def require_reached(snapshot: Snapshot, version: int) -> None:
    """Raises TooNewError for a version that has not come: the store was put back, or is another.
    Clients then list anew.
    """
    newest = snapshot.version()
    if version > newest:
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise TooNewError(
            f"Too large resource version: {version}, current: {newest}",
            details={"causes": [cause], "retryAfterSeconds": 1},
        )


def list_page(snapshot: Snapshot, call: Call, options: ListOptions) -> Page:
    """Objects of the call's kind and namespace ("" is all).

    Raises GoneError for a version that was compacted, TooNewError for one that has not come,
    BadRequestError for a continue token and for a field its kind has no selector for.
    """
    require_known_fields(call.kind, options.selector)
    require_reached(snapshot, max(options.exactly, options.not_before))
    place = _place_of(options)
    version = place.version if place else snapshot.version()
    fetch = _source(snapshot, call, options.selector, place)
    page, has_more = _matching(fetch, options, place.after if place else None)
    texts = tuple(stored.text for stored in page)
    if not has_more:
        return Page(texts, version)
    last = (page[-1].key.namespace, page[-1].key.name)
    token = _format_place(_Place(version, *last))
    return Page(texts, version, token, _remaining(snapshot, call, options, last))


_Address = tuple[str, str]
_Fetch = Callable[[_Address | None, int | None], Sequence[StoredObject]]
"""(behind which object, how many at most) → objects."""


def _matching(
    fetch: _Fetch, options: ListOptions, after: _Address | None
) -> tuple[list[StoredObject], bool]:
    """A page, and whether more would follow. Reads little more than it returns."""
    wanted = options.limit + 1 if options.limit else None
    size = max(wanted, _LEAST_READ) if wanted and options.selector else wanted
    found: list[StoredObject] = []
    while True:
        chunk = fetch(after, size)
        found += [o for o in chunk if _matches(options.selector, o)]
        if size is None or len(chunk) < size or len(found) >= (wanted or 0):
            break
        after = (chunk[-1].key.namespace, chunk[-1].key.name)
    if wanted is None or len(found) < wanted:
        return found, False
    return found[: options.limit], True


def _matches(selector: Selector, stored: StoredObject) -> bool:
    return not selector or selector.matches(from_text(stored.text))


def _remaining(snapshot: Snapshot, call: Call, options: ListOptions, last: _Address) -> int | None:
    """Unknown with a selector, as in Kubernetes; else counted as of now."""
    if options.selector:
        return None
    return snapshot.count(call.cluster, call.kind.storage, call.namespace, after=last)


def _source(snapshot: Snapshot, call: Call, selector: Selector, place: _Place | None) -> _Fetch:
    """Objects as they are, or as they were at the first page's version.

    Secrets are always as they are: their former values are not kept.
    """
    scope = (call.cluster, call.kind.storage, call.namespace)
    if place is None or call.kind.storage in SENSITIVE_KINDS or place.version == snapshot.version():
        return partial(_fetch_now, snapshot, scope, selector)
    if place.version < snapshot.compacted():
        raise GoneError(
            "The provided version or continue parameter is too old to display a consistent list "
            "result. List again without it."
        )
    if snapshot.last_change(call.cluster, call.kind.storage) <= place.version:
        return partial(_fetch_now, snapshot, scope, selector)
    return partial(_fetch_then, snapshot, scope, place.version)


def _fetch_now(
    snapshot: Snapshot,
    scope: tuple[str, str, str],
    selector: Selector,
    after: _Address | None,
    limit: int | None,
) -> Sequence[StoredObject]:
    return snapshot.objects(*scope, after=after, labels=selector.exact_labels, limit=limit)


def _fetch_then(
    snapshot: Snapshot,
    scope: tuple[str, str, str],
    version: int,
    after: _Address | None,
    limit: int | None,
) -> Sequence[StoredObject]:
    return snapshot.objects_at(*scope, version=version, after=after, limit=limit)


def _place_of(options: ListOptions) -> _Place | None:
    if options.continue_token:
        return _parse_place(options.continue_token)
    return _Place(options.exactly) if options.exactly else None


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
