"""Where the values of a built object come from: each step that changed it, with its place.

::

    explain(tree, "overlays/production", "CronWorkflow/hello-cron")
      → Explanation(resource, stages)
    explanation.chain(("spec", "suspend"))
      → (Link(crons/base/hello-cron.yaml:9:12, ABSENT → false, "written"), Link(…, false → true))

It builds twice: once for the object's origin, once with a recorder. Nothing of it is paid by other
builds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from toolkit.errors import BuildError, UsageError
from toolkit.kustomize.build import build
from toolkit.kustomize.ports import FileTree, RemoteSource
from toolkit.kustomize.result import BuildOptions, BuildResult
from toolkit.kustomize.sources.session import relative
from toolkit.kustomize.tracing.recorder import Recorder, Stage
from toolkit.kustomize.tracing.step import Step
from toolkit.resource.diff import ABSENT, changes
from toolkit.resource.field_path import FieldPath, value_at
from toolkit.resource.resource import Body, Resource
from toolkit.source import Location
from toolkit.yaml.dialect import SETTINGS
from toolkit.yaml.parse import load_all
from toolkit.yaml.positions import Positions

WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Link:
    """One change of a field. ``by``: the transformer or generator, or ``written``. ``old`` or
    ``new`` is ABSENT where the field was, or is, not there.
    """

    location: Location
    by: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """A built object and how it came to be."""

    resource: Resource
    stages: tuple[Stage, ...]
    _places: _Places

    def chain(self, field: FieldPath) -> tuple[Link, ...]:
        """All that happened to a field, oldest first; its last ``new`` is the built value. Empty
        where no such field ever was.
        """
        return tuple(self._links(field))

    def _links(self, field: FieldPath) -> Iterator[Link]:
        old: Any = ABSENT
        for stage in self.stages:
            new = _value(stage.body, field)
            if changes(old, new):
                by = WRITTEN if stage.step is None else stage.step.plugin
                yield Link(self._places.of(stage, field), by, old, new)
            old = new

    def leaves(self) -> tuple[FieldPath, ...]:
        """The paths of all values of the built object, in the order of its keys."""
        return tuple(_leaves((), self.resource.body))


def explain(
    tree: FileTree,
    target: str,
    name: str,
    options: BuildOptions | None = None,
    *,
    remote: Callable[[], RemoteSource] | None = None,
) -> Explanation:
    """Explains the object that ``name`` (``Kind/name`` or ``Kind/namespace/name``) means in what
    ``target`` builds to. Raises as :func:`~toolkit.kustomize.build.build` does; UsageError where
    no object, or several, are meant.
    """
    options = options or BuildOptions()
    found = find_object(build(tree, target, options, remote=remote), name)
    recorder = Recorder(found.origin, found.id.kind)
    again = build(tree, target, options, recorder=recorder, remote=remote)
    resource = find_object(again, name)
    for item, stages in recorder.histories:
        if item.body is resource.body:
            return Explanation(
                resource, tuple(stages), _Places(again.tree or tree, resource, options.base)
            )
    raise BuildError(f"the steps that made {name} could not be followed")


def find_object(result: BuildResult, name: str) -> Resource:
    """The one object that ``Kind/name`` means; the kind ignores case. Raises UsageError."""
    kind, _, rest = name.partition("/")
    namespace, _, last = rest.rpartition("/")
    found = [
        resource
        for resource in result.resources
        if resource.id.name == last
        and resource.id.kind.lower() == kind.lower()
        and namespace in ("", resource.id.namespace)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = [f"{r.id.kind}/{r.id.namespace}/{r.id.name}" for r in found]
        raise UsageError(f"{name} could mean {' or '.join(names)}")
    raise UsageError(f"there is no {name or 'object'}", hints=_close(result, name))


def _close(result: BuildResult, name: str) -> list[str]:
    from difflib import get_close_matches

    names = [resource.id.short for resource in result.resources]
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    return [f"did you mean {close[0]}?"] if close else ["it builds: " + ", ".join(names[:8])]


class _Places:
    """Finds the places of stages in the files."""

    def __init__(self, tree: FileTree, resource: Resource, base: str) -> None:
        self._tree = tree
        self._origin = resource.origin
        self._base = base
        self._positions: dict[str, Positions] = {}

    def of(self, stage: Stage, field: FieldPath) -> Location:
        """Where a stage's value of a field is written, as near as the files say."""
        step = stage.step
        if step is None:
            return self._in(self._origin.path).locate(self._origin.document, field)
        if step.patch:
            text = self._tree.read(step.patch)
            return self._in(step.patch).locate(*_in_patch(text, field))
        if step.field and step.field[-1] == "patch":
            return self._inline(step, field)
        if step.field:
            return self._in(step.file).locate(0, (*step.field, *_own(step.field, field)))
        return Location(relative(step.file, self._base))

    def _in(self, path: str) -> Positions:
        if path not in self._positions:
            shown = relative(path, self._base)
            self._positions[path] = Positions(self._tree.read(path), shown)
        return self._positions[path]

    def _inline(self, step: Step, field: FieldPath) -> Location:
        """In a patch written into a kustomization: the line of its text, if that is a block."""
        whole = self._in(step.file).locate(0, step.field)
        lines = self._tree.read(step.file).decode().split("\n")
        text = value_at(load_all("\n".join(lines), dialect=SETTINGS)[0], step.field)
        if not lines[whole.line - 1].rstrip(" -+0123456789").endswith("|"):
            return whole
        inner = Positions(text).locate(*_in_patch(text, field))
        line = lines[whole.line + inner.line - 1]
        indent = len(line) - len(line.lstrip())
        own_indent = len(text.split("\n")[inner.line - 1])
        own_indent -= len(text.split("\n")[inner.line - 1].lstrip())
        column = indent - own_indent + inner.column
        return Location(whole.path, whole.line + inner.line, column)


def _in_patch(text: bytes | str, field: FieldPath) -> tuple[int, FieldPath]:
    """The document and the path in it that concern a field of the patched object."""
    for number, document in enumerate(load_all(text, dialect=SETTINGS)):
        if isinstance(document, list):
            return number, _operation(document, field)
        if isinstance(document, dict) and document.get("kind"):
            return number, field
    return 0, ()


def _own(step_field: FieldPath, field: FieldPath) -> FieldPath:
    """The part of a kustomization's field that says what an object's field becomes."""
    if step_field[0] in ("commonLabels", "commonAnnotations"):
        return field[-1:]
    if step_field[0] == "labels":
        return ("pairs", *field[-1:])
    return ()


def _operation(operations: list[Any], field: FieldPath) -> FieldPath:
    """The last operation of a JSON patch that concerns a field."""
    pointer = "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in field)
    for index in range(len(operations) - 1, -1, -1):
        path = str(operations[index].get("path", ""))
        if pointer == path or pointer.startswith(path + "/") or path.startswith(pointer + "/"):
            return (index,)
    return ()


def _value(body: Body, field: FieldPath) -> Any:
    try:
        return value_at(body, field)
    except KeyError:
        return ABSENT


def _leaves(path: FieldPath, value: Any) -> Iterator[FieldPath]:
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _leaves((*path, key), value[key])
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves((*path, index), item)
    else:
        yield path
