"""``crds:``: OpenAPI definitions whose ``x-kubernetes-*`` extensions name fields to follow."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.fields.config import EMPTY, SECTIONS, NameReference, TransformerConfig
from toolkit.kustomize.fields.fieldspec import FieldSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SECTION_OF = {
    "x-kubernetes-annotation": "commonAnnotations",
    "x-kubernetes-label-selector": "commonLabels",
    "x-kubernetes-identity": "namePrefix",
}
_VERSION = "x-kubernetes-object-ref-api-version"
_KIND = "x-kubernetes-object-ref-kind"
_NAME_KEY = "x-kubernetes-object-ref-name-key"


def config_of_crds(definitions: Any) -> TransformerConfig:
    """What a file of definitions adds: ``{name: {Schema: …}}``. Raises BuildError."""
    if definitions is None:
        return EMPTY
    if not isinstance(definitions, dict) or not all(map(_is_definition, definitions.values())):
        raise BuildError(
            "a file of `crds` maps names to OpenAPI definitions, which this does not",
            hints=["a CustomResourceDefinition itself belongs under `resources:`"],
        )
    config = EMPTY
    for name in sorted(definitions):
        properties = _properties(definitions, name)
        if {"apiVersion", "kind", "metadata"} <= properties.keys():
            config = config.merge(_Reader(definitions, name.rpartition(".")[2]).read(name))
    return config


def _is_definition(value: Any) -> bool:
    schema = _field(value, "Schema")
    return value is None or (
        isinstance(value, dict)
        and isinstance(schema, dict | None)
        and isinstance(_field(schema, "properties"), dict | None)
    )


def _properties(definitions: dict[str, Any], name: str) -> dict[str, Any]:
    definition = definitions.get(name)
    schema = _field(definition, "Schema")
    properties = _field(schema, "properties")
    return properties if isinstance(properties, dict) else {}


def _field(value: Any, name: str) -> Any:
    """A field whose name ignores case, as Go decodes it."""
    if not isinstance(value, dict):
        return None
    if name in value:
        return value[name]
    return next((item for key, item in value.items() if key.lower() == name.lower()), None)


class _Reader:
    """Walks one kind's definition; a reference to itself ends the walk."""

    def __init__(self, definitions: dict[str, Any], kind: str) -> None:
        self.definitions = definitions
        self.kind = kind
        self.sections: dict[str, list[FieldSpec]] = {name: [] for name in SECTIONS}
        self.references: list[NameReference] = []

    def read(self, name: str) -> TransformerConfig:
        self._walk(name, (), frozenset())
        sections = {name: tuple(specs) for name, specs in self.sections.items()}
        return EMPTY.merge(TransformerConfig(sections, tuple(self.references)))

    def _walk(self, name: str, path: tuple[str, ...], seen: frozenset[str]) -> None:
        if name in seen:
            return
        for field, schema in sorted(_properties(self.definitions, name).items()):
            if not isinstance(schema, dict):
                continue
            here = (*path, field)
            for extension, section in _SECTION_OF.items():
                if isinstance(schema.get(extension), str):
                    self.sections[section].append(self._spec(here))
            if isinstance(schema.get(_VERSION), str) and isinstance(schema.get(_KIND), str):
                spec = self._spec((*here, schema.get(_NAME_KEY, "name")))
                reference = NameReference("", schema[_VERSION], schema[_KIND], (spec,))
                self.references.append(reference)
            if isinstance(schema.get("$ref"), str):
                self._walk(schema["$ref"], here, seen | {name})

    def _spec(self, path: tuple[str, ...]) -> FieldSpec:
        return FieldSpec("", "", self.kind, "/".join(path), create=False)
