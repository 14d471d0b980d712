"""kustomization.yaml as a value: decoded and checked."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.schema import KUSTOMIZATION, KUSTOMIZATIONS, FieldError, FieldPath, decode
from toolkit.kustomize.sources.folder import Folder
from toolkit.yaml.dialect import SETTINGS
from toolkit.yaml.parse import load_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.source import Location

KIND = "Kustomization"
COMPONENT = "Component"
_VERSIONS = {
    KIND: "kustomize.config.k8s.io/v1beta1",
    COMPONENT: "kustomize.config.k8s.io/v1alpha1",
}
_FIX = "Run 'kustomize edit fix' to update your Kustomization automatically."
_DEPRECATED = {
    "bases": "resources",
    "commonLabels": "labels",
    "imageTags": "images",
    "patchesJson6902": "patches",
    "patchesStrategicMerge": "patches",
    "vars": "replacements",
}


class Kustomization:
    """``fields`` by their proper names, only those given; ``file`` is its path in the tree."""

    __slots__ = ("content", "fields", "file", "folder", "kind")

    def __init__(self, folder: Folder, file: str, content: bytes, fields: dict[str, Any]) -> None:
        self.folder = folder
        self.file = file
        self.content = content
        self.fields = fields
        self.kind: str = fields.get("kind") or KIND

    def items(self, field: str) -> list[tuple[FieldPath, Any]]:
        """The entries of a list field, each with its path; deprecated names included."""
        entries: list[tuple[FieldPath, Any]] = []
        for name in (field, *(old for old in ("bases", "imageTags") if _DEPRECATED[old] == field)):
            found = self.fields.get(name) or ()
            entries += [((name, index), entry) for index, entry in enumerate(found)]
        return entries

    def error(self, error: BuildError, field: FieldPath, *, of_key: bool = False) -> BuildError:
        """The error with the place of a field in this file, unless it has a place."""
        if error.location is not None:
            return error
        return self.folder.session.located(
            error, self.file, self.content, field=field, of_key=of_key
        )

    def error_within(
        self, error: BuildError, field: FieldPath, text: str, place: Location
    ) -> BuildError:
        """The error with its place in ``text``, which stands in this file at ``field``; that of
        the field where it is no block.
        """
        return self.folder.session.located(
            error, self.file, self.content, field=field, inner=(text, place)
        )


def read_kustomization(folder: Folder) -> Kustomization:
    """Raises YamlError, BuildError."""
    session = folder.session
    file = folder.kustomization_file()
    content = session.read(file)
    documents = load_all(content, session.show(file), dialect=SETTINGS)
    raw = documents[0] if documents else None
    try:
        fields = {} if raw is None else decode(raw, KUSTOMIZATION, KUSTOMIZATIONS)
        kustomization = Kustomization(folder, file, content, fields)
        _check(kustomization)
    except FieldError as found:
        error = _wrong_kind_of(raw) or _as_written(found, content)
        raise session.located(error, file, content, field=error.path, of_key=True) from None
    for name, instead in _DEPRECATED.items():
        if name in fields:
            _warn_deprecated(kustomization, name, instead)
    return kustomization


def _as_written(error: FieldError, content: bytes) -> FieldError:
    """With the number in the hint as it stands in the file: 1.20 is no 1.2."""
    from toolkit.yaml.raw import raw_scalar

    raw = raw_scalar(content, 0, error.path) if error.needs_quotes else None
    if raw is None:
        return error
    return FieldError(error.message, error.path, hints=(f'put it in quotes: "{raw.text}"',))


def _wrong_kind_of(raw: Any) -> FieldError | None:
    """What makes the fields of another kind of file unknown; None where the kind is right."""
    kind = raw.get("kind") if isinstance(raw, dict) else None
    return _wrong_kind(kind) if isinstance(kind, str) and kind not in (*_VERSIONS, "") else None


def _wrong_kind(kind: str) -> FieldError:
    from difflib import get_close_matches

    close = get_close_matches(kind.capitalize(), _VERSIONS, n=1)
    hint = f"did you mean {close[0]}?" if close else "name the file otherwise, and list it under "
    return FieldError(
        f"kind must be {KIND} or {COMPONENT}, but is {kind!r}",
        ("kind",),
        hints=(hint if close else f"{hint}`resources:` of a kustomization",),
    )


def _check(kustomization: Kustomization) -> None:
    fields = kustomization.fields
    if not any(value != "" for name, value in fields.items() if name not in ("apiVersion", "kind")):
        raise FieldError(
            "the kustomization is empty", (), hints=("list what it builds under `resources:`",)
        )
    kind = kustomization.kind
    if kind not in _VERSIONS:
        raise _wrong_kind(kind)
    version = fields.get("apiVersion") or _VERSIONS[kind]
    if version != _VERSIONS[kind]:
        raise FieldError(
            f"apiVersion of a {kind} must be {_VERSIONS[kind]}, but is {version!r}",
            ("apiVersion",),
            hints=(_version_hint(kind, version),),
        )


def _version_hint(kind: str, version: str) -> str:
    if kind == KIND and version == _VERSIONS[COMPONENT]:
        return f"add `kind: {COMPONENT}` if it is one, else drop the line"
    return "drop the line: it is what is taken without one"


def _warn_deprecated(kustomization: Kustomization, name: str, instead: str) -> None:
    experimental = "[EXPERIMENTAL] " if name == "vars" else ""
    kustomization.folder.session.warn(
        f"'{name}' is deprecated. Please use '{instead}' instead. {experimental}{_FIX}"
    )
