"""What a resource template does to the cluster, once: Argo calls kubectl for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolkit.controllers.calls.kubectl_flags import Flags, named_objects, parse_flags
from toolkit.errors import AlreadyExistsError, ExecutionError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.commands import CallResource
from toolkit.yaml import load_all

FIELD_MANAGER = "gitops-workflow"
COMMAND_ANNOTATION = "gitops-toolkit/created-by-command"
_PATCHES = {
    "strategic": PatchType.STRATEGIC,
    "merge": PatchType.MERGE,
    "json": PatchType.JSON,
}


@dataclass(frozen=True, slots=True)
class Owner:
    """The workflow that calls."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class _Request:
    call: CallResource
    cluster: Cluster
    owner: Owner
    flags: Flags
    manifest: Any  # None where there is none

    @property
    def namespace(self) -> str:
        return self.flags.namespace or self.owner.namespace

    def body(self) -> Body:
        """The manifest as an object, in the namespace it will be in."""
        body = self.manifest
        if not isinstance(body, dict):
            raise ExecutionError("a resource template's manifest is one object")
        metadata = body.get("metadata") or {}
        if not isinstance(metadata, dict) or not body.get("kind"):
            raise ExecutionError("a resource template's manifest has a kind and metadata")
        namespace = metadata.get("namespace") or self.namespace
        metadata = {**metadata, "namespace": namespace}
        if self.call.owner_reference:
            references = metadata.get("ownerReferences") or ()
            metadata["ownerReferences"] = [*references, self._reference()]
        return {**body, "metadata": metadata}

    def named(self) -> ObjectRef:
        """The one object that the flags name."""
        refs = self.all_named()
        if len(refs) != 1 or not refs[0].name:
            raise ExecutionError("the flags of a resource template name no object: TYPE NAME")
        return refs[0]

    def all_named(self) -> list[ObjectRef]:
        return [
            ObjectRef(kind.gvk, self.namespace if kind.is_namespaced else "", name)
            for kind, name in named_objects(self.flags.words, self.cluster)
        ]

    def _reference(self) -> Body:
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "name": self.owner.name,
            "uid": self.owner.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }


def act(call: CallResource, cluster: Cluster, owner: Owner) -> Body | None:
    """Does the action; the object as it is then, None after a delete. Raises ExecutionError for
    a call that cannot be understood, ClusterError where the cluster refuses.
    """
    if call.action not in _ACTIONS:
        raise ExecutionError(
            f"resource action {call.action!r} is not known", hints=[f"known: {', '.join(_ACTIONS)}"]
        )
    documents = [body for body in load_all(call.manifest, "manifest") if body is not None]
    if not documents and not call.flags:
        raise ExecutionError("Must provide at least one of flags or manifest.")
    if len(documents) > 1:
        raise ExecutionError("a resource template's manifest is one object")
    manifest = documents[0] if documents else None
    return _ACTIONS[call.action](_Request(call, cluster, owner, parse_flags(call.flags), manifest))


def ref_of(body: Body) -> ObjectRef:
    """The address of an object that names itself."""
    metadata = body["metadata"]
    name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
    return ObjectRef(GroupVersionKind.of(body), namespace, name)


def _get(request: _Request) -> Body:
    if request.manifest is None:
        return _live(request.cluster, request.named())
    return _live(request.cluster, ref_of(request.body()))


def _create(request: _Request) -> Body:
    """The command's id on the object tells ours from another's when we come again."""
    body, cluster, call = request.body(), request.cluster, request.call
    if "name" not in body["metadata"]:
        made = _made_by(call, cluster, body)
        if made is not None:
            return made
    annotations = {**(body["metadata"].get("annotations") or {}), COMMAND_ANNOTATION: call.id}
    body["metadata"]["annotations"] = annotations
    try:
        return cluster.create(body)
    except AlreadyExistsError:
        live = cluster.get(ref_of(body))
        if live is None or _command_of(live) != call.id:
            raise
        return live


def _apply(request: _Request) -> Body:
    return request.cluster.apply(request.body(), field_manager=FIELD_MANAGER, force=True)


def _delete(request: _Request) -> None:
    """What is not there is deleted already."""
    if request.manifest is not None:
        refs = [ref_of(request.body())]
    elif request.flags.chooses_many:
        refs = [ref for one in request.all_named() for ref in _chosen(request, one)]
    else:
        refs = request.all_named()
    for ref in refs:
        try:
            request.cluster.delete(ref, propagation=request.flags.propagation)
        except NotFoundError:
            continue


def _chosen(request: _Request, of: ObjectRef) -> list[ObjectRef]:
    listed = request.cluster.list(
        of.gvk,
        of.namespace,
        label_selector=request.flags.selector,
        field_selector=request.flags.field_selector,
    )
    return [ObjectRef(of.gvk, of.namespace, str(body["metadata"]["name"])) for body in listed.items]


def _replace(request: _Request) -> Body:
    return request.cluster.update(request.body())


def _patch(request: _Request) -> Body:
    """A manifest that names its object is the patch of that object; any other, and every JSON
    patch, needs flags that name it.
    """
    strategy = request.call.merge_strategy
    if strategy not in _PATCHES:
        raise ExecutionError(
            f"mergeStrategy {strategy!r} is not known", hints=[f"known: {', '.join(_PATCHES)}"]
        )
    names_itself = isinstance(request.manifest, dict) and request.manifest.get("kind")
    if strategy != "json" and names_itself:
        body = request.body()
        return request.cluster.patch(ref_of(body), body, _PATCHES[strategy])
    if not request.flags.words:
        raise ExecutionError("the patch names no object: give flags: [TYPE, NAME]")
    return request.cluster.patch(request.named(), request.manifest, _PATCHES[strategy])


_ACTIONS: dict[str, Callable[[_Request], Body | None]] = {
    "get": _get,
    "create": _create,
    "apply": _apply,
    "delete": _delete,
    "replace": _replace,
    "patch": _patch,
}


def _live(cluster: Cluster, ref: ObjectRef) -> Body:
    live = cluster.get(ref)
    if live is None:
        raise NotFoundError(f'{ref.gvk.kind} "{ref.name}" not found')
    return live


def _made_by(call: CallResource, cluster: Cluster, body: Body) -> Body | None:
    """What this very command created under a generated name, before a crash."""
    listed = cluster.list(GroupVersionKind.of(body), str(body["metadata"]["namespace"]))
    return next((live for live in listed.items if _command_of(live) == call.id), None)


def _command_of(live: Body) -> str:
    return str((live["metadata"].get("annotations") or {}).get(COMMAND_ANNOTATION, ""))
