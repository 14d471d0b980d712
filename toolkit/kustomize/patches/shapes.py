"""Which lists merge by key: Kubernetes' kinds, Argo's where asked for, and ``openapi.path``."""

from __future__ import annotations

from toolkit.kustomize.data.merge_shapes import KINDS, SHAPES, Shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_REFERENCE = "#/definitions/"
_GVKS = "x-kubernetes-group-version-kind"
_STRATEGY = "x-kubernetes-patch-strategy"
_KEY = "x-kubernetes-patch-merge-key"
_KEYS = "x-kubernetes-list-map-keys"


class Shapes:
    """Shapes by apiVersion and kind. ``by_name`` holds those that others lead to."""

    __slots__ = ("_by_kind", "_knows_argo", "by_name")

    def __init__(self, *, knows_argo: bool = False) -> None:
        self._knows_argo = knows_argo
        self._by_kind: dict[tuple[str, str], str] | None = None
        self.by_name: dict[str, Shape] = SHAPES

    def of_kind(self, api_version: str, kind: str) -> Shape | None:
        """None where nothing of the kind merges by key, or the kind is not known."""
        if self._by_kind is None:
            self._by_kind = _known_kinds()
            if self._knows_argo:
                self._add_argo()
        name = self._by_kind.get((api_version, kind))
        return None if name is None else self.by_name[name]

    def use_schema(self, schema: dict[str, Any], *, adds_to_built_in: bool) -> None:
        """An OpenAPI document instead of the built-in kinds, or beside them (where both define
        something, what is built in counts).
        """
        definitions = schema.get("definitions")
        if not isinstance(definitions, dict):
            definitions = {}
        self.by_name = {"": {}}
        for name, definition in definitions.items():
            self._define(name, definition)
        self._by_kind = {
            (_api_version(gvk), str(gvk.get("kind", ""))): name
            for name, definition in definitions.items()
            if isinstance(definition, dict)
            for gvk in _gvks(definition)
        }
        if adds_to_built_in:
            self.by_name |= SHAPES | _built_in_definitions()
            self._by_kind |= _known_kinds()

    def _define(self, name: str, schema: Any) -> str:
        """Defines the shape of an object; inline objects get names of their own."""
        shape: Shape = {}
        self.by_name[name] = shape
        properties = schema.get("properties") if isinstance(schema, dict) else None
        for field, value in (properties or {}).items():
            if not isinstance(value, dict):
                continue
            if "merge" in str(value.get(_STRATEGY) or "").split(","):
                shape[field] = (self._named(f"{name}/{field}", value.get("items")), _keys(value))
            elif "$ref" in value or "properties" in value:
                shape[field] = (self._named(f"{name}/{field}", value), None)
        return name

    def _named(self, name: str, schema: Any) -> str:
        if not isinstance(schema, dict):
            return ""
        if "$ref" in schema:
            referred = str(schema["$ref"]).removeprefix(_REFERENCE)
            self.by_name.setdefault(referred, {})
            return referred
        return self._define(name, schema)

    def _add_argo(self) -> None:
        from toolkit.kustomize.data.argo import ARGO_KINDS, ARGO_SHAPES

        self.by_name = SHAPES | ARGO_SHAPES
        for name, kinds in ARGO_KINDS.items():
            for kind in kinds.split():
                (self._by_kind or {})["argoproj.io/v1alpha1", kind] = name


def _built_in_definitions() -> dict[str, Shape]:
    from toolkit.kustomize.data.openapi import DEFINITIONS

    return {
        f"io.k8s.{name}": SHAPES[shape]
        for shape, names in DEFINITIONS.items()
        for name in names.split()
    }


def _known_kinds() -> dict[tuple[str, str], str]:
    return {
        (api_version, kind): name
        for name, by_version in KINDS.items()
        for api_version, kinds in by_version.items()
        for kind in kinds.split()
    }


def _gvks(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """Upstream passes over what is no list of maps."""
    found = definition.get(_GVKS)
    return [gvk for gvk in found if isinstance(gvk, dict)] if isinstance(found, list) else []


def _api_version(gvk: dict[str, Any]) -> str:
    group, version = gvk.get("group") or "", gvk.get("version") or ""
    return f"{group}/{version}" if group else str(version)


def _keys(schema: dict[str, Any]) -> tuple[str, ...]:
    if schema.get(_KEYS):
        return tuple(schema[_KEYS])
    return (schema[_KEY],) if schema.get(_KEY) else ()
