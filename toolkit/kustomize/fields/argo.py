"""Argo's own fields: names to follow and images to set, under ``compat: argo``."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.kustomize.data import argo
from toolkit.kustomize.fields.config import SECTIONS, NameReference, Specs, TransformerConfig
from toolkit.kustomize.fields.fieldspec import FieldSpec

_GROUP = "argoproj.io"


def with_argo(config: TransformerConfig) -> TransformerConfig:
    """``config`` with Argo's fields where it does not cover them: a field is never visited twice
    because a repository's own ``configurations`` name it, too.
    """
    sections = {name: config.section(name) for name in SECTIONS}
    sections["images"] += _missing(sections["images"], _images())
    references = {reference.key(): reference for reference in config.name_references}
    for kind, (group, version) in argo.REFERRED.items():
        key = (group, version, kind)
        known = references[key].referrers if key in references else ()
        covered = known + _referrers_of(config, kind, group)
        fields = known + _missing(covered, _references(kind))
        references[key] = NameReference(group, version, kind, fields)
    return TransformerConfig(sections, tuple(references.values()))


def _referrers_of(config: TransformerConfig, kind: str, group: str) -> Specs:
    """Fields that hold names of a kind, whatever version the references name."""
    return tuple(
        spec
        for reference in config.name_references
        if reference.kind == kind and reference.group in ("", group)
        for spec in reference.referrers
    )


def _missing(known: Specs, wanted: Iterator[FieldSpec]) -> Specs:
    by_path: dict[str, list[FieldSpec]] = {}
    for spec in known:
        by_path.setdefault(spec.path, []).append(spec)
    return tuple(
        spec
        for spec in wanted
        if not any(
            other.selects(_GROUP, other.version, spec.kind) for other in by_path.get(spec.path, ())
        )
    )


def _images() -> Iterator[FieldSpec]:
    for kind, base in argo.SPECS.items():
        for template in argo.TEMPLATES:
            for path in argo.IMAGES:
                yield _spec(kind, f"{base}/{template}/{path}")


def _references(referred: str) -> Iterator[FieldSpec]:
    name = "WorkflowTemplate" if referred == "ClusterWorkflowTemplate" else referred
    for kind, base in argo.SPECS.items():
        for path in argo.IN_SPECS.get(name, ()):
            yield _spec(kind, f"{base}/{path}")
        for template in argo.TEMPLATES:
            for path in argo.IN_TEMPLATES.get(name, ()):
                yield _spec(kind, f"{base}/{template}/{path}")
            for container in argo.CONTAINERS:
                for path in argo.IN_CONTAINERS.get(name, ()):
                    yield _spec(kind, f"{base}/{template}/{container}/{path}")


def _spec(kind: str, path: str) -> FieldSpec:
    return FieldSpec(_GROUP, "", kind, path, create=False)
