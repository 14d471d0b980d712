"""Built-in generators and transformers that objects configure: ``generators:``,
``transformers:``, ``validators:``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from posixpath import basename
from typing import Any

from toolkit.errors import BuildError
from toolkit.kustomize.generators.helm import inflate
from toolkit.kustomize.generators.iam_policy import make_service_account
from toolkit.kustomize.generators.objects import make_config_map, make_secret
from toolkit.kustomize.layers.functions import generated_by_function, transform_by_function
from toolkit.kustomize.layers.patch_steps import (
    inline_merge_step,
    json6902_step,
    patch_step,
    strategic_merge_steps,
)
from toolkit.kustomize.layers.spelling import FileScalars
from toolkit.kustomize.layers.transform_steps import field_specs, read_replacements
from toolkit.kustomize.objects.collection import Collection, DuplicateError
from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.schema import PLUGIN_OBJECTS, PLUGINS, FieldError, FieldPath, decode
from toolkit.kustomize.sources.kustomization import Kustomization
from toolkit.kustomize.tracing.step import Step
from toolkit.kustomize.transformers.hashing import add_hashes
from toolkit.kustomize.transformers.images import set_images
from toolkit.kustomize.transformers.labels import add_entries
from toolkit.kustomize.transformers.namespace import SUBJECT_MODES, set_namespace
from toolkit.kustomize.transformers.naming import add_prefix, add_suffix
from toolkit.kustomize.transformers.replacements import replace
from toolkit.kustomize.transformers.replicas import set_replicas
from toolkit.kustomize.transformers.value_add import add_value
from toolkit.resource.resource import Origin
from toolkit.yaml.dialect import SETTINGS
from toolkit.yaml.parse import load_all

Fields = dict[str, Any]
Apply = Callable[[Collection], None]

_BUILT_IN = "builtin"


def plugin_generator(kustomization: Kustomization, config: Item, field: FieldPath) -> list[Item]:
    """The objects of a generator. Raises BuildError."""
    if config.api_version != _BUILT_IN:
        try:
            return generated_by_function(kustomization.folder, config)
        except BuildError as error:
            raise _at(kustomization, field, error) from None
    fields = _decoded(kustomization, config, field)
    generate = _GENERATORS.get(config.kind)
    if generate is None:
        raise kustomization.error(
            BuildError(f"{config.kind} is no generator", hints=["list it under `transformers:`"]),
            field,
        )
    try:
        return generate(kustomization, config, fields)
    except BuildError as error:
        raise _at(kustomization, field, error) from None


def plugin_steps(kustomization: Kustomization, config: Item, field: FieldPath) -> list[Step]:
    """The steps of a transformer. Raises BuildError."""
    if config.api_version != _BUILT_IN:
        apply = partial(transform_by_function, folder=kustomization.folder, config=config)
        return _step(kustomization, field, config.kind, apply)
    fields = _decoded(kustomization, config, field)
    configure = _TRANSFORMERS.get(config.kind)
    if configure is None:
        raise kustomization.error(
            BuildError(f"{config.kind} is no transformer", hints=["list it under `generators:`"]),
            field,
        )
    try:
        return configure(kustomization, field, fields)
    except BuildError as error:
        raise _at(kustomization, field, error) from None


def _at(kustomization: Kustomization, field: FieldPath, error: BuildError) -> BuildError:
    if error.location is not None or isinstance(error, DuplicateError):
        return error
    return kustomization.error(error, field)


def _decoded(kustomization: Kustomization, config: Item, field: FieldPath) -> Fields:
    struct = PLUGINS.get(config.kind)
    if struct is None:
        raise kustomization.error(_not_built_in(config), field)
    try:
        decoded: Fields = decode(config.body, struct, PLUGIN_OBJECTS)
    except FieldError as error:
        wrong = BuildError(f"{config.short}: {error.message}", hints=error.hints)
        origin = config.origin
        if origin.path == kustomization.file:
            raise _within(kustomization, field, wrong, config, error.path) from None
        session = kustomization.folder.session
        raise session.located(
            wrong, origin.path, document=origin.document, field=error.path
        ) from None
    return decoded


def _within(
    kustomization: Kustomization, field: FieldPath, error: BuildError, config: Item, path: FieldPath
) -> BuildError:
    """The error with its place in an object that the kustomization itself holds."""
    from toolkit.yaml.positions import Positions

    text = kustomization.fields[str(field[0])][field[1]]
    place = Positions(text).locate(config.origin.document, path)
    return kustomization.error_within(error, field, text, place)


def _not_built_in(config: Item) -> BuildError:
    from toolkit.kustomize.hints.nearest import did_you_mean

    hints = did_you_mean(config.kind, PLUGINS) or ["known: " + ", ".join(PLUGINS)]
    return BuildError(f"there is no built-in plugin {config.kind!r}", hints=hints)


def _step(kustomization: Kustomization, field: FieldPath, plugin: str, apply: Apply) -> list[Step]:
    def located(collection: Collection) -> None:
        try:
            apply(collection)
        except BuildError as error:
            raise _at(kustomization, field, error) from None

    return [Step(plugin, kustomization.file, field, located)]


def _config_map(kustomization: Kustomization, config: Item, fields: Fields) -> list[Item]:
    return [make_config_map(_named(fields), kustomization.folder.load, _origin(config))]


def _secret(kustomization: Kustomization, config: Item, fields: Fields) -> list[Item]:
    return [make_secret(_named(fields), kustomization.folder.load, _origin(config))]


def _iam_policy(_: Kustomization, config: Item, fields: Fields) -> list[Item]:
    return [make_service_account(fields, _origin(config))]


def _helm(kustomization: Kustomization, config: Item, fields: Fields) -> list[Item]:
    return inflate(fields, kustomization.folder, _origin(config))


def _origin(config: Item) -> Origin:
    return Origin(config.origin.path, -1)


def _named(fields: Fields) -> Fields:
    metadata = fields.get("metadata") or {}
    name = fields.get("name") or metadata.get("name")
    namespace = fields.get("namespace") or metadata.get("namespace")
    return {**fields, "name": name, "namespace": namespace}


def _annotations(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    specs = field_specs(fields.get("fieldSpecs"))
    apply = partial(add_entries, entries=fields.get("annotations") or {}, specs=specs)
    return _step(kustomization, field, "AnnotationsTransformer", apply)


def _labels(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    specs = field_specs(fields.get("fieldSpecs"))
    apply = partial(add_entries, entries=fields.get("labels") or {}, specs=specs)
    return _step(kustomization, field, "LabelTransformer", apply)


def _hash(kustomization: Kustomization, field: FieldPath, _: Fields) -> list[Step]:
    return _step(kustomization, field, "HashTransformer", add_hashes)


def _images(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    images = [fields.get("imageTag") or {}]
    specs = field_specs(fields.get("fieldSpecs"))
    scalars = FileScalars(kustomization.folder.session)
    apply = partial(set_images, images=images, specs=specs, scalars=scalars)
    return _step(kustomization, field, "ImageTagTransformer", apply)


def _namespace(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    namespace = (fields.get("metadata") or {}).get("namespace") or ""
    subjects = fields.get("setRoleBindingSubjects") or "defaultOnly"
    if subjects not in SUBJECT_MODES:
        known = ", ".join(SUBJECT_MODES)
        raise BuildError(
            f"setRoleBindingSubjects must be one of {known}, but is {subjects!r}",
            hints=["drop the line: defaultOnly is what is taken without one"],
        )
    if not namespace:
        return []
    apply = partial(
        set_namespace,
        namespace=namespace,
        specs=field_specs(fields.get("fieldSpecs")),
        unset_only=fields.get("unsetOnly", False),
        subjects=subjects,
    )
    return _step(kustomization, field, "NamespaceTransformer", apply)


def _affix(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    if fields.get("fieldSpecs") is None:
        raise BuildError("fieldSpecs is missing", hints=["add `- path: metadata/name`"])
    specs = field_specs(fields["fieldSpecs"])
    scalars = FileScalars(kustomization.folder.session)
    prefix = partial(add_prefix, prefix=fields.get("prefix") or "", specs=specs, scalars=scalars)
    suffix = partial(add_suffix, suffix=fields.get("suffix") or "", specs=specs, scalars=scalars)
    steps: list[Step] = []
    if fields["kind"] != "SuffixTransformer":
        steps += _step(kustomization, field, "PrefixTransformer", prefix)
    if fields["kind"] != "PrefixTransformer":
        steps += _step(kustomization, field, "SuffixTransformer", suffix)
    return steps


def _patch(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    return [patch_step(kustomization, field, fields)]


def _json6902(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    return [json6902_step(kustomization, field, fields)]


def _strategic_merge(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    names, text = fields.get("paths") or [], fields.get("patches") or ""
    if not names and not text:
        raise BuildError(
            "there are neither `paths` nor `patches`",
            hints=["add `paths:` with files, or `patches: |-`"],
        )
    steps = strategic_merge_steps(kustomization, field, names) if names else []
    return [*steps, inline_merge_step(kustomization, field, text)] if text else steps


def _replacement(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    found = [
        replacement
        for entry in fields.get("replacements") or ()
        for replacement in read_replacements(kustomization, field, entry)
    ]

    scalars = FileScalars(kustomization.folder.session)

    def apply(collection: Collection) -> None:
        for replacement, located in found:
            try:
                replace(collection, replacement, scalars, located)
            except BuildError as error:
                raise located(error) from None

    return _step(kustomization, field, "ReplacementTransformer", apply)


def _replicas(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    replica = fields.get("replica") or {}
    specs = field_specs(fields.get("fieldSpecs"))
    name, count = replica.get("name", ""), replica.get("count", 0)
    scalars = FileScalars(kustomization.folder.session)
    apply = partial(set_replicas, name=name, count=count, specs=specs, scalars=scalars)
    return _step(kustomization, field, "ReplicaCountTransformer", apply)


def _value_add(kustomization: Kustomization, field: FieldPath, fields: Fields) -> list[Step]:
    value = (fields.get("value") or "").strip() or basename(kustomization.folder.path)
    targets = list(fields.get("targets") or ())
    name = fields.get("targetFilePath")
    if name:
        documents = load_all(kustomization.folder.load(name), name, dialect=SETTINGS)
        struct = PLUGINS["ValueAddTransformer"]
        targets += (
            decode(documents[0] if documents else {}, struct, PLUGIN_OBJECTS).get("targets") or ()
        )
    if not targets:
        raise BuildError(
            "there are no targets", hints=["add `targets:`, such as - fieldPath: metadata/name"]
        )
    for target in targets:
        if not target.get("fieldPath"):
            raise BuildError(
                "a target has no fieldPath", hints=["add `fieldPath:`, such as metadata/name"]
            )
        if target.get("filePathPosition", 0) < 0:
            raise BuildError(
                "filePathPosition cannot be negative",
                hints=["count from 1; 0 replaces the whole value"],
            )
    apply = partial(
        add_value, value=value, targets=targets, scalars=FileScalars(kustomization.folder.session)
    )
    return _step(kustomization, field, "ValueAddTransformer", apply)


_GENERATORS: dict[str, Callable[[Kustomization, Item, Fields], list[Item]]] = {
    "ConfigMapGenerator": _config_map,
    "SecretGenerator": _secret,
    "IAMPolicyGenerator": _iam_policy,
    "HelmChartInflationGenerator": _helm,
}

_TRANSFORMERS: dict[str, Callable[[Kustomization, FieldPath, Fields], list[Step]]] = {
    "AnnotationsTransformer": _annotations,
    "HashTransformer": _hash,
    "ImageTagTransformer": _images,
    "LabelTransformer": _labels,
    "NamespaceTransformer": _namespace,
    "PatchJson6902Transformer": _json6902,
    "PatchStrategicMergeTransformer": _strategic_merge,
    "PatchTransformer": _patch,
    "PrefixSuffixTransformer": _affix,
    "PrefixTransformer": _affix,
    "SuffixTransformer": _affix,
    "ReplacementTransformer": _replacement,
    "ReplicaCountTransformer": _replicas,
    "ValueAddTransformer": _value_add,
}
