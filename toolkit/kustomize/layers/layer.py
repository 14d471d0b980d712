"""One kustomization and all below it, accumulated: the recursion of a build.

A layer reads its resources, adds configuration and generated objects, lets components work on
what is there, then transforms. Names are followed only once, at the top
(:mod:`~toolkit.kustomize.build`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.fields.config import EMPTY, TransformerConfig
from toolkit.kustomize.generators.key_values import SourceError
from toolkit.kustomize.generators.objects import make_config_map, make_secret, merged_options
from toolkit.kustomize.layers.configurations import configuration_of, effective
from toolkit.kustomize.layers.open_api import use_schema
from toolkit.kustomize.layers.origin import (
    Note,
    note_generated,
    note_origin,
    note_transformation,
    path_note,
    plugin_note,
)
from toolkit.kustomize.layers.spelling import FileScalars
from toolkit.kustomize.layers.transform_steps import transform_steps
from toolkit.kustomize.objects.collection import Collection, DuplicateError
from toolkit.kustomize.objects.item import Item, set_strings, strings_at
from toolkit.kustomize.patches.jsonpatch import copied
from toolkit.kustomize.schema import FieldPath
from toolkit.kustomize.sources.folder import KUSTOMIZATION_NAMES, Folder
from toolkit.kustomize.sources.kustomization import COMPONENT, Kustomization, read_kustomization
from toolkit.kustomize.sources.session import Session, is_remote, shown_name
from toolkit.kustomize.tracing.step import Step
from toolkit.kustomize.transformers.variables import Variable, add_variables, claim
from toolkit.resource.resource import Origin
from toolkit.source import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_VALIDATED = "validated-by"


class Layer:
    """What has been accumulated: objects, configuration, variables."""

    __slots__ = ("collection", "config", "variables")

    def __init__(self, *, is_partial: bool = False) -> None:
        self.collection = Collection(is_partial=is_partial)
        self.config: TransformerConfig = EMPTY
        self.variables: dict[str, Variable] = {}

    def absorb(self, other: Layer) -> None:
        """Adds what a base gave. Raises DuplicateError, BuildError."""
        self.collection.extend(other.collection)
        self.config = self.config.merge(other.config)
        add_variables(self.variables, other.variables)


def accumulate(kustomization: Kustomization, layer: Layer) -> Layer:
    """Adds a kustomization to a layer. Raises YamlError, BuildError."""
    return _Accumulation(kustomization, layer).run()


class _Accumulation:
    """One kustomization's work on one layer."""

    def __init__(self, kustomization: Kustomization, layer: Layer) -> None:
        self.kustomization = kustomization
        self.folder: Folder = kustomization.folder
        self.session: Session = kustomization.folder.session
        self.layer = layer
        self.folder.namespace = kustomization.fields.get("namespace") or self.folder.namespace

    def run(self) -> Layer:
        kustomization, layer = self.kustomization, self.layer
        if self.session.trace is not None:
            self.session.trace.note_fields(kustomization.fields)
        resources = kustomization.items("resources")
        if self.session.partial is not None:
            resources = self.session.partial.narrowed(self.folder.path, resources)
        if self.folder.clone is None:  # git's own tree cannot be read by two processes
            self.session.ahead.begin(self.folder.path, [name for _, name in resources])
        for field, name in resources:
            self._add_resource(layer, field, name)
        added = configuration_of(kustomization)
        with self._at(("configurations",)):
            layer.config = layer.config.merge(added)
        self._generate()
        for field, name in kustomization.items("components"):
            self._add_component(field, name)
        self._transform()
        self._validate()
        for field, entry in kustomization.items("vars"):
            variable = Variable(entry, partial(kustomization.error, field=field))
            with self._at(field):
                claim(layer.collection, variable)
                add_variables(layer.variables, {variable.name: variable})
        return layer

    def _add_resource(self, layer: Layer, field: FieldPath, name: str) -> None:
        if is_remote(name) and not self._is_file(name):
            self._add_remote(layer, field, name)
            return
        with self._at(field):
            path = self._resolve(name)
        if not self.session.tree.is_dir(path):
            self._add_file(layer, field, name)
        else:
            self._add_folder(layer, field, name)

    def _is_file(self, name: str) -> bool:
        """Of what looks remote, upstream takes files, but no folders, for what they are here."""
        return "://" not in name and self.session.tree.is_file(self.folder.locate(name))

    def _add_remote(self, layer: Layer, field: FieldPath, name: str) -> None:
        from toolkit.kustomize.sources.remote import remote_resource, web_note

        with self._at(field):
            found = remote_resource(self.folder, name)
        if isinstance(found, Folder):
            self._add_base(layer, field, name, found)
        else:
            self._add_items(layer, field, found, web_note(self.folder, name))

    def _resolve(self, name: str) -> str:
        if not name:
            raise BuildError(
                "an entry of resources is empty", hints=["name a file or folder, or drop the entry"]
            )
        path = self.folder.locate(name)
        real = self.session.tree.resolve(path)
        if real is None:
            raise BuildError(
                f"{name!r} is a symbolic link out of the repository",
                hints=["copy what it leads to into the repository"],
            )
        return real

    def _add_file(self, layer: Layer, field: FieldPath, name: str) -> None:
        with self._at(field):
            path = self.folder.check_file(name)
        if self.session.partial is not None and path in self.session.partial.unchanged:
            return
        items = self._read_items(path, name, field)
        if self.session.trace is not None:
            self.session.trace.note_file(path, items)
        note: Note = ()
        if self.session.tracks_origin:
            note = path_note(self.folder.locate(name), self.folder)
        self._add_items(layer, field, items, note)

    def _read_items(self, path: str, name: str, field: FieldPath) -> list[Item]:
        try:
            return self.session.items(path)
        except BuildError as error:
            if path.rpartition("/")[2] not in KUSTOMIZATION_NAMES:
                raise
            folder = name.rpartition("/")[0]
            hint = f"name its folder: {folder}" if folder else "drop it: it is this one"
            wrong = BuildError(f"{name!r} is a kustomization, which holds no objects", hints=[hint])
            raise self.kustomization.error(wrong, field) from error

    def _add_items(self, layer: Layer, field: FieldPath, items: list[Item], note: Note) -> None:
        if self.session.tracks_origin:
            for item in items:
                note_origin(item, note)
        with self._at(field):
            layer.collection.extend(items)
        if self.session.recorder is not None:
            self.session.recorder.record(None, items)

    def _add_folder(self, layer: Layer, field: FieldPath, name: str) -> None:
        with self._at(field):
            entered = self.folder.enter(name)
        self._add_base(layer, field, name, entered)

    def _add_base(self, layer: Layer, field: FieldPath, name: str, entered: Folder) -> None:
        with self._at(field):
            base = read_kustomization(entered)
        if base.kind == COMPONENT:
            raise self.kustomization.error(
                BuildError(
                    f"{shown_name(name)!r} is a Component, which cannot be a resource",
                    hints=["list it under `components:`"],
                ),
                field,
            )
        use_schema(base)
        below = accumulate(base, Layer(is_partial=self.session.partial is not None))
        with self._at(field):
            layer.absorb(below)

    def _add_component(self, field: FieldPath, name: str) -> None:
        with self._at(field):
            component = read_kustomization(self.folder.enter(name))
        if component.kind != COMPONENT:
            raise self.kustomization.error(
                BuildError(
                    f"{shown_name(name)!r} is a {component.kind}, not a Component",
                    hints=["list it under `resources:`, or give it `kind: Component`"],
                ),
                field,
            )
        use_schema(component)
        accumulate(component, self.layer)
        with self._at(field):
            self.layer.collection.require_unique()

    def _generate(self) -> None:
        kustomization = self.kustomization
        shared = kustomization.fields.get("generatorOptions")
        for list_name, plugin, make in _GENERATORS:
            for field, entry in kustomization.items(list_name):
                options = merged_options(entry.get("options"), shared)
                fields = {**entry, "options": options}
                origin = Origin(kustomization.file, -1)
                with self._at(field):
                    item = make(fields, self.folder.load, origin)
                self._absorb(field, [item], plugin)
        if not kustomization.fields.keys().isdisjoint(_HELM):
            self._inflate_charts()
        for field, config in self._plugins("generators"):
            from toolkit.kustomize.layers.plugins import plugin_generator

            items = plugin_generator(kustomization, config, field)
            self._absorb(field, items, config)

    def _inflate_charts(self) -> None:
        from toolkit.kustomize.generators.helm import charts_of, inflate

        field = next(name for name in _HELM if name in self.kustomization.fields)
        for chart in charts_of(self.kustomization.fields):
            chart["namespace"] = chart.get("namespace") or self.folder.namespace
            with self._at((field,)):
                items = inflate(chart, self.folder, Origin(self.kustomization.file, -1))
            self._absorb((field,), items, "HelmChartInflationGenerator")

    def _absorb(self, field: FieldPath, items: Iterable[Item], plugin: Item | str) -> None:
        scalars = FileScalars(self.session)
        for item in items:
            if self.session.tracks_origin:
                note_generated(item, self._note(plugin))
            with self._at(field):
                self.layer.collection.absorb(item, scalars)
        if self.session.recorder is not None:
            name = plugin if isinstance(plugin, str) else plugin.kind
            step = Step(name, self.kustomization.file, field, lambda _: None)
            self.session.recorder.record(step, self.layer.collection)

    def _note(self, plugin: Item | str) -> Any:
        return plugin_note(self.kustomization.file, self.folder, plugin)

    def _transform(self) -> None:
        kustomization = self.kustomization
        config = effective(self.layer.config, self.session.options.compat)
        for step in transform_steps(kustomization, config):
            self._run(step, step.plugin)
        for field, plugin in self._plugins("transformers"):
            from toolkit.kustomize.layers.plugins import plugin_steps

            steps = plugin_steps(kustomization, plugin, field)
            for step in steps:
                step.times = int(step is steps[-1])  # upstream runs them as one
                self._run(step, plugin)

    def _run(self, step: Step, plugin: Item | str) -> None:
        try:
            step.apply(self.layer.collection)
        except DuplicateError as error:
            raise self.duplicate(error, step.field) from None
        if self.session.recorder is not None:
            self.session.recorder.record(step, self.layer.collection)
        if self.session.tracks_origin:
            note_transformation(self.layer.collection, self._note(plugin), step.times)

    def _validate(self) -> None:
        for field, config in self._plugins("validators"):
            from toolkit.kustomize.layers.plugins import plugin_steps

            before = [copied(item.body) for item in self.layer.collection]
            for step in plugin_steps(self.kustomization, config, field):
                step.apply(self.layer.collection)
            for item in self.layer.collection:
                labels = strings_at(item.body, "labels")
                if labels.pop(_VALIDATED, None) is not None:
                    set_strings(item.body, "labels", labels)
            if before != [item.body for item in self.layer.collection]:
                raise self.kustomization.error(
                    BuildError(
                        "a validator must not change the objects",
                        hints=["list it under `transformers:`, which may"],
                    ),
                    field,
                )

    def _plugins(self, list_name: str) -> list[tuple[FieldPath, Item]]:
        """The objects that configure plugins: inline ones first, then those of files."""
        found: list[tuple[FieldPath, Item]] = []
        files: list[tuple[FieldPath, str]] = []
        inline = Collection()
        for field, text in self.kustomization.items(list_name):
            items = self._inline(field, text)
            if items is None:
                files.append((field, text))
                continue
            with self._at(field):
                inline.extend(items)
            found += [(field, item) for item in items]
        for field, name in files:
            layer = Layer()
            self._add_resource(layer, field, name)
            with self._at(field):
                inline.extend(layer.collection)
            found += [(field, item) for item in layer.collection]
        return found

    def _inline(self, field: FieldPath, text: str) -> list[Item] | None:
        """The objects of an entry that is not the name of a file."""
        try:
            items = self.session.parse_items(text, self.kustomization.file)
        except (BuildError, YamlError) as error:
            if "\n" not in text.strip() or ":" not in text:
                return None
            wrong = BuildError(error.message, hints=error.hints)
            place = error.location or Location(self.kustomization.file, 1, 1)
            raise self.kustomization.error_within(wrong, field, text, place) from None
        if self.session.tracks_origin:
            for item in items:
                note_origin(item, path_note(self.kustomization.file, self.folder))
        return items

    def _at(self, field: FieldPath) -> _Blame:
        """``with`` this, errors without a place get the field's."""
        return _Blame(self, field)

    def duplicate(self, error: DuplicateError, field: FieldPath) -> BuildError:
        return self.kustomization.error(self.session.twice(error), field)


class _Blame:
    """Gives errors of its block the place of the field that asked for what is done in it."""

    __slots__ = ("accumulation", "field")

    def __init__(self, accumulation: _Accumulation, field: FieldPath) -> None:
        self.accumulation = accumulation
        self.field = field

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DuplicateError):
            raise self.accumulation.duplicate(error, self.field) from None
        if isinstance(error, BuildError) and error.location is None:
            field = (*self.field, *error.path) if isinstance(error, SourceError) else self.field
            raise self.accumulation.kustomization.error(error, field) from None


_HELM = ("helmCharts", "helmChartInflationGenerator")
_GENERATORS = (
    ("configMapGenerator", "ConfigMapGenerator", make_config_map),
    ("secretGenerator", "SecretGenerator", make_secret),
)
