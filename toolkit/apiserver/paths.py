"""Kubernetes' REST paths: which kind, namespace, name and subresource a URL means."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """``/apis/<group>/<version>/namespaces/<namespace>/<plural>/<name>/<subresource>``.

    ``group`` is "" under ``/api``. "" stands for what the path does not name.
    """

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        """The path, quoted."""
        parts = ["apis", self.group] if self.group else ["api"]
        parts.append(self.version)
        if self.namespace:
            parts += ["namespaces", self.namespace]
        parts += [self.plural, self.name, self.subresource]
        return "/" + "/".join(quote(part, safe="") for part in parts if part)


def parse_path(path: str) -> ResourcePath | None:
    """The inverse, for an unquoted or quoted path; None for what names no kind."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) >= 3:
        return _resource("", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) >= 4:
        return _resource(parts[1], parts[2], parts[3:])
    return None


def _resource(group: str, version: str, rest: list[str]) -> ResourcePath | None:
    if "" in rest:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in _OF_NAMESPACES:
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        return None
    plural, name, subresource = (*rest, "", "")[:3]
    return ResourcePath(group, version, plural, namespace, name, subresource)


_OF_NAMESPACES = frozenset(["status", "finalize"])
