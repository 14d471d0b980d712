"""What of a Secret may stand in history: everything but its values."""

from __future__ import annotations

from toolkit.resource.resource import Body

SENSITIVE_KINDS = frozenset({"/Secret"})
"""Storage kinds whose values stand in the object's own row only."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def without_values(body: Body) -> Body:
    """``body`` without ``data``, ``stringData`` and client-side apply's copy of them."""
    kept = {key: value for key, value in body.items() if key not in ("data", "stringData")}
    metadata = dict(kept.get("metadata") or {})
    annotations = metadata.get("annotations")
    if annotations and LAST_APPLIED in annotations:
        metadata["annotations"] = {k: v for k, v in annotations.items() if k != LAST_APPLIED}
    kept["metadata"] = metadata
    return kept
