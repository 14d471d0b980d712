"""``openapi:``: the schema whose merge keys a build goes by."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.sources.kustomization import Kustomization

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def use_schema(kustomization: Kustomization, *, is_top: bool = False) -> None:
    """``openapi:``: the first kustomization that names a schema decides for the whole build."""
    fields = kustomization.fields.get("openapi") or {}
    session = kustomization.folder.session
    if not fields or (session.has_schema and not is_top):
        return
    name, version = fields.get("path"), fields.get("version")
    if name and version:
        raise kustomization.error(
            BuildError(
                "openapi has either `path` or `version`, not both", hints=["drop one of them"]
            ),
            ("openapi",),
        )
    if version:
        if version != "v1.21.2":
            raise kustomization.error(
                BuildError(
                    f"OpenAPI version {version!r} is not built in", hints=["use v1.21.2, or a path"]
                ),
                ("openapi", "version"),
            )
        session.has_schema = True
    elif name is not None:
        _load_schema(kustomization, name)


def _load_schema(kustomization: Kustomization, name: str) -> None:
    from toolkit.yaml.dialect import SETTINGS
    from toolkit.yaml.parse import load_all

    folder = kustomization.folder
    try:
        file = folder.check_file(name)
    except BuildError as error:
        raise kustomization.error(error, ("openapi", "path")) from None
    documents = load_all(folder.session.read(file), folder.session.show(file), dialect=SETTINGS)
    if not documents or not _is_schema(documents[0]):
        raise kustomization.error(
            BuildError(
                f"{name!r} is no OpenAPI schema",
                hints=["it is a map; its `definitions` are maps, by name"],
            ),
            ("openapi", "path"),
        )
    adds = folder.session.has_built_in_schema()
    folder.session.shapes.use_schema(documents[0], adds_to_built_in=adds)
    folder.session.has_schema = True


def _is_schema(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    definitions = document.get("definitions")
    return definitions is None or (
        isinstance(definitions, dict)
        and all(isinstance(value, dict | None) for value in definitions.values())
    )
