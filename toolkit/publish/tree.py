"""The tree of bytes that a deploy branch holds: one object a file, and an index of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from toolkit.errors import PublishError
from toolkit.kustomize.result import BuildResult
from toolkit.publish.index import INDEX_PATH, Index, IndexEntry, index_bytes
from toolkit.publish.manifest import manifest_bytes, manifest_path
from toolkit.resource.resource import Resource
from toolkit.source import Location

ALLOW_SECRET_ANNOTATION = "gitops.toolkit/publish-secret"  # noqa: S105 - a name, not a secret
"""``"true"`` on a Secret says: its values may stand in the deploy repository (they are no secret,
or the repository is as well guarded as the cluster).
"""


@dataclass(frozen=True, slots=True)
class RenderedTree:
    """``files``: path → bytes, the index included. ``digest`` covers every manifest's path and
    bytes, not the hold: the same objects have the same digest.
    """

    environment: str
    files: Mapping[str, bytes]
    index: Index

    @property
    def digest(self) -> str:
        return self.index.digest


def render_tree(result: BuildResult, *, environment: str) -> RenderedTree:
    """Raises PublishError for an object that must not be published: a Secret with values and
    without the annotation that allows it, a run (kind Workflow), an object without a name.
    """
    files: dict[str, bytes] = {}
    entries = []
    for resource in result.resources:
        _refuse_unpublishable(resource)
        path, content = manifest_path(resource.id), manifest_bytes(resource.body)
        files[path] = content
        entries.append(IndexEntry(path, resource.id, sha256(content).hexdigest()))
    index = Index(environment, tuple(sorted(entries, key=lambda entry: entry.path)))
    files[INDEX_PATH] = index_bytes(index)
    return RenderedTree(environment, files, index)


def _refuse_unpublishable(resource: Resource) -> None:
    location = Location(resource.origin.path)
    if not resource.id.name or not resource.id.kind:
        raise PublishError("an object without a kind and a name cannot be kept", location=location)
    if resource.id.kind == "Workflow" and resource.id.group == "argoproj.io":
        raise PublishError(
            f"{resource.id.short} is a run, and runs are never synced",
            location=location,
            hints=["keep it in workflows/ and start it with gitops run, or make it a CronWorkflow"],
        )
    if _holds_secret_values(resource):
        raise PublishError(
            f"{resource.id.short} would put secret values into the deploy repository",
            location=location,
            hints=[
                "keep the values out of git: gitops secret set",
                f'or say that they are harmless: annotate it {ALLOW_SECRET_ANNOTATION}: "true"',
            ],
        )


def _holds_secret_values(resource: Resource) -> bool:
    if resource.id.kind != "Secret" or resource.id.group:
        return False
    body: Mapping[str, Any] = resource.body
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    if annotations.get(ALLOW_SECRET_ANNOTATION) == "true":
        return False
    return bool(body.get("data") or body.get("stringData"))
