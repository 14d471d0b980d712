"""The transformers that a kustomization's fields ask for, in kustomize's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from toolkit.errors import BuildError
from toolkit.kustomize.fields.config import Specs, TransformerConfig, merge_specs
from toolkit.kustomize.fields.fieldspec import FieldSpec
from toolkit.kustomize.layers.patch_steps import json6902_step, patch_step, strategic_merge_steps
from toolkit.kustomize.layers.spelling import FileScalars
from toolkit.kustomize.objects.collection import Collection, DuplicateError
from toolkit.kustomize.schema import (
    PLUGIN_OBJECTS,
    REPLACEMENT,
    FieldError,
    FieldPath,
    ListOf,
    decode,
)
from toolkit.kustomize.sources.folder import Folder
from toolkit.kustomize.sources.kustomization import Kustomization
from toolkit.kustomize.tracing.step import Step
from toolkit.kustomize.transformers.images import set_images
from toolkit.kustomize.transformers.labels import METADATA_LABELS, add_entries
from toolkit.kustomize.transformers.namespace import set_namespace
from toolkit.kustomize.transformers.naming import add_prefix, add_suffix
from toolkit.kustomize.transformers.replicas import set_replicas
from toolkit.yaml.dialect import SETTINGS
from toolkit.yaml.parse import load_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Apply = Callable[[Collection], None]


def transform_steps(kustomization: Kustomization, config: TransformerConfig) -> list[Step]:
    """All steps of the built-in fields. Files they name are read now. Raises BuildError."""
    return [step for build in _ORDER for step in build(kustomization, config)]


def field_specs(rows: list[dict[str, Any]] | None) -> Specs:
    """Field specs as a kustomization or a plugin writes them."""
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


def _strategic_merges(kustomization: Kustomization, _: TransformerConfig) -> Iterator[Step]:
    names = kustomization.fields.get("patchesStrategicMerge")
    if names:
        yield from strategic_merge_steps(kustomization, ("patchesStrategicMerge",), names)


def _patches(kustomization: Kustomization, _: TransformerConfig) -> Iterator[Step]:
    for field, entry in kustomization.items("patches"):
        yield patch_step(kustomization, field, entry)


def _namespace(kustomization: Kustomization, config: TransformerConfig) -> Iterator[Step]:
    namespace = kustomization.fields.get("namespace")
    if namespace:
        apply = partial(set_namespace, namespace=namespace, specs=config.section("namespace"))
        yield _step(kustomization, "NamespaceTransformer", ("namespace",), apply)


def _prefix(kustomization: Kustomization, config: TransformerConfig) -> Iterator[Step]:
    prefix = kustomization.fields.get("namePrefix")
    if prefix:
        scalars = FileScalars(kustomization.folder.session)
        specs = config.section("namePrefix")
        apply = partial(add_prefix, prefix=prefix, specs=specs, scalars=scalars)
        yield _step(kustomization, "PrefixTransformer", ("namePrefix",), apply)


def _suffix(kustomization: Kustomization, config: TransformerConfig) -> Iterator[Step]:
    suffix = kustomization.fields.get("nameSuffix")
    if suffix:
        scalars = FileScalars(kustomization.folder.session)
        specs = config.section("nameSuffix")
        apply = partial(add_suffix, suffix=suffix, specs=specs, scalars=scalars)
        yield _step(kustomization, "SuffixTransformer", ("nameSuffix",), apply)


def _labels(kustomization: Kustomization, config: TransformerConfig) -> Iterator[Step]:
    for field, entry in kustomization.items("labels"):
        try:
            specs = label_specs(entry, config)
        except BuildError as error:
            raise kustomization.error(error, field) from None
        apply = partial(add_entries, entries=entry.get("pairs") or {}, specs=specs)
        yield _step(kustomization, "LabelTransformer", field, apply)
    common = kustomization.fields.get("commonLabels") or {}
    if common or kustomization.fields.get("labels"):
        apply = partial(add_entries, entries=common, specs=config.section("commonLabels"))
        yield _step(kustomization, "LabelTransformer", ("commonLabels",), apply)


def label_specs(entry: dict[str, Any], config: TransformerConfig) -> Specs:
    """Where the pairs of one entry of ``labels`` go."""
    specs = merge_specs(field_specs(entry.get("fields")), config.section("labels"))
    if entry.get("includeSelectors"):
        return merge_specs(specs, config.section("commonLabels"))
    if entry.get("includeTemplates"):
        specs = merge_specs(specs, config.section("templateLabels"))
    return merge_specs(specs, (METADATA_LABELS,))


def _annotations(kustomization: Kustomization, config: TransformerConfig) -> Iterator[Step]:
    entries = kustomization.fields.get("commonAnnotations")
    if entries:
        specs = config.section("commonAnnotations")
        apply = partial(add_entries, entries=entries, specs=specs)
        yield _step(kustomization, "AnnotationsTransformer", ("commonAnnotations",), apply)


def _json_patches(kustomization: Kustomization, _: TransformerConfig) -> Iterator[Step]:
    for field, entry in kustomization.items("patchesJson6902"):
        yield json6902_step(kustomization, field, entry)


def _replicas(kustomization: Kustomization, config: TransformerConfig) -> Iterator[Step]:
    scalars = FileScalars(kustomization.folder.session)
    for field, entry in kustomization.items("replicas"):
        apply = partial(
            set_replicas,
            name=entry.get("name", ""),
            count=entry.get("count", 0),
            specs=config.section("replicas"),
            scalars=scalars,
        )
        yield _step(kustomization, "ReplicaCountTransformer", field, apply)


def _images(kustomization: Kustomization, config: TransformerConfig) -> Iterator[Step]:
    entries = kustomization.items("images")
    if entries:
        images = [entry for _, entry in entries]
        scalars = FileScalars(kustomization.folder.session)
        specs = config.section("images")
        apply = partial(set_images, images=images, specs=specs, scalars=scalars)
        field = entries[0][0][:1]

        def located(collection: Collection) -> None:
            try:
                apply(collection)
            except BuildError:
                for place, image in entries:
                    _require_image(kustomization, place, image)
                raise

        yield _step(kustomization, "ImageTagTransformer", field, located, times=len(images))


def _require_image(kustomization: Kustomization, field: FieldPath, image: dict[str, Any]) -> None:
    """Raises BuildError for an entry that is wrong itself, whatever the objects are."""
    scalars = FileScalars(kustomization.folder.session)
    try:
        set_images(Collection(), [image], (), scalars)
    except BuildError as error:
        raise kustomization.error(error, (*field, "name")) from None


def _replacements(kustomization: Kustomization, _: TransformerConfig) -> Iterator[Step]:
    entries = kustomization.items("replacements")
    if entries:
        from toolkit.kustomize.transformers.replacements import replace

        steps = [
            replacement
            for field, entry in entries
            for replacement in read_replacements(kustomization, field, entry)
        ]
        scalars = FileScalars(kustomization.folder.session)

        def apply(collection: Collection) -> None:
            for replacement, located in steps:
                try:
                    replace(collection, replacement, scalars, located)
                except BuildError as error:
                    raise located(error) from None

        yield Step("ReplacementTransformer", kustomization.file, ("replacements",), apply)


Located = Callable[[BuildError], BuildError]
"""Gives an error the place of what it is about."""


def read_replacements(
    kustomization: Kustomization, field: FieldPath, entry: dict[str, Any]
) -> list[tuple[dict[str, Any], Located]]:
    """A replacement, or those of the file that it names, each with its place."""
    name = entry.get("path")
    if not name:
        return [(entry, partial(kustomization.error, field=field))]
    if entry.get("source") is not None or entry.get("targets"):
        raise kustomization.error(
            BuildError(
                "a replacement has either `path` or `source` and `targets`",
                hints=["drop `path`, or move the rest to its file"],
            ),
            field,
        )
    folder: Folder = kustomization.folder
    try:
        file = folder.check_file(name)
    except BuildError as error:
        raise kustomization.error(error, (*field, "path")) from None
    content = folder.session.read(file)
    documents = load_all(content, folder.session.show(file), dialect=SETTINGS)
    decoded = documents[0] if documents else None
    if not isinstance(decoded, dict | list):
        wrong = BuildError(
            "a file of replacements holds one, or a list of them",
            hints=["write a map: {source: {…}, targets: [{…}]}"],
        )
        raise folder.session.located(wrong, file, content)
    type = REPLACEMENT if isinstance(decoded, dict) else ListOf(REPLACEMENT)
    try:
        found = decode(decoded, type, PLUGIN_OBJECTS)
    except FieldError as error:
        raise folder.session.located(error, file, content, field=error.path) from None
    at = partial(folder.session.located, path=file, content=content)
    if isinstance(decoded, dict):
        return [(found, at)]
    return [(one, partial(at, field=(index,))) for index, one in enumerate(found)]


def _step(
    kustomization: Kustomization, plugin: str, field: FieldPath, apply: Apply, *, times: int = 1
) -> Step:
    """A step whose errors point at the field that asks for it."""

    def located(collection: Collection) -> None:
        try:
            apply(collection)
        except BuildError as error:
            if error.location is not None or isinstance(error, DuplicateError):
                raise
            raise kustomization.error(error, field) from None

    return Step(plugin, kustomization.file, field, located, times=times)


_ORDER: tuple[Callable[[Kustomization, TransformerConfig], Iterator[Step]], ...] = (
    _strategic_merges,
    _patches,
    _namespace,
    _prefix,
    _suffix,
    _labels,
    _annotations,
    _json_patches,
    _replicas,
    _images,
    _replacements,
)
