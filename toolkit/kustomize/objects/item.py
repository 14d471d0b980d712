"""An object on its way through a build: its body, and what names it had before.

kustomize keeps this in annotations on the user's object; here it stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.errors import BuildError
from toolkit.kustomize.data.scopes import CLUSTER_SCOPED
from toolkit.kustomize.objects.sharing import SharedValue
from toolkit.resource.identity import split_api_version
from toolkit.resource.resource import Body, Origin
from toolkit.yaml.scalars import RESOURCE_HINTS, resolve_resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO_NAMESPACE = "_non_namespaceable_"

Key = tuple[str, str, str, str, str]
"""(group, version, kind, effective namespace, name)."""

Mark = tuple[str, ...] | str | bool | None
"""An entry of a trail. An identity where it was read is the key and the namespace as written;
namespace and name, where only these changed; None where nothing did.
"""

Past = tuple[str, str, str]
"""(effective namespace, name, kind) as they were before a change."""

GONE = "gone"
"""The end of the trail of an object that was removed."""


class MergedPatch:
    """A strategic-merge patch as it was written: its text, and which document of that.
    ``is_by_target``: a ``target`` chose the object; ``renames``: it may get the patch's name.
    """

    __slots__ = ("document", "is_by_target", "renames", "text")

    def __init__(self, text: str, document: int, *, is_by_target: bool, renames: bool) -> None:
        self.text = text
        self.document = document
        self.is_by_target = is_by_target
        self.renames = renames


class Item:
    """``past``: earlier names, oldest first. ``prefixes``, ``suffixes``: those put on the name,
    in order. ``behavior`` of a generated object: create, merge, replace or unspecified.
    ``rewritten_annotations``: numbers and nulls among the annotations, as the file and as
    JSON has them.
    ``merged_patches``: those merged so far. ``is_rewritten``: a JSON patch wrote the object anew,
    its spelling is lost.
    ``place``: where it stands in its document, () but for items of a List. ``is_from_json``:
    upstream took it out of a list by way of JSON, where texts are in quotes and numbers plain.
    ``has_untagged``: some of its scalars may have no type yet
    (:mod:`toolkit.kustomize.objects.untagged`).
    ``shared``: values that change together (:mod:`toolkit.kustomize.objects.sharing`).
    ``trail``: in order, all that the treatment of *other* objects has ever depended on: the
    identity whenever it was read, answers to label selectors, digests of values that replacements
    took from here, and :data:`GONE` (:mod:`toolkit.kustomize.partial` lives by it).

    The identity fields mirror the body; whoever writes these fields of the body calls
    :meth:`refresh` (and tells the collection).
    """

    __slots__ = (
        "api_version",
        "behavior",
        "body",
        "group",
        "has_untagged",
        "is_from_helm",
        "is_from_json",
        "is_rewritten",
        "key",
        "kind",
        "merged_patches",
        "name",
        "namespace",
        "needs_hash",
        "origin",
        "past",
        "place",
        "prefixes",
        "rewritten_annotations",
        "shared",
        "suffixes",
        "trail",
        "var_names",
        "version",
    )

    def __init__(self, body: Body, origin: Origin) -> None:
        self.body = body
        self.origin = origin
        self.past: list[Past] = []
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.var_names: list[str] = []
        self.shared: list[SharedValue] = []
        self.rewritten_annotations: dict[str, tuple[str, str]] = {}
        self.behavior = ""
        self.needs_hash = False
        self.has_untagged = False
        self.is_from_helm = False
        self.is_from_json = False
        self.place: tuple[str | int, ...] = ()
        self.is_rewritten = False
        self.merged_patches: list[MergedPatch] = []
        self.trail: list[Mark] = []
        self.key: Key = ("", "", "", "", "")
        self.namespace = ""
        self.refresh()

    def refresh(self) -> None:
        """Reads the identity from the body again."""
        body, before, namespace = self.body, self.key, self.namespace
        self.api_version = text_of(body.get("apiVersion"))
        self.group, self.version = split_api_version(self.api_version)
        self.kind = text_of(body.get("kind"))
        metadata = body.get("metadata")
        if not isinstance(metadata, dict):
            metadata = {}
        self.name = text_of(metadata.get("name"))
        self.namespace = text_of(metadata.get("namespace"))
        self.key = (
            self.group,
            self.version,
            self.kind,
            self.effective_namespace,
            self.name,
        )
        if self.key[:3] != before[:3]:
            self.trail.append((*self.key, self.namespace))
        elif self.key != before or self.namespace != namespace:
            self.trail.append((self.namespace, self.name))
        else:
            self.trail.append(None)

    @property
    def is_cluster_scoped(self) -> bool:
        return (self.group, self.version, self.kind) in CLUSTER_SCOPED

    @property
    def effective_namespace(self) -> str:
        if self.is_cluster_scoped:
            return NO_NAMESPACE
        return self.namespace or "default"

    @property
    def metadata(self) -> dict[str, Any]:
        """The body's metadata, made where it is missing."""
        metadata = self.body.get("metadata")
        if not isinstance(metadata, dict):
            metadata = self.body["metadata"] = {}
        return metadata

    def remember(self) -> None:
        """Keeps the present identity among the past ones."""
        self.past.append((self.key[3], self.name, self.kind))

    def identities(self) -> list[Key]:
        """All identities, oldest first, the present one last."""
        found = [(self.group, self.version, kind, ns, name) for ns, name, kind in self.past]
        found.append(self.key)
        return found

    @property
    def original(self) -> Key:
        """The first identity."""
        if not self.past:
            return self.key
        namespace, name, kind = self.past[0]
        return (self.group, self.version, kind, namespace, name)

    @property
    def short(self) -> str:
        return f"{self.kind}/{self.name}"


