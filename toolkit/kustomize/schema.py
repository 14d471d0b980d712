"""The fields of kustomization.yaml and of plugin configurations, as tables, and their decoding.

Decoding follows Go's JSON decoder, which kustomize uses: field names ignore case, null is the
same as absent, a number is no string. Unknown fields are refused where it is strict.
"""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.errors import BuildError
from toolkit.kustomize.objects.item import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

STRING: Final = "string"
BOOL: Final = "boolean"
INT: Final = "whole number"
ANY: Final = "anything"

_LEAST: Final = -(2**63)
_EXPONENT: Final = 1e21
"""From here on Go writes a float with an exponent, which it does not read as a whole number."""


class ListOf:
    """A list, every item of one type."""

    __slots__ = ("item",)

    def __init__(self, item: Type) -> None:
        self.item = item


class MapOf:
    """A map from texts to values of one type."""

    __slots__ = ("value",)

    def __init__(self, value: Type) -> None:
        self.value = value


class Struct:
    """A map with known fields."""

    __slots__ = ("by_lower_name", "fields")

    def __init__(self, fields: Mapping[str, Type]) -> None:
        self.fields = fields
        self.by_lower_name = {name.lower(): name for name in fields}


Type = str | ListOf | MapOf | Struct

FieldPath = tuple[str | int, ...]


class FieldError(BuildError):
    """A field has the wrong type or is not known. ``path`` leads to it in the text;
    ``needs_quotes``: it is a number or boolean that was meant as text.
    """

    def __init__(
        self,
        message: str,
        path: FieldPath,
        *,
        hints: tuple[str, ...] = (),
        needs_quotes: bool = False,
    ) -> None:
        super().__init__(message, hints=hints)
        self.path = path
        self.needs_quotes = needs_quotes


class Mode:
    """``refuses_unknown``: an unknown field is an error. ``converts``: numbers and booleans are
    taken where text is wanted.
    """

    __slots__ = ("converts", "refuses_unknown")

    def __init__(self, *, refuses_unknown: bool, converts: bool) -> None:
        self.refuses_unknown = refuses_unknown
        self.converts = converts


KUSTOMIZATIONS: Final = Mode(refuses_unknown=True, converts=False)
CONFIGURATIONS: Final = Mode(refuses_unknown=True, converts=True)
PLUGIN_OBJECTS: Final = Mode(refuses_unknown=False, converts=True)


def decode(value: Any, type: Type, mode: Mode, path: FieldPath = ()) -> Any:
    """``value`` with field names as in the table, without nulls. Raises FieldError."""
    if isinstance(type, Struct):
        return _decode_struct(value, type, mode, path)
    if isinstance(type, ListOf):
        if not isinstance(value, list):
            raise _wrong_type(value, type, path)
        return [_decode_item(item, type.item, mode, (*path, i)) for i, item in enumerate(value)]
    if isinstance(type, MapOf):
        if not isinstance(value, dict):
            raise _wrong_type(value, type, path)
        return {
            key: _decode_item(item, type.value, mode, (*path, key)) for key, item in value.items()
        }
    return _decode_scalar(value, type, mode, path)


def _decode_item(value: Any, type: Type, mode: Mode, path: FieldPath) -> Any:
    return _zero(type) if value is None else decode(value, type, mode, path)


def _decode_struct(value: Any, type: Struct, mode: Mode, path: FieldPath) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(value, type, path)
    result: dict[str, Any] = {}
    # sorted, as on upstream's way through JSON: of two spellings the lower-case one counts
    for key, item in sorted(value.items()):
        name = key if key in type.fields else type.by_lower_name.get(str(key).lower())
        if name is None:
            if mode.refuses_unknown:
                raise _unknown(key, type, path)
        elif item is not None:
            result[name] = decode(item, type.fields[name], mode, (*path, key))
    return result


def _decode_scalar(value: Any, type: str, mode: Mode, path: FieldPath) -> Any:
    if type == ANY:
        return value
    if type == STRING and isinstance(value, str):
        return value
    if type == BOOL and isinstance(value, bool):
        return value
    if type == INT and not isinstance(value, bool):
        if isinstance(value, float) and value.is_integer() and abs(value) < _EXPONENT:
            value = int(value)  # on the way through JSON, 1.0 and 1e1 are whole numbers
        if isinstance(value, int) and _LEAST <= value <= -_LEAST - 1:
            return value
    if type == STRING and mode.converts and isinstance(value, int | float):
        return text_of(value)
    raise _wrong_type(value, type, path)


def _zero(type: Type) -> Any:
    if isinstance(type, ListOf):
        return []
    if isinstance(type, MapOf | Struct):
        return {}
    return {STRING: "", BOOL: False, INT: 0}.get(type)


def _wrong_type(value: Any, wanted: Type, path: FieldPath) -> FieldError:
    from toolkit.kustomize.hints.field_errors import wrong_type

    return wrong_type(value, wanted, path)


