r"""Field specs: which field of which kinds a transformer writes, and the walk that finds it.

A path is separated by ``/`` (``\/`` is a slash in a name); lists on the way are entered, every
item; ``name[]`` says that a list is meant, which is never created.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toolkit.errors import BuildError
from toolkit.resource.resource import Body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

SetField: TypeAlias = "Callable[[dict[str, Any], str], None]"
"""Writes ``parent[key]``, which exists (None where it was just made, or is null)."""

CREATE_MAP = "map"
CREATE_SCALAR = "scalar"


class FieldSpec:
    """``group``, ``version``, ``kind`` select objects ("" is any); ``path`` names the field;
    ``create`` makes it where it is missing.
    """

    __slots__ = ("create", "group", "kind", "parts", "path", "version")

    def __init__(self, group: str, version: str, kind: str, path: str, *, create: bool) -> None:
        self.group = group
        self.version = version
        self.kind = kind
        self.path = path
        self.create = create
        self.parts = split_path(path, "/")

    def selects(self, group: str, version: str, kind: str) -> bool:
        return (
            (not self.kind or self.kind == kind)
            and (not self.group or self.group == group)
            and (not self.version or self.version == version)
        )


def parse_rows(text: str) -> tuple[FieldSpec, ...]:
    """Specs from rows of ``group version kind path [create]``, ``-`` for any."""
    return tuple(parse_row(line) for line in text.splitlines() if line)


def parse_row(line: str) -> FieldSpec:
    """One spec from its row."""
    group, version, kind, path, *rest = ["" if word == "-" else word for word in line.split()]
    return FieldSpec(group, version, kind, path, create=bool(rest))


def split_path(path: str, separator: str) -> tuple[str, ...]:
    """Parts of a path; a backslash before the separator keeps it in the name."""
    words = path.split(separator)
    if len(words) > 1 and not words[0]:
        words = words[1:]
    if "\\" not in path:
        return tuple(words)
    parts = words[:1]
    for word in words[1:]:
        if parts[-1].endswith("\\"):
            parts[-1] = parts[-1][:-1] + separator + word
        else:
            parts.append(word)
    return tuple(parts)


def visit(body: Body, spec: FieldSpec, set_field: SetField, create: str = "") -> None:
    """Calls ``set_field`` for every field at the spec's path, creating it where the spec says so
    and ``create`` names the kind of the last part. Raises BuildError where a scalar is in the way.
    """
    _visit_map(body, spec, 0, set_field, create)


def select(
    specs: Iterable[FieldSpec], group: str, version: str, kind: str
) -> tuple[FieldSpec, ...]:
    """The specs that concern a kind, in order."""
    return tuple(spec for spec in specs if spec.selects(group, version, kind))


def _visit(node: Any, spec: FieldSpec, depth: int, set_field: SetField, create: str) -> None:
    if isinstance(node, dict):
        _visit_map(node, spec, depth, set_field, create)
    elif isinstance(node, list):
        for item in node:
            _visit(item, spec, depth, set_field, create)
    elif node is not None:
        raise BuildError(
            f"field path {spec.path!r} leads through {node!r}, which is neither map nor list",
            hints=[f"write a map below {spec.parts[depth - 1]}, or correct the path"],
        )


def _visit_map(
    node: dict[str, Any], spec: FieldSpec, depth: int, set_field: SetField, create: str
) -> None:
    name = spec.parts[depth]
    is_last = depth + 1 == len(spec.parts)
    if not name:
        raise BuildError(
            f"field path {spec.path!r} has an empty part",
            hints=["name a field between single slashes: metadata/labels"],
        )
    if name.endswith("[]"):
        name = name[:-2]
        if name not in node:
            return
        if node[name] is None:
            node[name] = []
    elif spec.create and create:
        _create(node, name, is_map=not is_last or create == CREATE_MAP)
    elif name not in node:
        _refuse_special(name, spec)
        return
    if is_last:
        set_field(node, name)
    else:
        _visit(node[name], spec, depth + 1, set_field, create)


def _refuse_special(name: str, spec: FieldSpec) -> None:
    """Upstream takes these for places in a list, and fails where a map stands instead."""
    if name in ("*", "-") or name.isdecimal():
        raise BuildError(
            f"field path {spec.path!r} has {name!r} where a map stands, which no field is called",
            hints=["name the field; a list on the way is entered by itself, every item"],
        )


def _create(node: dict[str, Any], name: str, *, is_map: bool) -> None:
    if node.get(name) is None:
        node[name] = {} if is_map else None