def show_annotations(item: Item) -> None:
    """Upstream keeps what it knows of an object among its annotations, so that a patch, or what
    writes annotations where there are some, meets these even where the object has none.
    """
    if item.past or item.prefixes or item.suffixes or item.behavior:
        metadata = item.metadata
        if metadata.get("annotations") is None:
            metadata["annotations"] = {}


def text_of(value: Any) -> str:
    """A scalar as YAML text; "" for null, maps and lists."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    return str(value)


def number_text(value: float) -> str:
    """A float in the fewest digits, as people write it."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def strings_at(body: Body, field: str) -> dict[str, str]:
    """``metadata.<field>`` (labels, annotations) as texts; empty where there is none."""
    metadata = body.get("metadata")
    values = metadata.get(field) if isinstance(metadata, dict) else None
    if not isinstance(values, dict):
        return {}
    return {key: "null" if value is None else text_of(value) for key, value in values.items()}


def require_text_keys(keys: Iterable[str]) -> None:
    """Raises BuildError for a key that upstream writes without quotes, and then cannot read."""
    for key in keys:
        if not key or key == "<<" or (key[0] in RESOURCE_HINTS and resolve_resource(key) != key):
            raise BuildError(
                f"the key {key!r} reads as {_reading(key)}, and kustomize refuses it here",
                hints=["choose a key that is plain text, such as one that starts with a letter"],
            )


def _reading(key: str) -> str:
    value = resolve_resource(key) if key else None
    kinds = {bool: "a boolean", int: "a number", float: "a number", type(None): "null"}
    return kinds.get(type(value), "something else than text")


def set_strings(body: Body, field: str, values: dict[str, str]) -> None:
    """Writes ``metadata.<field>``, or drops it where ``values`` is empty. Raises BuildError."""
    require_text_keys(values)
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        metadata = body["metadata"] = {}
    if values:
        metadata[field] = values
    else:
        metadata.pop(field, None)


def describe(key: Key) -> str:
    """An identity for messages: ``apps/v1 Deployment namespace/name``."""
    group, version, kind, namespace, name = key
    api_version = f"{group}/{version}" if group else version
    where = "" if namespace in (NO_NAMESPACE, "default") else f"{namespace}/"
    return f"{api_version} {kind} {where}{name}".strip()
