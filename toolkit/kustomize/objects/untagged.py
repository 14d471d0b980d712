"""Scalars that steps write without saying their type.

Upstream reads ``image: "80"`` as a text and ``image: 80`` as a number, and each keeps its type
whatever is written over it. What a transformer writes itself (an image, a name, a field that a
replacement made) has none: it is what its text reads as, in the end and not before.
"""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.yaml.scalars import RESOURCE_HINTS, resolve_resource, resolve_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


class Untagged(str):
    """A scalar without a type. One that reads as something else than text has no quotes."""

    __slots__ = ()


class Typed(str):
    """A number, boolean or null as it was typed: 1.50, 0777, True."""

    __slots__ = ()


class Unquoted(str):
    """A text that has no quotes where it stands, and needs them: what is written over it without
    a type may be a number.
    """

    __slots__ = ()


class Mistyped(str):
    """A text that a replacement put over ``present``, a scalar of another type. Whether that is an
    ``error`` is known in the end: another step may take it away.
    """

    __slots__ = ("error", "present")

    present: Any
    error: BuildError

    def __new__(cls, text: str, present: Any, error: BuildError) -> Self:
        made = super().__new__(cls, text)
        made.present = present
        made.error = error
        return made


def is_text(text: str) -> bool:
    """True where ``text``, without quotes, is a text in a resource; an empty one that a step
    writes is.
    """
    return not text or text[:1] not in RESOURCE_HINTS or resolve_resource(text) is text


def is_quoted_when_set(text: str) -> bool:
    """True where upstream puts quotes around a text that it sets, or passes in a merge: an old
    reader would take it for something else.
    """
    return bool(text) and resolve_settings(text) is not text


def visited(value: str) -> str:
    """What a strategic merge leaves of a scalar that it passes."""
    return str(value) if is_quoted_when_set(value) else value


def settle(body: Any, *, is_final: bool = True) -> Any:
    """``body``, in which each untagged scalar is given the type that it reads as, in place. A
    mistyped one is a text or, where the answer ``is_final``, raises its BuildError.
    """
    open_nodes = [body]
    while open_nodes:
        node = open_nodes.pop()
        for key, value in enumerate(node) if node.__class__ is list else node.items():
            kind = value.__class__
            if kind is dict or kind is list:
                open_nodes.append(value)
            elif kind is Untagged:
                node[key] = str(value) if is_text(value) else resolve_resource(value)
            elif kind is Typed:
                node[key] = resolve_resource(value)
            elif kind is Unquoted:
                node[key] = str(value)
            elif kind is Mistyped:
                if is_final:
                    raise value.error
                node[key] = str(value)
    return body
