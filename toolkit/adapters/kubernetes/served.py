"""Discovery: which kinds a cluster serves, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from toolkit.resource.cluster import ServedKind
from toolkit.resource.identity import GroupVersionKind, split_api_version

Fetch = Callable[[str, str], Any]
"""(path, Accept) → the document."""

_AGGREGATED = ",".join(
    [
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    ]
)


@dataclass(frozen=True, slots=True)
class ServedResource:
    """A served kind, and whether it has a status subresource."""

    kind: ServedKind
    has_status: bool


def discover(fetch: Fetch) -> tuple[ServedResource, ...]:
    """All kinds that can be read, in the server's order of preference."""
    return (*_discover(fetch, "/api"), *_discover(fetch, "/apis"))


def _discover(fetch: Fetch, path: str) -> Iterator[ServedResource]:
    document = fetch(path, _AGGREGATED)
    if document.get("kind") == "APIGroupDiscoveryList":
        yield from _aggregated(document)
    elif path == "/api":
        for version in document.get("versions") or ():
            yield from _listed(fetch(f"/api/{version}", "application/json"))
    else:
        for group in document.get("groups") or ():
            for version in group.get("versions") or ():
                yield from _listed(fetch(f"/apis/{version['groupVersion']}", "application/json"))


def _aggregated(document: Any) -> Iterator[ServedResource]:
    for item in document.get("items") or ():
        group = str((item.get("metadata") or {}).get("name") or "")
        for version in item.get("versions") or ():
            for resource in version.get("resources") or ():
                answered = resource.get("responseKind") or {}
                gvk = GroupVersionKind(
                    str(answered.get("group") or group),
                    str(answered.get("version") or version["version"]),
                    str(answered.get("kind") or ""),
                )
                is_namespaced = resource.get("scope") == "Namespaced"
                subresources = {s.get("subresource") for s in resource.get("subresources") or ()}
                if "get" in (resource.get("verbs") or ()):
                    short = tuple(resource.get("shortNames") or ())
                    served = ServedKind(gvk, resource["resource"], is_namespaced, short)
                    yield ServedResource(served, "status" in subresources)


def _listed(document: Any) -> Iterator[ServedResource]:
    group, version = split_api_version(str(document.get("groupVersion") or ""))
    resources = document.get("resources") or ()
    names = {resource["name"] for resource in resources}
    for resource in resources:
        name = str(resource["name"])
        if "/" in name or "get" not in (resource.get("verbs") or ()):
            continue
        gvk = GroupVersionKind(
            str(resource.get("group") or group),
            str(resource.get("version") or version),
            str(resource["kind"]),
        )
        short = tuple(resource.get("shortNames") or ())
        served = ServedKind(gvk, name, bool(resource.get("namespaced")), short)
        yield ServedResource(served, f"{name}/status" in names)