def _unknown(key: str, type: Struct, path: FieldPath) -> FieldError:
    from toolkit.kustomize.hints.field_errors import unknown_field

    return unknown_field(key, type, path)


_STRINGS = ListOf(STRING)
_STRING_MAP = MapOf(STRING)
_GVK: dict[str, Type] = {"group": STRING, "version": STRING, "kind": STRING}
_RESOURCE_ID: dict[str, Type] = {**_GVK, "name": STRING, "namespace": STRING}
SELECTOR = Struct({**_RESOURCE_ID, "annotationSelector": STRING, "labelSelector": STRING})
FIELD_SPECS = ListOf(Struct({**_GVK, "path": STRING, "create": BOOL}))
OBJECT_META = Struct(
    {"name": STRING, "namespace": STRING, "labels": _STRING_MAP, "annotations": _STRING_MAP}
)
GENERATOR_OPTIONS = Struct(
    {
        "labels": _STRING_MAP,
        "annotations": _STRING_MAP,
        "disableNameSuffixHash": BOOL,
        "immutable": BOOL,
    }
)
_GENERATOR: dict[str, Type] = {
    "namespace": STRING,
    "name": STRING,
    "behavior": STRING,
    "literals": _STRINGS,
    "files": _STRINGS,
    "envs": _STRINGS,
    "env": STRING,
    "options": GENERATOR_OPTIONS,
}
_PLUGIN_GENERATOR = {name: type for name, type in _GENERATOR.items() if name != "env"}
"""Upstream reads the old ``env:`` only where it mends a kustomization."""

_PATCH = Struct(
    {
        "path": STRING,
        "patch": STRING,
        "target": SELECTOR,
        "options": Struct({"allowNameChange": BOOL, "allowKindChange": BOOL}),
    }
)
IMAGE = Struct(
    {"name": STRING, "newName": STRING, "tagSuffix": STRING, "newTag": STRING, "digest": STRING}
)
_FIELD_OPTIONS = Struct({"delimiter": STRING, "index": INT, "encoding": STRING, "create": BOOL})
_REPLACEMENT: dict[str, Type] = {
    "source": Struct({**_RESOURCE_ID, "fieldPath": STRING, "options": _FIELD_OPTIONS}),
    "targets": ListOf(
        Struct(
            {
                "select": SELECTOR,
                "reject": ListOf(SELECTOR),
                "fieldPaths": _STRINGS,
                "options": _FIELD_OPTIONS,
            }
        )
    ),
    "sourceValue": STRING,
}
REPLACEMENT = Struct(_REPLACEMENT)
REPLACEMENTS = ListOf(Struct({**_REPLACEMENT, "path": STRING}))
REPLICA = Struct({"name": STRING, "count": INT})
SORT_OPTIONS = Struct(
    {
        "order": STRING,
        "legacySortOptions": Struct({"orderFirst": _STRINGS, "orderLast": _STRINGS}),
    }
)
_HELM_GLOBALS: dict[str, Type] = {"chartHome": STRING, "configHome": STRING}
_HELM_CHART: dict[str, Type] = {
    "name": STRING,
    "version": STRING,
    "repo": STRING,
    "releaseName": STRING,
    "namespace": STRING,
    "additionalValuesFiles": _STRINGS,
    "valuesFile": STRING,
    "valuesInline": ANY,
    "valuesMerge": STRING,
    "includeCRDs": BOOL,
    "skipHooks": BOOL,
    "apiVersions": _STRINGS,
    "kubeVersion": STRING,
    "nameTemplate": STRING,
    "skipTests": BOOL,
    "debug": BOOL,
    "devel": BOOL,
}
_HELM_CHART_INFLATION = Struct(
    {
        "chartName": STRING,
        "chartVersion": STRING,
        "chartRepoUrl": STRING,
        "chartHome": STRING,
        "chartRepoName": STRING,
        "helmBin": STRING,
        "helmHome": STRING,
        "values": STRING,
        "valuesLocal": ANY,
        "valuesMerge": STRING,
        "releaseName": STRING,
        "releaseNamespace": STRING,
        "extraArgs": _STRINGS,
    }
)
_VAR = Struct(
    {
        "name": STRING,
        "objref": Struct({"apiVersion": STRING, **_RESOURCE_ID}),
        "fieldref": Struct({"fieldPath": STRING}),
    }
)
CONFIG_MAP_GENERATOR = Struct(_GENERATOR)
SECRET_GENERATOR = Struct({**_GENERATOR, "type": STRING})

