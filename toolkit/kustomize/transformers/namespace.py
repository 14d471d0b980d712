"""namespace: where objects live, and the fields that say so elsewhere."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.fields.fieldspec import CREATE_SCALAR, FieldSpec, SetField
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import Item, text_of
from toolkit.kustomize.transformers.fields import SpecsByKind, on_item, visit_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SUBJECT_MODES = ("defaultOnly", "none", "allServiceAccounts")

_ROLE_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def set_namespace(
    collection: Collection,
    namespace: str,
    specs: tuple[FieldSpec, ...],
    *,
    unset_only: bool = False,
    subjects: str = "defaultOnly",
) -> None:
    """Sets the namespace of namespaced objects, renames Namespace objects, and follows into the
    fields at ``specs`` and the subjects of role bindings. ``unset_only``: only where none is set.
    Raises DuplicateError where objects then have the same identity.
    """

    def set_field(parent: dict[str, Any], key: str) -> None:
        value = parent[key]
        if isinstance(value, dict | list):
            raise BuildError(
                f"{key} must be text to take a namespace", hints=["write a text there, or nothing"]
            )
        if not unset_only or not text_of(value):
            parent[key] = namespace

    by_kind = SpecsByKind(tuple(spec for spec in specs if spec.path != "metadata/namespace"))
    for item in collection:
        if item.is_from_helm:
            continue
        item.remember()
        if not item.is_cluster_scoped:
            metadata = item.metadata
            metadata.setdefault("namespace", None)
            set_field(metadata, "namespace")
        if item.kind in _ROLE_BINDINGS:
            _set_subjects(item, set_field, subjects)
        for spec in by_kind.of(item):
            if _is_meant(spec, item):
                visit_item(item, spec, set_field, CREATE_SCALAR)
        item.refresh()
    collection.changed()
    collection.require_unique()


def _is_meant(spec: FieldSpec, item: Item) -> bool:
    if spec.path == "metadata/name" and item.api_version != "v1":
        return False
    return not (spec.kind in _ROLE_BINDINGS and spec.path == "subjects/namespace")


def _set_subjects(item: Item, set_field: SetField, mode: str) -> None:
    subjects = item.body.get("subjects")
    if mode == "none" or subjects is None:
        return
    if not isinstance(subjects, list):
        wrong = BuildError("subjects must be a list", hints=["put '- ' before each subject"])
        raise on_item(wrong, item)
    field, wanted = ("name", "default") if mode == "defaultOnly" else ("kind", "ServiceAccount")
    for subject in subjects:
        if isinstance(subject, dict) and text_of(subject.get(field)) == wanted:
            subject.setdefault("namespace", None)
            set_field(subject, "namespace")
