"""One request to Argo's API, understood: where it goes, what it asks, and the objects there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.apiserver.access import Subject
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import BadRequestError, ConflictError, NotFoundError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.copying import copy_json
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.ports import LogStore, RunArchive
from toolkit.workflow.submission.submission import WORKFLOW

_UPDATE_ATTEMPTS: Final = 5
_LATEST: Final = "@latest"


@dataclass(frozen=True, slots=True)
class Ask:
    """``path``: what the route's placeholders stand for; ``content``: the body;
    ``headers`` by their names in small letters.
    """

    cluster: LogicalCluster
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    now: Callable[[], datetime]
    subject: Subject
    log_store: LogStore | None = None
    archive: RunArchive | None = None
    headers: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Empty where all of them are meant."""
        return self.path.get("namespace", "")

    @property
    def objects(self) -> EmbeddedCluster:
        return EmbeddedCluster(self.cluster, field_manager="argo")

    def document(self) -> Body:
        """The body as an object. Argo's command line sends JSON and no Content-Type. Raises
        BadRequestError.
        """
        try:
            document = orjson.loads(self.content or b"{}")
        except orjson.JSONDecodeError as error:
            raise BadRequestError(f"the body is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise BadRequestError("the body is no object")
        return document

    def request(self, gvk: GroupVersionKind, name: str = "") -> Request:
        """For the kind's verbs, at this request's namespace."""
        return Request(self.cluster.kind(gvk), self.namespace, name)

    def found(self, gvk: GroupVersionKind, name: str = "") -> Body:
        """The object that the path (or ``name``) names; of workflows also ``@latest``. Raises
        NotFoundError.
        """
        wanted = name or self.path["name"]
        if gvk == WORKFLOW and wanted == _LATEST:
            return self._latest()
        return self.cluster.get(self.request(gvk, wanted))

    def changed(self, gvk: GroupVersionKind, edit: Callable[[Body], Body]) -> Body:
        """Reads, edits, writes; again where somebody else was faster."""
        for _ in range(_UPDATE_ATTEMPTS - 1):
            try:
                return self.objects.update(edit(self.found(gvk)))
            except ConflictError:
                continue
        return self.objects.update(edit(self.found(gvk)))

    def ref(self, gvk: GroupVersionKind, body: Body) -> ObjectRef:
        """Of an object that was found."""
        metadata = body["metadata"]
        return ObjectRef(gvk, str(metadata.get("namespace") or ""), str(metadata["name"]))

    def submitted(self, document: Body, field: str, gvk: GroupVersionKind) -> Body:
        """The object below ``field`` of the body, with the kind and namespace it must have, and
        without what Go's clients write for nothing. Raises BadRequestError.
        """
        given = document.get(field)
        if not isinstance(given, dict):
            raise BadRequestError(f"{field} is missing in the body")
        body: Body = _without_nulls(copy_json(given))
        body |= {"apiVersion": gvk.api_version, "kind": gvk.kind}
        metadata = body.setdefault("metadata", {})
        if not isinstance(metadata, dict):
            raise BadRequestError(f"{field}.metadata is no object")
        if not gvk.kind.startswith("Cluster"):
            self._place(metadata, field)
        body.pop("status", None)
        return body

    def _place(self, metadata: dict[str, Any], field: str) -> None:
        metadata["namespace"] = metadata.get("namespace") or self.namespace
        if metadata["namespace"] != self.namespace:
            raise BadRequestError(
                f"{field} is of namespace {metadata['namespace']!r}, the request of "
                f"{self.namespace!r}"
            )

    def _latest(self) -> Body:
        bodies = self.objects.list(WORKFLOW, self.namespace).items
        if not bodies:
            raise NotFoundError("no workflows found")
        return max(bodies, key=lambda body: str(body["metadata"].get("creationTimestamp")))


def fields_at(document: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """The object below ``field``, empty where there is none. Raises BadRequestError."""
    fields = document.get(field)
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise BadRequestError(f"{field} is no object")
    return fields


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