KUSTOMIZATION = Struct(
    {
        "apiVersion": STRING,
        "kind": STRING,
        "metadata": OBJECT_META,
        "openapi": _STRING_MAP,
        "namePrefix": STRING,
        "nameSuffix": STRING,
        "namespace": STRING,
        "commonLabels": _STRING_MAP,
        "labels": ListOf(
            Struct(
                {
                    "pairs": _STRING_MAP,
                    "includeSelectors": BOOL,
                    "includeTemplates": BOOL,
                    "fields": FIELD_SPECS,
                }
            )
        ),
        "commonAnnotations": _STRING_MAP,
        "patchesStrategicMerge": _STRINGS,
        "patchesJson6902": ListOf(_PATCH),
        "patches": ListOf(_PATCH),
        "images": ListOf(IMAGE),
        "imageTags": ListOf(IMAGE),
        "replacements": REPLACEMENTS,
        "replicas": ListOf(REPLICA),
        "vars": ListOf(_VAR),
        "sortOptions": SORT_OPTIONS,
        "resources": _STRINGS,
        "components": _STRINGS,
        "crds": _STRINGS,
        "bases": _STRINGS,
        "configMapGenerator": ListOf(CONFIG_MAP_GENERATOR),
        "secretGenerator": ListOf(SECRET_GENERATOR),
        "helmGlobals": Struct(_HELM_GLOBALS),
        "helmCharts": ListOf(Struct(_HELM_CHART)),
        "helmChartInflationGenerator": ListOf(_HELM_CHART_INFLATION),
        "generatorOptions": GENERATOR_OPTIONS,
        "configurations": _STRINGS,
        "generators": _STRINGS,
        "transformers": _STRINGS,
        "validators": _STRINGS,
        "buildMetadata": _STRINGS,
    }
)

TRANSFORMER_CONFIG = Struct(
    {
        "namePrefix": FIELD_SPECS,
        "nameSuffix": FIELD_SPECS,
        "namespace": FIELD_SPECS,
        "commonLabels": FIELD_SPECS,
        "labels": FIELD_SPECS,
        "templateLabels": FIELD_SPECS,
        "commonAnnotations": FIELD_SPECS,
        "nameReference": ListOf(Struct({**_GVK, "fieldSpecs": FIELD_SPECS})),
        "varReference": FIELD_SPECS,
        "images": FIELD_SPECS,
        "replicas": FIELD_SPECS,
    }
)

_META: dict[str, Type] = {"apiVersion": STRING, "kind": STRING, "metadata": OBJECT_META}

PLUGINS: dict[str, Struct] = {
    "AnnotationsTransformer": Struct(
        {**_META, "annotations": _STRING_MAP, "fieldSpecs": FIELD_SPECS}
    ),
    "ConfigMapGenerator": Struct({**_META, **_PLUGIN_GENERATOR}),
    "SecretGenerator": Struct({**_META, **_PLUGIN_GENERATOR, "type": STRING}),
    "HashTransformer": Struct(_META),
    "HelmChartInflationGenerator": Struct({**_META, **_HELM_GLOBALS, **_HELM_CHART}),
    "IAMPolicyGenerator": Struct(
        {
            **_META,
            "cloud": STRING,
            "kubernetesService": Struct({"namespace": STRING, "name": STRING}),
            "serviceAccount": Struct({"name": STRING, "projectId": STRING}),
        }
    ),
    "ImageTagTransformer": Struct({**_META, "imageTag": IMAGE, "fieldSpecs": FIELD_SPECS}),
    "LabelTransformer": Struct({**_META, "labels": _STRING_MAP, "fieldSpecs": FIELD_SPECS}),
    "NamespaceTransformer": Struct(
        {
            **_META,
            "fieldSpecs": FIELD_SPECS,
            "unsetOnly": BOOL,
            "setRoleBindingSubjects": STRING,
        }
    ),
    "PatchJson6902Transformer": Struct(
        {**_META, "target": SELECTOR, "path": STRING, "jsonOp": STRING}
    ),
    "PatchStrategicMergeTransformer": Struct({**_META, "paths": _STRINGS, "patches": STRING}),
    "PatchTransformer": Struct({**_META, **_PATCH.fields}),
    "PrefixTransformer": Struct({**_META, "prefix": STRING, "fieldSpecs": FIELD_SPECS}),
    "SuffixTransformer": Struct({**_META, "suffix": STRING, "fieldSpecs": FIELD_SPECS}),
    "PrefixSuffixTransformer": Struct(
        {**_META, "prefix": STRING, "suffix": STRING, "fieldSpecs": FIELD_SPECS}
    ),
    "ReplacementTransformer": Struct({**_META, "replacements": REPLACEMENTS}),
    "ReplicaCountTransformer": Struct({**_META, "replica": REPLICA, "fieldSpecs": FIELD_SPECS}),
    "ValueAddTransformer": Struct(
        {
            **_META,
            "value": STRING,
            "targets": ListOf(
                Struct({"selector": SELECTOR, "fieldPath": STRING, "filePathPosition": INT})
            ),
            "targetFilePath": STRING,
        }
    ),
}
