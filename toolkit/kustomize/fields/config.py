"""The transformer configuration: which fields each transformer writes, defaults and additions.

``configurations:`` and ``crds:`` add to the defaults; a layer's additions hold for it and for all
layers above it, as in kustomize.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from toolkit.errors import BuildError
from toolkit.kustomize.data import field_specs
from toolkit.kustomize.fields.fieldspec import FieldSpec, parse_row, parse_rows

SECTIONS = (
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "commonAnnotations",
    "varReference",
    "images",
    "replicas",
)

_FIRST = (
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
_LAST = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]
_RANKS = {kind: index - len(_FIRST) for index, kind in enumerate(_FIRST)}
_RANKS |= {kind: index + 1 for index, kind in enumerate(_LAST)}

Specs = tuple[FieldSpec, ...]


class NameReference:
    """Objects of one kind, and the fields of other kinds that hold their names."""

    __slots__ = ("group", "kind", "referrers", "version")

    def __init__(self, group: str, version: str, kind: str, referrers: Specs) -> None:
        self.group = group
        self.version = version
        self.kind = kind
        self.referrers = referrers

    def key(self) -> tuple[str, str, str]:
        return (self.group, self.version, self.kind)


class TransformerConfig:
    """Immutable. ``sections`` by name (:data:`SECTIONS`); ``name_references`` in order."""

    __slots__ = ("_name_references", "_sections")

    def __init__(
        self, sections: dict[str, Specs], name_references: tuple[NameReference, ...] | None
    ) -> None:
        self._sections = sections
        self._name_references = name_references

    def section(self, name: str) -> Specs:
        specs = self._sections.get(name)
        if specs is None:
            specs = self._sections[name] = _default_section(name) if self._is_default() else ()
        return specs

    @property
    def name_references(self) -> tuple[NameReference, ...]:
        if self._name_references is None:
            self._name_references = _default_name_references()
        return self._name_references

    def _is_default(self) -> bool:
        return self is DEFAULT

    def merge(self, other: TransformerConfig) -> TransformerConfig:
        """Both together. Raises BuildError where they say different things of one field."""
        if other is self or other is EMPTY:
            return self
        if self is EMPTY and other is DEFAULT:
            return other
        sections = {name: merge_specs(self.section(name), other.section(name)) for name in SECTIONS}
        references = _merge_references(self.name_references, other.name_references)
        return TransformerConfig(_sorted(sections), tuple(sorted(references, key=_reference_key)))


def merge_specs(specs: Sequence[FieldSpec], incoming: Iterable[FieldSpec]) -> Specs:
    """``specs`` and those of ``incoming`` that are not in it yet."""
    if specs is incoming:
        return tuple(specs)
    result = list(specs)
    by_path: dict[str, list[FieldSpec]] = {}
    for spec in result:
        by_path.setdefault(spec.path, []).append(spec)
    for spec in incoming:
        same = _find(by_path.get(spec.path, ()), spec)
        if same is None:
            result.append(spec)
            by_path.setdefault(spec.path, []).append(spec)
        elif same.create != spec.create:
            raise BuildError(
                f"conflicting field specs for path {spec.path!r}: one creates the field, one not",
                hints=["give both the same `create`"],
            )
    return tuple(result)


def merge_transformer_configs(configs: Iterable[TransformerConfig]) -> TransformerConfig:
    """All together, in order."""
    result = EMPTY
    for config in configs:
        result = result.merge(config)
    return result


def _find(specs: Iterable[FieldSpec], incoming: FieldSpec) -> FieldSpec | None:
    for spec in specs:
        if (
            incoming.group in ("", spec.group)
            and incoming.version in ("", spec.version)
            and incoming.kind in ("", spec.kind)
        ):
            return spec
    return None


def _merge_references(
    references: tuple[NameReference, ...], incoming: tuple[NameReference, ...]
) -> list[NameReference]:
    if references is incoming:
        return list(references)
    merged = {reference.key(): reference for reference in references}
    for other in incoming:
        same = merged.get(other.key())
        referrers = other.referrers
        if same is not None:
            referrers = merge_specs(same.referrers, other.referrers)
        merged[other.key()] = NameReference(other.group, other.version, other.kind, referrers)
    return list(merged.values())


def _sorted(sections: dict[str, Specs]) -> dict[str, Specs]:
    return {name: tuple(sorted(specs, key=_spec_key)) for name, specs in sections.items()}


def _spec_key(spec: FieldSpec) -> tuple[int, str]:
    return gvk_rank(spec.group, spec.version, spec.kind)


def _reference_key(reference: NameReference) -> tuple[int, str]:
    return gvk_rank(reference.group, reference.version, reference.kind)


def gvk_rank(group: str, version: str, kind: str) -> tuple[int, str]:
    """Kustomize's order of kinds: what others need first, webhooks last, the rest by name."""
    return _RANKS.get(kind, 0), f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"


_DEFAULT_ROWS = {
    "namePrefix": field_specs.NAME_PREFIX,
    "nameSuffix": field_specs.NAME_PREFIX,
    "namespace": field_specs.NAMESPACE,
    "commonLabels": field_specs.SELECTOR_LABELS + field_specs.TEMPLATE_LABELS,
    "templateLabels": field_specs.TEMPLATE_LABELS,
    "commonAnnotations": field_specs.COMMON_ANNOTATIONS,
    "images": field_specs.IMAGES,
    "replicas": field_specs.REPLICAS,
}


def _default_section(name: str) -> Specs:
    if name == "varReference":
        from toolkit.kustomize.data.var_references import VAR_REFERENCES

        rows = VAR_REFERENCES
    else:
        rows = _DEFAULT_ROWS.get(name, "")
    return tuple(sorted(merge_specs((), parse_rows(rows)), key=_spec_key))


def _default_name_references() -> tuple[NameReference, ...]:
    from toolkit.kustomize.data.name_references import NAME_REFERENCES

    found: list[tuple[list[str], list[FieldSpec]]] = []
    for line in NAME_REFERENCES.splitlines():
        if line.startswith(" "):
            found[-1][1].append(parse_row(line))
        elif line:
            found.append((["" if word == "-" else word for word in line.split()], []))
    references = [NameReference(g, v, k, tuple(rows)) for (g, v, k), rows in found]
    return tuple(sorted(references, key=_reference_key))


EMPTY = TransformerConfig(dict.fromkeys(SECTIONS, ()), ())
DEFAULT = TransformerConfig({}, None)
