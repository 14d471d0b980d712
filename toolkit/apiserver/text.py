"""Objects as JSON text, and what a store indexes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from toolkit.errors import InvalidError
from toolkit.resource.resource import Body

_SORTED = orjson.OPT_SORT_KEYS


def to_text(body: Mapping[str, Any]) -> str:
    """JSON on one line, keys in their order. Raises InvalidError for what JSON cannot say."""
    try:
        return orjson.dumps(body).decode()
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InvalidError(f"the object cannot be written as JSON: {error}") from error


def from_text(text: str | bytes) -> Any:
    """The inverse of :func:`to_text`. Raises ``ValueError``."""
    return orjson.loads(text)


def is_same(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: 1, 1.0 and True are equal to Python, and are not."""
    if left is right:
        return True
    if left != right:
        return False
    return orjson.dumps(left, option=_SORTED) == orjson.dumps(right, option=_SORTED)


def with_version(body: Mapping[str, Any], version: int) -> Body:
    """A copy of ``body`` (shallow but for metadata) that says which version it is."""
    return {**body, "metadata": {**(body.get("metadata") or {}), "resourceVersion": str(version)}}


def labels_of(body: Mapping[str, Any]) -> Mapping[str, str]:
    """The object's labels; empty where it has none."""
    return (body.get("metadata") or {}).get("labels") or {}


def owners_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The uids of the object's owners, each once."""
    references = (body.get("metadata") or {}).get("ownerReferences") or ()
    return tuple(dict.fromkeys(str(reference.get("uid") or "") for reference in references))
