"""``configurations:`` and ``crds:``: files that add to the transformer configuration."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.fields.config import (
    DEFAULT,
    EMPTY,
    SECTIONS,
    NameReference,
    TransformerConfig,
)
from toolkit.kustomize.fields.crds import config_of_crds
from toolkit.kustomize.fields.fieldspec import FieldSpec
from toolkit.kustomize.schema import (
    CONFIGURATIONS,
    TRANSFORMER_CONFIG,
    FieldError,
    FieldPath,
    decode,
)
from toolkit.kustomize.sources.kustomization import Kustomization
from toolkit.yaml.dialect import SETTINGS, STRICT_SETTINGS
from toolkit.yaml.parse import load_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def configuration_of(kustomization: Kustomization) -> TransformerConfig:
    """The defaults and what this kustomization adds."""
    config = DEFAULT
    for field, name in kustomization.items("configurations"):
        added = _read(kustomization, field, name)
        try:
            config = config.merge(added)
        except BuildError as error:
            raise kustomization.error(error, field) from None
    for field, name in kustomization.items("crds"):
        documents = _documents(kustomization, field, name, strict=False)
        try:
            config = config.merge(config_of_crds(documents[0] if documents else None))
        except BuildError as error:
            raise kustomization.error(error, field) from None
    return config


def effective(config: TransformerConfig, compat: str) -> TransformerConfig:
    """What a layer's transformers go by: under ``argo`` with Argo's own fields."""
    if compat != "argo":
        return config
    from toolkit.kustomize.fields.argo import with_argo

    return with_argo(config)


def _read(kustomization: Kustomization, field: FieldPath, name: str) -> TransformerConfig:
    documents = _documents(kustomization, field, name, strict=True)
    raw = documents[0] if documents else None
    if raw is None:
        return EMPTY
    session = kustomization.folder.session
    try:
        fields = decode(raw, TRANSFORMER_CONFIG, CONFIGURATIONS)
    except FieldError as found:
        error = _of_object(raw) or found
        file = kustomization.folder.check_file(name)
        raise session.located(error, file, field=error.path, of_key=True) from None
    return config_of_fields(fields)


def _of_object(raw: Any) -> FieldError | None:
    """For an object that is taken for a configuration."""
    if not isinstance(raw, dict) or "kind" not in raw:
        return None
    hint = "list objects under `resources:`; a configuration has fields such as nameReference"
    return FieldError("this is an object, not a configuration", ("kind",), hints=(hint,))


def config_of_fields(fields: dict[str, Any]) -> TransformerConfig:
    """A decoded configuration."""
    sections = {name: _specs(fields.get(name)) for name in SECTIONS}
    references = tuple(
        NameReference(
            row.get("group", ""),
            row.get("version", ""),
            row.get("kind", ""),
            _specs(row.get("fieldSpecs")),
        )
        for row in fields.get("nameReference") or ()
    )
    return EMPTY.merge(TransformerConfig(sections, references))


def _specs(rows: list[dict[str, Any]] | None) -> tuple[FieldSpec, ...]:
    return tuple(
        FieldSpec(
            row.get("group", ""),
            row.get("version", ""),
            row.get("kind", ""),
            row.get("path", ""),
            create=row.get("create", False),
        )
        for row in rows or ()
    )


def _documents(
    kustomization: Kustomization, field: FieldPath, name: str, *, strict: bool
) -> list[Any]:
    folder = kustomization.folder
    try:
        file = folder.check_file(name)
    except BuildError as error:
        raise kustomization.error(error, field) from None
    dialect = STRICT_SETTINGS if strict else SETTINGS
    return load_all(folder.session.read(file), folder.session.show(file), dialect=dialect)
