"""Whose object is it: an annotation that names the owner and describes its own object.

An annotation that was copied along with an object (``kubectl get -o yaml``, edited, applied under
another name) does not describe the copy, and is ignored: a copy is nobody's.
"""

from __future__ import annotations

from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body

TRACKING_ANNOTATION = "gitops.toolkit/tracking-id"


def tracked(body: Body, owner: str, id: ResourceId) -> Body:
    """A shallow copy that says it belongs to ``owner``."""
    metadata = dict(body.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    annotations[TRACKING_ANNOTATION] = f"{owner}:{id}"
    metadata["annotations"] = annotations
    return {**body, "metadata": metadata}


def owner_of(live: Body) -> str:
    """The owner that a live object's annotation names; "" where none does, validly."""
    metadata = live.get("metadata") or {}
    text = str((metadata.get("annotations") or {}).get(TRACKING_ANNOTATION, ""))
    owner, _, described = text.partition(":")
    return owner if described == str(ResourceId.of(live)) else ""


def owner_name(installation: str, environment: str) -> str:
    """One environment of one installation."""
    return f"{installation}/{environment}"
