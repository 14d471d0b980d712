"""Builds a kustomization.

::

    build(tree, "overlays/staging") → BuildResult
    render(result)                  → the text that kustomize prints
"""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.layers.configurations import effective
from toolkit.kustomize.layers.layer import Layer, accumulate
from toolkit.kustomize.layers.open_api import use_schema
from toolkit.kustomize.layers.origin import TRANSFORMATIONS, drop_notes
from toolkit.kustomize.layers.spelling import FileScalars
from toolkit.kustomize.objects.collection import ORIGIN, DuplicateError
from toolkit.kustomize.objects.item import Item, set_strings, strings_at
from toolkit.kustomize.objects.untagged import settle
from toolkit.kustomize.result import BuildOptions, BuildResult
from toolkit.kustomize.sources.folder import Folder
from toolkit.kustomize.sources.kustomization import Kustomization, read_kustomization
from toolkit.kustomize.sources.parsed_files import ParsedFiles
from toolkit.kustomize.sources.session import Session, is_remote
from toolkit.kustomize.tracing.recorder import Recorder
from toolkit.kustomize.tracing.step import Step
from toolkit.kustomize.transformers.fields import ItemError, on_item
from toolkit.kustomize.transformers.hashing import add_hashes
from toolkit.kustomize.transformers.labels import METADATA_LABELS, add_entries
from toolkit.kustomize.transformers.order import put_in_order
from toolkit.kustomize.transformers.references import follow_names
from toolkit.kustomize.transformers.variables import resolve
from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Resource, ResourceSet
from toolkit.yaml.emit import emit_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toolkit.kustomize.partial import Partial
    from toolkit.kustomize.ports import FileTree, FunctionRunner, Helper, RemoteSource
    from toolkit.kustomize.tracing.trace import Trace

VERSION = "v5.8.1"

_MANY = 800
"""Objects from which on it pays to start a helper."""

_LOCAL = "config.kubernetes.io/local-config"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_INTERNAL = (
    "config.kubernetes.io/index",
    "config.kubernetes.io/path",
    "config.k8s.io/id",
    *(
        f"internal.config.kubernetes.io/{name}"
        for name in (
            "allowKindChange",
            "allowNameChange",
            "annotations-migration-resource-id",
            "generatorBehavior",
            "helm-generated",
            "id",
            "index",
            "needsHashSuffix",
            "path",
            "prefixes",
            "previousKinds",
            "previousNames",
            "previousNamespaces",
            "refBy",
            "seqindent",
            "suffixes",
        )
    ),
)


def build(  # noqa: PLR0913 — its ports, and who watches it
    tree: FileTree,
    target: str,
    options: BuildOptions | None = None,
    *,
    recorder: Recorder | None = None,
    helper: Helper | None = None,
    parsed: ParsedFiles | None = None,
    runner: FunctionRunner | None = None,
    remote: Callable[[], RemoteSource] | None = None,
    trace: Trace | None = None,
    partial: Partial | None = None,
) -> BuildResult:
    """Builds the kustomization in folder ``target`` of ``tree``; ``recorder`` watches it,
    ``helper`` takes a part of large ones, ``parsed`` spares builds of one tree to parse a file
    again, ``runner`` runs helm and functions, ``remote`` opens, once and where it is needed, the
    source of what is elsewhere (without one they are refused). The target may itself be elsewhere.
    ``trace`` notes what a later build of a part must know; ``partial`` makes this one
    (:mod:`.partial`).

    Raises YamlError and BuildError, with file, line, column, excerpt and hint. Cost: linear in
    the documents read, the fields that transformers visit, and patches times objects.
    """
    session = Session(tree, target, options or BuildOptions())
    session.recorder = recorder
    session.ahead.helper = helper
    session.parsed = parsed
    session.runner = runner
    session.open_remote = remote
    session.trace = trace
    session.partial = partial
    folder = _top(session, target)
    kustomization = read_kustomization(folder)
    use_schema(kustomization, is_top=True)
    metadata = kustomization.fields.get("buildMetadata") or []
    session.tracks_origin = bool(metadata)
    layer = accumulate(kustomization, Layer(is_partial=partial is not None))
    _finish(kustomization, layer)
    _label(kustomization, layer)
    items = layer.collection.items
    try:
        _clean(items, metadata, tracks=session.tracks_origin)
    except ItemError as error:
        raise session.located_item(error) from None
    _record(kustomization, "output", layer)
    if trace is not None:
        trace.note_output(items, session.files)
    return BuildResult(
        _resources(items),
        tuple(session.warnings),
        tuple(session.files),
        remotes=tuple(session.remotes.values()),
        tree=session.tree,
    )


