"""One object as the bytes of one file, and back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from toolkit.errors import PublishError, YamlError
from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Body
from toolkit.yaml import emit, load_all

MANIFESTS_FOLDER = "manifests"
_SAFE_IN_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")


def manifest_path(id: ResourceId) -> str:
    """``manifests/<Kind>[.<group>]/[<namespace>/]<name>.yaml``: readable, and different for
    different ids: a folder of a namespace never holds a dot, a file always does.
    """
    kind = f"{_escaped(id.kind)}.{_escaped(id.group, dots=True)}" if id.group else _escaped(id.kind)
    parts = [MANIFESTS_FOLDER, kind, f"{_escaped(id.name, dots=True)}.yaml"]
    if id.namespace:
        parts.insert(2, _escaped(id.namespace))
    return "/".join(parts)


def manifest_bytes(body: Body) -> bytes:
    """The object as YAML: the same object always gives the same bytes.

    Raises PublishError for an object with a key ``<<``, which YAML would read as a merge.
    """
    text = emit(body)
    if "<<" in text and not _reads_back(text, body):
        raise PublishError(f"{ResourceId.of(body).short} has a key <<, which YAML cannot keep")
    return text.encode()


def parse_manifest(content: bytes, path: str) -> Body:
    """The inverse of :func:`manifest_bytes`. Raises PublishError for anything but one object."""
    try:
        bodies: list[Any] = list(load_all(content, path))
    except YamlError as error:
        raise PublishError(f"{path} in the deploy repository is no YAML: {error}") from error
    if len(bodies) != 1 or not isinstance(bodies[0], dict) or not bodies[0].get("kind"):
        raise PublishError(f"{path} in the deploy repository is not one Kubernetes object")
    body: Body = bodies[0]
    return body


def _reads_back(text: str, body: Body) -> bool:
    try:
        return load_all(text) == [body]
    except YamlError:
        return False


def _escaped(text: str, *, dots: bool = False) -> str:
    """Percent-encoded, so that no two names share a path (``quote`` leaves dots alone)."""
    escaped = text if _SAFE_IN_NAME.match(text) else quote(text, safe="")
    return escaped if dots else escaped.replace(".", "%2E")
