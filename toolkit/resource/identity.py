"""Which object: group, version, kind, namespace, name. Plain slotted classes: the build path."""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class GroupVersionKind:
    """``group`` is "" for the core group; ``version`` may be "" where it does not matter."""

    __slots__ = ("group", "kind", "version")

    def __init__(self, group: str, version: str, kind: str) -> None:
        self.group = group
        self.version = version
        self.kind = kind

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> GroupVersionKind:
        """From a body's ``apiVersion`` and ``kind`` ("" where absent)."""
        group, version = split_api_version(str(body.get("apiVersion") or ""))
        return cls(group, version, str(body.get("kind") or ""))

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"

    def __repr__(self) -> str:
        return f"GroupVersionKind({self.group!r}, {self.version!r}, {self.kind!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupVersionKind) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str, str]:
        return (self.group, self.version, self.kind)


class ResourceId:
    """Identity of an object across versions of its kind: (group, kind, namespace, name).

    ``namespace`` is "" for cluster-scoped objects, and for namespaced ones that name none.
    """

    __slots__ = ("group", "kind", "name", "namespace")

    def __init__(self, group: str, kind: str, namespace: str, name: str) -> None:
        self.group = group
        self.kind = kind
        self.namespace = namespace
        self.name = name

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> ResourceId:
        """From a body's type and metadata ("" where absent)."""
        gvk = GroupVersionKind.of(body)
        metadata = body.get("metadata") or {}
        namespace, name = metadata.get("namespace") or "", metadata.get("name") or ""
        return cls(gvk.group, gvk.kind, str(namespace), str(name))

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """The inverse of ``str``: ``<group>/<kind>:<namespace>/<name>``."""
        kind_text, _, object_text = text.partition(":")
        group, _, kind = kind_text.rpartition("/")
        namespace, _, name = object_text.rpartition("/")
        return cls(group, kind, namespace, name)

    @property
    def short(self) -> str:
        """``Kind/name``, for messages."""
        return f"{self.kind}/{self.name}"

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}:{self.namespace}/{self.name}"

    def __repr__(self) -> str:
        return f"ResourceId({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __lt__(self, other: ResourceId) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[str, str, str, str]:
        return (self.group, self.kind, self.namespace, self.name)


def split_api_version(api_version: str) -> tuple[str, str]:
    """``"apps/v1"`` → ``("apps", "v1")``; ``"v1"`` → ``("", "v1")``."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", group)