def render(result: BuildResult, *, helper: Helper | None = None) -> str:
    """The objects as one text, byte for byte what kustomize prints."""
    bodies = [resource.body for resource in result.resources]
    middle = len(bodies) // 2
    if helper is None or len(bodies) < _MANY:
        return emit_all(bodies)
    second = helper.start(lambda: emit_all(bodies[middle:]).encode("utf-8", "surrogatepass"))
    first = emit_all(bodies[:middle])
    answer = second()
    rest = emit_all(bodies[middle:]) if answer is None else answer.decode("utf-8", "surrogatepass")
    return f"{first}---\n{rest}"


def _top(session: Session, target: str) -> Folder:
    if is_remote(target):
        from toolkit.kustomize.sources.remote import enter_target

        folder = enter_target(session, target)
        session.target = folder.path
        return folder
    real = session.tree.resolve(target)
    if real is None or not session.tree.is_dir(real):
        if real is not None and session.tree.is_file(real):
            raise BuildError(
                f"{session.show(target)} is a file", hints=["name the folder that it is in"]
            )
        raise session.missing(target, session.show(target))
    session.target = real
    return Folder(session, real)


def _finish(kustomization: Kustomization, layer: Layer) -> None:
    """What happens once, at the top."""
    collection = layer.collection
    session = kustomization.folder.session
    add_hashes(collection)
    _record(kustomization, "HashTransformer", layer)
    config = effective(layer.config, session.options.compat)
    others: Iterable[Item] = ()
    if session.partial is not None:
        others = session.partial.others(collection, config)
    if session.trace is not None:
        session.trace.note_generated(collection)
    try:
        follow_names(collection, config.name_references, FileScalars(session), others)
        _record(kustomization, "nameReference", layer)
        resolve(collection, layer.variables, config.section("varReference"))
        _record(kustomization, "vars", layer)
    except ItemError as error:
        raise session.located_item(error) from None
    except BuildError as error:
        raise kustomization.error(error, ("vars",)) from None
    collection.remove([item for item in collection if _is_local(item)])
    options = kustomization.fields.get("sortOptions")
    try:
        collection.require_unique()
        put_in_order(collection, options, session.options.reorder)
    except DuplicateError as error:
        origin = error.second.origin
        number = max(origin.document, 0)
        raise session.located(session.twice(error), origin.path, document=number) from None
    except BuildError as error:
        raise kustomization.error(error, ("sortOptions",)) from None


def _record(kustomization: Kustomization, what: str, layer: Layer) -> None:
    recorder = kustomization.folder.session.recorder
    if recorder is not None:
        recorder.record(Step(what, kustomization.file, (), lambda _: None), layer.collection)


def _is_local(item: Item) -> bool:
    value = strings_at(item.body, "annotations").get(_LOCAL)
    return value is not None and value != "false"


def _label(kustomization: Kustomization, layer: Layer) -> None:
    wanted = "managedByLabel" in (kustomization.fields.get("buildMetadata") or ())
    if wanted or kustomization.folder.session.options.managed_by_label:
        labels = {_MANAGED_BY: f"kustomize-{VERSION}"}
        add_entries(layer.collection, labels, (METADATA_LABELS,))


def _clean(items: list[Item], metadata: list[str], *, tracks: bool) -> None:
    """Annotations as kustomize leaves them: all text, its own taken out, an empty map gone."""
    for item in items:
        annotations = strings_at(item.body, "annotations")
        if item.has_untagged:
            settle(item.body)
        if annotations:
            for key in _INTERNAL if tracks else (*_INTERNAL, ORIGIN, TRANSFORMATIONS):
                annotations.pop(key, None)
        try:
            set_strings(item.body, "annotations", annotations)
        except BuildError as error:
            raise on_item(error, item) from None
    if tracks:
        wanted = {ORIGIN: "originAnnotations", TRANSFORMATIONS: "transformerAnnotations"}
        drop_notes(items, [key for key, option in wanted.items() if option not in metadata])


def _resources(items: list[Item]) -> ResourceSet:
    resources: list[Resource] = []
    seen: dict[ResourceId, Item] = {}
    for item in items:
        id = ResourceId(item.group, item.kind, item.namespace, item.name)
        first = seen.setdefault(id, item)
        if first is not item:
            # two versions of one kind: kustomize prints both
            id = ResourceId(f"{item.group}#{item.version}", item.kind, item.namespace, item.name)
        resources.append(Resource(id, item.body, item.origin))
    return ResourceSet(resources)
