"""The hash of a generated object's content, which becomes the end of its name."""

from __future__ import annotations

from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import text_of
from toolkit.kustomize.objects.untagged import settle
from toolkit.kustomize.patches.jsonpatch import copied
from toolkit.resource.resource import Body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

try:  # hashlib loads OpenSSL, which a small build would notice
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256

_LETTERS = str.maketrans("013ae", "ghkmt")


def add_hashes(collection: Collection) -> None:
    """Puts ``-<hash>`` behind the names of generated objects that want it."""
    is_changed = False
    for item in collection:
        if item.needs_hash:
            body = settle(copied(item.body)) if item.has_untagged else item.body
            suffix = content_hash(body)
            item.remember()
            item.metadata["name"] = f"{item.name}-{suffix}"
            item.refresh()
            is_changed = True
    if is_changed:
        collection.changed()


def content_hash(body: Body) -> str:
    """Ten characters. Only what counts as content does: data of ConfigMaps and Secrets (and the
    type of these), the whole of anything else.
    """
    from toolkit.kustomize.golang.json import go_json

    kind = body.get("kind")
    if kind == "ConfigMap":
        content: Any = {"kind": kind, "name": "", "data": _value(body, "data")}
        _add_map(content, body, "binaryData")
    elif kind == "Secret":
        content = {"kind": kind, "name": "", "type": _value(body, "type")}
        content["data"] = _value(body, "data")
        _add_map(content, body, "stringData")
    else:
        content = body
    return digest_of(go_json(content))[:10].translate(_LETTERS)


def digest_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal digits."""
    digest: str = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest


def _value(body: Body, field: str) -> Any:
    value = body.get(field)
    return value if isinstance(value, dict | list) else text_of(value)


def _add_map(content: dict[str, Any], body: Body, field: str) -> None:
    if isinstance(body.get(field), dict):
        content[field] = body[field]
