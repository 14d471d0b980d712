"""ConfigMaps and Secrets as steps refer to them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.errors import ExecutionError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")


@dataclass
class Lookup:
    """Reads ConfigMaps and Secrets of one namespace, each once; remembers every secret value."""

    cluster: Cluster
    namespace: str
    secrets: set[str] = field(default_factory=set)
    _known: dict[tuple[str, str], Mapping[str, bytes] | None] = field(default_factory=dict)

    def entries(self, gvk: GroupVersionKind, source: Mapping[str, Any]) -> Mapping[str, bytes]:
        """All of an object; nothing of an absent one that is optional."""
        name = str(source.get("name") or source.get("secretName") or "")
        found = self._read(gvk, name)
        if found is None and source.get("optional"):
            return {}
        if found is None:
            raise ExecutionError(f'{gvk.kind.lower()} "{name}" not found')
        return found

    def value(self, gvk: GroupVersionKind, source: Mapping[str, Any]) -> str | None:
        """One key's text; None where it is absent and optional."""
        key = str(source.get("key") or "")
        found = self.entries(gvk, source)
        if key in found:
            return found[key].decode("utf-8", "replace")
        if source.get("optional"):
            return None
        raise ExecutionError(f"key {key} not found in {gvk.kind.lower()} {source.get('name')}")

    def _read(self, gvk: GroupVersionKind, name: str) -> Mapping[str, bytes] | None:
        at = (gvk.kind, name)
        if at not in self._known:
            body = self.cluster.get(ObjectRef(gvk, self.namespace, name)) if name else None
            self._known[at] = None if body is None else _content(body)
            if gvk.kind == "Secret":
                values = (self._known[at] or {}).values()
                self.secrets.update(value.decode("utf-8", "replace") for value in values if value)
        return self._known[at]


def _content(body: Body) -> dict[str, bytes]:
    if body.get("kind") == "Secret":
        encoded = {key: _decoded(value) for key, value in (body.get("data") or {}).items()}
        plain = body.get("stringData") or {}
        return encoded | {key: str(value).encode() for key, value in plain.items()}
    texts = {key: str(value).encode() for key, value in (body.get("data") or {}).items()}
    binary = body.get("binaryData") or {}
    return texts | {key: _decoded(value) for key, value in binary.items()}


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(str(value), validate=False)
    except binascii.Error:
        return b""
