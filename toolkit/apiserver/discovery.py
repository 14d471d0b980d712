"""Discovery: which groups, versions and kinds there are, in both forms clients ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.scaling import scale_paths
from toolkit.resource.resource import Body

VERSION: Final[Body] = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0+gitops",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "",
}
"""The Kubernetes release whose API this is a subset of."""

_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_STATUS_VERBS = ("get", "patch", "update")
_SUBRESOURCES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "/Pod": (("log", ("get",)),),
    "/ServiceAccount": (("token", ("create",)),),
}


def core_versions() -> Body:
    """``/api``."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    }


def group_list(kinds: Iterable[Kind]) -> Body:
    """``/apis``."""
    groups = [_group(name, versions) for name, versions in _versions(kinds).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(kinds: Iterable[Kind], name: str) -> Body | None:
    """``/apis/<group>``; None where there is none."""
    versions = _versions(kinds).get(name)
    if not name or versions is None:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def resource_list(kinds: Iterable[Kind], group: str, version: str) -> Body | None:
    """``/api/v1`` and ``/apis/<group>/<version>``; None where there is none."""
    found = [k for k in kinds if (k.gvk.group, k.gvk.version) == (group, version)]
    if not found:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": [resource for kind in found for resource in _resources(kind)],
    }


def aggregated(kinds: Iterable[Kind], *, is_core: bool, version: str = "v2") -> Body:
    """``/api`` or ``/apis`` as one document with everything."""
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None} if name else {},
            "versions": [_version_discovery(kinds, name, version) for version in versions],
        }
        for name, versions in _versions(kinds).items()
        if is_core is (not name)
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _versions(kinds: Iterable[Kind]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind in kinds:
        versions = found.setdefault(kind.gvk.group, [])
        if kind.gvk.version not in versions:
            versions.append(kind.gvk.version)
    return found


def _group(name: str, versions: list[str]) -> Body:
    told = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": told, "preferredVersion": told[0]}


def _resources(kind: Kind) -> Iterator[Body]:
    named: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.is_namespaced,
        "kind": kind.gvk.kind,
        "verbs": list(_verbs(kind)),
    }
    if kind.short_names:
        named["shortNames"] = list(kind.short_names)
    if kind.categories:
        named["categories"] = list(kind.categories)
    yield named
    for subresource, verbs in _subresources(kind):
        yield {
            "name": f"{kind.plural}/{subresource}",
            "singularName": "",
            "namespaced": kind.is_namespaced,
            **_named_kind(subresource, kind),
            "verbs": list(verbs),
        }


def _version_discovery(kinds: Iterable[Kind], group: str, version: str) -> Body:
    found = [k for k in kinds if (k.gvk.group, k.gvk.version) == (group, version)]
    return {
        "version": version,
        "freshness": "Current",
        "resources": [_resource_discovery(kind) for kind in found],
    }


def _resource_discovery(kind: Kind) -> Body:
    told: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": _response_kind(kind),
        "scope": "Namespaced" if kind.is_namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(_verbs(kind)),
    }
    if kind.short_names:
        told["shortNames"] = list(kind.short_names)
    if kind.categories:
        told["categories"] = list(kind.categories)
    subresources = [
        {"subresource": name, "responseKind": _subresource_kind(name, kind), "verbs": list(verbs)}
        for name, verbs in _subresources(kind)
    ]
    return {**told, "subresources": subresources} if subresources else told


def _verbs(kind: Kind) -> tuple[str, ...]:
    return ("create",) if kind.is_review else _VERBS


def _subresources(kind: Kind) -> Iterator[tuple[str, tuple[str, ...]]]:
    if kind.has_status:
        yield "status", _STATUS_VERBS
    if scale_paths(kind) is not None:
        yield "scale", _STATUS_VERBS
    yield from _SUBRESOURCES.get(kind.storage, ())


def _response_kind(kind: Kind) -> Body:
    return {"group": kind.gvk.group, "version": kind.gvk.version, "kind": kind.gvk.kind}


def _subresource_kind(subresource: str, kind: Kind) -> Body:
    group, version, name = _KINDS_OF.get(subresource, ("", "", ""))
    return {"group": group, "version": version, "kind": name} if name else _response_kind(kind)


def _named_kind(subresource: str, kind: Kind) -> Body:
    """A subresource of another kind names it in full."""
    return (
        _subresource_kind(subresource, kind)
        if subresource in _KINDS_OF
        else {"kind": kind.gvk.kind}
    )


_KINDS_OF: Mapping[str, tuple[str, str, str]] = {
    "scale": ("autoscaling", "v1", "Scale"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}
