"""The Cluster port over Kubernetes' REST API."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import urlencode

import orjson

from toolkit.adapters.kubernetes.failures import failure_from, failure_of
from toolkit.adapters.kubernetes.served import ServedResource, discover
from toolkit.adapters.kubernetes.transport import HttpCall, Transport
from toolkit.apiserver.builtin_kinds import BUILTIN_KINDS
from toolkit.apiserver.paths import ResourcePath
from toolkit.errors import BadRequestError, GoneError, NotFoundError, UnreachableError
from toolkit.resource.cluster import ObjectList, ObjectRef, PatchType, ServedKind, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
_PAGE = 500
_KUBE_SYSTEM = ObjectRef(GroupVersionKind("", "v1", "Namespace"), "", "kube-system")
_WELL_KNOWN = {kind.gvk: kind.served for kind in BUILTIN_KINDS}
"""Found without asking: their paths are the same in every cluster that serves them."""

Query = Mapping[str, str]


class RestCluster:
    """Owns its transport: close it, or use it as a context manager. Thread-safe."""

    def __init__(self, transport: Transport, *, field_manager: str = "gitops") -> None:
        self._transport = transport
        self._field_manager = field_manager
        self._discovered: dict[GroupVersionKind, ServedResource] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes its connections."""
        self._transport.close()

    def uid(self) -> str:
        namespace = self.get(_KUBE_SYSTEM)
        if namespace is None:
            raise NotFoundError("the cluster has no namespace kube-system to know it by")
        return str(namespace["metadata"]["uid"])

    def served_kinds(self) -> tuple[ServedKind, ...]:
        return tuple(resource.kind for resource in self._discover().values())

    def get(self, ref: ObjectRef) -> Body | None:
        try:
            body: Body = self._send("GET", self._path(ref))
        except NotFoundError as error:
            if not error.details.get("name"):  # the kind is not served, not the name
                raise
            return None
        return body

    def list(
        self,
        gvk: GroupVersionKind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> ObjectList:
        path = self._path(ObjectRef(gvk, namespace, ""))
        wanted = {"labelSelector": label_selector, "fieldSelector": field_selector}
        query = {key: value for key, value in wanted.items() if value}
        try:
            return self._all_pages(gvk, path, query)
        except GoneError:  # too much was written while we turned the pages: from the start
            return self._all_pages(gvk, path, query)

    def create(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Body:
        ref = _ref_of(body)
        path = self._path(ObjectRef(ref.gvk, ref.namespace, ""))
        created: Body = self._send("POST", path, self._writes(dry_run=dry_run), body)
        return created

    def update(self, body: Mapping[str, Any]) -> Body:
        updated: Body = self._send("PUT", self._path(_ref_of(body)), self._writes(), body)
        return updated

    def update_status(self, body: Mapping[str, Any]) -> Body:
        ref = _ref_of(body)
        resource = self._discover().get(ref.gvk)
        if resource is None or not resource.has_status:
            return self.update(body)
        path = self._path(ref, "status")
        updated: Body = self._send("PUT", path, self._writes(), body)
        return updated

    def patch(
        self, ref: ObjectRef, patch: Any, patch_type: PatchType, *, dry_run: bool = False
    ) -> Body:
        query = self._writes(dry_run=dry_run)
        patched: Body = self._send("PATCH", self._path(ref), query, patch, patch_type.value)
        return patched

    def apply(
        self,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = False,
        dry_run: bool = False,
    ) -> Body:
        query = {**self._writes(dry_run=dry_run), "fieldManager": field_manager}
        query["force"] = "true" if force else "false"
        path = self._path(_ref_of(body))
        applied: Body = self._send("PATCH", path, query, body, PatchType.APPLY.value)
        return applied

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
    ) -> None:
        wanted = {"uid": uid, "resourceVersion": resource_version}
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation,
            "preconditions": {key: value for key, value in wanted.items() if value},
        }
        self._send("DELETE", self._path(ref), {}, options)

    def watch(
        self,
        gvk: GroupVersionKind,
        namespace: str = "",
        *,
        resource_version: str,
        timeout_s: float,
    ) -> Iterator[WatchEvent]:
        query = {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, math.ceil(timeout_s))),
        }
        path = self._path(ObjectRef(gvk, namespace, ""))
        call = HttpCall("GET", f"{path}?{urlencode(query)}", {"Accept": "application/json"})
        deadline = time.monotonic() + timeout_s
        with self._transport.stream(call, read_timeout_s=timeout_s) as reply:
            if reply.status >= 400:
                raise failure_of(reply.status, b"\n".join(reply.lines))
            for line in reply.lines:
                yield _event(orjson.loads(line))
                if time.monotonic() >= deadline:
                    return

    def pod_log(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "main",
        follow: bool = False,
        tail_lines: int | None = None,
        timestamps: bool = False,
    ) -> Iterator[str]:
        query = {"container": container, "follow": str(follow).lower()}
        query["timestamps"] = str(timestamps).lower()
        if tail_lines is not None:
            query["tailLines"] = str(tail_lines)
        path = self._path(ObjectRef(GroupVersionKind("", "v1", "Pod"), namespace, pod), "log")
        call = HttpCall("GET", f"{path}?{urlencode(query)}", {"Accept": "*/*"})
        with self._transport.stream(call, read_timeout_s=None) as reply:
            if reply.status >= 400:
                raise failure_of(reply.status, b"\n".join(reply.lines))
            for line in reply.lines:
                yield line.decode("utf-8", "replace")

    def _all_pages(self, gvk: GroupVersionKind, path: str, query: Query) -> ObjectList:
        items: list[Body] = []
        asked = {**query, "limit": str(_PAGE)}
        while True:
            page = self._send("GET", path, asked)
            items += page.get("items") or ()
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                break
            asked["continue"] = metadata["continue"]
        typed = ({"apiVersion": gvk.api_version, "kind": gvk.kind, **item} for item in items)
        ordered = sorted(typed, key=_address)
        return ObjectList(tuple(ordered), str(metadata.get("resourceVersion") or ""))

    def _writes(self, *, dry_run: bool = False) -> dict[str, str]:
        query = {"fieldManager": self._field_manager}
        return {**query, "dryRun": "All"} if dry_run else query

    def _send(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Any:
        url = f"{path}?{urlencode(query)}" if query else path
        headers = {**_JSON, "Content-Type": content_type} if body is not None else _JSON
        content = None if body is None else orjson.dumps(body)
        return self._answered(HttpCall(method, url, headers, content))

    def _answered(self, call: HttpCall) -> Any:
        reply = self._transport.send(call)
        if reply.status >= 400:
            raise failure_of(reply.status, reply.body)
        try:
            return orjson.loads(reply.body)
        except orjson.JSONDecodeError as error:
            raise UnreachableError("the cluster's answer is not JSON") from error

    def _path(self, ref: ObjectRef, subresource: str = "") -> str:
        served = self._served(ref.gvk)
        namespace = ref.namespace if served.is_namespaced else ""
        gvk = ref.gvk
        return str(
            ResourcePath(gvk.group, gvk.version, served.plural, namespace, ref.name, subresource)
        )

    def _served(self, gvk: GroupVersionKind) -> ServedKind:
        if gvk in _WELL_KNOWN:
            return _WELL_KNOWN[gvk]
        found = self._discover().get(gvk)
        if found is None:
            self._discovered = None  # a definition may have come since
            found = self._discover().get(gvk)
        if found is None:
            raise NotFoundError(f'no matches for kind "{gvk.kind}" in version "{gvk.api_version}"')
        return found.kind

    def _discover(self) -> dict[GroupVersionKind, ServedResource]:
        if self._discovered is None:
            found: dict[GroupVersionKind, ServedResource] = {}
            for resource in discover(self._fetch):
                found.setdefault(resource.kind.gvk, resource)
            self._discovered = found
        return self._discovered

    def _fetch(self, path: str, accept: str) -> Any:
        return self._answered(HttpCall("GET", path, {"Accept": accept}))


def _ref_of(body: Mapping[str, Any]) -> ObjectRef:
    metadata = body.get("metadata")
    if not isinstance(metadata, Mapping):
        raise BadRequestError("the object has no metadata")
    namespace, name = metadata.get("namespace") or "", metadata.get("name") or ""
    return ObjectRef(GroupVersionKind.of(body), str(namespace), str(name))


def _address(body: Body) -> tuple[str, str]:
    metadata = body["metadata"]
    return str(metadata.get("namespace") or ""), str(metadata["name"])


def _event(document: Any) -> WatchEvent:
    if document["type"] == "ERROR":
        raise failure_from(document["object"])
    return WatchEvent(document["type"], document["object"])
